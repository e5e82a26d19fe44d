"""The check for values that a unique index of the target would see twice once the data is merged."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import blake2b

from tui_migrate.amounts import documents_that
from tui_migrate.definitions import is_id_index
from tui_migrate.documents import RawId, raw_id, show_id
from tui_migrate.findings import Finding, Severity
from tui_migrate.ordering import Key, order_key
from tui_migrate.plan.checks.look import Look, note, warning
from tui_migrate.plan.checks.registry import Phase, check
from tui_migrate.plan.decision import decide
from tui_migrate.plan.mirror import is_mirror
from tui_migrate.plan.newer import moment_path
from tui_migrate.stores.base import BlockLimit, CollectionInfo
from tui_migrate.stores.lookup import Keyed, choose_finder, keyed
from tui_migrate.stores.probe import Probe, probe_of
from tui_migrate.stores.unique import UniqueIndex, unique_index

MOST_REMEMBERED = 250_000
"""Values of the source that are compared with each other, about 25 MB of them; later ones meet the target's alone."""

AT_ONCE = BlockLimit(documents=500)
EXAMPLES = 3

Row = tuple[Key, ...]


@dataclass(slots=True)
class _Clashes:
    """What one index has shown so far."""

    index: UniqueIndex
    remembers: bool
    count: int = 0
    examples: list[str] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    is_full: bool = False

    def add(self, identifier: RawId) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(show_id(identifier))

    def repeats(self, rows: Sequence[Row]) -> bool:
        """Say whether an earlier document of the source has one of these rows, and remember them."""
        if not self.remembers:
            return False
        digests = {blake2b(repr(row).encode(), digest_size=12).digest() for row in rows}
        repeated = not self.seen.isdisjoint(digests)
        if len(self.seen) + len(digests) > MOST_REMEMBERED:
            self.is_full = True
        else:
            self.seen |= digests
        return repeated


@check(
    "Unique indexes take what is to be written",
    Phase.DOCUMENTS,
    unique_clash=Severity.WARNING,
    unique_unchecked=Severity.NOTE,
)
async def uniqueness(seen: Look) -> AsyncIterator[Finding]:
    """Find values of unique indexes that two documents would have after the run."""
    probe = probe_of(seen.target)
    if seen.target is None or probe is None or (seen.about.is_again and not seen.plan.strict):
        return
    if is_mirror(seen.plan):
        return  # What a mirror leaves has the values of the source alone, and its indexes.
    for mine, theirs in seen.plain_pairs():
        indexes = [one for one in map(unique_index, theirs.indexes) if one is not None]
        found = [_Clashes(one, not _has(mine, one)) for one in indexes if one.is_whole and one.fields != ("_id",)]
        if found:
            await _compare(seen, mine, theirs, probe, found)
        for one in found:
            subject = f"{mine.name}.{one.index.name}"
            if one.count:
                message = (
                    f"{documents_that(one.count, 'has', 'have')} values of the target's unique index {one.index.name}"
                    f" that another document has, such as _id {', '.join(one.examples)}"
                )
                hint = f"make them differ, leave them out, or let them be put aside: --max-rejects {one.count}"
                yield warning("unique_clash", subject, message, hint, one.count)
            if one.is_full:
                message = f"only the first {MOST_REMEMBERED:,} values of the source were compared with each other"
                yield note("unique_unchecked", subject, message, "refused documents are put aside: --max-rejects")


def _has(mine: CollectionInfo, index: UniqueIndex) -> bool:
    """Say whether the source's server keeps the same values unique."""
    found = (unique_index(one) for one in mine.indexes if not is_id_index(one))
    return any(one is not None and one.is_whole and one.fields == index.fields for one in found)


async def _compare(
    seen: Look, mine: CollectionInfo, theirs: CollectionInfo, probe: Probe, found: Sequence[_Clashes]
) -> None:
    by = moment_path(seen.plan, mine.name)
    finder = await choose_finder(
        seen.target or seen.source,
        theirs,
        mine,
        source_is_ordered=seen.source.capabilities.ordered,
        limit=AT_ONCE,
        by=by,
    )
    try:
        async with aclosing(seen.source.read(mine.name, limit=AT_ONCE)) as blocks:
            async for block in blocks:
                items = [one for one in map(keyed, block.documents) if one is not None]
                there = await finder.find(items)
                written = [one for one in items if decide(seen.plan.policy, one, there.get(one.key), by=by).writes]
                for one in found:
                    await _compare_block(seen, mine, probe, one, written)
    finally:
        await finder.close()


async def _compare_block(
    seen: Look, mine: CollectionInfo, probe: Probe, clashes: _Clashes, items: Sequence[Keyed]
) -> None:
    rows = {one.key: clashes.index.rows(one.document) for one in items}
    repeated = {one.key for one in items if clashes.repeats(list(rows[one.key]))}
    wanted = {row: values for some in rows.values() for row, values in some.items()}
    holders = await _holders(mine.name, probe, clashes.index, list(wanted.values()))
    stays = await _staying(seen, mine, clashes.index, holders)
    for one in items:
        others = (stays.get(row, frozenset()) for row in rows[one.key])
        if one.key in repeated or any(keys - {one.key} for keys in others):
            clashes.add(one.id)


async def _holders(
    name: str, probe: Probe, index: UniqueIndex, values: Sequence[Sequence[RawId]]
) -> list[tuple[RawId, set[Row]]]:
    """Give the documents of the target that have one of these values: id and rows."""
    holders = []
    if values:
        async with aclosing(probe.equal(name, index.fields, values)) as documents:
            async for one in documents:
                if (identifier := raw_id(one)) is not None:
                    holders.append((identifier, index.entries(one)))
    return holders


async def _staying(
    seen: Look, mine: CollectionInfo, index: UniqueIndex, holders: Sequence[tuple[RawId, set[Row]]]
) -> dict[Row, frozenset[Key]]:
    """Say who of the target keeps which rows: not one that the run replaces by a document with other values."""
    replaced: dict[Key, set[Row]] = {}
    if seen.plan.policy.may_replace and seen.source.capabilities.lookup and holders:
        async with aclosing(seen.source.lookup(mine.name, [one for one, _ in holders])) as documents:
            async for document in documents:
                if (identifier := raw_id(document)) is not None:
                    replaced[order_key(identifier)] = index.entries(document)
    stays: dict[Row, frozenset[Key]] = {}
    for identifier, rows in holders:
        key = order_key(identifier)
        for row in rows if key not in replaced else rows & replaced[key]:
            stays[row] = stays.get(row, frozenset()) | {key}
    return stays
