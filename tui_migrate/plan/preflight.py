"""The preflight checks: each looks at both ends of a plan and says what would go wrong. Nothing here writes.

An error stops the run before it starts; a warning is to be read. The same checks run in the face that makes the plan
and again in the worker before it prepares, because time has passed in between.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_migrate.definitions import (
    enforces_validator,
    field,
    index_name,
    is_ttl,
    same_definition,
    same_index,
    view_source,
)
from tui_migrate.documents import elements
from tui_migrate.errors import UsageError
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.encryption.recipients import check_recipients
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.layout import escape
from tui_migrate.packages.package import Package
from tui_migrate.packages.writer import find_obstacle
from tui_migrate.plan.build import RESERVED_DATABASES
from tui_migrate.plan.forecast import forecast_collection
from tui_migrate.plan.model import PackageEnd, Plan, Policy, StoreEnd
from tui_migrate.plan.preflight_types import held_back, not_kept, undecided_types
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Source
from tui_migrate.stores.permissions import Action, Permission

_FORMS_OF_FILES: Final = (PackageForm.NATIVE, PackageForm.TAR)
"""The forms in which each collection becomes files named after it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What both ends looked like when they were asked: listings by name. `target` is None for an export."""

    plan: Plan
    source: Source
    target: Source | None
    from_source: Mapping[str, CollectionInfo]
    in_target: Mapping[str, CollectionInfo]

    def pairs(self) -> Iterator[tuple[CollectionInfo, CollectionInfo]]:
        """Give the planned collections that the target has too: the source's and the target's."""
        for one in self.plan.collections:
            mine, theirs = self.from_source.get(one.name), self.in_target.get(one.name)
            if mine is not None and theirs is not None:
                yield mine, theirs


async def look(plan: Plan, source: Source, target: Source | None) -> Look:
    """List both ends at once. Raises Unreachable, AuthenticationFailed, NotAuthorised."""
    await source.identity()
    if target is None:
        return Look(plan, source, None, {one.name: one for one in await source.collections()}, {})
    await target.identity()
    mine, theirs = await asyncio.gather(source.collections(), target.collections())
    return Look(plan, source, target, {one.name: one for one in mine}, {one.name: one for one in theirs})


async def check(
    plan: Plan, source: Source, target: Source | None, *, read_documents: bool = True
) -> tuple[Finding, ...]:
    """Run all checks.

    `read_documents` lets them read whole collections: for conflicts under `fail`, and a package's checksums.
    """
    package_findings: tuple[Finding, ...] = ()
    if isinstance(plan.source, PackageEnd) and read_documents and not plan.retry_of:
        if not isinstance(source, Package):
            raise TypeError("the source of this plan is opened as a package")
        package_findings = await source.check()
        if any(one.severity is Severity.ERROR for one in package_findings):
            return package_findings
        package_findings = (*package_findings, *[finding async for finding in undecided_types(plan, source)])
    seen = await look(plan, source, target)
    found = [finding for rule in _CHECKS for finding in rule(seen)]
    found.extend([finding async for finding in _source_is_target(seen)])
    found.extend([finding async for finding in _validation_bypass(seen)])
    planned = [one for one in map(seen.from_source.get, (one.name for one in plan.collections)) if one is not None]
    found.extend([finding async for finding in not_kept(plan, source, planned, read_documents=read_documents)])
    if read_documents and not any(one.severity is Severity.ERROR for one in found):
        found.extend([finding async for finding in _conflicts(seen)])
    return (*package_findings, *found)


def _error(code: str, subject: str, message: str, hint: str = "", count: int = 1) -> Finding:
    return Finding(Severity.ERROR, code, printable(subject), printable(message), printable(hint), count)


def _warning(code: str, subject: str, message: str, hint: str = "") -> Finding:
    return Finding(Severity.WARNING, code, printable(subject), printable(message), printable(hint))


def _missing_collections(seen: Look) -> Iterator[Finding]:
    for one in seen.plan.collections:
        if one.name not in seen.from_source:
            yield _error("collection_missing", one.name, "the source has no such collection any more", "plan again")


def _retry_places(seen: Look) -> Iterator[Finding]:
    """A retry adds documents to what its first run left, and creates nothing."""
    for one in seen.plan.collections if seen.plan.retry_of else ():
        theirs = seen.in_target.get(one.name)
        if theirs is None:
            yield _error("collection_gone", one.name, "the target has no such collection any more", "start a new run")
        elif not theirs.kind.has_keys:
            message = f"a {theirs.kind} collection is only written by the run that creates it"
            yield _error("kind_differs", one.name, message, "roll the first run back and start a new one")


def _reserved_places(seen: Look) -> Iterator[Finding]:
    for end in (seen.plan.source, seen.plan.target):
        if isinstance(end, StoreEnd) and end.database in RESERVED_DATABASES:
            yield _error("reserved_database", end.label, "this database belongs to the server", "name another")
    for one in seen.plan.collections:
        if one.name.startswith(("system.", "enxcol_.")):
            yield _error("reserved_collection", one.name, "this collection belongs to the server", "leave it out")


def _gridfs_halves(seen: Look) -> Iterator[Finding]:
    planned = {one.name for one in seen.plan.collections}
    for name in planned:
        for mine, other in ((".files", ".chunks"), (".chunks", ".files")):
            twin = name.removesuffix(mine) + other
            if name.endswith(mine) and twin in seen.from_source and twin not in planned:
                yield _error("gridfs_half", name, f"a GridFS bucket goes whole: {twin} is missing", f"add {twin}")


def _package_place(seen: Look) -> Iterator[Finding]:
    if isinstance(seen.plan.target, PackageEnd) and not seen.plan.target.is_pipe:
        size = sum(one.size for one in seen.plan.collections)
        obstacle = find_obstacle(Path(seen.plan.target.path), size)
        if obstacle is not None:
            yield obstacle


def _encryption(seen: Look) -> Iterator[Finding]:
    """Find what a plan that somebody wrote by hand may ask for, and nobody can do."""
    end = seen.plan.target
    if not isinstance(end, PackageEnd) or not (end.recipients or end.with_passphrase):
        return
    if end.recipients and end.with_passphrase:
        message = "it cannot be encrypted for recipients and with a passphrase at once"
        yield _error("encryption", end.label, message, "choose one of the two")
    if end.form is not PackageForm.ARCHIVE:
        message = f"a package of the form {end.form} is not written encrypted"
        yield _error("encryption", end.label, message, f"choose the form {PackageForm.ARCHIVE}")
    try:
        check_recipients(end.recipients)
    except UsageError as error:
        yield _error("encryption", end.label, error.message, error.hint)


def _package_names(seen: Look) -> Iterator[Finding]:
    """Find collections whose files a file system that ignores upper and lower case would take for one."""
    if not isinstance(seen.plan.target, PackageEnd) or seen.plan.target.form not in _FORMS_OF_FILES:
        return
    taken: dict[str, str] = {}
    for one in seen.plan.collections:
        other = taken.setdefault(escape(one.name).casefold(), one.name)
        if other != one.name:
            message = f"it differs from {other} in upper and lower case alone, and so would their files"
            yield _error("names_clash", one.name, message, "export the two into two packages")


def _held_back(seen: Look) -> Iterator[Finding]:
    return held_back(seen.plan, seen.from_source)


def _kinds(seen: Look) -> Iterator[Finding]:
    for mine, theirs in () if seen.plan.retry_of else seen.pairs():
        if mine.kind is not theirs.kind:
            message = f"this is a {mine.kind} in the source and a {theirs.kind} in the target"
            yield _error("kind_differs", mine.name, message, "rename or drop the target's")
        elif mine.kind in (CollectionKind.CAPPED, CollectionKind.TIMESERIES):
            message = f"a {mine.kind} collection is only written where the target has none of its name"
            yield _error("exists_already", mine.name, message, "leave it out, or drop the target's")
        elif mine.kind is CollectionKind.VIEW and not same_definition(mine.options, theirs.options):
            message = "the target has a view of this name that is defined otherwise"
            yield _error("view_differs", mine.name, message, "leave it out, or drop the target's")


def _views_without_source(seen: Look) -> Iterator[Finding]:
    there = {one.name for one in seen.plan.collections} | set(seen.in_target)
    for one in seen.plan.collections:
        info = seen.from_source.get(one.name)
        if seen.target is not None and info is not None and info.kind is CollectionKind.VIEW:
            on = view_source(info.options)
            if on not in there:
                message = f"the view looks at {on}, which the target will not have"
                yield _warning("view_without_source", one.name, message, f"add {on}")


def _sharded_targets(seen: Look) -> Iterator[Finding]:
    for _, theirs in seen.pairs():
        key = theirs.shard_key
        if key is not None and [one.name for one in elements(key)] != [b"_id"]:
            message = "the target's collection is sharded by another key than _id alone"
            yield _error("shard_key", theirs.name, message, "copy into an unsharded collection")


def _collations(seen: Look) -> Iterator[Finding]:
    for _, theirs in seen.pairs():
        if theirs.kind is CollectionKind.PLAIN and not theirs.simple_order:
            message = "the target's collection has a default collation, under which several ids can be one"
            yield _error("collation", theirs.name, message, "copy into a collection that the run creates")


def _definitions(seen: Look) -> Iterator[Finding]:
    for mine, theirs in () if seen.plan.retry_of else seen.pairs():
        if mine.kind is not CollectionKind.PLAIN:
            continue
        if not same_definition(mine.options, theirs.options):
            message = "the options of the target's collection differ and stay as they are"
            yield _warning("options_differ", mine.name, message)
        by_name = {index_name(one): one for one in theirs.indexes}
        for index in mine.indexes:
            name = index_name(index)
            if name in by_name and not same_index(index, by_name[name]):
                message = f"the target's index {name} is defined otherwise and stays as it is"
                yield _warning("index_differs", f"{mine.name}.{name}", message)


def _expiring(seen: Look) -> Iterator[Finding]:
    for mine, theirs in seen.pairs():
        for index in filter(is_ttl, theirs.indexes):
            message = f"the target's index {index_name(index)} deletes documents by age, the run's too"
            hint = "documents past their expiry count as expired; drop the index before the run to keep them"
            yield _warning("ttl_index", f"{mine.name}.{index_name(index)}", message, hint)
    for one in seen.plan.collections:
        info = seen.from_source.get(one.name)
        if seen.target is not None and info is not None and field(info.options, b"expireAfterSeconds") is not None:
            message = "the collection deletes documents by age by itself, in the target too"
            yield _warning("ttl_index", one.name, message, "documents past their expiry count as expired")


def _empty_timestamps(seen: Look) -> Iterator[Finding]:
    if seen.target is not None and not seen.target.capabilities.keeps_empty_timestamps:
        message = "this server replaces a top-level Timestamp(0, 0) by its own time"
        yield Finding(Severity.NOTE, "empty_timestamps", "target", message, "such documents are reported one by one")


async def _source_is_target(seen: Look) -> AsyncIterator[Finding]:
    if seen.target is None:
        return
    hint = "name another database as the target"
    mine, theirs = await seen.source.identity(), await seen.target.identity()
    if mine.is_same_place(theirs):
        yield _error("source_is_target", seen.plan.target.label, "source and target are the same database", hint)
        return
    for one, other in seen.pairs():
        if one.uuid is not None and one.uuid == other.uuid:
            message = "source and target are one and the same collection, reached by different addresses"
            yield _error("source_is_target", one.name, message, hint)


async def _validation_bypass(seen: Look) -> AsyncIterator[Finding]:
    """Find where a rollback could not put back documents that the target's validator would not take."""
    if seen.target is None or not (seen.plan.undo and seen.plan.policy.may_replace):
        return
    names = [
        theirs.name
        for _, theirs in seen.pairs()
        if theirs.kind is CollectionKind.PLAIN and enforces_validator(theirs.options)
    ]
    action = Action.BYPASS_VALIDATION
    hint = f"give the user {action} on it (the roles dbAdmin and restore have it), or run with --no-rollback"
    for name, permission in (await seen.target.permissions(action, names)).items() if names else ():
        if permission is Permission.DENIED:
            message = "it has a validator that the target's user may not bypass, so what is replaced cannot be put back"
            yield _error("validation_bypass", name, message, hint)
        elif permission is Permission.UNTOLD:
            message = "the server does not tell whether a rollback may bypass the validator of the target's collection"
            yield _warning("validation_bypass", name, message, hint)


async def _conflicts(seen: Look) -> AsyncIterator[Finding]:
    if seen.plan.policy is not Policy.FAIL or seen.target is None:
        return
    for mine, theirs in seen.pairs():
        if mine.kind is not CollectionKind.PLAIN:
            continue
        counted = await forecast_collection(seen.plan, mine, seen.source, theirs, seen.target, exact=True)
        if counted.refuse:
            message = f"{counted.refuse:,} documents differ in the target, and the policy is fail"
            hint = "choose --conflict-resolution skip or overwrite; --dry-run shows what each would do"
            yield _error("conflict", mine.name, message, hint, counted.refuse)


_CHECKS: Final[tuple[Callable[[Look], Iterator[Finding]], ...]] = (
    _missing_collections,
    _retry_places,
    _reserved_places,
    _gridfs_halves,
    _package_place,
    _encryption,
    _package_names,
    _held_back,
    _kinds,
    _views_without_source,
    _sharded_targets,
    _collations,
    _definitions,
    _expiring,
    _empty_timestamps,
)
