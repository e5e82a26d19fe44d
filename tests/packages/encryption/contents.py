"""What the tests of encryption share: contents and sinks in memory, reading to the end, and what went wrong."""

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tui_migrate.errors import TuiMigrateError
from tui_migrate.packages.content import Content, read_exactly
from tui_migrate.packages.encryption.sink import encrypting_sink

CHUNK = 64 * 1024
SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1)


class Held:
    """A content in memory that counts how often it was opened and not closed."""

    def __init__(self, content: bytes, name: str = "shop.age") -> None:
        self.content = content
        self.name = name
        self.open_streams: list[io.BytesIO] = []

    def open(self, offset: int = 0) -> io.BytesIO:
        stream = io.BytesIO(self.content)
        stream.seek(offset)
        self.open_streams.append(stream)
        return stream

    @property
    def is_let_go(self) -> bool:
        return all(one.closed for one in self.open_streams)


class Gathered:
    """A sink in memory."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.is_closed = False

    def write(self, content: bytes, /) -> int:
        assert not self.is_closed
        self.content += content
        return len(content)

    def close(self) -> None:
        self.is_closed = True


def sealed(plain: bytes, *, recipients: Sequence[str] = (), passphrase: str | None = None, step: int = 50_000) -> bytes:
    """Encrypt by our own sink, under a passphrase with little work."""
    below = Gathered()
    sink = encrypting_sink(below, recipients=recipients, passphrase=passphrase, work_factor=2)
    for start in range(0, len(plain), step):
        sink.write(plain[start : start + step])
    sink.close()
    assert below.is_closed
    return bytes(below.content)


def read_all(content: Content, offset: int = 0) -> bytes:
    stream = content.open(offset)
    try:
        return read_exactly(stream, 1 << 30)
    finally:
        stream.close()


def failure_of(content: Content) -> TuiMigrateError:
    """Read all of it and give the error that this must raise."""
    with pytest.raises(TuiMigrateError) as caught:
        read_all(content)
    assert caught.value.hint
    return caught.value


def flips(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Give each of the contents that differ in one bit, with the number of the byte."""
    for bit in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bit // 8, bytes(flipped)


def truncations(content: bytes) -> Iterator[bytes]:
    return (content[:size] for size in range(len(content)))


@contextmanager
def no_threads_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


def identity() -> Any:
    import pyrage

    return pyrage.x25519.Identity.generate()
