"""A stand-in for a MongoDB server that answers as a test's script says and takes down every command.

For what no server at hand does as MongoDB does it: the wire protocol's OP_MSG, and OP_QUERY for the first hello, on
127.0.0.1.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import bson

Document = dict[str, Any]
Answer = Callable[[Document], Mapping[str, Any]]

HEADER = struct.Struct("<iiii")
OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
QUIET = frozenset(("hello", "ismaster", "isMaster", "ping", "endSessions"))
"""What a driver says by itself."""

OK: Document = {"ok": 1.0}


def cursor(*documents: Mapping[str, Any], namespace: str = "shop.things") -> Document:
    """An answer that holds all there is."""
    return {"cursor": {"id": bson.Int64(0), "ns": namespace, "firstBatch": list(documents)}, "ok": 1.0}


def failed(code: int, message: str = "no", *labels: str) -> Document:
    return {"ok": 0.0, "code": code, "errmsg": message, **({"errorLabels": list(labels)} if labels else {})}


@dataclass
class StubServer:
    """`answers` give by the name of a command what to answer; what has none is answered that it is well."""

    version: tuple[int, int] = (8, 0)
    is_sharded: bool = False
    has_transactions: bool = True
    answers: dict[str, Answer] = field(default_factory=dict)
    commands: list[Document] = field(default_factory=list)
    applications: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def named(self, *names: str) -> list[Document]:
        """The commands of these names that came, in their order."""
        return [one for one in self.commands if next(iter(one)) in names]

    def names(self) -> list[str]:
        return [next(iter(one)) for one in self.commands]

    def hello(self, command: Document) -> Document:
        client = command.get("client")
        if client:
            self.applications.append(client["application"]["name"])
        kind: Document = {"setName": "stub", "hosts": [f"127.0.0.1:{self.port}"]} if self.has_transactions else {}
        return {
            "isWritablePrimary": True,
            "ismaster": True,
            "helloOk": True,
            "maxBsonObjectSize": 16 * 1024 * 1024,
            "maxMessageSizeBytes": 48_000_000,
            "maxWriteBatchSize": 100_000,
            "logicalSessionTimeoutMinutes": 30,
            "minWireVersion": 0,
            "maxWireVersion": 25,
            "connectionId": 1,
            **({"msg": "isdbgrid"} if self.is_sharded else kind),
            "ok": 1.0,
        }

    def answer(self, command: Document) -> Mapping[str, Any]:
        name = next(iter(command))
        if name in ("hello", "ismaster", "isMaster"):
            return self.hello(command)
        if name == "buildInfo":
            return {"version": ".".join(map(str, (*self.version, 0))), "versionArray": [*self.version, 0, 0], "ok": 1.0}
        if name not in QUIET:
            self.commands.append(command)
        scripted = self.answers.get(name)
        return scripted(command) if scripted is not None else OK


@asynccontextmanager
async def running(stub: StubServer) -> AsyncIterator[StubServer]:
    """Let a stub listen; its connections end with it."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while True:
                    await _serve_one(stub, reader, writer)
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    stub.port = server.sockets[0].getsockname()[1]
    try:
        yield stub
    finally:
        server.close()
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _serve_one(stub: StubServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    length, request, _, operation = HEADER.unpack(await reader.readexactly(HEADER.size))
    body = await reader.readexactly(length - HEADER.size)
    command = _from_query(body) if operation == OP_QUERY else _from_message(body)
    encoded = bson.encode(stub.answer(command))
    if operation == OP_QUERY:
        payload, kind = struct.pack("<iqii", 8, 0, 0, 1) + encoded, OP_REPLY
    else:
        payload, kind = struct.pack("<iB", 0, 0) + encoded, OP_MSG
    writer.write(HEADER.pack(HEADER.size + len(payload), 0, request, kind) + payload)
    await writer.drain()


def _from_query(body: bytes) -> Document:
    start = body.index(b"\x00", 4) + 1 + 8
    found: Document = bson.decode(body[start:])
    return found


def _from_message(body: bytes) -> Document:
    """Put a message's sections together to one command."""
    command: Document = {}
    lists: Document = {}
    position = 4
    while position < len(body):
        kind = body[position]
        (size,) = struct.unpack_from("<i", body, position + 1)
        part = body[position + 1 : position + 1 + size]
        if kind == 0:
            command = bson.decode(part)
        else:
            end = part.index(b"\x00", 4)
            lists[part[4:end].decode()] = bson.decode_all(part[end + 1 :])
        position += 1 + size
    return command | lists
