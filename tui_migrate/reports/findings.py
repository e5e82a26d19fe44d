"""A run as a report: what its journal says of it, collection by collection, and what was found."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from tui_migrate import __version__
from tui_migrate.findings import Finding
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import RunKind
from tui_migrate.reports.model import Fact, Found, Report, ReportColumn, ReportTable, Unit, Verdict, verdict_of

Staged = tuple[Stage, Finding]

_UNSUCCESSFUL: Final = (RunState.FAILED, RunState.INTERRUPTED, RunState.CANCELLED)
_COLLECTIONS: Final = (
    ReportColumn("name"),
    ReportColumn("state"),
    ReportColumn("done", Unit.COUNT),
    ReportColumn("of", Unit.COUNT),
    ReportColumn("bytes", Unit.BYTES),
)


def run_report(run: RunRecord, found: Sequence[Staged], now: float) -> Report:
    """Make the report of a run as it stands at a time (seconds since 1970)."""
    findings = tuple(one for _, one in found)
    verdict = verdict_of(findings)
    if run.state in _UNSUCCESSFUL:
        verdict = Verdict.ERRORS
    elif verdict is Verdict.GOOD and run.state is RunState.COMPLETED_WITH_FINDINGS:
        verdict = Verdict.WARNINGS
    rows = tuple(
        (one.name, one.state.value, one.documents_done, one.documents_total, one.bytes_done) for one in run.collections
    )
    return Report(
        title=f"Report of run {run.id:04d}",
        subject=f"{run.kind.value} from {run.source} to {run.target}",
        verdict=verdict,
        made_at=time_form(now),
        tool_version=__version__,
        facts=_facts(run),
        tables=(ReportTable("Collections", _COLLECTIONS, rows),),
        findings=tuple(Found(one, stage.value) for stage, one in found),
    )


def time_form(at: float) -> str:
    """Give a time in seconds since 1970 as `2026-01-31T12:00:00.123Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _facts(run: RunRecord) -> tuple[Fact, ...]:
    counts = run.counts
    facts = [
        Fact("run", run.id, Unit.COUNT),
        Fact("state", run.state.value.replace("_", " ")),
        Fact("stage", run.stage.value),
        Fact("made", f"{time_form(run.created_at)} by {run.created_by}"),
    ]
    if run.ended_at is not None:
        facts.append(Fact("ended", time_form(run.ended_at)))
    if run.description:
        facts.append(Fact("note", run.description))
    if run.failure is not None:
        facts.append(Fact("failure", f"{run.failure.code}: {run.failure.message}"))
    names: tuple[str, ...] = ("inserted", "replaced", "unchanged", "skipped", "rejected")
    if run.kind is RunKind.ROLLBACK:
        names = ("restored", "deleted", "spared")
    if run.kind is not RunKind.EXPORT:
        facts.extend(Fact(name, getattr(counts, name), Unit.COUNT) for name in names)
    return tuple(facts)
