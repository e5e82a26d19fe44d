"""The app in Chromium: what is drawn, what keys do, what is copied, who is kept out, and what ends with what."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.ui.browser import OPEN_SOCKET, Browser, browser, until
from tests.ui.test_run_worker import SLOW, Ends, ends, home
from tests.ui.web_server import Served, children, is_alive, served
from tui_migrate.journal.reader import JournalReader
from tui_migrate.worker import launch
from tui_migrate.worker.lock import holder

pytestmark = pytest.mark.slow

__all__ = ("ends", "home")


async def test_the_app_in_a_browser(tmp_path: Path, short_folder: Path) -> None:
    async with served(tmp_path) as server, browser(short_folder) as one:
        await others_are_kept_out(one, server)
        await one.open(server.url)
        await one.until_shown("Try the demo")
        assert await one.colours() > 20
        await keys_change_what_is_shown(one)
        await what_is_copied_is_in_the_clipboard(one, server)
        await the_app_is_as_large_as_its_page(one)
        await one.press("q")
        await one.until_said("Session ended.")
        await until(lambda: not children(server.process.pid))
        await nothing_went_elsewhere(one, server)


async def others_are_kept_out(one: Browser, server: Served) -> None:
    for address in (f"{server.root}/", f"{server.root}/{server.token[:-1]}/"):
        await one.open(address)
        assert (await one.text()).startswith("403: this address is not whole")
    rebound = server.url.replace("127.0.0.1", "rebound.example")
    await one.open(rebound)
    assert (await one.text()).startswith("403: this server is asked by a name that is not its own")
    socket = f"{server.url}ws".replace("http", "ws")
    for page in (f"http://127.0.0.1:{one.driver}/status", "data:text/html,nobody"):
        await one.open(page)
        assert await one.ask(OPEN_SOCKET, socket) == "refused"
        assert await one.ask(OPEN_SOCKET, f"{server.root}/ws".replace("http", "ws")) == "refused"
    assert not children(server.process.pid)


async def keys_change_what_is_shown(one: Browser) -> None:
    await one.press("?")
    await one.until_shown("Say what the keys do here")
    await one.press("escape")
    await one.until_shown("Try the demo")
    await one.press("n")
    await one.until_shown("no source is chosen")
    await one.until_shown("f2 Next")
    await one.press("f2")
    await one.until_shown("✗ No source is chosen")
    await one.press("escape")
    await one.until_shown("Try the demo")
    await one.press("d")
    await one.until_shown("The demo is begun in a terminal: tui-migrate demo")


async def what_is_copied_is_in_the_clipboard(one: Browser, server: Served) -> None:
    granted = ["clipboardReadWrite", "clipboardSanitizedWrite"]  # to write is allowed anyhow, unless to read is granted
    await one.devtools("Browser.grantPermissions", origin=server.root, permissions=granted)
    await one.press("ctrl+y")
    await one.until_shown("sent to the terminal's clipboard")
    assert "tui-migrate demo" in await one.ask("navigator.clipboard.readText().then(arguments[0], arguments[0]);")


async def the_app_is_as_large_as_its_page(one: Browser) -> None:
    for width, height in ((600, 400), (1200, 800)):
        before = [""]
        await one.resize(width, height)
        while (rows := await one.rows()) != before or "? Help" not in rows[-1]:
            before = rows
            await asyncio.sleep(0.1)
        assert (len(rows) >= 24, len(rows[0]) >= 80) == (True, True)
        assert (len(rows) > 30, len(rows[0]) > 120) == (width == 1200, width == 1200)


async def nothing_went_elsewhere(one: Browser, server: Served) -> None:
    own, driver = server.root.partition("//")[2], f"127.0.0.1:{one.driver}"
    sent = [each for each in await one.sent() if each.url.startswith(("http", "ws"))]
    assert any(each.url.startswith(f"ws://{own}/{server.token}/ws?") for each in sent)
    for each in sent:
        place = each.url.split("/")[2].replace("rebound.example", "127.0.0.1")
        assert place in (own, driver)
        assert place == own or server.token not in f"{each}"


async def test_each_tab_has_an_app_that_ends_with_it_and_a_run_goes_on(
    ends: Ends, tmp_path: Path, short_folder: Path
) -> None:
    run_id = await launch.create_run(ends.home, ends.plan(), rate_limit=SLOW)
    lock = ends.home.run(run_id).lock
    async with served(tmp_path) as server, browser(short_folder) as one:
        await one.open(server.url)
        first = await one.tab()
        await one.until_shown("0001")
        await one.open_tab(server.url)
        await one.until_shown("0001")
        both = children(server.process.pid)
        assert len(both) == 2
        await one.press("enter")
        await one.until_shown("u Resume")
        await one.press("u")
        await one.until_shown("● execute")
        await one.show_tab(first)
        await one.until_shown("0001  ● ")
        await one.close_tab()
        await until(lambda: len(children(server.process.pid)) == 1)
        (app,) = children(server.process.pid)
        for process in one.processes():
            os.kill(process, signal.SIGKILL)
        await until(lambda: not is_alive(app))
        worker, before = holder(lock), await last_batch(ends, run_id)
        assert worker
        while await last_batch(ends, run_id) == before:
            assert holder(lock) == worker
            await asyncio.sleep(0.1)


async def last_batch(ends: Ends, run_id: int) -> int:
    reader = await JournalReader.open(ends.home.journal)
    try:
        return await reader.last_batch_number(run_id)
    finally:
        await reader.close()
