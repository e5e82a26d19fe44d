"""What a kind of run has to offer: one method for each stage."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from tui_migrate.engine.context import RunContext
from tui_migrate.errors import Refused
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.checks.look import blocking
from tui_migrate.plan.model import PlannedCollection
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo


class Work(Protocol):
    """A run's work. `prepare` and what follows may be called again after an interruption and take up where it was."""

    async def validate(self) -> None:
        """Check that the run may start. Raises Refused. Writes nothing but the journal."""
        ...

    async def prepare(self) -> None:
        """Open what is written to."""
        ...

    async def execute(self) -> None:
        """Move the documents."""
        ...

    async def verify(self) -> None:
        """Read the result again and record what is wrong with it as findings."""
        ...

    async def commit(self) -> None:
        """Take the last step that makes the result whole."""
        ...

    async def abandon(self) -> None:
        """Take away what a cancelled run must not leave lying about."""
        ...

    async def close(self) -> None:
        """Let go of files and connections of this attempt."""
        ...


async def refuse_errors(context: RunContext, found: tuple[Finding, ...]) -> None:
    """Record what a preflight found, and raise Refused where an error is among it, or a warning in a strict plan."""
    await context.journal.clear_findings(context.run_id, Stage.VALIDATE)
    await context.journal.add_findings(context.run_id, Stage.VALIDATE, found)
    if errors := blocking(found, strict=context.plan.strict):
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise Refused(
            f"{first.subject}: {first.message}{more}", hint=first.hint or f"tui-migrate status {context.run_id}"
        )


def refuse_vanished(planned: Iterable[PlannedCollection], there: Mapping[str, CollectionInfo]) -> None:
    """Raise Refused for a collection of the plan that the source does not have any more, or not as that kind."""
    for one in planned:
        info = there.get(one.name)
        if info is None:
            raise Refused(
                f"the source has no collection {printable(one.name)} any more",
                hint="bring it back and resume, or plan a new run without it",
            )
        if one.kind not in (None, info.kind):
            raise Refused(
                f"{printable(one.name)} of the source was a {one.kind} when the run was planned,"
                f" and is a {info.kind} now",
                hint="make it again as it was and resume, or plan a new run",
            )


async def final_state(context: RunContext) -> RunState:
    """Say how a run ends that went through all its stages."""
    worst = await context.reader.worst_finding(context.run_id)
    rejected = sum(one.counts.rejected for one in await context.reader.collections(context.run_id))
    undecided = (await context.reader.run(context.run_id)).undecided
    if undecided or rejected or worst in (Severity.ERROR, Severity.WARNING):
        return RunState.COMPLETED_WITH_FINDINGS
    return RunState.COMPLETED
