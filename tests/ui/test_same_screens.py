"""On every screen of the app a terminal shows with the differ what it shows without it."""

import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests.ui.driving import PreparedJournal, copy_plan, new_home, store_end
from tests.ui.terminal.operator import Look, Operator, environment
from tests.ui.test_snapshots import prepare
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment

Step = tuple[str, str]
"""Keys, and a text that stands on the screen when they have had their effect."""

WALKS: dict[str, list[Step]] = {
    "home and its windows": [("", "1/7"), ("j", "2/7"), ("/", "Show only"), ("escape", "2/7"), ("\x14", "contrast")],
    "palette": [("", "1/7"), ("\x10", "New migration  (n)"), ("hist", "See every run"), ("escape", "Connections")],
    "help": [("", "1/7"), ("?", "Keys that work here"), ("G", "Keys"), ("escape", "Runs")],
    "history": [
        ("", "1/7"),
        ("h", "of 7 runs"),
        ("pagedown", "7/7"),
        (">", "↓"),
        ("/", "Show only"),
        ("escape", "7/7"),
    ],
    "report": [
        ("", "1/7"),
        ("h", "of 7 runs"),
        ("G", "7/7"),
        ("k", "6/7"),
        ("v", "target_differs"),
        ("\t", "target"),
    ],
    "finding": [
        ("", "1/7"),
        ("h", "of 7 runs"),
        ("G", "7/7"),
        ("k", "6/7"),
        ("v", "target_differs"),
        ("enter", "enter"),
    ],
    "run": [
        ("", "1/7"),
        ("enter", "l Log"),
        ("l", "What happened"),
        ("escape", "l Log"),
        ("e", "errors and findings"),
    ],
    "rollback": [("", "1/7"), ("h", "of 7 runs"), ("G", "7/7"), ("r", "roll back run 0001")],
    "connections": [("", "1/7"), ("o", "1/2"), ("j", "2/2"), ("enter", "Environment"), ("\t", "Environment")],
    "ends": [
        ("", "1/7"),
        ("n", "›Pair"),
        ("g", "1/"),
        ("enter", "URL"),
        ("G", "›Read a package"),
        ("enter", "Package to read"),
    ],
    "password": [("", "1/7"), ("n", "›Pair"), ("enter", "kept nowhere."), ("escape", "the right password")],
    "compare": [("", "1/7"), ("M", "no A is chosen"), ("enter", "A: one end"), ("escape", "no A"), ("j", "2/")],
    "backups": [("", "1/7"), ("K", "There are no backups"), ("n", "Back up"), ("escape", "There are no")],
}
WIDE = ("report", "run")
"""These are walked on a large terminal, the others on a small one."""
PLANNING: list[Step] = [
    ("", "0001"),
    ("n", "run 0001"),
    ("enter", "Pair taken"),
    ("\x0e", "Target has"),
    ("", "2 of 2 marked"),
    (" ", "1 of 2 marked"),
    ("\r", "Name in target"),
    ("\x1b", "1 of 2 marked"),
    ("\x0e", "counted by their ids"),
    ("m", "Undo log"),
    ("\r", "NOT KEPT"),
    ("m", "Next: enter takes"),
    ("G", "›○ ask"),
    ("k", "›○ newer"),
    ("k", "›○ overwrite"),
    ("\r", "The checks found nothing"),
    ("\x13", "Save the plan as"),
]
"""From Home through the steps of a new migration."""


def prepare_plan(home: Home, url: str, database: str) -> None:
    """A run there was, between two databases with something in them."""
    with MongoClient[dict[str, object]](url) as client:
        for name, documents in (("a", 30), ("b", 12)):
            for collection in ("orders", "users"):
                client[f"{database}_{name}"][collection].insert_many({"_id": n} for n in range(documents))
    ends = {name: f"{url.partition('?')[0].rstrip('/')}/{database}_{name}" for name in ("a", "b")}
    connections.write(home, [Connection(name, ends[name], Environment.STAGING) for name in ends])
    source, target = (store_end(name, database=f"{database}_{name}") for name in ends)
    asyncio.run(PreparedJournal(home).run(plan=copy_plan(source, target)))


@contextmanager
def both(home: Home, size: tuple[int, int]) -> Iterator[tuple[Operator, Operator]]:
    root = home.state.parent
    command = [sys.executable, "-m", "tests.ui.walk_app"]
    with (
        Operator([*command, str(root)], environment(root), size) as ours,
        Operator([*command, "--stock", str(root)], environment(root), size) as stock,
    ):
        yield ours, stock


def picture(operator: Operator) -> list[list[Look]]:
    """What is seen, less how many milliseconds a server took to answer (`1,203 ms`): each asks for itself."""
    rows = operator.picture()
    for row in rows:
        for found in re.finditer(r"[\d,]+(?= ms)", "".join(cell[0][:1] or " " for cell in row)):
            begin, end = found.span()
            row[begin:] = [*row[end:], *row[-1:] * (end - begin)]  # the rest moves by as many digits as there are
    return rows


def walk(operators: tuple[Operator, Operator], steps: list[Step]) -> None:
    ours, stock = operators
    for keys, text in steps:
        for operator in operators:
            if keys:
                operator.press(keys)
            operator.until_shown(text)
        while ours.read(0.15) or stock.read(0.15):
            pass
        # Stock leaves half characters behind where it cuts a wide one; drawn anew it is what is meant.
        stock.press("\x0c")
        stock.until(lambda: not ours.read(0) and picture(ours) == picture(stock), f"the same after {keys!r}")


@pytest.mark.slow
@pytest.mark.parametrize("name", WALKS)
def test_every_screen_is_the_same(tmp_path: Path, name: str) -> None:
    home = new_home(tmp_path)
    prepare(home)
    with both(home, (120, 40) if name in WIDE else (80, 24)) as operators:
        walk(operators, WALKS[name])


@pytest.mark.slow
def test_every_step_of_a_plan_is_the_same(tmp_path: Path, mongodb_url: str, database: str) -> None:
    home = new_home(tmp_path)
    prepare_plan(home, mongodb_url, database)
    with both(home, (80, 24)) as operators:
        walk(operators, PLANNING)
