"""The check for documents that differ in the target where the policy lets none be replaced or left."""

from collections.abc import AsyncIterator

from tui_migrate.amounts import documents_that
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look, error, note
from tui_migrate.plan.checks.registry import Phase, check
from tui_migrate.plan.decision import Decision
from tui_migrate.plan.estimate import Estimate, estimate_collection
from tui_migrate.plan.forecast import forecast_collection
from tui_migrate.plan.model import Policy
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.stores.probe import probe_of

_HINT = "choose --conflict-resolution skip or overwrite; --dry-run shows what each would do"


@check(
    "No document differs where none may",
    Phase.DOCUMENTS,
    conflict=Severity.ERROR,
    conflict_estimate=Severity.NOTE,
)
async def conflicts(seen: Look) -> AsyncIterator[Finding]:
    """Count the documents that differ, or estimate them from a sample where that was asked for."""
    if seen.plan.policy is not Policy.FAIL or seen.target is None:
        return
    sample, probe = seen.about.sample, probe_of(seen.source)
    for mine, theirs in seen.pairs():
        if mine.kind is not CollectionKind.PLAIN:
            continue
        if sample and probe is not None and mine.documents > sample:
            counted = await estimate_collection(seen.plan, mine, probe, theirs, seen.target, sample)
            if counted is not None:
                yield _estimated(mine, counted)
                continue
        exact = await forecast_collection(seen.plan, mine, seen.source, theirs, seen.target, exact=True)
        if exact.refuse:
            message = f"{documents_that(exact.refuse, 'differs', 'differ')} in the target, and the policy is fail"
            yield error("conflict", mine.name, message, _HINT, exact.refuse)


def _estimated(mine: CollectionInfo, counted: Estimate) -> Finding:
    share = counted.share(Decision.REFUSE)
    sampled = f"a sample of {counted.sampled:,} of {counted.documents:,} documents"
    if not counted.counts[Decision.REFUSE]:
        message = f"none differs in {sampled}: no more than {share.high:.1%} of all do (95 % sure)"
        return note("conflict_estimate", mine.name, message, "leave --quick away for an exact count")
    about = counted.scaled(counted.counts[Decision.REFUSE])
    message = (
        f"about {documents_that(about, 'differs', 'differ')} in the target, and the policy is fail:"
        f" {share.found:.1%} ± {share.margin:.1%} (95 % sure, from {sampled})"
    )
    return error("conflict", mine.name, message, _HINT, max(about, 1))
