"""Drafting a catalog from data: what refers to what, by looking values up, and what their names suggest besides.

A reference is proposed on evidence alone: of its sampled values so many were found among the ids of a collection.
Ids that say little (whole numbers, short texts) are found by chance too, in whatever collection counts from one: of
those it takes nearly all, and a name that fits as well. The rest is told as a comment.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from tui_migrate.catalogs.names import affinity
from tui_migrate.catalogs.sampling import BINARY, NUMBERS, STRING, PathSample, Sample, take_sample
from tui_migrate.documents import RawId, raw_id
from tui_migrate.ordering import Key, order_key
from tui_migrate.stores.base import CollectionKind, Source

SAMPLE: Final = 1_000
"""Documents of each collection that are read where nobody says how many."""

_PROBES: Final = 8
"""Values of a path that are looked up first; only where one of them is found are the others looked up."""
_LOOKUP: Final = 1_000
_LEAST_SHARE: Final = 0.5
_LEAST_SHARE_OF_WEAK: Final = 0.9
_TELLING: Final = 8
"""Characters from which on texts are not alike by chance."""
_STRING_OVERHEAD: Final = 6
_UUID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Evidence:
    """That of `values` distinct sampled values of a field, `found` are ids of the collection `to`.

    `fit` is how well the names agree (see `names.affinity`), `is_weak` says that it may be chance, and `is_in_array`
    that a document may have several values.
    """

    collection: str
    field: str
    to: str
    found: int
    values: int
    fit: int
    is_weak: bool
    is_in_array: bool

    @property
    def is_convincing(self) -> bool:
        """True where a reference is proposed."""
        if self.field == "_id":  # two collections with the same ids: which of them refers is not to be told
            return False
        least = _LEAST_SHARE_OF_WEAK if self.is_weak else _LEAST_SHARE
        return self.found >= least * self.values and (self.fit > 0 or not self.is_weak)


async def gather(source: Source, size: int = SAMPLE) -> tuple[dict[str, Sample], tuple[Evidence, ...]]:
    """Sample every collection, and look up at the source what may be a reference.

    Gives the samples by collection, and the evidence, of each field the best first. Raises what reading does.
    """
    infos = [one for one in await source.collections() if _is_sampled(one.name, one.kind)]
    samples = {one.name: await take_sample(source, one, size) for one in infos}
    found = [
        evidence
        for name, sample in samples.items()
        if sample.info.kind.has_keys and sample.documents
        for evidence in await _evidence_of(source, name, samples)
    ]
    found.sort(key=lambda one: (one.collection, one.field, not one.is_convincing, -one.fit, -one.found, one.to))
    return samples, tuple(found)


def proposals(evidence: Iterable[Evidence]) -> dict[tuple[str, str], Evidence]:
    """Give by collection and field the one reference to propose: the best of the convincing ones."""
    best: dict[tuple[str, str], Evidence] = {}
    for one in evidence:
        if one.is_convincing:
            best.setdefault((one.collection, one.field), one)
    return best


def _is_sampled(name: str, kind: CollectionKind) -> bool:
    # A * would make a pattern of it.
    return kind is not CollectionKind.VIEW and not name.startswith(("system.", "enxcol_.")) and "*" not in name


async def _evidence_of(source: Source, to: str, samples: Mapping[str, Sample]) -> list[Evidence]:
    """Find the fields whose values are ids of the collection `to`: a few values of all, then all of those that hit."""
    fields = {
        (name, path): one
        for name, sample in samples.items()
        for path, one in sample.paths.items()
        if one.values and (name, path) != (to, "_id")
    }
    hits = await _there(source, to, (value for one in fields.values() for value in _spread(one)))
    likely = {place: one for place, one in fields.items() if any(order_key(value) in hits for value in _spread(one))}
    ids = await _there(source, to, (value for one in likely.values() for value in one.values.values()))
    return [
        Evidence(
            collection=name,
            field=path,
            to=to,
            found=sum(key in ids for key in one.values),
            values=len(one.values),
            fit=affinity(path, to, name),
            is_weak=_is_weak(one),
            is_in_array=one.is_in_array,
        )
        for (name, path), one in likely.items()
    ]


def _spread(one: PathSample) -> Sequence[RawId]:
    """Take some of a path's values, from all over them."""
    values = list(one.values.values())
    return values[:: max(1, -(-len(values) // _PROBES))]


async def _there(source: Source, collection: str, values: Iterable[RawId]) -> set[Key]:
    """Say which of these are ids of a collection."""
    wanted = list({order_key(one): one for one in values}.values())
    found: set[Key] = set()
    for start in range(0, len(wanted), _LOOKUP):
        async with aclosing(source.lookup(collection, wanted[start : start + _LOOKUP])) as documents:
            async for document in documents:
                if (identifier := raw_id(document)) is not None:
                    found.add(order_key(identifier))
    return found


def _is_weak(one: PathSample) -> bool:
    """Say whether the values are such as are found by chance."""
    by_kind: dict[int, list[int]] = defaultdict(list)
    for value in one.values.values():
        by_kind[value[0]].append(len(value))
    short = any(size - _STRING_OVERHEAD < _TELLING for size in by_kind[STRING])
    small = any(size < _UUID_BYTES for size in by_kind[BINARY])
    return short or small or any(by_kind[kind] for kind in NUMBERS)
