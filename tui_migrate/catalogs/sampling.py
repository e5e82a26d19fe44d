"""A bounded sample of a collection: which paths its documents have, and some of the values that may be references."""

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.documents import RawId, elements
from tui_migrate.ordering import Key, order_key
from tui_migrate.stores.base import BlockLimit, CollectionInfo, Source

MOST_PATHS: Final = 200
"""Paths of one collection that are looked at: documents whose field names are data have one for each of them."""
MOST_VALUES: Final = 100
"""Distinct values of one path that are kept."""
MOST_LEVELS: Final = 8
_LONGEST_VALUE: Final = 200
_LONGEST_NAME: Final = 100
_LONGEST_PATH: Final = 400
_BLOCK: Final = 200

STRING: Final = 0x02
BINARY: Final = 0x05
NUMBERS: Final = frozenset((0x10, 0x12))
REFERRING: Final = NUMBERS | {STRING, BINARY, 0x07}
"""The BSON types that references are looked for among: whole numbers, texts, binary (UUID) and ObjectId."""
_NOTHING: Final = frozenset((0x06, 0x0A))


@dataclass(slots=True)
class PathSample:
    """What the sampled documents have at a path: in how many of them, of which BSON types, and some distinct values."""

    documents: int = 0
    kinds: set[int] = field(default_factory=set)
    values: dict[Key, RawId] = field(default_factory=dict)
    is_in_array: bool = False


@dataclass(slots=True)
class Sample:
    """The first documents of a collection; `is_whole` where these are all it has."""

    info: CollectionInfo
    documents: int = 0
    is_whole: bool = True
    paths: dict[str, PathSample] = field(default_factory=dict)

    def required(self) -> list[str]:
        """Name the top-level fields but `_id` that every sampled document has, with a value."""
        found = (path for path, one in self.paths.items() if one.documents == self.documents)
        return sorted(path for path in found if "." not in path and path != "_id")


async def take_sample(source: Source, info: CollectionInfo, size: int) -> Sample:
    """Read the first `size` documents of a collection. Raises what reading does, MalformedDocument."""
    found = Sample(info)
    limit = BlockLimit(documents=min(size + 1, _BLOCK))
    async with aclosing(source.read(info.name, order=info.kind.read_order, limit=limit)) as blocks:
        async for block in blocks:
            for document in block.documents:
                if found.documents == size:
                    found.is_whole = False
                    return found
                _add(found, document)
    return found


def _add(sample: Sample, document: bytes) -> None:
    sample.documents += 1
    seen: set[str] = set()
    for path, kind, value, in_array in _walk(document, 0, len(document), "", 0, in_array=False):
        one = sample.paths.get(path)
        if one is None:
            if len(sample.paths) >= MOST_PATHS:
                continue
            one = sample.paths[path] = PathSample()
        if path not in seen:
            seen.add(path)
            one.documents += 1
        one.kinds.add(kind)
        one.is_in_array = one.is_in_array or in_array
        if kind in REFERRING and len(value) <= _LONGEST_VALUE and len(one.values) < MOST_VALUES:
            identifier = RawId(bytes((kind,)) + value)
            one.values.setdefault(order_key(identifier), identifier)


def _walk(
    document: bytes, start: int, stop: int, path: str, level: int, *, in_array: bool
) -> Iterator[tuple[str, int, bytes, bool]]:
    """Give path, type and bytes of every value but null; arrays are gone through and have no place in a path."""
    for kind, raw_name, _, value, end in elements(document, start, stop):
        name = _name(raw_name)
        if kind in _NOTHING or name is None:
            continue
        here = f"{path}.{name}" if path else name
        if len(here) > _LONGEST_PATH:
            continue
        yield here, kind, document[value:end] if kind in REFERRING else b"", in_array
        if kind == 0x03 and level < MOST_LEVELS:
            yield from _walk(document, value, end, here, level + 1, in_array=in_array)
        elif kind == 0x04 and level < MOST_LEVELS:
            yield from _walk_array(document, value, end, here, level + 1)


def _walk_array(
    document: bytes, start: int, stop: int, path: str, level: int
) -> Iterator[tuple[str, int, bytes, bool]]:
    for kind, _, _, value, end in elements(document, start, stop):
        if kind in REFERRING:
            yield path, kind, document[value:end], True
        elif kind == 0x03 and level < MOST_LEVELS:
            yield from _walk(document, value, end, path, level + 1, in_array=True)
        elif kind == 0x04 and level < MOST_LEVELS:
            yield from _walk_array(document, value, end, path, level + 1)


def _name(raw: bytes) -> str | None:
    """Decode a field's name, or give None for one that no path of a catalog can have."""
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        return None
    is_plain = name.isprintable() and not {".", "*"}.intersection(name)
    return name if is_plain and 0 < len(name) <= _LONGEST_NAME else None
