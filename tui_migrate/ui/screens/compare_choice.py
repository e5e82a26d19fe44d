"""What is chosen before two ends are compared: the rows of the choice, and its windows but those of the ends."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from tui_migrate.catalogs.finding import listed
from tui_migrate.journal.records import RunRecord
from tui_migrate.plan.model import End, PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.comparing import Asked
from tui_migrate.ui.look import read_connections
from tui_migrate.ui.package_form import as_read
from tui_migrate.ui.resuming import plan_of
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.end_choice import Role, choose_end
from tui_migrate.ui.screens.new_ends import end_words
from tui_migrate.ui.screens.package_choice import choose_database
from tui_migrate.ui.widgets.table import Column, Row
from tui_migrate.ui.wording import ago, run_name

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

Change = Callable[[Asked], Asked]
"""Gives what is asked next, of whatever it is by then."""

SETUP_COLUMNS: Final = (Column("Choose", 8), Column("What"), Column("Last used", 22))
_WHOLE: Final = "whole: equal means equal bytes"
_FAST: Final = "fast: by _id and size, or digests; no proof of equality"
_NO_CATALOG: Final = "none: all values are shown"


def setup_rows(asked: Asked, pairs: Sequence[RunRecord], now: float) -> list[Row]:
    """The two ends, how they are compared, what is hidden, and the pairs of runs there were."""
    rows = []
    for key, name, end in (("left", "A", asked.left), ("right", "B", asked.right)):
        words = "—" if end is None else end_words(end)
        rows.append(Row(key, (name, words, ""), name="—" if end is None else printable(end.label)))
    way = _FAST if asked.fast else _WHOLE
    hidden = f"{asked.catalog}: what it calls sensitive is hidden" if asked.catalog else _NO_CATALOG
    rows += [Row("way", ("How", way, ""), name=way), Row("catalog", ("Catalog", hidden, ""), name=hidden)]
    for run in pairs:
        pair, when = f"{run.source} → {run.target}", f"{ago(run.created_at, now)}, run {run_name(run.id)}"
        rows.append(Row(f"run:{run.id}", ("Pair", pair, when), name=pair))
    return rows


async def choose(app: "MigrateApp", asked: Asked, kind: str) -> Change | None:
    """Ask for what a row of the choice stands for; None where the operator went back. To be awaited in background work.

    `kind` is the row's key: `left`, `right`, `way` or `catalog`.
    """
    if kind == "way":
        fast = await _choose_way(app, asked.fast)
        return lambda now: replace(now, fast=fast)
    if kind == "catalog":
        catalog = await _choose_catalog(app, asked.catalog)
        return lambda now: replace(now, catalog=catalog)
    read = await read_connections(app.session.home)
    current, other = (asked.left, asked.right) if kind == "left" else (asked.right, asked.left)
    title = "A: one end" if kind == "left" else "B: the other end"
    end = await choose_end(app, Role.SOURCE, read.connections, current, other, title=title)
    return None if end is None else partial(_with_end, kind=kind, end=end)


async def take_pair(app: "MigrateApp", run_id: int) -> Change:
    """Compare the ends of a run. Raises RunNotFound, InvalidFile, JournalError."""
    plan = await plan_of(app, run_id)
    left, right = (as_read(one) if isinstance(one, PackageEnd) else one for one in (plan.source, plan.target))
    return lambda now: replace(now, left=left, right=right)


async def choose_one_database(app: "MigrateApp", asked: Asked, databases: tuple[str, ...]) -> Change | None:
    """Ask which of the databases in the package that has several is meant; None where the operator went back."""
    for kind, end in (("left", asked.left), ("right", asked.right)):
        if isinstance(end, PackageEnd) and not end.database:
            chosen = await choose_database(app, end, databases)
            return None if chosen is None else partial(_with_end, kind=kind, end=chosen)
    return None


async def _choose_way(app: "MigrateApp", fast: bool) -> bool:
    """Ask how two ends are compared; what it was where the operator went back."""
    choices = [("whole", _WHOLE), ("fast", _FAST)]
    key = await app.push_screen_wait(Choose("How to compare", (), choices, at="fast" if fast else "whole"))
    return fast if key is None else key == "fast"


async def _choose_catalog(app: "MigrateApp", current: str) -> str:
    """Ask which catalog says what is sensitive; empty for none, what it was where the operator went back."""
    found = await asyncio.to_thread(listed, app.session.home)
    usable = [(one.name, f"{one.name}: {one.catalog.title}") for one in found if one.catalog is not None]
    said = ["Values of the fields that it calls sensitive are not shown."]
    key = await app.push_screen_wait(Choose("Catalog", said, [("", _NO_CATALOG), *usable], at=current))
    return current if key is None else key


def _with_end(asked: Asked, *, kind: str, end: End) -> Asked:
    return replace(asked, left=end) if kind == "left" else replace(asked, right=end)
