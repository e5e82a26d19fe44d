import io
import os
import threading

import pyrage
import pytest

from tests.packages.encryption.contents import (
    CHUNK,
    SIZES,
    Gathered,
    Held,
    failure_of,
    flips,
    identity,
    no_threads_left,
    read_all,
    sealed,
    truncations,
)
from tui_migrate.errors import PackageDamaged, StorageFailed, WrongKey
from tui_migrate.packages.content import Stream
from tui_migrate.packages.encryption.identities import IdentityContent
from tui_migrate.packages.encryption.recipients import RecipientSink

PLAIN = b"what nobody may read"
MINE = identity()
LONG = 3_000_000
"""More than lies between two threads at a time."""


def opened(content: bytes) -> IdentityContent:
    return IdentityContent(Held(content), [MINE])


def for_me(plain: bytes) -> bytes:
    return sealed(plain, recipients=[str(MINE.to_public())])


@pytest.mark.parametrize("size", SIZES)
def test_pyrage_reads_what_is_written_here(size: int) -> None:
    plain = os.urandom(size)
    assert pyrage.decrypt(for_me(plain), [MINE]) == plain


@pytest.mark.parametrize("size", SIZES)
def test_what_pyrage_writes_is_read_here_from_any_offset(size: int) -> None:
    plain = os.urandom(size)
    content = opened(pyrage.encrypt(plain, [identity().to_public(), MINE.to_public()]))
    for offset in {0, size // 2, max(size - 1, 0), size}:
        assert read_all(content, offset) == plain[offset:]


def test_each_of_several_recipients_can_open_it() -> None:
    other = identity()
    content = sealed(PLAIN, recipients=[str(MINE.to_public()), str(other.to_public())])
    for one in (MINE, other):
        assert read_all(IdentityContent(Held(content), [identity(), one])) == PLAIN


def test_a_wrong_identity_is_no_damage() -> None:
    error = failure_of(IdentityContent(Held(for_me(PLAIN)), [identity()]))
    assert type(error) is WrongKey
    assert "shop.age" in error.message


@pytest.mark.slow
def test_every_flipped_bit_and_every_truncation_is_found_and_no_thread_stays() -> None:
    content = for_me(PLAIN)
    with no_threads_left():
        for at, flipped in flips(content):
            error = failure_of(opened(flipped))
            assert type(error) in (WrongKey, PackageDamaged), (at, error)
            assert "shop.age" in error.message
            if at >= content.index(b"\n--- "):
                assert type(error) is PackageDamaged
        for short in truncations(content):
            assert type(failure_of(opened(short))) is PackageDamaged


def test_damage_says_where() -> None:
    content = bytearray(for_me(os.urandom(LONG)))
    content[2_000_000] ^= 1
    message = failure_of(opened(bytes(content))).message
    at = int(message.split("before byte ")[1].split(":")[0].replace(",", ""))
    assert 2_000_000 < at < 2_000_000 + 4 * CHUNK


def test_what_is_read_before_damage_is_right() -> None:
    plain = os.urandom(LONG)
    content = for_me(plain)[:-1]
    got = bytearray()
    with no_threads_left():
        stream = opened(content).open()
        with pytest.raises(PackageDamaged):
            all(iter(lambda: read_into(got, stream), b""))
        stream.close()
    assert got
    assert plain.startswith(got)


def read_into(got: bytearray, stream: Stream) -> bytes:
    got += (part := stream.read(10_000))
    return part


def test_closing_on_the_way_ends_the_thread() -> None:
    before = threading.active_count()
    held = Held(for_me(bytes(LONG)))
    stream = IdentityContent(held, [MINE]).open(10)
    assert stream.read(5) == bytes(5)
    stream.close()
    assert threading.active_count() == before
    assert held.is_let_go


def test_beyond_the_end_it_is_said_to_be_shorter() -> None:
    with no_threads_left(), pytest.raises(PackageDamaged, match="shorter"):
        opened(for_me(PLAIN)).open(len(PLAIN) + 1)


class Failing(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > CHUNK:
            raise PackageDamaged("cannot read shop.age: Input/output error", hint="check the disk")
        return super().read(size)


def test_an_error_of_the_content_below_stays_what_it_is() -> None:
    held = Held(for_me(bytes(LONG)))
    held.open = lambda offset=0: Failing(held.content)  # type: ignore[method-assign]  # the disk fails
    assert "Input/output error" in failure_of(IdentityContent(held, [MINE])).message


class Panic(BaseException):
    """As pyrage raises where it finds a fault in itself: no Exception."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whatever_else_ends_the_thread_is_not_taken_for_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def panic(*_: object) -> None:
        raise Panic

    content = for_me(PLAIN)
    monkeypatch.setattr(pyrage, "decrypt_io", panic)
    monkeypatch.setattr(pyrage, "encrypt_io", panic)
    assert type(failure_of(opened(content))) is PackageDamaged
    sink = RecipientSink(below := Gathered(), [str(MINE.to_public())])
    with pytest.raises(StorageFailed, match="broken off"):
        sink.close()
    assert not below.is_closed


class Full(Gathered):
    def write(self, content: bytes, /) -> int:
        if len(self.content) > CHUNK:
            raise StorageFailed("cannot write shop.age: No space left on device", hint="make room")
        return super().write(content)


def test_an_error_of_the_sink_below_stays_what_it_is() -> None:
    with no_threads_left():
        sink = RecipientSink(Full(), [str(MINE.to_public())])
        with pytest.raises(StorageFailed, match="No space left"):
            all(sink.write(bytes(CHUNK)) for _ in range(100))
        with pytest.raises(StorageFailed, match="No space left"):
            sink.close()
        sink.abandon()


def test_an_error_of_the_sink_below_comes_at_the_latest_with_the_end() -> None:
    with no_threads_left():
        sink = RecipientSink(Full(), [str(MINE.to_public())])
        sink.write(bytes(3 * CHUNK))
        with pytest.raises(StorageFailed, match="No space left"):
            sink.close()


def test_what_was_abandoned_is_not_taken_for_whole() -> None:
    with no_threads_left():
        sink = RecipientSink(below := Gathered(), [str(MINE.to_public())])
        sink.write(bytes(LONG))
        sink.abandon()
        sink.abandon()
    assert not below.is_closed
    assert type(failure_of(opened(bytes(below.content)))) is PackageDamaged
