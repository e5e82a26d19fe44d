"""No sentence of the app holds a literal key: the keymap is asked, so that keys are named as they are bound."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import tui_migrate.ui
from tests.ui.driving import NOW, PreparedJournal, screen_text, shows, until, until_still
from tui_migrate.journal.records import Failure
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.ui.actions import BY_ID, REGISTRY
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.screens.backups import BackupsScreen
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.compare import CompareScreen
from tui_migrate.ui.screens.conflicts import ConflictsScreen
from tui_migrate.ui.screens.connection_form import ConnectionForm
from tui_migrate.ui.screens.connections import ConnectionsScreen
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.prune import PruneScreen
from tui_migrate.ui.screens.rejects import RejectsScreen
from tui_migrate.ui.screens.report import ReportScreen
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.screens.run_log import LogScreen
from tui_migrate.ui.session import Session
from tui_migrate.ui.terminal.start import MarkSet

UI = Path(tui_migrate.ui.__file__).parent
NO_SENTENCES = {"actions.py", "keymap.py", "key_names.py"}
"""Where keys are defined, and what is said of a keymap's own file."""

FIXED = {"enter", "esc"}
"""Keys that do what they do whatever the keymap says: enter opens the row under the cursor, esc goes back."""

NO_KEYS = {"? open"}
"""What looks like a sentence about a key and is none."""

KEYS = sorted({one.shown for one in REGISTRY} - FIXED, key=len, reverse=True)
LETTER = re.compile(
    rf"(?<![\w'’.+/%-])(?:{'|'.join(one for one in KEYS if one.isalpha() and len(one) == 1)})(?![\w'’.=/-])"
)
WORD = re.compile(rf"(?<![\w+])(?:{'|'.join(re.escape(one) for one in KEYS if len(one) > 1)})(?!\w)", re.IGNORECASE)
SIGN = re.compile(rf"(?:^|(?<=[ (]))[{re.escape(''.join(one for one in KEYS if one in '/?*>'))}](?= [a-z]|\))")


def sentences(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Every text of a module that may be shown: its line, itself, and whether a value stands right before it."""
    silent = {id(value) for node in ast.walk(tree) for value in silent_parts(node)}
    after = {
        id(part): isinstance(before, ast.FormattedValue)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for before, part in zip([None, *node.values], node.values, strict=False)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value, after.get(id(node), False)


def silent_parts(node: ast.AST) -> Iterator[ast.AST]:
    """What is never shown: docstrings, the keys of Textual's own bindings, the ids that the keymap is asked for."""
    if isinstance(node, ast.Expr):
        yield node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Binding":
        yield from node.args
    if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
        yield from ast.walk(node.format_spec)


def literal_keys(text: str, *, follows_value: bool) -> list[str]:
    """The keys that a text names."""
    if follows_value:
        text = re.sub(r"^ (s|d|h)\b", "", text)  # units of time
    is_sentence = re.search(r"[a-z]{2}", text) or re.fullmatch(r"\w ", text)
    if not is_sentence or text in KEYS or text in NO_KEYS or "\\" in text or not text.isprintable():
        return []
    found = [one for one in LETTER.findall(text) if one != "a"]  # an article far more often than a key
    return [*found, *WORD.findall(text), *SIGN.findall(text)]


@pytest.mark.parametrize("path", sorted(UI.rglob("*.py")), ids=lambda path: str(path.relative_to(UI)))
def test_no_sentence_holds_a_literal_key(path: Path) -> None:
    if path.name in NO_SENTENCES:
        return
    tree = ast.parse(path.read_text())
    found = {line: keys for line, text, after in sentences(tree) if (keys := literal_keys(text, follows_value=after))}
    assert found == {}, "name keys by Keymap.of"


@pytest.mark.parametrize("path", sorted(UI.rglob("*.py")), ids=lambda path: str(path.relative_to(UI)))
def test_the_keymap_is_asked_for_actions_that_there_are(path: Path) -> None:
    asked = [
        one.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("of", "key_of")
        for one in node.args
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    assert set(asked) <= set(BY_ID)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Next: s compares; ctrl+b changes the ends.", ["s", "ctrl+b"]),
        ("swap them (w) to make it equal", ["w"]),
        ("U tries again", ["U"]),
        ("No run is like that: / changes the filter.", ["/"]),
        ("space marks one, i marks all", ["i", "space"]),
        ("a document of A, B has 5 docs/s; it's the target's", []),
        ("Reading… esc cancels, enter opens", []),
    ],
)
def test_a_literal_key_is_told_from_a_word(text: str, found: list[str]) -> None:
    assert literal_keys(text, follows_value=False) == found


def elsewhere() -> Keymap:
    """Every action that can have another key has one that no action has usually."""
    free = [chr(code) for code in range(0xC0, 0x17F) if chr(code).isalpha()]
    moved = (one for one in REGISTRY if one.shown not in FIXED)
    keys = {one.id: key for one, key in zip(moved, free, strict=False)}
    assert len(keys) < len(free)
    return Keymap(
        tuple(replace(one, key=keys[one.id], shown=keys[one.id]) if one.id in keys else one for one in REGISTRY)
    )


@pytest.mark.slow
async def test_with_every_key_elsewhere_the_screens_name_none_of_the_usual_ones(home: Home) -> None:
    keys = elsewhere()
    journal = PreparedJournal(home)
    await journal.run(RunState.FAILED, failure=Failure("unreachable", "db1 does not answer", "tui-migrate resume 1", 5))
    await journal.run(RunState.PAUSED)
    session = Session(home, clock=lambda: NOW, keys=keys)
    app = MigrateApp(session, theme="dark", marks=MarkSet.UNICODE, ansi=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, shows(pilot, "127.0.0.1:1/shop"), "Home")
        screens: list[OperatorScreen] = [
            HistoryScreen(), RunScreen(1), RunScreen(2), RollbackScreen(1), ReportScreen(1), ConnectionsScreen(),
            NewMigrationScreen(), CompareScreen(), BackupsScreen(), PruneScreen(), RejectsScreen(1), LogScreen(1),
            ConflictsScreen(1), ConnectionForm(),
        ]  # fmt: skip
        said = [screen_text(pilot)]
        for screen in screens:
            await app.push_screen(screen)
            await until_still(pilot, 3)
            said += [screen_text(pilot), screen.help_text()]
            app.pop_screen()
    lines = [line for text in said for line in text.splitlines()]
    assert any(keys.of("run.resume") in line for line in lines)
    assert {line: found for line in lines if (found := literal_keys(NAMES.sub("", line), follows_value=False))} == {}


NAMES = re.compile(r"https?:\S+|/\S+|\d+ (?:s|h|d)\b|[─│┌┐└┘]+|\w/\w+|Key:|\bA  +|\bB  +")
"""What of a drawn line is no sentence: paths, times, frames."""
