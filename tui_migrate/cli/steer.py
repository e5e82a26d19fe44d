"""The commands that steer a run: `attach`, `pause`, `resume`, `parallel`, `cancel`, `rollback`, `retry`, `worker`."""

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from tui_migrate.cli.encryption import UNLOCKING, Unlocking
from tui_migrate.cli.options import COMMON, Common, Flag
from tui_migrate.cli.runs import RunId
from tui_migrate.plan.model import MOST_PARALLEL

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.journal.records import RunRecord, Wish

Detach = Annotated[bool, Parameter(negative="", show_default=False)]


def attach(run: RunId, /, *, common: Common = COMMON) -> int:
    """Follow a run until it ends; ctrl+c leaves it at work."""
    from tui_migrate.cli.steering import join
    from tui_migrate.cli.wording import parse_run_id

    return asyncio.run(join(common.place, parse_run_id(run), common.output))


def pause(run: RunId, /, *, common: Common = COMMON) -> int:
    """Ask a run to pause after its batch; its worker waits until it is resumed."""
    from tui_migrate.journal.records import Wish

    return _ask(run, Wish.PAUSE, common)


def parallel(
    run: RunId,
    collections: Annotated[int, Parameter(validator=Number(gte=1, lte=MOST_PARALLEL))],
    /,
    *,
    common: Common = COMMON,
) -> int:
    """Change how many collections a run at work verifies at once; documents are written one collection at a time.

    Parameters
    ----------
    collections
        From 1 to 8. More are begun at once; those that are too many are finished first.
    """
    from tui_migrate.cli.steering import set_parallel
    from tui_migrate.cli.wording import parse_run_id

    return asyncio.run(set_parallel(common.place, parse_run_id(run), collections, common.output))


def cancel(run: RunId, /, *, common: Common = COMMON) -> int:
    """End a run for good after its batch; what it wrote stays until it is rolled back."""
    from tui_migrate.journal.records import Wish

    return _ask(run, Wish.CANCEL, common)


def resume(
    run: RunId,
    /,
    *,
    despite_cancel: Flag = False,
    detach: Detach = False,
    unlocking: Unlocking = UNLOCKING,
    common: Common = COMMON,
) -> int:
    """Let a paused run go on, or start a worker for one that was interrupted or has failed, and follow it.

    Parameters
    ----------
    despite_cancel
        Go on with a run that was to be cancelled, and whose worker died before; otherwise that is refused.
    detach
        Do not follow it.
    """
    from tui_migrate.cli.records import find_run
    from tui_migrate.cli.steering import go_on, refuse_if_cancelled

    found = find_run(run, common.place)
    if not despite_cancel:
        refuse_if_cancelled(found, common.output)
    passwords = {} if found.state.is_active else passwords_for(found, common, unlocking)
    return asyncio.run(go_on(common.place, found, passwords, common.output, detach=detach))


def rollback(
    run: RunId,
    /,
    *,
    confirm: Flag = False,
    force: Flag = False,
    despite_later: Flag = False,
    detach: Detach = False,
    common: Common = COMMON,
) -> int:
    """Take back what a run wrote: delete what it inserted, put back what it replaced.

    Documents that somebody has changed or deleted since are left as they are, and listed.

    Parameters
    ----------
    confirm
        Do it; without this the command says what it would do.
    force
        Take back documents that others have changed or deleted since, too. What others have added stays.
    despite_later
        Do it although later runs wrote to the same collections; what those changed is left as it is.
    detach
        Return the id of the new run at once.
    """
    from tui_migrate.cli.records import find_run
    from tui_migrate.cli.steering import TakingBack, take_back

    found = find_run(run, common.place)
    passwords = _target_passwords(found, common) if confirm else {}
    asked = TakingBack(confirm=confirm, force=force, despite_later=despite_later, detach=detach)
    return asyncio.run(take_back(common.place, found, passwords, common.output, asked))


def retry(
    run: RunId,
    /,
    *,
    max_rejects: Annotated[int | None, Parameter(show_default=False, validator=Number(gte=0))] = None,
    detach: Detach = False,
    common: Common = COMMON,
) -> int:
    """Write the documents again that the target refused in a run that has ended, by a new run under the same plan.

    They are written as they were kept when they were refused. What was mended in the source since is not in them: to
    read that, copy again.

    Parameters
    ----------
    max_rejects
        How many may be refused again before the new run fails; without this as many as the first run's plan allows.
    detach
        Return the id of the new run at once.
    """
    from tui_migrate.cli.records import find_run
    from tui_migrate.cli.steering import write_again

    found = find_run(run, common.place)
    passwords = _target_passwords(found, common)
    return asyncio.run(write_again(common.place, found, passwords, common.output, max_rejects, detach=detach))


def worker(run: RunId, /, *, unlocking: Unlocking = UNLOCKING, common: Common = COMMON) -> int:
    """Do a run's work in the foreground, as under systemd or nohup; passwords that lack come as JSON on stdin."""
    from tui_migrate.cli.records import find_run
    from tui_migrate.cli.steering import work_on

    found = find_run(run, common.place)
    return work_on(common.place, found, passwords_for(found, common, unlocking, from_stdin=True), common.output)


def _ask(run: str, wish: "Wish", common: Common) -> int:
    from tui_migrate.cli.steering import ask
    from tui_migrate.cli.wording import parse_run_id

    return asyncio.run(ask(common.place, parse_run_id(run), wish, common.output))


def _target_passwords(run: "RunRecord", common: Common) -> dict[str, str]:
    """Find the password of the target alone, for a run that reads what the journal or a run's folder holds."""
    from tui_migrate.cli.passwords import ask_missing
    from tui_migrate.plan.yaml_form import from_yaml

    passwords: dict[str, str] = {}
    ask_missing((from_yaml(run.plan, f"the plan of run {run.id:04d}").target,), common.place, passwords)
    return passwords


def passwords_for(
    run: "RunRecord", common: Common, unlocking: Unlocking, *, from_stdin: bool = False
) -> dict[str, str]:
    """Find the passwords of both ends of a run that is to go on."""
    from tui_migrate.cli.passwords import ask_missing, read_missing
    from tui_migrate.plan.yaml_form import from_yaml

    plan = from_yaml(run.plan, f"the plan of run {run.id:04d}")
    passwords: dict[str, str] = {}
    unlocking.keep(plan.source, plan.target, passwords)
    ends = (plan.target,) if plan.retry_of else (plan.source, plan.target)
    if from_stdin:
        read_missing(ends, common.place, passwords)
    ask_missing(ends, common.place, passwords)
    return passwords
