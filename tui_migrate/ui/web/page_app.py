"""The app of one page: a process of its own, between whose pipes and the page's websocket all is handed to and fro.

The process speaks what Textual's web driver speaks (`textual.drivers.web_driver`): a line that it is ready, then
packets of a letter, a length of four bytes and so much of payload. The page speaks what the script of textual-serve
speaks: JSON lists of a word and what belongs to it. A page may close, hang and send anything; a process may hang and
say anything.
"""

import asyncio
import json
import os
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tui_migrate.paths import Home
from tui_migrate.redaction import printable, redact
from tui_migrate.ui.opening import MOST_CELLS

if TYPE_CHECKING:
    from aiohttp import web

READY: Final = b"__GANGLION__\n"
DATA: Final = b"D"
META: Final = b"M"
STEP_SECONDS: Final = 2.0
"""How long each way to end an app is waited for, from the friendly one to the last."""
MOST_SAID: Final = 8 * 1024
"""Bytes of what a process says on its stderr that are kept."""


async def run_app(home: Home, socket: "web.WebSocketResponse", width: int, height: int) -> None:
    """Run an app for a page until either has ended; no process is left. Raises OSError where none can be started."""
    process = await asyncio.create_subprocess_exec(
        *command(home),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=environment(width, height),
        start_new_session=True,  # ctrl+c on the server's terminal is for the server, which ends its apps in peace
    )
    assert process.stdin is not None  # noqa: S101 -- for mypy: all three are pipes
    assert process.stdout is not None  # noqa: S101 -- as above
    assert process.stderr is not None  # noqa: S101 -- as above
    try:
        async with asyncio.TaskGroup() as group:
            said = group.create_task(_listen(process.stderr))
            sides = [
                group.create_task(_show(process.stdout, socket)),
                group.create_task(_hear(socket, process.stdin)),
            ]
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for side in sides:
                side.cancel()
            await asyncio.wait(sides)
            rest = group.create_task(_drain(process.stdout))
            await _end(process, process.stdin)
            await asyncio.wait([said, rest], timeout=STEP_SECONDS)  # something it started may hold its pipes
            rest.cancel()
            said.cancel()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode and not said.cancelled():
        _complain(said.result())


def command(home: Home) -> list[str]:
    """The words of the command that is run for each page; no module comes out of the folder the server was begun in."""
    return [sys.executable, "-P", "-m", "tui_migrate.ui.web", str(home.config), str(home.state)]


def environment(width: int, height: int) -> dict[str, str]:
    """The environment of an app: the server's, in which its passwords are found, and the page's size in cells."""
    size = {"COLUMNS": str(_cells(width)), "ROWS": str(_cells(height))}
    return {**os.environ, "TERM_PROGRAM": "textual", **size}


def packet_of(message: str) -> bytes:
    """Make the packet that tells the app what its page has sent; empty for what is not for the app.

    Raises ValueError for what no page sends.
    """
    match _parse(message):
        case ["stdin", str(keys)]:
            return _packet(DATA, keys.encode())
        case ["resize", {"width": int(width), "height": int(height)}]:
            return _meta({"type": "resize", "width": _cells(width), "height": _cells(height)})
        case ["focus" | "blur" as kind]:
            return _meta({"type": kind})
        case ["ping", _]:
            return b""
    raise ValueError("no message of a page")


def _parse(message: str) -> object:
    try:
        parsed: object = json.loads(message)
    except RecursionError as error:
        raise ValueError("too deep") from error
    return parsed


def _cells(wanted: int) -> int:
    return min(MOST_CELLS, max(1, wanted))


def _meta(words: dict[str, object]) -> bytes:
    return _packet(META, json.dumps(words).encode())


def _packet(kind: bytes, payload: bytes) -> bytes:
    return kind + len(payload).to_bytes(4, "big") + payload


async def _show(stdout: StreamReader, socket: "web.WebSocketResponse") -> None:
    """Hand on what the app draws, until it says that it leaves, or has ended, or the page is gone.

    It opens no addresses and delivers no files, so what else it may say is nothing.
    """
    with suppress(asyncio.IncompleteReadError, ConnectionResetError):
        while (line := await stdout.readline()) != READY:
            if not line:
                return
        while True:
            head = await stdout.readexactly(5)
            payload = await stdout.readexactly(int.from_bytes(head[1:], "big"))
            if head[:1] == DATA:
                await socket.send_bytes(payload)
            elif head[:1] == META and json.loads(payload).get("type") == "exit":
                return


async def _hear(socket: "web.WebSocketResponse", stdin: StreamWriter) -> None:
    """Hand on what the page sends, until it closes, sends what no page sends, or the app has ended."""
    from aiohttp import WSMsgType

    with suppress(ConnectionResetError, BrokenPipeError):
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                return
            try:
                packet = packet_of(message.data)
            except ValueError:
                return
            if packet:
                stdin.write(packet)
                await stdin.drain()


async def _listen(stderr: StreamReader) -> bytes:
    kept = b""
    while data := await stderr.read(4096):
        kept = (kept + data)[:MOST_SAID]
    return kept


async def _drain(stdout: StreamReader) -> None:
    """Take what nobody sees any more: an app that waits to write could not end."""
    while await stdout.read(65_536):
        pass


async def _end(process: Process, stdin: StreamWriter) -> None:
    def ask() -> None:
        stdin.write(_meta({"type": "quit"}))
        stdin.close()

    steps: tuple[Callable[[], None], ...] = (ask, process.terminate, process.kill)
    for step in steps:
        with suppress(ProcessLookupError, TimeoutError):
            step()
            async with asyncio.timeout(STEP_SECONDS):
                await process.wait()
            return


def _complain(said: bytes) -> None:
    """Say on the server's terminal what an app that failed has said."""
    for line in redact(said.decode("utf-8", "replace")).splitlines():
        sys.stderr.write(printable(line) + "\n")
    sys.stderr.flush()
