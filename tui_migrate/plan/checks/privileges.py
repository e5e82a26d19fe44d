"""Checks of what both users may do: every privilege that the run, and taking it back, will need."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from tui_migrate.definitions import enforces_validator, index_name
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look, error, note, warning
from tui_migrate.plan.checks.registry import check
from tui_migrate.plan.mirror import is_mirror, is_replaced
from tui_migrate.plan.model import StoreEnd
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Source
from tui_migrate.stores.permissions import Action, Permission

Needs = Mapping[Action, Sequence[str]]
"""For each action the collections on which it is needed."""

_RENAMED: Final = (CollectionKind.PLAIN, CollectionKind.CAPPED)
"""What is renamed aside before it is dropped; no server renames a time series."""


@check(
    "Both users may do what the run needs",
    privilege_missing=Severity.ERROR,
    privilege_untold=Severity.NOTE,
)
async def privileges(seen: Look) -> AsyncIterator[Finding]:
    """Name the actions on collections that a user has no privilege for."""
    if isinstance(seen.plan.source, StoreEnd) and not seen.plan.retry_of:
        async for one in _missing(seen, seen.source, "source", seen.plan.source.database, _of_source(seen)):
            yield one
    if seen.target is not None and isinstance(seen.plan.target, StoreEnd):
        async for one in _missing(seen, seen.target, "target", seen.plan.target.database, of_target(seen)):
            yield one


async def _missing(
    seen: Look, end: Source, name: str, database: str, needs: dict[str, tuple[Action, ...]]
) -> AsyncIterator[Finding]:
    actions = list(dict.fromkeys(action for wanted in needs.values() for action in wanted))
    answers = await asyncio.gather(
        *(end.permissions(action, [one for one, wanted in needs.items() if action in wanted]) for action in actions)
    )
    told = dict(zip(actions, answers, strict=True))
    untold: set[Action] = set()
    for collection, wanted in needs.items():
        denied = [action for action in wanted if told[action].get(collection) is Permission.DENIED]
        untold.update(action for action in wanted if told[action].get(collection) is Permission.UNTOLD)
        if denied:
            words = ", ".join(denied)
            message = f"the {name}'s user may not do this on {database}.{collection}: {words}"
            role = "read" if name == "source" else "readWrite"
            hint = f"give the user the role {role} on {database}, or a role with {words}"
            yield error("privilege_missing", collection, message, hint)
    if untold and seen.about.for_people:
        words = ", ".join(action for action in actions if action in untold)
        message = f"the {name}'s server does not tell whether its user may do this: {words}"
        yield note("privilege_untold", name, message, "it is found out by trying")


def _of_source(seen: Look) -> dict[str, tuple[Action, ...]]:
    return {one.name: (Action.FIND,) for one in seen.planned() if one.kind is not CollectionKind.VIEW}


def of_target(seen: Look) -> dict[str, tuple[Action, ...]]:
    """Say for each collection of the target what the run, and a rollback of it, will do there."""
    needs = {}
    for info in seen.planned():
        theirs = seen.in_target.get(info.name)
        actions = _of_new(seen, info) if theirs is None else _of_present(seen, info, theirs)
        if theirs is not None and is_mirror(seen.plan) and is_replaced(info, theirs):
            actions = chain(_of_taken_away(theirs), _of_new(seen, info))
        if wanted := tuple(dict.fromkeys(actions)):
            needs[info.name] = wanted
    for one in seen.plan.collections:
        if one.remove and (theirs := seen.in_target.get(one.name)) is not None:
            needs[one.name] = tuple(_of_taken_away(theirs))
    return needs


def _of_taken_away(theirs: CollectionInfo) -> Iterator[Action]:
    """Give what it takes to drop a collection or view, and to make it again."""
    yield from (Action.DROP_COLLECTION, Action.CREATE_COLLECTION)
    if theirs.kind is not CollectionKind.VIEW:
        yield from (Action.FIND, Action.INSERT)
    if theirs.kind.has_keys:
        yield Action.REMOVE
    if theirs.kind in _RENAMED:
        yield Action.RENAME_COLLECTION
    if len(theirs.indexes) > 1:
        yield Action.CREATE_INDEX
    if enforces_validator(theirs.options):
        yield Action.MODIFY_COLLECTION


def _of_new(seen: Look, info: CollectionInfo) -> Iterator[Action]:
    yield Action.CREATE_COLLECTION
    if info.kind is not CollectionKind.VIEW:
        yield from (Action.FIND, Action.INSERT)
        if len(info.indexes) > 1:
            yield Action.CREATE_INDEX
        if enforces_validator(info.options):
            yield Action.MODIFY_COLLECTION
    if seen.plan.undo:
        yield Action.DROP_COLLECTION
        if info.kind.has_keys:
            yield Action.REMOVE
        if info.kind in _RENAMED:
            yield Action.RENAME_COLLECTION


def _of_present(seen: Look, info: CollectionInfo, theirs: CollectionInfo) -> Iterator[Action]:
    if info.kind is not CollectionKind.PLAIN:
        return
    plan = seen.plan
    yield from (Action.FIND, Action.INSERT)
    if plan.policy.may_replace or plan.mirror:
        yield Action.UPDATE
    there = {index_name(one) for one in theirs.indexes}
    makes_indexes = any(index_name(one) not in there for one in info.indexes) and not plan.retry_of
    if makes_indexes or plan.mirror:
        yield Action.CREATE_INDEX
    if plan.mirror:
        yield from (Action.REMOVE, Action.DROP_INDEX, Action.MODIFY_COLLECTION)
    if plan.undo:
        yield Action.REMOVE
        if makes_indexes:
            yield Action.DROP_INDEX


@check("A rollback may put back what a validator would refuse", validation_bypass=Severity.ERROR)
async def validation_bypass(seen: Look) -> AsyncIterator[Finding]:
    """Find where a rollback could not put back documents that the target's validator would not take."""
    if seen.target is None or not (seen.plan.undo and (seen.plan.policy.may_replace or seen.plan.mirror)):
        return
    names = [theirs.name for _, theirs in seen.pairs() if _refuses(theirs)]
    action = Action.BYPASS_VALIDATION
    hint = f"give the user {action} on it (the roles dbAdmin and restore have it), or run with --no-rollback"
    for name, permission in (await seen.target.permissions(action, names)).items() if names else ():
        if permission is Permission.DENIED:
            message = "it has a validator that the target's user may not bypass, so what is replaced cannot be put back"
            yield error("validation_bypass", name, message, hint)
        elif permission is Permission.UNTOLD:
            message = "the server does not tell whether a rollback may bypass the validator of the target's collection"
            yield warning("validation_bypass", name, message, hint)


def _refuses(theirs: CollectionInfo) -> bool:
    return theirs.kind is CollectionKind.PLAIN and enforces_validator(theirs.options)
