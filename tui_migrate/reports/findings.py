"""A run as a report: what its journal says of it, collection by collection, and what was found."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from tui_migrate import __version__
from tui_migrate.findings import Finding
from tui_migrate.journal.records import RunRecord, Sample
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.mapping.model import Scope
from tui_migrate.plan.catalog_rules import catalog_of
from tui_migrate.plan.model import Plan, RunKind
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.reports.masking import Mask
from tui_migrate.reports.model import Fact, Found, Report, ReportColumn, ReportTable, Unit, Verdict, verdict_of
from tui_migrate.reports.throughput import throughput_charts

Staged = tuple[Stage, Finding]

_COUNTS: Final = ("inserted", "replaced", "deleted", "unchanged", "skipped", "rejected")
_ROLLBACK_COUNTS: Final = ("restored", "deleted", "spared")
_UNSUCCESSFUL: Final = (RunState.FAILED, RunState.INTERRUPTED, RunState.CANCELLED)
_COLLECTIONS: Final = (
    ReportColumn("name"),
    ReportColumn("state"),
    ReportColumn("done", Unit.COUNT),
    ReportColumn("of", Unit.COUNT),
    ReportColumn("bytes", Unit.BYTES),
)


def run_report(run: RunRecord, found: Sequence[Staged], now: float, samples: Sequence[Sample] = ()) -> Report:
    """Make the report of a run as it stands at a time (seconds since 1970), with what its worker measured.

    Raises InvalidFile for a plan that this version cannot read.
    """
    plan = from_yaml(run.plan, f"the plan of run {run.id:04d}") if run.plan else None
    mask = Mask.of_plan(plan)
    found = [(stage, mask.finding(one)) for stage, one in found]
    findings = tuple(one for _, one in found)
    verdict = verdict_of(findings)
    if run.state in _UNSUCCESSFUL:
        verdict = Verdict.ERRORS
    elif verdict is Verdict.GOOD and run.state is RunState.COMPLETED_WITH_FINDINGS:
        verdict = Verdict.WARNINGS
    rows = tuple(
        (one.name, one.state.value, one.documents_done, one.documents_expected, one.bytes_done)
        for one in run.collections
    )
    return Report(
        title=f"Report of run {run.id:04d}",
        subject=f"{run.kind.value} from {run.source} to {run.target}",
        verdict=verdict,
        made_at=time_form(now),
        tool_version=__version__,
        facts=(*_facts(run), *(_plan_facts(plan) if plan is not None and run.kind is not RunKind.ROLLBACK else ())),
        tables=(ReportTable("Collections", _COLLECTIONS, rows), *_fates(run)),
        findings=tuple(Found(one, stage.value) for stage, one in found),
        charts=throughput_charts(samples),
    )


def time_form(at: float) -> str:
    """Give a time in seconds since 1970 as `2026-01-31T12:00:00.123Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fates(run: RunRecord) -> Iterator[ReportTable]:
    """Give the table of what became of each collection's documents; all that an export does is to write them."""
    if run.kind is not RunKind.EXPORT:
        names = _ROLLBACK_COUNTS if run.kind is RunKind.ROLLBACK else _COUNTS
        columns = (ReportColumn("name"), *(ReportColumn(one, Unit.COUNT) for one in names))
        rows = tuple((one.name, *(getattr(one.counts, name) for name in names)) for one in run.collections)
        yield ReportTable("What became of the documents", columns, rows)


def _plan_facts(plan: Plan) -> Iterator[Fact]:
    """Say how the run was to work. Nothing of a filter or an id is quoted: both can name people."""
    if plan.kind is not RunKind.EXPORT:
        yield Fact("policy", f"{plan.policy.value}, as a mirror" if plan.mirror else plan.policy.value)
        yield Fact("undo", "before-images are kept" if plan.undo else "none")
    yield Fact("verify", plan.verify.value)
    catalog = catalog_of(plan)
    if catalog is not None:
        yield Fact("catalog", catalog.label)
    if words := list(_scope_words(plan.scope)):
        yield Fact("scope", "; ".join(words))


def _scope_words(scope: Scope) -> Iterator[str]:
    if scope.owner:
        yield "the documents of one user, given to another" if scope.owner_to else "the documents of one user"
    if scope.filters:
        yield f"filtered: {', '.join(one.collection for one in scope.filters)}"
    if scope.renames:
        yield f"renamed: {', '.join(f'{one.source} to {one.target}' for one in scope.renames)}"
    if scope.redact:
        yield "sensitive fields redacted"


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
        if (seconds := run.seconds_at_work(run.ended_at)) is not None:
            facts.append(Fact("took", f"{seconds:,.1f} s{f' in {run.attempt} attempts' if run.attempt > 1 else ''}"))
    if run.description:
        facts.append(Fact("note", run.description))
    if run.failure is not None:
        facts.append(Fact("failure", f"{run.failure.code}: {run.failure.message}"))
    names: tuple[str, ...] = ("inserted", "replaced", "unchanged", "skipped", "rejected")
    if run.kind is RunKind.ROLLBACK:
        names = _ROLLBACK_COUNTS
    elif counts.deleted:
        names = (*names, "deleted")
    if run.kind is not RunKind.EXPORT:
        facts.extend(Fact(name, getattr(counts, name), Unit.COUNT) for name in names)
    return tuple(facts)
