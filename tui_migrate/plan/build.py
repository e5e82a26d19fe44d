"""Building a plan: look at the source, pick its collections, put them in order."""

from dataclasses import dataclass
from typing import Final

from tui_migrate.errors import Refused, UsageError
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
from tui_migrate.redaction import printable, redact
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Source

RESERVED_DATABASES: Final = frozenset(("admin", "config", "local"))


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a user asked for. Without `names` every collection is meant, less those in `exclude`."""

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


async def build_plan(request: PlanRequest, source: Source) -> Plan:
    """Make a plan of a request. Raises UsageError for names that are not there, Refused for reserved ones."""
    for name in request.names:
        refuse_reserved(name)
    there = {one.name: one for one in await source.collections()}
    for name in (*request.names, *request.exclude):
        if name not in there:
            raise UsageError(
                f"the source {request.source.label} has no collection {printable(name) or repr(name)}",
                hint=_where_names_are(request.source),
            )
    held_back = request.target.form.never_holds if isinstance(request.target, PackageEnd) else frozenset()
    unasked = [name for name in there if name not in held_back]
    wanted = [there[name] for name in (dict.fromkeys(request.names) or unasked) if name not in request.exclude]
    if not wanted:
        raise UsageError(
            f"no collection of {request.source.label} is left to {request.kind.value}",
            hint="name some with --collections, or exclude fewer",
        )
    return Plan(
        kind=request.kind,
        source=request.source,
        target=request.target,
        collections=tuple(PlannedCollection(one.name, one.documents, one.size, one.kind) for one in in_order(wanted)),
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
    )


def _where_names_are(source: End) -> str:
    if isinstance(source, PackageEnd):
        return f"tui-migrate validate --input {source.path} lists what the package has; names are case-sensitive"
    return "see tui-migrate list-collections; names are case-sensitive"


def in_order(collections: list[CollectionInfo]) -> list[CollectionInfo]:
    """Put collections by name, and views behind them: a view needs what it looks at."""
    return sorted(collections, key=lambda one: (one.kind is CollectionKind.VIEW, one.name))


def refuse_reserved(name: str) -> None:
    """Raise Refused for a collection that belongs to the server or to Queryable Encryption."""
    if name.startswith("system."):
        raise Refused(f"{name} belongs to the server and is not migrated", hint="leave it out")
    if name.startswith("enxcol_."):
        raise Refused(f"{name} holds the state of Queryable Encryption and is not migrated", hint="leave it out")
