import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bson
from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import strategies as st

from tui_migrate.packages.entries import CollectionEntry, DocumentOrder
from tui_migrate.packages.manifest import Consistency, Header, Manifest, SourceEntry
from tui_migrate.packages.members import Member
from tui_migrate.packages.tar_writer import TarWriter
from tui_migrate.packages.writer import PackageWriter
from tui_migrate.packages.writing import Writer
from tui_migrate.stores.base import CollectionInfo, CollectionKind

DATA = Path(__file__).parent.parent / "data" / "packages"
MOMENT = 1_769_860_800
NO_OPTIONS = bson.encode({})
ID_INDEX = bson.encode({"v": 2, "key": {"_id": 1}, "name": "_id_"})

HEADER = Header(
    tool_version="0.1.0",
    created_at="2026-01-31T12:00:00+00:00",
    operator="ada",
    description="Übergabe \u202e",
    source=SourceEntry("mongodb", "mongodb://ada:***@db.example:27017/", "shop", "8.2.0"),
    catalog=None,
    consistency=Consistency.FUZZY,
    interval=("2026-01-31T11:59:00+00:00", "2026-01-31T12:00:00+00:00"),
)

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.binary(max_size=20),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    st.integers(-(2**63), 2**63 - 1).map(DatetimeMS),
    st.builds(Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9).map(Decimal128),
    st.builds(Regex, names, st.sampled_from(["", "i", "imsx"])),
    st.just(MinKey()),
    st.just(MaxKey()),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)
documents = st.dictionaries(names, values, max_size=5).map(bson.encode)
documents_with_id = st.builds(
    lambda identifier, fields: bson.encode({"_id": identifier, **fields}),
    scalars,
    st.dictionaries(names.filter(lambda name: name != "_id"), values, max_size=4),
)


def info(name: str = "users", kind: CollectionKind = CollectionKind.PLAIN, **options: Any) -> CollectionInfo:
    indexes = () if kind is CollectionKind.VIEW else (ID_INDEX,)
    return CollectionInfo(name, kind, bson.encode(options), indexes, uuid=bytes(range(16)))


def numbered(first: int, last: int) -> list[bytes]:
    return [bson.encode({"_id": number, "text": f"document {number}"}) for number in range(first, last)]


Batches = Mapping[str, Sequence[Sequence[bytes]]]


async def write_package(
    path: Path,
    batches: Batches,
    *,
    infos: Mapping[str, CollectionInfo] | None = None,
    order: DocumentOrder = DocumentOrder.ID,
    header: Header = HEADER,
) -> Manifest:
    writer = await PackageWriter.create(path, run_id=1, database="shop")
    return await writer.seal(header, await fill(writer, batches, infos=infos, order=order))


async def fill(
    writer: Writer,
    batches: Batches,
    *,
    infos: Mapping[str, CollectionInfo] | None = None,
    order: DocumentOrder = DocumentOrder.ID,
) -> list[CollectionEntry]:
    """Write everything as an export does, and give what the manifest says of it."""
    collections = [(infos or {}).get(name) or info(name) for name in batches]
    for collection in collections:
        await writer.write_metadata(collection)
    known: dict[str, list[Member]] = {}
    for collection in collections:
        if collection.kind is not CollectionKind.VIEW:
            await writer.open_collection(collection.name, ())
            appended = [await writer.append(part) for part in batches[collection.name]]
            known[collection.name] = [one for one in appended if one]
            await writer.close_collection()
    entries = [await writer.entry(one, known.get(one.name, ()), order) for one in collections]
    return [one for one in entries if one]


SMALL: Batches = {"users": [numbered(0, 20), numbered(20, 30)], "empty": [], "recent": []}
SMALL_VIEW = info("recent", CollectionKind.VIEW, viewOn="users", pipeline=[])


def small_tar(path: Path) -> Manifest:
    async def write() -> Manifest:
        writer = await TarWriter.create(path, run_id=1, database="shop", moment=MOMENT)
        return await writer.seal(HEADER, await fill(writer, SMALL, infos={"recent": SMALL_VIEW}))

    return asyncio.run(write())


def small_package(path: Path) -> Manifest:
    return asyncio.run(write_package(path, SMALL, infos={"recent": SMALL_VIEW}))
