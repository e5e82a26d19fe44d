"""The plan as YAML, in and out. Reading is strict: an unknown key is refused with its file and line."""

from typing import Final

import yaml

from tui_migrate.errors import InvalidFile
from tui_migrate.plan import mirror
from tui_migrate.plan.model import (
    MOST_PARALLEL,
    MOST_SECONDS,
    OnFailure,
    PackageEnd,
    Plan,
    PlannedCollection,
    Policy,
    RunKind,
    Verify,
)
from tui_migrate.plan.newer import path_problem
from tui_migrate.plan.yaml_ends import end_from, end_to_mapping
from tui_migrate.plan.yaml_scope import planned_scope_from, scope_to_mapping
from tui_migrate.stores.base import CollectionKind
from tui_migrate.strict_yaml import Value, parse

FORMAT: Final = 1

_REQUIRED: Final = ("format", "kind", "source", "target", "collections")
_OPTIONAL: Final = (
    "policy",
    "undo",
    "verify",
    "max_rejects",
    "batch_documents",
    "batch_bytes",
    "description",
    "on_failure",
    "timeout",
    "stage_timeout",
    "rollback_of",
    "force",
    "retry_of",
    "catalog",
    "scope",
    "mirror",
    "strict",
    "newer_by",
    "parallel",
)


def to_yaml(plan: Plan) -> str:
    """Write a plan as YAML; `from_yaml` gives an equal plan."""
    content: dict[str, object] = {
        "format": FORMAT,
        "kind": plan.kind.value,
        "source": end_to_mapping(plan.source),
        "target": end_to_mapping(plan.target),
        "policy": plan.policy.value,
        "undo": plan.undo,
        "verify": plan.verify.value,
        "max_rejects": plan.max_rejects,
        "batch_documents": plan.batch_documents,
        "batch_bytes": plan.batch_bytes,
        "description": plan.description,
        "on_failure": plan.on_failure.value,
        "timeout": plan.timeout,
        "stage_timeout": plan.stage_timeout,
        "rollback_of": plan.rollback_of,
        "force": plan.force,
        "retry_of": plan.retry_of,
        "catalog": plan.catalog,
        "scope": scope_to_mapping(plan.scope),
        "mirror": plan.mirror,
        "strict": plan.strict,
        "newer_by": plan.newer_by,
        "parallel": plan.parallel,
        "collections": [_collection_to_mapping(one) for one in plan.collections],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=False)


def from_yaml(text: str, path: str) -> Plan:
    """Read a plan. `path` is for messages. Raises InvalidFile."""
    top = parse(text, path)
    entries = top.mapping(known=(*_REQUIRED, *_OPTIONAL), required=_REQUIRED)
    if (version := entries["format"].integer()) != FORMAT:
        entries["format"].fail(f"this plan has format {version}", hint=f"this version reads format {FORMAT}")
    default = Plan(RunKind.COPY, PackageEnd(""), PackageEnd(""), ())

    def number(key: str, fallback: int, least: int, most: int = 2**63 - 1) -> int:
        return entries[key].integer(least=least, most=most) if key in entries else fallback

    plan = Plan(
        kind=RunKind(entries["kind"].choice(RunKind)),
        source=end_from(entries["source"]),
        target=end_from(entries["target"]),
        collections=_collections_from(entries["collections"]),
        policy=Policy(entries["policy"].choice(Policy)) if "policy" in entries else default.policy,
        undo=entries["undo"].boolean() if "undo" in entries else default.undo,
        verify=Verify(entries["verify"].choice(Verify)) if "verify" in entries else default.verify,
        max_rejects=number("max_rejects", 0, 0),
        batch_documents=number("batch_documents", default.batch_documents, 1, 100_000),
        batch_bytes=number("batch_bytes", default.batch_bytes, 1024, 64 * 1024 * 1024),
        description=entries["description"].text() if "description" in entries else "",
        on_failure=(
            OnFailure(entries["on_failure"].choice(OnFailure)) if "on_failure" in entries else default.on_failure
        ),
        timeout=number("timeout", 0, 0, MOST_SECONDS),
        stage_timeout=number("stage_timeout", 0, 0, MOST_SECONDS),
        rollback_of=number("rollback_of", 0, 0),
        force=entries["force"].boolean() if "force" in entries else default.force,
        retry_of=number("retry_of", 0, 0),
        catalog=entries["catalog"].text() if "catalog" in entries else "",
        scope=planned_scope_from(entries["scope"]) if "scope" in entries else default.scope,
        mirror=entries["mirror"].boolean() if "mirror" in entries else default.mirror,
        strict=entries["strict"].boolean() if "strict" in entries else default.strict,
        newer_by=entries["newer_by"].text() if "newer_by" in entries else "",
        parallel=number("parallel", default.parallel, 1, MOST_PARALLEL),
    )
    if problem := path_problem(plan.policy, plan.newer_by):
        entries["newer_by"].fail(problem)
    if plan.on_failure is OnFailure.ROLLBACK and not plan.undo:
        entries["on_failure"].fail("a plan without undo cannot be rolled back", hint="set one of the two otherwise")
    obstacle = mirror.obstacle(plan)
    if obstacle:
        entries["mirror" if plan.mirror else "collections"].fail(obstacle)
    return plan


def _collection_to_mapping(one: PlannedCollection) -> dict[str, object]:
    kind = {} if one.kind is None else {"kind": one.kind.value}
    remove = {"remove": True} if one.remove else {}
    return {"name": one.name, "documents": one.documents, "size": one.size, **kind, **remove}


def _collections_from(value: Value) -> tuple[PlannedCollection, ...]:
    planned: list[PlannedCollection] = []
    names: set[str] = set()
    for item in value.items():
        entries = item.mapping(known=("name", "documents", "size", "kind", "remove"), required=("name",))
        one = PlannedCollection(
            name=entries["name"].text(),
            documents=entries["documents"].integer() if "documents" in entries else 0,
            size=entries["size"].integer() if "size" in entries else 0,
            kind=CollectionKind(entries["kind"].choice(CollectionKind)) if "kind" in entries else None,
            remove=entries["remove"].boolean() if "remove" in entries else False,
        )
        if one.name in names:
            entries["name"].fail(f"the collection {one.name!r} stands here twice")
        planned.append(one)
        names.add(one.name)
    if not planned:
        raise InvalidFile("a plan without collections does nothing", path=value.path, line=1, key=value.key)
    return tuple(planned)
