"""What is asked before a rollback starts: whether others' changes go, too, whether later runs are gone past, the name.

Asking takes time: behind the last answer it is looked whether another run has come meanwhile, and that is asked about.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tui_migrate.journal.reader import JournalReader
from tui_migrate.paths import Home
from tui_migrate.plan.environments import is_production
from tui_migrate.plan.model import Plan, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.look import host_words
from tui_migrate.ui.screens.dialogs import Choose, TypeName
from tui_migrate.ui.screens.rollback_choices import (
    FORCE_WORDS,
    LAST,
    START,
    SURE_CHOICES,
    later_choices,
    later_words,
)
from tui_migrate.ui.screens.run_steering import DIALOG_CELLS
from tui_migrate.ui.widgets.prose import wrap
from tui_migrate.wording import number
from tui_migrate.worker import launch
from tui_migrate.worker.rollback_preview import Tally

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


class Answer(Enum):
    """What the operator has decided."""

    BACK = "back"
    START = "start"
    LAST = "last"
    """See what rolling back the last of the later runs would do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rollback that is asked about: what it does by what is known, and the later runs that it goes past."""

    run_id: int
    plan: Plan
    does: Tally
    later: tuple[int, ...] = ()
    force: bool = False


async def ask_before_start(app: "MigrateApp", wanted: Wanted) -> Answer:
    """Have everything confirmed; to be awaited in background work.

    Raises NotReversible where it cannot be rolled back any more, RunNotFound, JournalError.
    """
    if wanted.force and await app.push_screen_wait(Choose("Forced rollback", FORCE_WORDS, SURE_CHOICES)) != START:
        return Answer.BACK
    later = wanted.later
    while True:
        answer = await _past(app, later, force=wanted.force)
        if answer is not Answer.START:
            return answer
        if not await _is_named(app, wanted):
            return Answer.BACK
        now = await later_runs(app.session.home, wanted.run_id)
        if set(now).issubset(later):
            return Answer.START
        later = now


async def later_runs(home: Home, run_id: int) -> tuple[int, ...]:
    """Give the runs that wrote to the same collections after a run that can be taken back.

    Raises NotReversible where it cannot, RunNotFound, JournalError.
    """
    await launch.check_reversible(home, run_id)
    reader = await JournalReader.open(home.journal)
    try:
        return await reader.later_runs(run_id)
    finally:
        await reader.close()


async def _past(app: "MigrateApp", later: Sequence[int], *, force: bool) -> Answer:
    """Where later runs wrote to the same collections, have it said that these are gone past."""
    if not later:
        return Answer.START
    window = Choose("Later runs wrote here too", later_words(later, force=force), later_choices(later, force=force))
    chosen = await app.push_screen_wait(window)
    return {START: Answer.START, LAST: Answer.LAST}.get(chosen or "", Answer.BACK)


async def _is_named(app: "MigrateApp", wanted: Wanted) -> bool:
    """Have the name typed where the target is production, or nobody knows any more what it is."""
    target = wanted.plan.target
    if not isinstance(target, StoreEnd) or not await asyncio.to_thread(is_production, target, app.session.home):
        return True
    said = f"{printable(target.label)} is production. {_deed_words(wanted.does)}."
    forced = " What others have changed since goes too." if wanted.force else ""
    window = TypeName("Roll back on production", wrap(said + forced, DIALOG_CELLS), host_words(target))
    is_equal = await app.push_screen_wait(window)
    return is_equal is True


def _deed_words(does: Tally) -> str:
    documents = "document is" if does.delete == 1 else "documents are"
    return f"{number(does.delete)} {documents} deleted and {number(does.restore)} put back"
