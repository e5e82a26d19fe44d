import gzip
import hashlib
import io
import tracemalloc
import zlib

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.members import (
    EMPTY,
    HEADER,
    MARKED_HEADER,
    Member,
    documents_of,
    pack,
    pack_metadata,
    read_packed,
    unpack,
    unpack_metadata,
)

from .samples import DATA, numbered


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=2000), st.integers(1, 9))
def test_a_member_is_gzip_and_unpacks_to_what_was_packed(content: bytes, level: int) -> None:
    packed = pack(content, level)
    assert unpack(packed, len(content), "here") == content
    assert gzip.decompress(packed) == content
    assert packed == pack(content, level)


def test_a_collection_without_documents_is_what_mongodump_makes_of_one() -> None:
    sample = (DATA / "mongodump" / "empty.bson.gz").read_bytes()
    assert gzip.decompress(EMPTY) == gzip.decompress(sample) == b""
    assert len(EMPTY) == len(sample) == 20


def test_nothing_is_inflated_past_the_limit() -> None:
    bomb = pack(bytes(50_000_000))
    assert len(bomb) < 60_000
    tracemalloc.start()
    try:
        with pytest.raises(PackageDamaged, match="more than 1,000 bytes"):
            unpack(bomb, 1000, "here")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        pack(b"abc")[:-1],
        pack(b"abc") + b"\0",
        pack(b"ab") + pack(b"c"),
        gzip.compress(b"abc", mtime=1),
        zlib.compress(b"abc"),
        HEADER + b"\xff" * 20,
        pack(b"abc")[:-8] + bytes(8),
    ],
)
def test_anything_but_one_whole_member_is_damage(packed: bytes) -> None:
    with pytest.raises(PackageDamaged, match="here"):
        unpack(packed, 3, "here")


def test_metadata_is_marked_in_a_way_that_gzip_reads() -> None:
    packed = pack_metadata(b"abc")
    assert packed.startswith(MARKED_HEADER)
    assert gzip.decompress(packed) == unpack_metadata(packed, 3, "here") == b"abc"
    with pytest.raises(PackageDamaged, match="here"):
        unpack(packed, 3, "here")


def test_older_metadata_has_no_mark() -> None:
    assert unpack_metadata(pack(b"abc"), 3, "here") == b"abc"


def test_no_bit_of_either_header_may_flip() -> None:
    for packed, size in ((pack_metadata(b"abc"), len(MARKED_HEADER)), (pack(b"abc"), len(HEADER))):
        for bit in range(8 * size):
            broken = bytearray(packed)
            broken[bit // 8] ^= 1 << bit % 8
            with pytest.raises(PackageDamaged, match="here"):
                unpack_metadata(bytes(broken), 3, "here")


def member_of(content: bytes, *, count: int, sha256: str = "", more: int = 0) -> tuple[bytes, Member]:
    packed = pack(content)
    digest = sha256 or hashlib.sha256(content).hexdigest()
    return packed, Member(0, len(packed), len(content) + more, count, digest)


def test_documents_are_given_with_their_stream() -> None:
    documents = numbered(0, 3)
    packed, member = member_of(b"".join(documents), count=3)
    assert documents_of(packed, member, "here") == (b"".join(documents), documents)


@pytest.mark.parametrize(
    ("content", "count", "sha256", "more"),
    [
        (b"".join(numbered(0, 3)), 2, "", 0),
        (b"".join(numbered(0, 3)), 3, "0" * 64, 0),
        (b"".join(numbered(0, 3)), 3, "", 1),
        (bson.encode({"a": 1})[:-1] + b"\1", 1, "", 0),
        (b"\0" * 10, 1, "", 0),
    ],
)
def test_a_member_that_is_not_what_is_said_of_it_is_damage(content: bytes, count: int, sha256: str, more: int) -> None:
    packed, member = member_of(content, count=count, sha256=sha256, more=more)
    with pytest.raises(PackageDamaged, match="users at byte 0"):
        documents_of(packed, member, "users")


def test_a_file_that_ends_too_soon_is_cut_short() -> None:
    packed, member = member_of(b"".join(numbered(0, 3)), count=3)
    with pytest.raises(PackageDamaged, match=f"cut short at byte {len(packed) - 1}"):
        read_packed(io.BytesIO(packed[:-1]), member, "users")
