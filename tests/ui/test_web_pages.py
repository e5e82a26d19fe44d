"""A page of the app in a browser, over its websocket: one app a page, its keys work, and nothing is left behind."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any, cast

import aiohttp
import pyte
import pytest
from aiohttp import web

from tests.ui.browser import until
from tests.ui.web_server import SECONDS, children, is_alive, served
from tui_migrate.paths import Home
from tui_migrate.ui.actions import BY_ID
from tui_migrate.ui.keymap import USUAL, parse_keymap
from tui_migrate.ui.web import page_app, server
from tui_migrate.ui.web.browser_keys import reachable

pytestmark = pytest.mark.slow


class Page:
    """What a page shows."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.received = b""
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)

    async def until_shown(self, text: str) -> None:
        while not any(text in row for row in self.screen.display):
            message = await self.socket.receive(SECONDS)
            assert message.type is aiohttp.WSMsgType.BINARY, "\n".join(self.screen.display)
            self.received += message.data
            self._stream.feed(message.data)

    async def press(self, keys: str) -> None:
        await self.socket.send_json(["stdin", keys])


async def test_a_page_that_answers_no_ping_is_taken_for_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = asyncio.Event()

    async def app_of_nothing(_: Home, socket: web.WebSocketResponse, width: int, height: int) -> None:
        assert (await socket.receive()).type is not aiohttp.WSMsgType.TEXT
        gone.set()

    monkeypatch.setattr(server, "run_app", app_of_nothing)
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.2)
    runner = server.make_runner(Home.find(tmp_path), "t", is_local=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as http:
            page = await http.ws_connect(f"http://127.0.0.1:{runner.addresses[0][1]}/t/ws", autoping=False)
            await asyncio.wait_for(gone.wait(), SECONDS)
            await page.close()
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("message", "packet"),
    [
        ('["stdin", "ü"]', b"D\0\0\0\2\xc3\xbc"),
        ('["resize", {"width": 0, "height": 100000}]', b'M\0\0\0.{"type": "resize", "width": 1, "height": 1000}'),
        ('["blur"]', b'M\0\0\0\x10{"type": "blur"}'),
        ('["ping", "1"]', b""),
    ],
)
def test_what_a_page_sends_becomes_a_packet(message: str, packet: bytes) -> None:
    assert page_app.packet_of(message) == packet


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[",
        "[]",
        "{}",
        '["stdin"]',
        '["stdin", 1]',
        '["stdin", "\\ud800"]',
        '["resize", {"width": "1", "height": 1}]',
        '["quit"]',
        "[" * 100_000,
    ],
    ids=range(10),
)
def test_what_no_page_sends_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        page_app.packet_of(message)


async def test_a_page_shows_the_app_and_its_keys_work(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        async with one.http.get(one.url, headers={"Host": "localhost:9000"}) as answer:
            text = await answer.text()
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "connect-src" in answer.headers["Content-Security-Policy"]
        assert f"ws://localhost:9000/{one.token}/ws" in text
        async with one.http.get(one.url, headers={"X-Forwarded-Proto": "https"}) as answer:
            assert f"wss://{one.root.partition('//')[2]}/{one.token}/ws" in await answer.text()
        script = re.search(r'src="http://localhost:9000(/[^"]+textual.js)"', text)
        assert script is not None
        assert await one.status(script[1]) == 200
        async with one.http.ws_connect(f"{one.url}ws?width=80&height=24") as socket:
            page = Page(socket)
            await page.until_shown("Try the demo")
            await page.press("/check\r")  # what comes in one piece goes where it was typed to
            await page.until_shown("1/1 of 4")
            await page.press("/\x1b[200~<\x9b2J\u202e>\x1b[201~")
            await page.until_shown("check<2J>")
            assert not {one for one in page.received.decode(errors="ignore") if one in "\x9b\u202e"}
            await page.press("\x1b")
            await page.until_shown("1/1 of 4")
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
            os.kill(app, signal.SIGSTOP)  # hangs
        await until(lambda: not children(one.process.pid))
        async with one.http.ws_connect(f"{one.url}ws") as socket:
            await Page(socket).until_shown("Try the demo")
            (app,) = children(one.process.pid)
            one.process.kill()
            await until(lambda: not is_alive(app))


async def test_ctrl_c_ends_the_pages_their_apps_and_the_server_and_the_token_stands_nowhere(tmp_path: Path) -> None:
    async with served(tmp_path) as one, one.http.ws_connect(f"{one.url}ws") as socket:
        await one.status(f"/{one.token}/nothing")
        await Page(socket).until_shown("Try the demo")
        (app,) = children(one.process.pid)
        assert one.token.encode() not in told_to(one.process.pid) + told_to(app)
        assert os.getsid(app) != os.getsid(one.process.pid)  # the terminal's own signal is for the server only
        one.process.send_signal(signal.SIGINT)
        while (message := await socket.receive(SECONDS)).type is aiohttp.WSMsgType.BINARY:
            pass
        assert message.data == aiohttp.WSCloseCode.GOING_AWAY
        out, err = await one.process.communicate()
        assert one.process.returncode == 0
        assert not is_alive(app)
        assert one.token.encode() not in out + err
    assert one.token.encode() not in all_files(tmp_path)


async def test_an_app_that_cannot_start_says_why_where_the_server_runs(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        (tmp_path / "home/config").mkdir(parents=True, exist_ok=True)
        (tmp_path / "home/config/settings.yaml").write_text("slow: maybe\n")
        async with one.http.ws_connect(f"{one.url}ws") as socket:
            assert (await socket.receive(SECONDS)).type is aiohttp.WSMsgType.CLOSE
        one.process.send_signal(signal.SIGTERM)
        _, err = await one.process.communicate()
        assert b"settings.yaml" in err


def test_what_an_app_has_said_is_shown_without_passwords_and_acts_on_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page_app._complain(b"cannot open mongodb://anna:s3cret@host/\x1b[31m\n\xff\n")
    assert capsys.readouterr().err == "cannot open mongodb://anna:***@host/\\x1b[31m\n\ufffd\n"


class SilentSocket:
    """The socket of a page that sends nothing."""

    def __aiter__(self) -> "SilentSocket":
        return self

    async def __anext__(self) -> aiohttp.WSMessage:
        nothing: asyncio.Future[aiohttp.WSMessage] = asyncio.get_running_loop().create_future()
        return await nothing


async def test_an_app_whose_page_is_dropped_in_the_middle_is_not_left_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, begun = asyncio.create_subprocess_exec, asyncio.Queue[asyncio.subprocess.Process]()

    async def begin(*words: str, **options: Any) -> asyncio.subprocess.Process:
        process = await real(*words, **options)
        begun.put_nowait(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", begin)
    monkeypatch.setattr(page_app, "command", lambda _: [sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    socket = cast(web.WebSocketResponse, SilentSocket())
    page = asyncio.create_task(page_app.run_app(Home.find(tmp_path), socket, 80, 24))
    process = await begun.get()
    page.cancel()
    with pytest.raises(asyncio.CancelledError):
        await page
    try:
        assert await asyncio.wait_for(process.wait(), SECONDS) == -signal.SIGKILL
    finally:
        if process.returncode is None:
            process.kill()


def test_keys_that_a_browser_keeps_have_twins_unless_these_are_the_users_own() -> None:
    usual = {one.id: one for one in reachable(USUAL).actions}
    assert (usual["new.next"].key, usual["new.next"].shown) == ("f2,ctrl+n", "f2")
    assert usual["app.theme"].key == "f4,ctrl+t"
    assert usual["app.help"] == BY_ID["app.help"]
    own = parse_keymap("home.new: f2\n", "keymap.yaml", ())
    assert {one.id: one.key for one in reachable(own).actions}["new.next"] == "ctrl+n"


def told_to(pid: int) -> bytes:
    """The arguments and the environment of a process."""
    return b"".join(Path(f"/proc/{pid}/{file}").read_bytes() for file in ("cmdline", "environ"))


def all_files(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
