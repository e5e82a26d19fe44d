import asyncio
import gzip
import os
import struct
import threading
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.suites.ids import int32
from tests.suites.store_cases import everything
from tui_migrate.documents import id_field, pack
from tui_migrate.errors import PackageDamaged, Refused, StorageFailed
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.layout import can_be_collection
from tui_migrate.packages.mongodump.crc64 import crc64
from tui_migrate.packages.package import Keys, ReadOptions
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.packages.sinks import PipeSink
from tui_migrate.packages.writing import Writing, create_writer, is_written
from tui_migrate.stores.base import CollectionInfo, ReadOrder

from .samples import HEADER, MOMENT, SMALL, SMALL_VIEW, documents, fill, info, names, numbered

PASSPHRASE = "correct horse"


def writing(folder: Path, *, descriptor: int | None = None, passphrase: str | None = None) -> Writing:
    return Writing(
        path=folder / "x.archive" if descriptor is None else None,
        form=PackageForm.ARCHIVE,
        run_id=1,
        database="shop",
        moment=MOMENT,
        mark=folder / "mark",
        server_version="8.0.1",
        descriptor=descriptor,
        passphrase=passphrase,
    )


async def write(
    order: Writing, batches: Mapping[str, Sequence[Sequence[bytes]]], infos: Mapping[str, CollectionInfo]
) -> None:
    writer = await create_writer(order)
    assert await fill(writer, batches, infos=infos) == []
    await writer.seal(HEADER, [])
    await writer.close()


async def small(folder: Path) -> Path:
    await write(writing(folder), SMALL, {"recent": SMALL_VIEW})
    return folder / "x.archive"


def parts(stream: bytes) -> list[dict[str, object] | None]:
    """Take an archive apart by the book: its documents, and None for each terminator."""
    assert stream[:4] == bytes.fromhex("6de29981")
    found: list[dict[str, object] | None] = []
    at = 4
    while at < len(stream):
        (size,) = struct.unpack_from("<i", stream, at)
        found.append(None if size == -1 else bson.decode(stream[at : at + size]))
        at += 4 if size == -1 else size
    return found


async def test_it_is_what_mongodump_writes(tmp_path: Path) -> None:
    path = await small(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    found = parts(gzip.decompress(path.read_bytes()))
    head, *metadata = found[: found.index(None)]
    assert head is not None
    assert list(head) == ["concurrent_collections", "version", "server_version", "tool_version"]
    assert (head["version"], head["server_version"]) == ("0.1", "8.0.1")
    assert [(one["db"], one["collection"], one["type"], one["size"]) for one in metadata if one] == [
        ("shop", "users", "collection", 0),
        ("shop", "empty", "collection", 0),
        ("shop", "recent", "view", 0),
    ]
    ends = [one for one in found if one and one.get("EOF")]
    users = b"".join(numbered(0, 30))
    crc = struct.unpack("<q", struct.pack("<Q", crc64(users)))[0]
    assert [(one["collection"], one["CRC"]) for one in ends] == [("recent", 0), ("users", crc), ("empty", 0)]
    assert found[-1] is None


def test_the_checksum_is_the_one_of_mongodump() -> None:
    assert crc64(b"123456789") == 0x995DC9BBDF1939FA
    assert crc64(b"6789", crc64(b"12345")) == 0x995DC9BBDF1939FA


async def test_it_is_read_again_as_a_package(tmp_path: Path) -> None:
    package = RecognisedPackage(await small(tmp_path))
    assert await package.form() is PackageForm.ARCHIVE
    assert [one for one in await package.check() if one.severity.value == "error"] == []
    assert {one.name: one.kind for one in await package.collections()} == {
        "users": info().kind,
        "empty": info().kind,
        "recent": SMALL_VIEW.kind,
    }
    assert await everything(package, "users", order=ReadOrder.NATURAL) == numbered(0, 30)


def numbers_as_ids(blocks: list[list[bytes]]) -> list[list[bytes]]:
    number = count()
    return [[pack(id_field(b"_id", int32(next(number))) + one[4:-1]) for one in block] for block in blocks]


collections = st.lists(st.lists(documents, min_size=1, max_size=3), max_size=3).map(numbers_as_ids)


@given(st.dictionaries(names.filter(can_be_collection), collections, min_size=1, max_size=3))
@settings(max_examples=25)
def test_documents_go_through_an_archive_byte_for_byte(batches: dict[str, list[list[bytes]]]) -> None:
    async def prove(folder: Path) -> None:
        await write(writing(folder), batches, {})
        package = RecognisedPackage(folder / "x.archive")
        for name, blocks in batches.items():
            found = [one async for block in package.read(name, order=ReadOrder.NATURAL) for one in block.documents]
            assert found == [one for block in blocks for one in block]

    with TemporaryDirectory() as name:
        asyncio.run(prove(Path(name)))


async def test_it_goes_into_an_age_file_and_comes_out_of_it(tmp_path: Path) -> None:
    await write(writing(tmp_path, passphrase=PASSPHRASE), SMALL, {"recent": SMALL_VIEW})
    assert (tmp_path / "x.archive").read_bytes().startswith(b"age-encryption.org/v1\n")
    package = RecognisedPackage(tmp_path / "x.archive", ReadOptions(keys=Keys(passphrase=PASSPHRASE)))
    assert await everything(package, "users", order=ReadOrder.NATURAL) == numbered(0, 30)


def names_in(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


async def test_until_it_is_sealed_nothing_lies_at_its_path_and_what_is_there_is_begun_again(tmp_path: Path) -> None:
    order = writing(tmp_path)
    for _ in range(2):
        writer = await create_writer(order)
        await fill(writer, SMALL, infos={"recent": SMALL_VIEW})
        assert not await is_written(order, {})
        assert names_in(tmp_path) == [".x.archive.partial-1"]
        await writer.close()
    assert await is_written(order, {}) is False
    await small(tmp_path)
    assert sorted(names_in(tmp_path)) == ["mark", "x.archive"]
    assert await is_written(order, {})
    with pytest.raises(Refused, match="exists"):
        await create_writer(order)
    (tmp_path / "x.archive").write_bytes(b"another")
    assert not await is_written(order, {})


async def test_an_archive_that_the_disk_changed_meanwhile_gets_no_name(tmp_path: Path) -> None:
    writer = await create_writer(writing(tmp_path))
    await fill(writer, {"users": [[one] for one in incompressible()]})
    partial = tmp_path / ".x.archive.partial-1"
    content = bytearray(partial.read_bytes())
    content[100] ^= 1
    partial.write_bytes(content)
    with pytest.raises(PackageDamaged):
        await writer.seal(HEADER, [])
    assert not (tmp_path / "x.archive").exists()


def incompressible() -> list[bytes]:
    return [bson.encode({"_id": number, "rest": os.urandom(400_000)}) for number in range(4)]


async def test_it_goes_through_a_pipe(tmp_path: Path) -> None:
    reading, descriptor = os.pipe()
    with os.fdopen(reading, "rb") as file:
        content = asyncio.create_task(asyncio.to_thread(file.read))
        await write(writing(tmp_path, descriptor=descriptor), {"users": [[one] for one in incompressible()]}, {})
        assert len(gzip.decompress(await content)) > 1_600_000


async def test_a_reader_that_closes_the_pipe_is_said_to_have(tmp_path: Path) -> None:
    reading, descriptor = os.pipe()
    writer = await create_writer(writing(tmp_path, descriptor=descriptor))
    os.close(reading)
    with pytest.raises(StorageFailed, match="closed by the command that reads it"):
        await fill(writer, {"users": [[one] for one in incompressible()]})
    await writer.close()
    with pytest.raises(Refused, match="a pipe, which is gone"):
        await create_writer(Writing(None, PackageForm.ARCHIVE, 1, "shop", MOMENT, tmp_path / "mark"))


async def test_waiting_for_a_reader_that_does_not_read_can_be_broken_off(tmp_path: Path) -> None:
    reading, descriptor = os.pipe()
    writer = await create_writer(writing(tmp_path, descriptor=descriptor))
    begun = threading.Event()

    async def fill_it() -> None:
        begun.set()
        await fill(writer, {"users": [[one] for one in incompressible()]})

    task = asyncio.create_task(fill_it())
    await asyncio.to_thread(begun.wait)
    async with asyncio.timeout(30):
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await writer.close()
    os.close(reading)


def test_a_pipe_that_cannot_be_written_says_why() -> None:
    with Path(os.devnull).open("rb") as file, pytest.raises(StorageFailed, match="cannot be written"):
        PipeSink(os.dup(file.fileno())).write(b"x")


@pytest.mark.parametrize("form", [PackageForm.NATIVE, PackageForm.TAR])
async def test_the_native_forms_go_neither_through_a_pipe_nor_into_an_age_file(
    tmp_path: Path, form: PackageForm
) -> None:
    for path, passphrase in ((None, None), (tmp_path / "x", PASSPHRASE)):
        with pytest.raises(Refused, match="neither encrypted nor"):
            await create_writer(Writing(path, form, 1, "shop", MOMENT, tmp_path / "mark", passphrase=passphrase))
