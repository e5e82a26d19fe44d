"""The app in a browser, over HTTP and the page's websocket: a token, one app a page, nothing left behind."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pyte
import pytest

from tests.ui.terminal.operator import ROOT
from tui_migrate.cli.app import main
from tui_migrate.paths import Home
from tui_migrate.ui.web import server

pytestmark = pytest.mark.slow

SECONDS = 60.0


@dataclass
class Served:
    """A server of the app's, and a browser's session with it."""

    url: str
    process: asyncio.subprocess.Process
    http: aiohttp.ClientSession

    @property
    def root(self) -> str:
        return "/".join(self.url.split("/")[:3])

    @property
    def token(self) -> str:
        return self.url.split("/")[3]

    async def status(self, path: str, **headers: str) -> int:
        async with self.http.get(self.root + path, headers=headers) as answer:
            return answer.status


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    words = [sys.executable, "-m", "tui_migrate", "--home", str(folder / "home"), "--web", "0"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=pipe, env=environ)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(SECONDS), aiohttp.ClientSession() as http:
            line = (await process.stdout.readline()).decode()
            yield Served(line.split()[-1], process, http)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), SECONDS)


class Page:
    """What a page shows."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)

    async def until_shown(self, text: str) -> None:
        while not any(text in row for row in self.screen.display):
            message = await self.socket.receive(SECONDS)
            assert message.type is aiohttp.WSMsgType.BINARY, "\n".join(self.screen.display)
            self._stream.feed(message.data)

    async def press(self, keys: str) -> None:
        await self.socket.send_json(["stdin", keys])


async def test_without_the_token_there_is_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        for path in ("/", "/ws", "/static/js/textual.js", f"/{one.token[:-1]}/", f"/{one.token}x/ws", "//", "/%ff/"):
            assert await one.status(path) == 403, path
        assert await one.status(f"/?token={one.token}") == 403
        assert await one.status(f"/{one.token}/nothing") == 404
        assert await one.status(f"/{one.token}/", Host='x"><script>') in (400, 403)


async def test_a_page_shows_the_app_and_its_keys_work(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        async with one.http.get(one.url, headers={"Host": "tunnel:9000"}) as answer:
            text = await answer.text()
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "connect-src" in answer.headers["Content-Security-Policy"]
        assert f"ws://tunnel:9000/{one.token}/ws" in text
        async with one.http.get(one.url, headers={"X-Forwarded-Proto": "https"}) as answer:
            assert f"wss://{one.root.partition('//')[2]}/{one.token}/ws" in await answer.text()
        script = re.search(r'src="http://tunnel:9000(/[^"]+textual.js)"', text)
        assert script is not None
        assert await one.status(script[1]) == 200
        async with one.http.ws_connect(f"{one.url}ws?width=80&height=24") as socket:
            page = Page(socket)
            await page.until_shown("Try the demo")
            await page.press("?")
            await page.until_shown("Help")
            await page.press("q")
            while (await socket.receive(SECONDS)).type is aiohttp.WSMsgType.BINARY:
                pass
            assert socket.closed


async def test_a_page_that_is_closed_ends_its_app_and_so_does_the_server(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        async with one.http.ws_connect(f"{one.url}ws") as socket:
            await Page(socket).until_shown("Try the demo")
            assert len(children(one.process.pid)) == 1
        await until(lambda: not children(one.process.pid))
        async with one.http.ws_connect(f"{one.url}ws") as socket:
            await Page(socket).until_shown("Try the demo")
            (app,) = children(one.process.pid)
            one.process.kill()
            await until(lambda: not is_alive(app))


async def test_the_token_is_printed_once_and_stands_nowhere_else(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        await one.status(f"/{one.token}/nothing")
        async with one.http.ws_connect(f"{one.url}ws") as socket:
            await Page(socket).until_shown("Try the demo")
            (app,) = children(one.process.pid)
            assert one.token.encode() not in told_to(one.process.pid) + told_to(app)
        one.process.send_signal(signal.SIGTERM)
        out, err = await one.process.communicate()
        assert one.process.returncode == 0
        assert one.token.encode() not in out + err
    assert one.token.encode() not in all_files(tmp_path)


async def test_two_servers_have_two_tokens(tmp_path: Path) -> None:
    async with served(tmp_path) as one, served(tmp_path) as other:
        assert one.token != other.token
        assert len(one.token) >= 32
        assert one.root.startswith("http://127.0.0.1:")


async def test_a_port_that_is_taken_is_an_error_of_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with served(tmp_path) as one:
        port = one.root.rpartition(":")[2]
        code = await asyncio.to_thread(main, ["--home", str(tmp_path / "home"), "--web", port])
        assert code == 2
        assert f"nothing can listen on 127.0.0.1 port {port}" in capsys.readouterr().err


def test_without_textual_serve_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    assert main(["--web", "0", "--home", str(tmp_path / "home")]) == 2
    assert "pip install 'tui-migrate[web]'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--web", "70000"], ["--web", "x"], ["--web"], ["--web-host"]])
def test_a_port_that_is_none_is_an_error_of_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "web" in capsys.readouterr().err


def test_the_command_of_a_page_is_quoted(tmp_path: Path) -> None:
    home = Home.find(tmp_path / "a b;'c")
    assert "'" in server.command_line(home)
    assert ";'c/config" not in server.command_line(home)


def told_to(pid: int) -> bytes:
    """The arguments and the environment of a process."""
    return b"".join(Path(f"/proc/{pid}/{file}").read_bytes() for file in ("cmdline", "environ"))


def all_files(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found if is_alive(int(one))]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
