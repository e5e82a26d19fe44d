"""The server of the app in a browser, over HTTP: a token, who is let in, what it does not say; its pages are apart."""

import asyncio
import logging
import re
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from tests.ui.web_server import SECONDS, Served, children, served
from tui_migrate.cli.app import main
from tui_migrate.paths import Home
from tui_migrate.settings import settings_file
from tui_migrate.ui.web import gate, page_app, server

pytestmark = pytest.mark.slow


async def test_without_the_token_there_is_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        for path in ("/", "/ws", "/static/js/textual.js", f"/{one.token[:-1]}/", f"/{one.token}x/ws", "//", "/%ff/"):
            assert await one.status(path) == 403, path
        assert await one.status(f"/?token={one.token}") == 403
        assert await one.status(f"/{one.token}/nothing") == 404
        assert await one.status(f"/{one.token}/", Host='x"><script>') in (400, 403)


async def test_only_names_of_this_machine_and_pages_of_its_own_are_answered(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        page, socket = f"/{one.token}/", f"/{one.token}/ws"
        for host in ("localhost:1", "127.0.0.1", "[::1]:9000", "a.localhost"):
            assert await one.status(page, Host=host) == 200, host
        for host in ("rebound.example", "localhost.example:80", "127.0.0.1.example", "[::1", "a b"):
            assert await one.status(page, Host=host) in (400, 403), host
        for origin in ("http://localhost.example", "null", one.root.replace("127.0.0.1", "localhost"), f"{one.root}0"):
            assert await one.status(socket, Origin=origin) == 403, origin
        for origin in (one.root, one.root.replace("http", "https")):
            assert await one.status(socket, Origin=origin) == 400, origin  # let in, and no websocket
        forwarded = {"X-Forwarded-Host": "db.example.net", "X-Forwarded-Proto": "https"}
        assert await one.status(socket, Origin="https://db.example.net", **forwarded) == 400
        async with one.http.get(one.url, headers=forwarded) as answer:
            assert f"wss://db.example.net/{one.token}/ws" in await answer.text()
        assert not children(one.process.pid)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_is_local(host: str) -> None:
    assert gate.is_local(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "db.example.net", ""])  # noqa: S104 -- told apart
def test_what_others_reach_is_not_local(host: str) -> None:
    assert not gate.is_local(host)


@pytest.mark.parametrize(
    ("host", "status"),
    [("db.example.net:8000", 200), ("192.168.1.5", 200), ('x"><script>', 403), ("a b", 403), ("", 403)],
)
async def test_where_others_reach_it_no_name_is_answered_that_could_act_in_a_page(host: str, status: int) -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response()

    guard = gate.make_guard("token", is_local=False)
    assert (await guard(make_mocked_request("GET", "/token/", {"Host": host}), handler)).status == status


def test_a_forwarded_name_that_could_act_in_a_page_is_none() -> None:
    headers = {"Host": "localhost:1", "X-Forwarded-Host": 'x"><script>', "X-Forwarded-Proto": "https"}
    request = make_mocked_request("GET", "/token/", headers)
    assert gate.address_of(request) == "https://localhost:1"
    assert "script>" not in gate.page_headers(request)["Content-Security-Policy"]


async def test_a_page_asks_no_third_party_and_its_address_is_neither_kept_nor_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    runner = server.make_runner(Home.find(tmp_path), "t0ken", is_local=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/t0ken/"
        async with aiohttp.ClientSession() as http, http.get(address) as answer:
            page = await answer.text()
            assert answer.headers["Cache-Control"] == "no-store"
    finally:
        await runner.cleanup()
    assert {one for one in re.findall(r"(?:src|href)=\"(https?:[^\"]*)", page) if not one.startswith(address)} == set()
    assert "t0ken" not in caplog.text


async def test_what_breaks_http_is_answered_and_not_logged(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        for line in ("OPTIONS * HTTP/1.1", "CONNECT a:1 HTTP/1.1", f"GET /{one.token}/\x01 HTTP/1.1", "\x16\x03\x01"):
            answer = await raw(one, f"{line}\r\nHost: localhost\r\n\r\n")
            assert answer.split()[1] in (b"400", b"403"), line
        one.process.send_signal(signal.SIGTERM)
        out, err = await one.process.communicate()
        assert out.splitlines() == [b"Keep the address to yourself. ctrl+c ends it; runs go on."]
        assert err == b""


def test_no_module_is_taken_from_the_folder_the_server_was_begun_in(tmp_path: Path) -> None:
    for name in ("json", "tui_migrate"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken')")
    settings_file(home := Home.find(tmp_path)).parent.mkdir(parents=True)
    settings_file(home).write_text("no: setting")
    ended = subprocess.run(page_app.command(home), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("tui-migrate: ")


async def test_who_asks_nothing_is_hung_up_on(tmp_path: Path) -> None:
    runner = server.make_runner(Home.find(tmp_path), "t", is_local=True, idle_seconds=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        for begun in (b"", b"GET /t/ HTTP/1.1\r\nHost: "):
            reader, writer = await asyncio.open_connection(*runner.addresses[0])
            writer.write(begun)
            assert await asyncio.wait_for(reader.read(), SECONDS) == b""
            writer.close()
    finally:
        await runner.cleanup()


async def test_only_so_many_pages_are_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def app_of_nothing(_: Home, socket: web.WebSocketResponse, width: int, height: int) -> None:
        assert (width, height) == (80, 24)
        await socket.receive()

    monkeypatch.setattr(server, "run_app", app_of_nothing)
    runner = server.make_runner(Home.find(tmp_path), "t", is_local=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/t/"
        async with aiohttp.ClientSession() as http:
            pages = [await http.ws_connect(f"{address}ws") for _ in range(server.MOST_PAGES)]
            for path in ("", "ws"):
                async with http.get(address + path) as answer:
                    assert answer.status == 503
            await pages[0].close()
            async with http.ws_connect(f"{address}ws?width=9999999&height=x"):
                pass
            for page in pages:
                await page.close()
    finally:
        await runner.cleanup()


def test_settings_with_a_fault_are_said_before_anything_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home.find(tmp_path / "home")
    home.prepare()
    (home.config / "settings.yaml").write_text("slow: maybe\n")
    assert main(["--home", str(tmp_path / "home"), "--web", "0"]) == 2
    assert "settings.yaml" in capsys.readouterr().err


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


async def raw(one: Served, words: str) -> bytes:
    """What the server answers to words that no client of HTTP would say."""
    host, port = one.root.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(words.encode())
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
    writer.close()
    return answer
