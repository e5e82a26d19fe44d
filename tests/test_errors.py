"""Every error says what to do next, wherever it is raised."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_migrate import errors
from tui_migrate.errors import InvalidFile, TuiMigrateError

PACKAGE = Path(errors.__file__).parent
NEVER_SEEN = {Path("stores/memory.py"), Path("stores/memory_constraints.py")}
"""The memory store has no URL that a command takes."""


def tree(base: type[TuiMigrateError] = TuiMigrateError) -> Iterator[type[TuiMigrateError]]:
    yield base
    for one in base.__subclasses__():
        yield from tree(one)


def speechless(source: str) -> list[str]:
    """Errors of the tree that are made of a message alone, and have no usual hint."""
    silent = {one.__name__ for one in tree() if one.__module__ == errors.__name__ and not one.usual_hint}
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in silent
        and len(node.args) == 1
        and not any(keyword.arg == "hint" for keyword in node.keywords)
    ]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_error_says_what_to_do_next(path: Path) -> None:
    if path.relative_to(PACKAGE) not in NEVER_SEEN:
        assert speechless(path.read_text()) == []


def test_an_error_without_a_next_step_would_be_found() -> None:
    assert speechless("raise Refused('no')") == ["Refused('no')"]
    assert speechless("raise Refused('no', hint='ask')") == []


def test_a_faulty_file_has_a_next_step_of_its_own() -> None:
    assert InvalidFile("no", path="plan.yaml", line=1).hint == "correct the file there, then try again"
    assert InvalidFile("no", path="plan.yaml", line=1, hint="known: a, b").hint == "known: a, b"
