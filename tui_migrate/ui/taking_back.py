"""Starting a rollback from the app: at once, or as soon as a run that is being cancelled has ended."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from textual.message import Message

from tui_migrate.errors import Refused, TuiMigrateError
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Plan, StoreEnd
from tui_migrate.ui.credentials import passwords_of
from tui_migrate.ui.look import Fault
from tui_migrate.wording import run_name
from tui_migrate.worker import control, launch

POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Begun:
    """A rollback that was recorded; `fault` is why its worker was not started."""

    run_id: int
    fault: Fault | None = None


class RollbackBegun(Message):
    """There is a new run, which takes another back."""

    def __init__(self, begun: Begun) -> None:
        super().__init__()
        self.begun = begun


async def begin_rollback(home: Home, run_id: int, passwords: Mapping[str, str], *, force: bool = False) -> Begun:
    """Record a rollback and start it; with `force` it takes back what others changed since, too.

    Raises NotReversible, RunNotFound.
    """
    rollback_id = await launch.create_rollback(home, run_id, force=force)
    try:
        await launch.start(home, rollback_id, passwords)
    except TuiMigrateError as error:
        return Begun(rollback_id, Fault.of(error))
    return Begun(rollback_id)


async def until_cancelled(home: Home, run_id: int) -> Begun | None:
    """Wait until a worker that was asked to has cancelled its run, and give the rollback that it has begun, if it has.

    Whoever stops waiting loses nothing where there is a worker. Raises Refused where the run ends otherwise.
    """
    reader = await JournalReader.open(home.journal)
    try:
        while (run := await control.effective(home, reader, await reader.run(run_id))).state.is_active:
            await asyncio.sleep(POLL_SECONDS)
        begun = await reader.rollbacks_of(run_id)
    finally:
        await reader.close()
    if begun:
        return Begun(begun[-1])
    if run.state is not RunState.CANCELLED:
        raise Refused(
            f"run {run_name(run_id)} was not cancelled but is {run.state}: nothing was rolled back",
            hint="its own screen shows what rolling it back would do",
        )
    return None


def target_password(plan: Plan, passwords: Mapping[str, str]) -> dict[str, str]:
    """The password that a rollback of a plan's run needs, of those that were typed, by label."""
    return passwords_of((plan.target,), passwords) if isinstance(plan.target, StoreEnd) else {}
