"""Dumps that are damaged or made to do harm: a finding or an error of ours, in bounded time and memory, always."""

import asyncio
import gzip
import random
import struct
from collections.abc import Callable
from pathlib import Path

import bson
import pytest

from tests.packages.mongodump import writers
from tests.packages.mongodump.reading import contents, findings, package
from tui_migrate.errors import PackageDamaged, Refused, TuiMigrateError, UsageError
from tui_migrate.findings import Severity
from tui_migrate.packages.limits import Limits
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.recognised import RecognisedPackage

USERS = writers.numbered(0, 6, 5)
ORDERS = [bson.encode({"_id": f"o{number}", "user": number, "at": {"b": [1.5, None]}}) for number in range(5)]
WHOLE = writers.archive({"shop": {"users": USERS, "orders": ORDERS}}, turn=2)


def look(path: Path) -> tuple[bool, object]:
    """Check and read; say whether anything was found wrong, and what was read. Nothing but our own errors may come."""

    async def all_of() -> tuple[bool, object]:
        source = package(path)
        try:
            found = await source.check()
            if any(one.severity is Severity.ERROR for one in found):
                return True, None
            return any(one.severity is Severity.WARNING for one in found), await contents(source)
        except TuiMigrateError:
            return True, None

    return asyncio.run(asyncio.wait_for(all_of(), 60))


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
def test_no_cut_archive_passes_as_whole(tmp_path: Path, packed: bool) -> None:
    content = gzip.compress(WHOLE, mtime=0) if packed else WHOLE
    path = tmp_path / "dump"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert look(path)[0], length
    path.write_bytes(content)
    assert look(path) == (False, {"orders": ORDERS, "users": USERS})


@pytest.mark.slow
@pytest.mark.parametrize("count", [800, pytest.param(3_000, marks=pytest.mark.crash_full)])
def test_no_flipped_bit_of_an_archive_changes_a_document_unseen(tmp_path: Path, count: int) -> None:
    path = tmp_path / "dump"
    chosen = random.Random(11)
    unseen = []
    for at, bit in chosen.sample([(at, bit) for at in range(len(WHOLE)) for bit in range(8)], count):
        flipped = bytearray(WHOLE)
        flipped[at] ^= 1 << bit
        path.write_bytes(flipped)
        is_seen, found = look(path)
        if not is_seen and found != {"orders": ORDERS, "users": USERS}:
            unseen.append((at, bit))
    assert unseen == []


@pytest.mark.slow
def test_no_flipped_bit_of_packed_documents_goes_unseen(tmp_path: Path) -> None:
    path = tmp_path / "users.bson.gz"
    writers.write(tmp_path / "users.metadata.json", writers.metadata("users").encode())
    whole = gzip.compress(b"".join(USERS), mtime=0)
    unseen = []
    for at in range(len(whole)):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << bit
            path.write_bytes(flipped)
            is_seen, found = look(path)
            if not is_seen and found != {"users": USERS}:
                unseen.append((at, bit))
    assert unseen == []


@pytest.mark.slow
def test_plain_documents_never_do_harm(tmp_path: Path) -> None:
    path = tmp_path / "users.bson"
    whole = b"".join(USERS[:3])
    for at in range(len(whole)):
        path.write_bytes(whole[:at])
        look(path)
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << bit
            path.write_bytes(flipped)
            look(path)


def deep(levels: int) -> bytes:
    document = bson.encode({"_id": 1})
    for _ in range(levels):
        document = struct.pack("<i", len(document) + 8) + b"\x03a\x00" + document + b"\x00"
    return document


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x00\x00\x00\x00\x00", "file_damaged"),
        (struct.pack("<i", 4) + b"\x00", "file_damaged"),
        (struct.pack("<i", -1) + b"\x00", "file_damaged"),
        (struct.pack("<i", -(2**31)) + b"\x00", "file_damaged"),
        (struct.pack("<i", 2**31 - 1) + b"\x10_id\x00", "file_damaged"),
        (struct.pack("<i", 17 * 1024 * 1024) + b"\x10_id\x00", "file_damaged"),
        (USERS[0][:-1] + b"\x01", "file_damaged"),
        (USERS[0] + USERS[1][:-1] + b"\x01", "file_damaged"),
        (USERS[0] + b"\x01", "file_damaged"),
        (USERS[0] + b"\x05\x00\x00", "file_damaged"),
        (deep(250), "document_malformed"),
        (bson.encode({"_id": 1})[:-1].replace(b"\x0e", b"\x17") + bson.encode({"_id": 1})[4:], "id_twice"),
        (b"\x0f\x00\x00\x00\x04_id\x00\x05\x00\x00\x00\x00\x00", "id_forbidden"),
        (b"\x0d\x00\x00\x00\x77_id\x00abc\x00", "document_malformed"),
        (bson.encode({"a": 1}), "id_missing"),
        (USERS[0] + USERS[1] + USERS[0], "id_duplicate"),
        (USERS[0] + bson.encode({"_id": 0.0}), "id_duplicate"),
    ],
)
def test_wrong_bytes_are_named_with_file_and_offset(tmp_path: Path, content: bytes, code: str) -> None:
    dump = writers.write_folder(tmp_path / "dump", {"shop": {"users": [content]}})
    (found,) = findings(dump)
    assert found.code == code
    assert f"{found.subject} {found.message}".count(str(dump / "shop" / "users.bson")) == 1
    assert "at byte " in found.message
    with pytest.raises(PackageDamaged):
        asyncio.run(package(dump).collections())


def test_disorder_is_no_fault_and_is_told(tmp_path: Path) -> None:
    dump = writers.write_folder(tmp_path / "dump", {"shop": {"users": [USERS[1], USERS[0]], "orders": ORDERS}})
    assert findings(dump) == ()
    orders, users = asyncio.run(package(dump).collections())
    assert (orders.simple_order, users.simple_order) == (True, False)


def test_a_bomb_ends_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "users.bson.gz"
    path.write_bytes(gzip.compress(b"".join(writers.numbered(0, 50, 1_000_000)), 9))
    source = RecognisedPackage(path, ReadOptions(limits=Limits(unpacked=3_000_000)))
    found = asyncio.run(source.check())
    assert "unpacks to more than 3,000,000 bytes" in " ".join(one.message for one in found)


def prelude(content: bytes) -> bytes:
    return writers.MAGIC + content


HEADER = bson.encode({"concurrent_collections": 1, "version": "0.1", "server_version": "8", "tool_version": "1"})
NOTHING = writers.ending("shop", "users", [])


def doubled(document: bytes, **fields: str) -> bytes:
    """A document with fields in front of which it has others by the same names."""
    both = bson.encode(fields)[4:-1] + document[4:]
    return struct.pack("<i", 4 + len(both)) + both


def test_a_head_without_fault_is_no_finding(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(prelude(HEADER + writers.entry("shop", "users") + writers.END + NOTHING))
    assert look(path) == (False, {"users": []})


@pytest.mark.parametrize(
    "content",
    [
        prelude(b""),
        prelude(writers.END),
        prelude(HEADER),
        prelude(HEADER + bson.encode({"db": 1, "collection": "a", "metadata": "", "size": 0}) + writers.END),
        prelude(HEADER + bson.encode({"db": "a", "collection": "", "metadata": "", "size": 0}) + writers.END),
        prelude(HEADER + 2 * writers.entry("shop", "users") + writers.END + NOTHING),
        prelude(HEADER + doubled(writers.entry("shop", "users"), db="other") + writers.END + NOTHING),
        prelude(HEADER + writers.entry("shop", "users", "{") + writers.END + writers.ending("shop", "users", [])),
        prelude(HEADER + writers.entry("shop", "users") + writers.END),
        prelude(HEADER + b"\x1b\x00\x00\x00" + HEADER[4:27] + writers.END),
    ],
)
def test_a_head_that_is_wrong_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "dump"
    path.write_bytes(content)
    assert look(path)[0]


def head() -> bytes:
    return writers.head([("shop", "users")])


def wrong_checksum() -> bytes:
    return head() + writers.block("shop", "users", USERS) + writers.ending("shop", "users", USERS[1:])


def lost_block() -> bytes:
    return head() + writers.block("shop", "users", USERS[:2]) + writers.ending("shop", "users", USERS)


def exchanged_documents() -> bytes:
    return head() + writers.block("shop", "users", USERS[::-1]) + writers.ending("shop", "users", USERS)


def no_ending() -> bytes:
    return head() + writers.block("shop", "users", USERS)


def ended_twice() -> bytes:
    return head() + 2 * writers.ending("shop", "users", [])


def unknown_collection() -> bytes:
    more = writers.block("shop", "more", USERS) + writers.ending("shop", "more", USERS)
    return head() + more + writers.ending("shop", "users", [])


def rubbish_behind() -> bytes:
    return head() + writers.ending("shop", "users", []) + b"\x00"


def documents_behind_the_end() -> bytes:
    end = writers.ending("shop", "users", [])
    return head() + end.removesuffix(writers.END) + USERS[0] + writers.END


def terminator_behind_the_end() -> bytes:
    return head() + writers.ending("shop", "users", []) + writers.END


def checksum_before_the_end() -> bytes:
    header = bson.encode({"db": "shop", "collection": "users", "EOF": False, "CRC": bson.Int64(5)})
    return head() + header + b"".join(USERS) + writers.END + writers.ending("shop", "users", USERS)


@pytest.mark.parametrize(
    "broken",
    [
        wrong_checksum,
        checksum_before_the_end,
        lost_block,
        exchanged_documents,
        no_ending,
        ended_twice,
        unknown_collection,
        rubbish_behind,
        documents_behind_the_end,
        terminator_behind_the_end,
    ],
)
def test_an_archive_that_does_not_add_up_is_told(tmp_path: Path, broken: Callable[[], bytes]) -> None:
    path = tmp_path / "dump"
    path.write_bytes(head() + writers.block("shop", "users", USERS) + writers.ending("shop", "users", USERS))
    assert findings(path) == ()
    path.write_bytes(broken())
    found = findings(path)
    assert [one.severity for one in found][:1] == [Severity.ERROR]
    assert str(path) in f"{found[0].subject} {found[0].message}"
    assert "byte" in found[0].message


@pytest.mark.parametrize("name", ["$users", "a$b", ".users", "u" * 256])
def test_a_collection_of_a_name_that_no_server_takes_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / "dump"
    path.write_bytes(writers.archive({"shop": {"good": USERS, name: USERS}}))
    (found,) = (one for one in findings(path) if one.severity is Severity.ERROR)
    assert (found.code, found.subject) == ("file_name", f"shop.{name}")


def test_an_archive_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(writers.head([("shop", "users")], version="0.2"))
    with pytest.raises(Refused, match=r"version 0\.2"):
        asyncio.run(package(path).check())


def test_keys_that_a_newer_tool_adds_to_a_header_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    content = writers.head([("shop", "users")], more=[1, 2]) + writers.block("shop", "users", USERS)
    path.write_bytes(content + writers.ending("shop", "users", USERS))
    assert look(path) == (False, {"users": USERS})


def test_a_package_that_changed_behind_the_check_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "users.bson"
    path.write_bytes(b"".join(USERS))

    async def change_between() -> None:
        source = package(path)
        await source.check()
        path.write_bytes(b"".join(USERS).replace(b"xxxxx", b"yyyyy"))
        async for _ in source.read("users"):
            raise AssertionError("what was changed is read")

    with pytest.raises(PackageDamaged, match="not those that were checked"):
        asyncio.run(change_between())


def test_a_position_of_another_package_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.bson"

    async def position() -> bytes:
        async for block in package(path).read("users"):
            return block.position
        raise AssertionError("nothing was read")

    async def go_on(after: bytes) -> None:
        async for _ in package(path).read("users", after=after):
            pass

    path.write_bytes(b"".join(USERS))
    mark = asyncio.run(position())
    asyncio.run(go_on(mark))
    path.write_bytes(b"".join(USERS[::-1]))
    for wrong in (mark, b"", b"\xff" * 24, mark[:-1]):
        with pytest.raises(PackageDamaged, match="not what was read before"):
            asyncio.run(go_on(wrong))


def test_nothing_there_is_an_error_of_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        asyncio.run(package(tmp_path / "missing").check())
