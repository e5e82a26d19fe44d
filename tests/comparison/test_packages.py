import tracemalloc
import uuid
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from unittest.mock import patch

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.comparison.edits import NAME, Edit, edit_lists, expected_counts, sides, told
from tests.packages.samples import HEADER, MOMENT, fill, info, numbered, write_package
from tui_migrate.comparison.compare import compare
from tui_migrate.comparison.model import ComparedCollection, Comparison, Request, Way
from tui_migrate.comparison.state import State
from tui_migrate.documents import RawId, elements, pack
from tui_migrate.packages.entries import DocumentOrder
from tui_migrate.packages.reader import PackageSource
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.packages.tar_writer import TarWriter
from tui_migrate.stores.base import Block, BlockLimit, ReadOrder, Source
from tui_migrate.stores.memory import MemoryStore

ALL = Request(listed=1_000)
FAST = Request(listed=1_000, fast=True)


async def run(left: Source, right: Source, request: Request = ALL) -> Comparison:
    state = State(None, "")
    try:
        return await compare(left, right, request, state)
    finally:
        state.close()


async def outcome(left: Path, right: Path, request: Request = ALL) -> ComparedCollection:
    (one,) = (await run(RecognisedPackage(left), RecognisedPackage(right), request)).collections
    return one


def cut(documents: list[bytes], size: int) -> list[list[bytes]]:
    return [documents[start : start + size] for start in range(0, len(documents), size)]


async def write_tar(path: Path, batches: list[list[bytes]]) -> None:
    writer = await TarWriter.create(path, run_id=1, database="shop", moment=MOMENT)
    await writer.seal(HEADER, await fill(writer, {NAME: batches}, infos={NAME: info(NAME)}))


@given(edits=edit_lists(), sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)), fast=st.booleans())
@settings(max_examples=25)
async def test_every_edit_between_packages_is_found(
    tmp_path_factory: pytest.TempPathFactory, edits: dict[RawId, Edit], sizes: tuple[int, int], fast: bool
) -> None:
    folder = tmp_path_factory.mktemp("packages")
    made = sides(edits)
    await write_package(folder / "left", {NAME: cut(made.left, sizes[0])}, infos={NAME: info(NAME)})
    await write_tar(folder / "right.tar", cut(made.right, sizes[1]))
    found = await outcome(folder / "left", folder / "right.tar", FAST if fast else ALL)
    assert found.way is (Way.DIGESTS if fast else Way.MERGED)
    assert found.counts == expected_counts(made)
    assert told(found) == made.expected
    assert found.is_proved


@pytest.fixture
def reads() -> Iterator[list[str]]:
    """The collections that are read of native packages."""
    seen: list[str] = []
    real = PackageSource.read

    def read(
        self: PackageSource,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        async def counted() -> AsyncGenerator[Block]:
            async for block in real(self, collection, after=after, order=order, limit=limit, ids_only=ids_only):
                seen.append(collection)
                yield block

        return counted()

    with patch.object(PackageSource, "read", read):
        yield seen


async def test_packages_of_equal_digests_are_equal_without_being_read(tmp_path: Path, reads: list[str]) -> None:
    for name, size in (("left", 10), ("right", 7)):
        await write_package(tmp_path / name, {NAME: cut(numbered(0, 30), size)}, infos={NAME: info(NAME)})
    found = await outcome(tmp_path / "left", tmp_path / "right", FAST)
    assert (found.way, found.counts.equal, found.differs, reads) == (Way.DIGESTS, 30, False, [])
    assert not (await outcome(tmp_path / "left", tmp_path / "right")).differs
    assert reads


async def test_blocks_of_equal_digests_are_passed_over(tmp_path: Path, reads: list[str]) -> None:
    changed = [numbered(0, 10), [*numbered(10, 15), *numbered(16, 20)], numbered(20, 30), numbered(30, 40)]
    await write_package(tmp_path / "left", {NAME: cut(numbered(0, 40), 10)}, infos={NAME: info(NAME)})
    await write_package(tmp_path / "right", {NAME: changed}, infos={NAME: info(NAME)})
    found = await outcome(tmp_path / "left", tmp_path / "right", FAST)
    assert (found.counts.equal, found.counts.only_left, found.counts.differences) == (39, 1, 1)
    assert len(reads) == 2


async def test_a_package_in_natural_order_is_sorted(tmp_path: Path) -> None:
    await write_package(
        tmp_path / "left", {NAME: [numbered(0, 30)[::-1]]}, infos={NAME: info(NAME)}, order=DocumentOrder.NATURAL
    )
    await write_package(tmp_path / "right", {NAME: [numbered(1, 31)]}, infos={NAME: info(NAME)})
    for request in (ALL, FAST):
        found = await outcome(tmp_path / "left", tmp_path / "right", request)
        assert found.way is Way.SORTED
        assert (found.counts.equal, found.counts.only_left, found.counts.only_right) == (29, 1, 1)


async def test_the_order_of_fields_in_json_is_left_aside(tmp_path: Path) -> None:
    package = RecognisedPackage(Path(__file__).parents[1] / "data" / "json_forms" / "daemon.json")
    store = MemoryStore(uuid.uuid4().hex, "db")
    for one in await package.collections():
        async for block in package.read(one.name):
            for document in block.documents:
                fields = [document[each.start : each.end] for each in elements(document)]
                assert await store.insert(one.name, [pack(b"".join(reversed(fields)))]) == ()
    found = await run(package, store)
    assert found.canonical
    assert (found.differs, found.counts.equal) == (False, 3)
    assert not (await run(store, store)).canonical


async def test_what_is_sorted_is_read_once_more_for_its_fields_and_no_oftener(tmp_path: Path, reads: list[str]) -> None:
    mine, theirs = numbered(0, 5_000), numbered(0, 5_000)
    for place in range(0, 5_000, 500):
        theirs[place] = bson.encode({"_id": place, "text": "changed"})
    order = DocumentOrder.NATURAL
    for name, documents in (("left", mine), ("right", theirs)):
        await write_package(tmp_path / name, {NAME: cut(documents, 1_000)}, infos={NAME: info(NAME)}, order=order)
    found = await outcome(tmp_path / "left", tmp_path / "right")
    assert [[change.path for change in one.fields] for one in found.documents] == [["text"]] * 10
    assert len(reads) == 20


@pytest.mark.slow
async def test_memory_does_not_grow_with_what_is_sorted(tmp_path: Path) -> None:
    peaks = []
    for documents in (3_000, 12_000):
        path = tmp_path / str(documents)
        batches = cut(numbered(0, documents), 1_000)
        await write_package(path, {NAME: batches}, infos={NAME: info(NAME)}, order=DocumentOrder.NATURAL)
        del batches
        tracemalloc.start()
        assert not (await outcome(path, path)).differs
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
