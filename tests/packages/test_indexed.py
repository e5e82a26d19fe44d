import asyncio
import threading
from collections.abc import Generator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.packages.samples import info
from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.findings import Severity
from tui_migrate.packages import block_index, index_build
from tui_migrate.packages.block_index import BlockCutter, digest_of
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.indexed import IndexedPackage
from tui_migrate.packages.package import Package
from tui_migrate.packages.walking import Declared, Extent, Fault, Passed, Step
from tui_migrate.stores.base import BlockLimit, CollectionKind, ReadOrder
from tui_migrate.stores.permissions import Action, Permission


class Parts:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, offset: int, length: int) -> Sequence[bytes]:
        found, part = [], self._content[offset : offset + length]
        while part:
            size = int.from_bytes(part[:4], "little")
            found.append(part[:size])
            part = part[size:]
        return found

    def close(self) -> None:
        pass


@dataclass
class MemoryForm:
    """A form of which the steps are given."""

    steps: list[Step]
    content: bytes = b""
    path: Path = Path("/package")
    form: PackageForm = PackageForm.BSON
    missing_id: Severity = Severity.ERROR
    walks: int = 0
    closed: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)

    def database(self) -> str:
        return "shop"

    def server_version(self) -> str:
        return "8"

    def place(self, collection: str) -> str:
        return "package.x"

    def size(self) -> int:
        return 100

    def walk(self) -> Generator[Step]:
        self.walks += 1
        try:
            yield from self.steps
        finally:
            self.closed += 1

    def reader(self, collection: str) -> Parts:
        return Parts(self.content)


def documents(*identifiers: object) -> list[bytes]:
    return [bson.encode({"_id": one}) for one in identifiers]


def of(*identifiers: object, kind: CollectionKind = CollectionKind.PLAIN) -> MemoryForm:
    found = documents(*identifiers)
    content = b"".join(found)
    return MemoryForm([Declared(info("users", kind)), Extent("users", found, 0, len(content))], content)


async def read(source: IndexedPackage, after: bytes | None = None, **more: int) -> list[list[bytes]]:
    blocks = source.read("users", after=after, limit=BlockLimit(**more))
    return [list(block.documents) async for block in blocks]


def test_it_is_a_package() -> None:
    assert isinstance(IndexedPackage(of()), Package)


async def test_reading_indexes_first_and_once() -> None:
    form = of(1, 2, 3)
    source = IndexedPackage(form)
    assert await read(source) == [documents(1, 2, 3)]
    assert await source.count("users") == 3
    assert (await source.collections())[0].documents == 3
    assert await source.permissions(Action.BYPASS_VALIDATION, ["users"]) == {"users": Permission.DENIED}
    assert form.walks == form.closed == 1
    await source.check()
    assert form.walks == form.closed == 2


async def test_blocks_keep_to_the_limit() -> None:
    source = IndexedPackage(of(*range(10)))
    assert [len(one) for one in await read(source, documents=4)] == [4, 4, 2]
    assert [len(one) for one in await read(source, size=30)] == [2] * 5
    assert [len(one) for one in await read(source, size=1)] == [1] * 10


async def test_an_error_keeps_from_reading_and_a_check_tells_it() -> None:
    source = IndexedPackage(of(1, 2, 1))
    with pytest.raises(PackageDamaged, match="the _id of the document at byte 0"):
        await source.collections()
    (found,) = await source.check()
    assert (found.code, found.subject) == ("id_duplicate", "shop.users")
    assert "package.x, the document at byte 28" in found.message
    assert (await source.collections())[0].documents == 3
    with pytest.raises(PackageDamaged):
        await read(source)


@pytest.mark.parametrize(
    ("identifiers", "is_ordered"),
    [((), True), ((1,), True), ((1, 2.5, "a"), True), ((2, 1), False), (("a", 1), False)],
)
async def test_whether_documents_lie_in_order_is_seen(identifiers: tuple[object, ...], is_ordered: bool) -> None:
    (found,) = await IndexedPackage(of(*identifiers)).collections()
    assert found.simple_order is is_ordered


async def test_a_missing_id_matters_as_much_as_the_form_says() -> None:
    content = bson.encode({"a": 1})
    for kind, severity, expected in (
        (CollectionKind.PLAIN, Severity.ERROR, [Severity.ERROR]),
        (CollectionKind.PLAIN, Severity.WARNING, [Severity.WARNING]),
        (CollectionKind.TIMESERIES, Severity.ERROR, []),
    ):
        form = MemoryForm([Declared(info("users", kind)), Extent("users", [content], 0, 12)], content)
        form.missing_id = severity
        source = IndexedPackage(form)
        assert [one.severity for one in await source.check()] == expected
        (found,) = await source.collections()
        assert found.simple_order is (kind is CollectionKind.TIMESERIES)


async def test_collections_without_keys_are_read_as_they_lie_and_not_by_id() -> None:
    source = IndexedPackage(of(2, 1, 1, kind=CollectionKind.CAPPED))
    assert await source.check() == ()
    with pytest.raises(Refused, match="natural order"):
        await read(source)
    blocks = source.read("users", order=ReadOrder.NATURAL)
    assert [list(block.documents) async for block in blocks] == [documents(2, 1, 1)]


async def test_faults_of_a_walk_become_findings_and_damage_ends_it() -> None:
    class Damaged(MemoryForm):
        def walk(self) -> Generator[Step]:
            yield Fault("strange", "x", "something", severity=Severity.WARNING)
            yield Fault("strange", "x", "something", severity=Severity.WARNING)
            raise PackageDamaged("package.x is cut short at byte 7")

    found = await IndexedPackage(Damaged([])).check()
    assert [(one.code, one.severity, one.count) for one in found] == [
        ("strange", Severity.WARNING, 2),
        ("file_damaged", Severity.ERROR, 1),
    ]
    assert "byte 7" in found[1].message


async def test_a_check_that_is_cancelled_ends_between_two_steps() -> None:
    class Slow(MemoryForm):
        def walk(self) -> Generator[Step]:
            try:
                while True:
                    self.waiting.set()
                    self.gate.wait(30)
                    yield Passed(1)
            finally:
                self.closed += 1

    form = Slow([])
    running = asyncio.create_task(IndexedPackage(form).check())
    await asyncio.to_thread(form.waiting.wait, 10)
    running.cancel()
    await asyncio.sleep(0)
    assert not running.done()
    form.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert form.closed == 1


async def test_a_reading_that_is_left_is_closed() -> None:
    class Watched(Parts):
        closed = 0

        def close(self) -> None:
            Watched.closed += 1

    form = of(1, 2, 3)
    form.reader = lambda collection: Watched(form.content)  # type: ignore[method-assign] # one reader that is watched
    async with aclosing(IndexedPackage(form).read("users", limit=BlockLimit(documents=1))) as blocks:
        async for _ in blocks:
            break
    assert Watched.closed == 1


async def test_definitions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_build, "MAX_DEFINITIONS", 100)
    form = MemoryForm([Declared(info(str(number))) for number in range(10)])
    (found,) = await IndexedPackage(form).check()
    assert "more than 100 bytes" in found.message


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=60), st.integers(0, 40)), max_size=40))
def test_blocks_cover_every_document_and_stay_within_their_bounds(parts: list[tuple[bytes, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("BLOCK_BYTES", 100), ("BLOCK_DOCUMENTS", 4), ("MAX_GAP", 25), ("MAX_REACH", 60)):
            patch.setattr(block_index, name, value)
        cutter, at, taken = BlockCutter(), 0, []
        for document, gap in parts:
            cutter.take(document, at + gap, at + gap + len(document))
            taken.append((at + gap, document))
            at += gap + len(document)
        cutter.cut()
    index, rest = cutter.index, taken
    for number in range(len(index)):
        block = index[number]
        mine, rest = rest[: block.documents], rest[block.documents :]
        assert block.offset == mine[0][0]
        assert block.offset + block.length == mine[-1][0] + len(mine[-1][1])
        assert block.digest == digest_of([document for _, document in mine])
        assert block.documents <= 4
        assert block.length <= 60
        assert len(mine) == 1 or sum(len(document) for _, document in mine) <= 100
    assert rest == []
    assert index.documents == len(parts)
    assert index.size == sum(len(document) for document, _ in parts)
