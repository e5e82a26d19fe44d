"""A line between a worker and a server that can be cut, stopped or slowed after any number of bytes.

The driver's heartbeats are not counted and have no trouble of their own: they come by the clock, not by what is done,
and one that is lost disturbs nobody.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

PART: Final = 65_536
URL_OPTIONS: Final = "&".join(
    (
        "directConnection=true",
        "socketTimeoutMS={0}",
        "connectTimeoutMS={0}",
        "serverSelectionTimeoutMS={0}",
        "heartbeatFrequencyMS=60000",
    )
)


class Way(Enum):
    """Which way the bytes go that are counted."""

    TO_SERVER = "to_server"
    TO_WORKER = "to_worker"


class Trouble(Enum):
    """What becomes of the line that takes the last byte allowed."""

    CUT = "cut"
    """Both ends are told that it is gone, in the middle of whatever was under way."""
    STALL = "stall"
    """On no line that there is anything arrives any more, and nobody is told; a new line works."""
    TRICKLE = "trickle"
    """What comes after arrives a few bytes at a time."""


@dataclass
class Proxy:
    """A proxy on a port of 127.0.0.1, which counts what passes each way over all its lines."""

    server_port: int
    port: int = 0
    passed: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(Way, 0))
    drip: int = 512
    """Bytes that a slow line takes at once."""
    pause: float = 0.0
    """Seconds between two drips."""
    _armed: list[tuple[int, Way, Trouble]] = field(default_factory=list)
    is_silent: bool = False
    """Whether nothing arrives on any line, nor on a new one."""
    met: int = 0
    """How many troubles there were."""
    lines: set["_Line"] = field(default_factory=set)

    def url(self, database: str, milliseconds: int = 1_500) -> str:
        """A URL by way of the proxy, by which no answer is waited for longer than so many milliseconds."""
        return f"mongodb://127.0.0.1:{self.port}/{database}?{URL_OPTIONS.format(milliseconds)}"

    def arm(self, trouble: Trouble, way: Way, after: int) -> None:
        """Let the line have a trouble that carries the `after`th byte from now that goes this way."""
        self._armed.append((self.passed[way] + after, way, trouble))

    def disarm(self) -> None:
        """Take all troubles back that were not met."""
        self._armed.clear()

    def due(self, way: Way, count: int) -> tuple[int, Trouble] | None:
        """Count bytes; say how many of them still pass before a trouble, if there is one among them."""
        before = self.passed[way]
        self.passed[way] += count
        for one in self._armed:
            if one[1] is way and before < one[0] <= before + count:
                self._armed.remove(one)
                self.met += 1
                return one[0] - before, one[2]
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one line until either side ends it."""
        try:
            line = _Line(self, (reader, writer), await asyncio.open_connection("127.0.0.1", self.server_port))
        except OSError:
            writer.transport.abort()
            return
        self.lines.add(line)
        try:
            await line.carry()
        finally:
            self.lines.discard(line)


class _Line:
    def __init__(
        self,
        proxy: Proxy,
        worker: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._proxy = proxy
        self._worker = worker
        self._server = server
        self.is_stalled = False
        self._is_slow = False
        self._is_heartbeat = False

    async def carry(self) -> None:
        """Carry both ways."""
        ways = (
            asyncio.create_task(self._one_way(Way.TO_SERVER, self._worker[0], self._server[1])),
            asyncio.create_task(self._one_way(Way.TO_WORKER, self._server[0], self._worker[1])),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in ways:
                one.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for writer in (self._worker[1], self._server[1]):
                writer.transport.abort()

    async def _one_way(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(PART):
                if self.is_stalled or self._proxy.is_silent:
                    continue
                if way is Way.TO_SERVER:
                    self._is_heartbeat = b"\x10hello\x00" in part and b"client" not in part
                trouble = None if self._is_heartbeat else self._proxy.due(way, len(part))
                if trouble is not None:
                    await self._send(writer, part[: trouble[0]])
                    part = part[trouble[0] :]
                    match trouble[1]:
                        case Trouble.CUT:
                            return
                        case Trouble.STALL:
                            for line in self._proxy.lines:
                                line.is_stalled = True
                            continue
                        case Trouble.TRICKLE:
                            self._is_slow = True
                await self._send(writer, part)

    async def _send(self, writer: asyncio.StreamWriter, part: bytes) -> None:
        step = self._proxy.drip if self._is_slow else PART
        for start in range(0, len(part), step):
            writer.write(part[start : start + step])
            await writer.drain()
            if self._is_slow:
                await asyncio.sleep(self._proxy.pause)


@asynccontextmanager
async def proxied(server_port: int) -> AsyncIterator[Proxy]:
    """Let a proxy run in front of a server; it takes all its lines along when it ends."""
    proxy = Proxy(server_port)
    carrying: set[asyncio.Task[None]] = set()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        carrying.add(task)
        task.add_done_callback(carrying.discard)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for one in carrying:
            one.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
        await server.wait_closed()
