import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui_migrate
from tests.ui.test_sentences import silent_parts
from tui_migrate.errors import TuiMigrateError
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.limits import Limit
from tui_migrate.plan.checks.paging import page_codes
from tui_migrate.ui.look import Fault
from tui_migrate.ui.next_steps import app_words, finding_in_app
from tui_migrate.ui.page_words import page_lines

PACKAGE = Path(tui_migrate.__file__).parent
NEVER_SHOWN = ("cli", "demo", "ui", "worker/__main__.py", "worker/survival.py", "reports/", "stores/mongodb/client.py")
"""What the app does not show: the command line's own words, reports in files, what other programs are told."""

OPTION = re.compile(r"(?<![\w-])--[a-z]")
FOREIGN = re.compile(r"(?:mongorestore|tar) .*")
"""Options of other programs."""

COMMAND = re.compile(r"(?<!shell: )\btui-migrate (?:[a-z-]+ )?(?:\d|--|[a-z]+ (?:list|shows))")


def shared_texts() -> Iterator[tuple[str, str]]:
    """Every text of the code that app and command line share, 7 in the place of what is filled in."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        if name.startswith(NEVER_SHOWN):
            continue
        tree = ast.parse(path.read_text())
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        parts |= {id(one) for node in ast.walk(tree) for one in silent_parts(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield f"{name}:{node.lineno}", "".join(map(_filled, node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                yield f"{name}:{node.lineno}", node.value


def _filled(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "7"


def speaks_of_the_command_line(text: str) -> bool:
    """True where an option or a command is named, and not said to be for a shell."""
    text = FOREIGN.sub("", text.partition("in a shell: tui-migrate ")[0])
    return bool(OPTION.search(text) or COMMAND.search(text))


SHARED = [(where, text) for where, text in shared_texts() if OPTION.search(text) or "tui-migrate " in text]


def test_no_shared_text_is_shown_with_an_option_or_a_command() -> None:
    assert len(SHARED) > 100
    found = {f"{where} {text}": app_words(text) for where, text in SHARED if " " in text}
    assert {one: said for one, said in found.items() if speaks_of_the_command_line(said)} == {}


@pytest.mark.parametrize("limit", Limit)
def test_what_only_a_command_can_do_is_for_a_shell(limit: Limit) -> None:
    assert app_words(limit.hint(1)).endswith(f"in a shell: tui-migrate import {limit.option}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tui-migrate resume 7", "resume run 0007"),
        (
            "wait for it, or end it: tui-migrate cancel 7, or rollback 7 --confirm",
            "cancel run 0007, or roll back run 0007",
        ),
        ("let them be put aside: --max-rejects 37", "put aside: “Rejects allowed” under Policy › More set to 37"),
        ("tui-migrate status 7 shows it", "run 0007 under History shows it"),
        ("--exclude users; it is gone", "take the mark of users away on Collections; it is gone"),
        ("get a fresh copy; mongorestore --gzip restores it", "mongorestore --gzip restores it"),
        ("a dash -- and 5--6", "a dash -- and 5--6"),
    ],
)
def test_a_hint_says_what_the_app_calls_it(text: str, said: str) -> None:
    assert said in app_words(text)


def test_faults_and_findings_are_in_the_apps_words() -> None:
    fault = Fault.of(TuiMigrateError("--owner needs a catalog", hint="name one with --catalog"))
    assert not speaks_of_the_command_line(f"{fault.message} {fault.hint}")
    found = finding_in_app(Finding(Severity.NOTE, "x", "a", "not verified (--verify none)", "leave --quick away"))
    assert not speaks_of_the_command_line(f"{found.message} {found.hint}")


def test_the_pages_about_findings_are_in_the_apps_words() -> None:
    shown = {code: "\n".join(page_lines(code)) for code in page_codes()}
    assert len(shown) > 100
    assert [code for code, said in shown.items() if speaks_of_the_command_line(said) or "`" in said] == []
    assert [code for code, said in shown.items() if "tui-migrate retry" in said] == []


def test_a_page_names_where_an_option_stands_on_the_screens() -> None:
    said = " ".join(page_lines("document_too_large"))
    assert "more of them than “Rejects allowed” under Policy › More says end the run" in said
    assert "let them be put aside: “Rejects allowed” under Policy › More." in said


def test_no_screen_shows_a_hint_as_it_was_raised() -> None:
    """Only a Fault has a hint in the app's words already; errors, findings and failures are put into them first."""
    bare = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted((PACKAGE / "ui").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "hint" and not _is_fault(node.value)
        if path.name not in ("look.py", "next_steps.py", "finding_query.py", "backup_first.py")
    ]
    assert bare == []


def _is_fault(owner: ast.expr) -> bool:
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return name.lstrip("_") in ("fault", "found", "in_app")
