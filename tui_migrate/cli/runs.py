"""The commands about runs that there were: `history`, `status`, `delete`."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from tui_migrate.cli.options import COMMON, Common

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.journal.records import RunRecord

RunId = Annotated[str, Parameter(name="RUN", help="The run's id: 42 or 0042.")]

_PAGE: Final = 50


def history(
    *,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=1_000))] = _PAGE,
    offset: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    common: Common = COMMON,
) -> int:
    """List the runs, newest first.

    Parameters
    ----------
    limit
        How many to list, at most.
    offset
        How many of the newest to leave out.
    """
    from tui_migrate.cli.records import read_runs
    from tui_migrate.cli.render import run_form
    from tui_migrate.wording import number

    output = common.output
    runs, total = asyncio.run(read_runs(common.place, limit, offset))
    output.document({"runs": [run_form(one) for one in runs], "total_count": total})
    for line in _history_lines(runs):
        output.line(line)
    if len(runs) < total:
        output.note(f"{number(len(runs))} of {number(total)} runs; --limit and --offset show others")
    return 0


def status(run: RunId, /, *, common: Common = COMMON) -> int:
    """Show how a run stands."""
    from tui_migrate.cli.records import find_run
    from tui_migrate.cli.render import run_form

    found = find_run(run, common.place)
    common.output.document(run_form(found))
    for line in _status_lines(found, common):
        common.output.line(line)
    return 0


def _reject_lines(run: "RunRecord", common: Common) -> list[str]:
    from tui_migrate.amounts import amount
    from tui_migrate.cli.records import read_retries
    from tui_migrate.wording import run_name

    if not run.counts.rejected:
        return []
    retries = ", ".join(map(run_name, asyncio.run(read_retries(common.place, run.id))))
    retried = f", written again by run {retries}" if retries else ""
    return [f"  {amount(run.counts.rejected, 'refused document')} in {common.place.run(run.id).rejects}{retried}"]


def delete(
    run: RunId,
    /,
    *,
    confirm: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    common: Common = COMMON,
) -> int:
    """Delete a run's record, its undo log and its other files.

    Parameters
    ----------
    confirm
        Needed where the undo log is the only way back from what the run did.
    """
    from tui_migrate.cli.wording import parse_run_id
    from tui_migrate.wording import run_name

    run_id = parse_run_id(run)
    asyncio.run(_delete(run_id, common, confirm=confirm))
    common.output.document({"deleted": run_id})
    common.output.line(f"deleted run {run_name(run_id)}")
    return 0


async def _delete(run_id: int, common: Common, *, confirm: bool) -> None:
    from tui_migrate.cli.errors_out import ConfirmationNeeded
    from tui_migrate.cli.records import read_run
    from tui_migrate.wording import run_name, size
    from tui_migrate.worker import control

    found = await read_run(common.place, run_id)
    if found.rollback_available and not confirm:
        raise ConfirmationNeeded(
            f"the undo log of run {run_name(run_id)} ({size(found.undo_bytes)}) is the only way back from what it did",
            hint=f"to delete it all the same: {common.output.command(f'delete {run_id} --confirm')}",
        )
    await control.delete(common.place, run_id)


def _history_lines(runs: "tuple[RunRecord, ...]") -> list[str]:
    from tui_migrate.cli.tables import table
    from tui_migrate.cli.wording import at_and_ago, ends_words, standing_words
    from tui_migrate.wording import number, run_name

    if not runs:
        return ["there are no runs"]
    rows = []
    for one in runs:
        documents = number(sum(collection.documents_done for collection in one.collections))
        shown = [run_name(one.id), standing_words(one), one.kind.value, documents]
        rows.append([*shown, at_and_ago(one.created_at), ends_words(one)])
    heads = ["run", "state", "kind", "documents", "made", "source and target"]
    return table(heads, rows, numbers=(3,))


def _status_lines(run: "RunRecord", common: Common) -> list[str]:
    from tui_migrate.cli.progress import documents_text
    from tui_migrate.cli.render import percentage
    from tui_migrate.cli.summary import STOPPED, findings_lines, next_steps, summary
    from tui_migrate.cli.tables import table
    from tui_migrate.cli.wording import arrow, at_and_ago
    from tui_migrate.plan.environments import environment_now
    from tui_migrate.plan.model import RunKind
    from tui_migrate.wording import number, run_name, size

    is_export = run.kind is RunKind.EXPORT
    environment = environment_now(run.environment, run.source if is_export else run.target, common.place)
    lines = [
        *summary(run, findings_shown=0),
        f"  {'source' if is_export else 'target'}: {environment.value}",
        f"  made {at_and_ago(run.created_at)} by {run.created_by}",
        f"  stage {run.stage.value}, {percentage(run):.1f} %, {documents_text(run)}",
    ]
    if run.description:
        lines.append(f"  note: {run.description}")
    if run.worker_pid is not None and run.state.is_active:
        heard = at_and_ago(run.last_heard_at)
        lines.append(f"  worker {run.worker_pid} on {run.worker_host}, last heard {heard}")
    if run.rolled_back_by:
        lines.append(f"  rolled back by run {run_name(run.rolled_back_by)}")
    lines.extend(_reject_lines(run, common))
    if run.failure is not None:
        lines.append(f"  {run.failure.message}")
        if run.failure.hint and run.failure.code != STOPPED and not run.state.is_final:
            lines.append(f"    {arrow()} {run.failure.hint}")
    rows = [
        [
            f"  {one.name}",
            one.state.value,
            number(one.documents_done),
            number(one.documents_expected),
            size(one.bytes_done),
        ]
        for one in run.collections
    ]
    lines.extend(table(["  collection", "state", "done", "of", "bytes"], rows, numbers=(2, 3, 4)))
    lines.extend(findings_lines(run.findings))
    return [*lines, *(f"  {arrow()} {step}" for step in next_steps(run, common.output))]
