"""Building a plan: look at the source, pick its collections, put them in order."""

from dataclasses import dataclass, field
from typing import Final

from tui_migrate.catalogs.model import Catalog
from tui_migrate.errors import Refused, UsageError
from tui_migrate.mapping.model import Scope
from tui_migrate.plan.catalog_rules import exclusion, in_order
from tui_migrate.plan.model import (
    DEFAULT_BATCH_BYTES,
    DEFAULT_BATCH_DOCUMENTS,
    End,
    OnFailure,
    PackageEnd,
    Plan,
    PlannedCollection,
    Policy,
    RunKind,
    Verify,
)
from tui_migrate.plan.presence import refuse_absent
from tui_migrate.plan.scoping import settle
from tui_migrate.redaction import printable, redact
from tui_migrate.stores.base import Source

RESERVED_DATABASES: Final = frozenset(("admin", "config", "local"))


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a user asked for.

    Without `names` every collection is meant, less those in `exclude` and those that the catalog excludes. `mirror` is
    that of the plan.
    """

    kind: RunKind
    source: End
    target: End
    names: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    policy: Policy = Policy.FAIL
    undo: bool = True
    verify: Verify = Verify.CONTENT
    max_rejects: int = 0
    batch_documents: int = DEFAULT_BATCH_DOCUMENTS
    batch_bytes: int = DEFAULT_BATCH_BYTES
    description: str = ""
    on_failure: OnFailure = OnFailure.PAUSE
    timeout: int = 0
    stage_timeout: int = 0
    catalog: Catalog | None = None
    scope: Scope = field(default_factory=Scope)
    strict: bool = False
    mirror: bool = False
    newer_by: str = ""
    parallel: int = 1


async def build_plan(request: PlanRequest, source: Source) -> Plan:
    """Make a plan of a request. Raises UsageError for what is not there, Refused for reserved names."""
    for name in request.names:
        refuse_reserved(name)
    there = {one.name: one for one in await source.collections()}
    if not there:
        await refuse_absent(source, request.source)
    for name in (*request.names, *request.exclude):
        if name not in there:
            raise UsageError(
                f"the source {request.source.label} has no collection {printable(name) or repr(name)}",
                hint=_where_names_are(request.source),
            )
    unasked = [name for name in there if exclusion(name, request.catalog, request.target) is None]
    wanted = [there[name] for name in (dict.fromkeys(request.names) or unasked) if name not in request.exclude]
    if not wanted:
        raise UsageError(
            f"no collection of {request.source.label} is left to {request.kind.value}",
            hint="name some with --collections, or exclude fewer",
        )
    scope, meant = await settle(
        request.scope, request.catalog, source, in_order(wanted, request.catalog), request.names
    )
    return Plan(
        kind=request.kind,
        source=request.source,
        target=request.target,
        collections=tuple(PlannedCollection(one.name, one.documents, one.size, one.kind) for one in meant),
        policy=request.policy,
        undo=request.undo,
        verify=request.verify,
        max_rejects=request.max_rejects,
        batch_documents=request.batch_documents,
        batch_bytes=request.batch_bytes,
        description=redact(request.description),
        on_failure=request.on_failure,
        timeout=request.timeout,
        stage_timeout=request.stage_timeout,
        catalog=request.catalog.text if request.catalog else "",
        scope=scope,
        strict=request.strict,
        mirror=request.mirror,
        newer_by=request.newer_by,
        parallel=request.parallel,
    )


def _where_names_are(source: End) -> str:
    if isinstance(source, PackageEnd):
        return f"tui-migrate validate --input {source.path} lists what the package has; names are case-sensitive"
    return "see tui-migrate list-collections; names are case-sensitive"


def refuse_reserved(name: str) -> None:
    """Raise Refused for a collection that belongs to the server or to Queryable Encryption."""
    if name.startswith("system."):
        raise Refused(f"{name} belongs to the server and is not migrated", hint="leave it out")
    if name.startswith("enxcol_."):
        raise Refused(f"{name} holds the state of Queryable Encryption and is not migrated", hint="leave it out")
