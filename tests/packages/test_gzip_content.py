import gzip
import random
import struct
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages import gzip_content
from tui_migrate.packages.content import FileContent, read_exactly
from tui_migrate.packages.gzip_content import GzipContent

GENEROUS = 10**12


class BytesStream:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int, /) -> bytes:
        part, self._content = self._content[:size], self._content[size:]
        return part

    def close(self) -> None:
        self._content = b""


class BytesContent:
    """A file's content that counts how much of it is read."""

    name = "dump.gz"

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.opened_at: list[int] = []

    def open(self, offset: int = 0) -> BytesStream:
        self.opened_at.append(offset)
        return BytesStream(self._content[offset:])


def unpacked(packed: bytes, limit: int = GENEROUS) -> bytes:
    return read_exactly(GzipContent(BytesContent(packed), limit).open(), GENEROUS)


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.lists(st.binary(max_size=400), min_size=1, max_size=5), st.data())
def test_members_are_one_content_from_any_offset(parts: list[bytes], data: st.DataObject) -> None:
    packed = b"".join(gzip.compress(part) for part in parts)
    whole = b"".join(parts)
    content = GzipContent(BytesContent(packed), GENEROUS)
    offset = data.draw(st.integers(0, len(whole) + 1))
    assert read_exactly(content.open(offset), GENEROUS) == whole[offset:]


def test_every_cut_and_what_follows_the_end_is_an_error() -> None:
    whole = random.Random(1).randbytes(60) * 3
    packed = gzip.compress(whole) + gzip.compress(b"more")
    boundary = len(gzip.compress(whole))
    for length in range(len(packed)):
        if length == boundary:
            continue
        with pytest.raises(PackageDamaged, match=r"dump\.gz .*at byte \d+"):
            unpacked(packed[:length])
    for tail in (b"\0", b"\n", b"\x1f", b"\x1f\x8b", b"rubbish" * 10):
        with pytest.raises(PackageDamaged):
            unpacked(packed + tail)


def test_a_wrong_checksum_or_length_is_an_error() -> None:
    packed = gzip.compress(b"some bytes")
    for at in range(len(packed) - 8, len(packed)):
        broken = bytearray(packed)
        broken[at] ^= 1
        with pytest.raises(PackageDamaged):
            unpacked(bytes(broken))


def test_flags_that_are_reserved_are_an_error() -> None:
    packed = bytearray(gzip.compress(b"some bytes"))
    packed[3] |= 0x20
    with pytest.raises(PackageDamaged):
        unpacked(bytes(packed))


def test_a_bomb_stops_at_the_limit() -> None:
    packed = gzip.compress(bytes(50_000_000))
    assert len(packed) < 100_000
    stream = GzipContent(BytesContent(packed), 1_000_000).open()
    assert read_exactly(stream, 1_000_000) == bytes(1_000_000)
    with pytest.raises(PackageDamaged, match="unpacks to more than 1,000,000 bytes") as told:
        stream.read(1)
    assert "--max-unpacked" in told.value.hint


def test_endless_empty_members_are_an_error() -> None:
    empty = gzip.compress(b"")
    assert unpacked(empty * 500 + gzip.compress(b"x")) == b"x"
    with pytest.raises(PackageDamaged, match="empty gzip members"):
        unpacked(empty * 2_000)


@pytest.mark.parametrize("members", [1, 4])
def test_reading_again_from_an_offset_begins_near_it(monkeypatch: pytest.MonkeyPatch, members: int) -> None:
    monkeypatch.setattr(gzip_content, "FIRST_SPACING", 64 * 1024)
    chosen = random.Random(5)
    whole = b"".join(struct.pack(">Q", chosen.getrandbits(64)) for _ in range(400_000))
    size = len(whole) // members
    packed = b"".join(gzip.compress(whole[at : at + size], 1) for at in range(0, len(whole), size))
    below = BytesContent(packed)
    content = GzipContent(below, GENEROUS)
    assert zlib.crc32(read_exactly(content.open(), GENEROUS)) == zlib.crc32(whole)
    farthest = 0
    for _ in range(30):
        offset = chosen.randrange(len(whole))
        assert read_exactly(content.open(offset), 100) == whole[offset : offset + 100]
        farthest = max(farthest, offset - below.opened_at[-1] * len(whole) // len(packed))
    assert farthest < len(whole) // 15
    stream = content.open()
    for offset in (100, 3_000_000, 3_000_100, 5, 2_999_999):
        stream.seek(offset)
        assert read_exactly(stream, 10) == whole[offset : offset + 10]


def test_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "users.bson.gz"
    path.write_bytes(gzip.compress(b"x" * 100)[:-3])
    stream = GzipContent(FileContent(path), GENEROUS).open()
    with closing(stream), pytest.raises(PackageDamaged, match=r"users\.bson\.gz is cut short at byte"):
        read_exactly(stream, 1_000)
