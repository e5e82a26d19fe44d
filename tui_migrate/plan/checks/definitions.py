"""Checks of what collections are: kind, options, indexes, and what a server does with them by itself."""

from collections.abc import Iterator
from typing import Final

from tui_migrate.comparison.document_text import value_text
from tui_migrate.definitions import differing_options, field, index_name, is_ttl, same_definition, same_index
from tui_migrate.documents import elements
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look, error, note, warning
from tui_migrate.plan.checks.registry import check
from tui_migrate.plan.mirror import is_mirror
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind

MOST_CHARACTERS: Final = 200
"""How much of an option's value is shown."""


@check(
    "Collections of one name are of one kind",
    kind_differs=Severity.ERROR,
    exists_already=Severity.ERROR,
    view_differs=Severity.ERROR,
)
def kinds(seen: Look) -> Iterator[Finding]:
    """Find names under which the target has something that cannot be written into; a mirror replaces it."""
    for mine, theirs in () if seen.plan.retry_of or is_mirror(seen.plan) else seen.pairs():
        if mine.kind is not theirs.kind:
            message = f"this is a {mine.kind} in the source and a {theirs.kind} in the target"
            yield error("kind_differs", mine.name, message, "rename or drop the target's")
        elif mine.kind in (CollectionKind.CAPPED, CollectionKind.TIMESERIES):
            message = f"a {mine.kind} collection is only written where the target has none of its name"
            yield error("exists_already", mine.name, message, "leave it out, or drop the target's")
        elif mine.kind is CollectionKind.VIEW and not same_definition(mine.options, theirs.options):
            message = "the target has a view of this name that is defined otherwise"
            yield error("view_differs", mine.name, message, "leave it out, or drop the target's")


@check("Targets are not sharded by other keys", shard_key=Severity.ERROR)
def sharded(seen: Look) -> Iterator[Finding]:
    """Find collections in which an `_id` alone does not name a document."""
    for _, theirs in seen.pairs():
        key = theirs.shard_key
        if key is not None and [one.name for one in elements(key)] != [b"_id"]:
            message = "the target's collection is sharded by another key than _id alone"
            yield error("shard_key", theirs.name, message, "copy into an unsharded collection")


@check("No collation makes several ids one", collation=Severity.ERROR)
def collations(seen: Look) -> Iterator[Finding]:
    """Find collections of the target whose ids are ordered otherwise than by their bytes."""
    for _, theirs in () if is_mirror(seen.plan) else seen.pairs():
        if theirs.kind is CollectionKind.PLAIN and not theirs.simple_order:
            message = "the target's collection has a default collation, under which several ids can be one"
            yield error("collation", theirs.name, message, "copy into a collection that the run creates")


@check(
    "Options and indexes are the same",
    options_differ=Severity.WARNING,
    index_differs=Severity.WARNING,
)
def differences(seen: Look) -> Iterator[Finding]:
    """Find definitions of the target that differ and stay; those that a mirror replaces are told of apart."""
    for mine, theirs in () if seen.plan.retry_of or is_mirror(seen.plan) else seen.pairs():
        if mine.kind is not CollectionKind.PLAIN:
            continue
        if not same_definition(mine.options, theirs.options):
            message = f"{options_words(mine, theirs)}; the target's stay as they are"
            yield warning("options_differ", mine.name, message)
        by_name = {index_name(one): one for one in theirs.indexes}
        for index in mine.indexes:
            name = index_name(index)
            if name in by_name and not same_index(index, by_name[name]):
                message = f"the target's index {name} is defined otherwise and stays as it is"
                yield warning("index_differs", f"{mine.name}.{name}", message)


def options_words(mine: CollectionInfo, theirs: CollectionInfo) -> str:
    """Say in which options a collection of the source and one of the target differ, and show both."""
    return "; ".join(
        f"{printable(name)} differs: source {_shown(mine.options, name)}, target {_shown(theirs.options, name)}"
        for name in differing_options(mine.options, theirs.options)
    )


def _shown(options: bytes, name: str) -> str:
    one = field(options, name.encode())
    text = value_text(options, one) if one is not None else "none"
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


@check("What deletes documents by age", ttl_index=Severity.WARNING)
def expiring(seen: Look) -> Iterator[Finding]:
    """Find indexes and collections of the target that delete documents by themselves."""
    for mine, theirs in seen.pairs():
        for index in filter(is_ttl, theirs.indexes):
            what = "deletes documents by age, also those that the run writes"
            message = f"the target's index {index_name(index)} {what}"
            hint = "documents past their expiry count as expired; drop the index before the run to keep them"
            yield warning("ttl_index", f"{mine.name}.{index_name(index)}", message, hint)
    for info in seen.planned():
        if seen.target is not None and field(info.options, b"expireAfterSeconds") is not None:
            message = "the collection deletes documents by age by itself, in the target too"
            yield warning("ttl_index", info.name, message, "documents past their expiry count as expired")


@check("Empty timestamps stay empty", empty_timestamps=Severity.NOTE)
def timestamps(seen: Look) -> Iterator[Finding]:
    """Find servers that put their own time in the place of an empty one."""
    if seen.target is not None and not seen.target.capabilities.keeps_empty_timestamps:
        message = "this server replaces a top-level Timestamp(0, 0) by its own time"
        yield note("empty_timestamps", "target", message, "such documents are reported one by one")
