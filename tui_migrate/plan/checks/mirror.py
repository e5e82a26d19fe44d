"""Checks of a mirror: what it cannot do, and what of the target it replaces or takes away."""

from collections.abc import Iterator
from typing import Final

from tui_migrate.definitions import has_fields, index_name, same_definition, split_validation
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.definitions import options_words
from tui_migrate.plan.checks.look import Look, error, note
from tui_migrate.plan.checks.registry import Phase, check
from tui_migrate.plan.mirror import has_other_validator, indexes_to_drop, is_mirror, is_replaced, obstacle
from tui_migrate.stores.base import CollectionInfo, CollectionKind

_NAMED: Final = {
    CollectionKind.PLAIN: "collection",
    CollectionKind.CAPPED: "capped collection",
    CollectionKind.TIMESERIES: "time-series collection",
    CollectionKind.VIEW: "view",
}


@check("The plan of a mirror is one", Phase.PLAN, mirror_unfit=Severity.ERROR)
def fitness(seen: Look) -> Iterator[Finding]:
    """Find what a plan asks for that no mirror does."""
    found = obstacle(seen.plan)
    if found:
        yield error("mirror_unfit", seen.plan.target.label, found, "change the plan")
    scope = seen.plan.scope
    if is_mirror(seen.plan) and (scope.filters or scope.owner):
        message = "a mirror of some of the documents would delete all the others in the target"
        yield error("mirror_unfit", seen.plan.target.label, message, "leave the filters and the owner away")


@check(
    "What a mirror replaces",
    kind_differs=Severity.NOTE,
    exists_already=Severity.NOTE,
    view_differs=Severity.NOTE,
    options_differ=Severity.NOTE,
    index_differs=Severity.NOTE,
    removed_whole=Severity.NOTE,
    shard_key=Severity.ERROR,
    mirror_unfit=Severity.ERROR,
)
def replacements(seen: Look) -> Iterator[Finding]:
    """Say what of the target is taken away, with what it takes to bring it back, and made anew."""
    if not is_mirror(seen.plan) or seen.target is None:
        return
    for one in seen.plan.collections:
        theirs = seen.in_target.get(one.name)
        if one.remove and one.name in seen.from_source:
            yield error("mirror_unfit", one.name, "the plan takes it away, and the source has it", "plan again")
        elif one.remove and theirs is not None:
            message = f"the source has no such collection: the target's {_NAMED[theirs.kind]} is taken away whole"
            yield note("removed_whole", one.name, message, "a rollback brings it back")
            yield from _sharded(theirs)
    for mine, theirs in seen.pairs():
        yield from _replaced(mine, theirs)


def _replaced(mine: CollectionInfo, theirs: CollectionInfo) -> Iterator[Finding]:
    is_emptied = theirs.kind is not CollectionKind.VIEW
    again = f"is {'emptied, ' if is_emptied else ''}dropped and made as in the source"
    if is_replaced(mine, theirs):
        if mine.kind is not theirs.kind:
            yield note("kind_differs", mine.name, f"the target's {_NAMED[theirs.kind]} {again}: a {_NAMED[mine.kind]}")
        elif mine.kind is CollectionKind.VIEW:
            yield note("view_differs", mine.name, "the target's view is defined otherwise: it is made as in the source")
        elif not mine.kind.has_keys:
            yield note("exists_already", mine.name, f"the target's {_NAMED[theirs.kind]} {again}")
        else:
            yield note("options_differ", mine.name, f"the target's collection {again}: {options_words(mine, theirs)}")
        yield from _sharded(theirs)
    elif mine.kind is CollectionKind.PLAIN:
        if has_other_validator(mine, theirs) or not same_definition(mine.options, theirs.options):
            has_rules = has_fields(split_validation(mine.options)[1])
            change = "gets the validator of the source" if has_rules else "loses its validator: the source's has none"
            message = f"the target's collection {change}: {options_words(mine, theirs)}"
            yield note("options_differ", mine.name, message)
        wanted = {index_name(one) for one in mine.indexes}
        for index in indexes_to_drop(mine, theirs):
            name = index_name(index)
            is_wanted = name in wanted
            change = "is dropped and made as in the source" if is_wanted else "is dropped: the source does not have it"
            yield note("index_differs", f"{mine.name}.{name}", f"the target's index {name} {change}")


def _sharded(theirs: CollectionInfo) -> Iterator[Finding]:
    if theirs.shard_key is not None:
        message = "the target's collection is sharded, and is not dropped: it would come back unsharded"
        yield error("shard_key", theirs.name, message, "leave it out, or change its options by hand")
