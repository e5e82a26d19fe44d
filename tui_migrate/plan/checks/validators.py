"""The check for documents that a validator of the target will not take."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from tui_migrate.definitions import enforces_validator, field
from tui_migrate.documents import show_id
from tui_migrate.errors import NotAuthorised, Refused, Unreachable, WriteRefused
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look, note, warning
from tui_migrate.plan.checks.registry import Phase, check
from tui_migrate.plan.decision import decide
from tui_migrate.plan.mirror import is_mirror
from tui_migrate.plan.newer import moment_path
from tui_migrate.plan.refusals import AT_LEAST
from tui_migrate.stores.base import CollectionInfo
from tui_migrate.stores.lookup import Keyed, find_by_id, keyed
from tui_migrate.stores.probe import Probe, probe_of

MOST = 100
"""Documents that are looked for; what is more is said to be more."""

EXAMPLES = 3


@check(
    "Validators take what is to be written",
    Phase.DOCUMENTS,
    validator_rejects=Severity.WARNING,
    validator_untried=Severity.NOTE,
)
async def validators(seen: Look) -> AsyncIterator[Finding]:
    """Try the target's validators on the documents of the source, where their server can do that."""
    if seen.target is None or is_mirror(seen.plan):
        return  # A mirror goes past a validator, and sets the source's.
    probe = probe_of(seen.source)
    for mine, theirs in seen.plain_pairs():
        if not enforces_validator(theirs.options):
            continue
        if probe is None:
            if seen.about.for_people:
                message = "the target has a validator, and what it refuses is not known before: the source has no query"
                yield note("validator_untried", mine.name, message, "refused documents are put aside: --max-rejects")
            continue
        async for one in _tried(seen, mine, theirs, probe):
            yield one


async def _tried(seen: Look, mine: CollectionInfo, theirs: CollectionInfo, probe: Probe) -> AsyncIterator[Finding]:
    found = field(theirs.options, b"validator")
    if found is None:
        return
    validator = theirs.options[found.value : found.end]
    try:
        async with aclosing(probe.failing(mine.name, validator, MOST)) as documents:
            failing = [one async for one in documents]
    except NotAuthorised:
        raise
    except (Refused, WriteRefused, Unreachable) as failure:
        message = f"the target's validator could not be tried on the source: {failure.message}"
        yield note("validator_untried", mine.name, message, "refused documents are put aside: --max-rejects")
        return
    written = await _written(seen, theirs, [one for one in map(keyed, failing) if one is not None])
    if written:
        many = f"{len(written):,}" if len(failing) < MOST else f"{AT_LEAST}{len(written):,}"
        ids = ", ".join(show_id(one.id) for one in written[:EXAMPLES])
        meet = "document does" if many == "1" else "documents do"
        message = f"{many} {meet} not meet the target's validator, such as _id {ids}"
        hint = f"put them right at the source, or let them be put aside: --max-rejects {len(written)}, or more"
        yield warning("validator_rejects", mine.name, message, hint, len(written))


async def _written(seen: Look, theirs: CollectionInfo, items: list[Keyed]) -> list[Keyed]:
    """Keep those that the run would write."""
    if seen.target is None:
        return []
    by = moment_path(seen.plan, theirs.name)
    found = await find_by_id(seen.target, theirs.name, [one.id for one in items], by)
    return [one for one in items if decide(seen.plan.policy, one, found.get(one.key), by=by).writes]
