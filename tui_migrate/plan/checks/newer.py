"""The checks that the policy `newer` has something to compare by."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

from tui_migrate.documents import pack
from tui_migrate.errors import NotAuthorised, Refused, Unreachable, WriteRefused
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look, error, warning
from tui_migrate.plan.checks.registry import Phase, check
from tui_migrate.plan.model import Policy
from tui_migrate.plan.newer import moment_path
from tui_migrate.stores.moments import FieldPath
from tui_migrate.stores.probe import Probe, probe_of


@check("The policy newer has a field to compare", newer_without_field=Severity.ERROR)
def fields(seen: Look) -> Iterator[Finding]:
    """Name the collections in which documents may meet and no field tells which was changed later."""
    if seen.plan.policy is not Policy.NEWER:
        return
    for mine, _ in seen.plain_pairs():
        if not moment_path(seen.plan, mine.name):
            message = "the policy is newer, and no field is known that tells when a document was changed"
            hint = "--newer-by FIELD, or name the collection's timestamp in the catalog"
            yield error("newer_without_field", mine.name, message, hint)


@check("The field that newer compares is in the documents", Phase.DOCUMENTS, newer_field_missing=Severity.WARNING)
async def presence(seen: Look) -> AsyncIterator[Finding]:
    """Name the collections of which one end has documents, and none of them has the field: a slip of the pen."""
    if seen.plan.policy is not Policy.NEWER or (seen.about.is_again and not seen.plan.strict):
        return
    for mine, theirs in seen.plain_pairs():
        path = moment_path(seen.plan, mine.name)
        if not path or not mine.documents or not theirs.documents:
            continue
        for end, name in ((seen.source, "source"), (seen.target, "target")):
            probe = probe_of(end)
            if probe is not None and not await _has_some(probe, mine.name, path):
                message = f"no document of the {name} has the field {'.'.join(map(bytes.decode, path))}"
                hint = "see how it is spelt: what both ends have is left as it is, or name another: --newer-by"
                yield warning("newer_field_missing", mine.name, message, hint)
                break


async def _has_some(probe: Probe, collection: str, path: FieldPath) -> bool:
    """Say whether a document has the field; a server that cannot be asked is taken to have one."""
    lacks = pack(b"\x03" + b".".join(path) + b"\0" + pack(b"\x08$exists\0\0"))
    try:
        async with aclosing(probe.failing(collection, lacks, 1)) as found:
            return [one async for one in found] != []
    except NotAuthorised:
        raise
    except (Refused, WriteRefused, Unreachable):
        return True
