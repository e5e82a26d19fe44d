"""No sentence of the app holds a literal key: the keymap is asked, so that keys are named as they are bound."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui_migrate.ui
from tui_migrate.ui.actions import REGISTRY

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
