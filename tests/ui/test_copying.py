"""Copying what is under the cursor to the terminal's clipboard, and writing it to a file."""

import asyncio
import base64
import stat
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.ui.driving import PreparedJournal, new_app, new_home, shows, until
from tests.ui.run_scene import scene
from tests.ui.test_bytes import app as open_in_terminal
from tui_migrate.findings import Finding, Severity
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.copying import MOST_BYTES
from tui_migrate.ui.screens.report import ReportScreen


async def test_on_the_run_screen_it_is_asked_which(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, pilot):
        await pilot.press("ctrl+y")
        await until(pilot, shows(pilot, "name  users", "run id  1", "plan  "))
        await pilot.press("down", "enter")
        await until(pilot, shows(pilot, "run id: sent to the terminal's clipboard"))
        assert pilot.app.clipboard == "1"
        await pilot.press("ctrl+y", "escape")
        assert pilot.app.clipboard == "1"


async def test_a_finding_is_copied_whole_and_without_a_password(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    found = Finding(Severity.WARNING, "odd", "users", "see mongodb://anna:s3cret@host/")
    run_id = await PreparedJournal(home).run(findings=(found,))
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(ReportScreen(run_id))
        await until(pilot, shows(pilot, "odd"))
        await pilot.press("ctrl+y")
        await until(pilot, lambda: app.clipboard.startswith("users: see mongodb://anna:***@host/"))


async def test_a_file_is_written_for_the_user_alone_and_nothing_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = new_home(tmp_path)
    await PreparedJournal(home).run()
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "completed"))
        for said in ("written to", "exists already"):
            await pilot.press("ctrl+o")
            await until(pilot, shows(pilot, "run id  1", "ends  prod/shop"))
            await pilot.press("enter")
            await until(pilot, shows(pilot, "Write run id to"))
            await pilot.press("enter")
            await until(pilot, shows(pilot, said))
        await pilot.press("escape")
    written = tmp_path / "run-id.txt"
    assert written.read_text() == "1\n"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


async def test_a_working_folder_that_was_removed_keeps_nobody_from_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_home(tmp_path)
    await PreparedJournal(home).run()
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "completed"))
        await pilot.press("ctrl+o")
        await until(pilot, shows(pilot, "run id  1"))
        await pilot.press("enter")
        await until(pilot, shows(pilot, "Write run id to", "/run-id.txt"))
        app.screen.query_one(Input).value = f"{tmp_path}/written"
        await pilot.press("enter")
        await until(pilot, shows(pilot, "written to"))
    assert (tmp_path / "written").read_text() == "1\n"


@pytest.mark.parametrize("text", ["x" * (MOST_BYTES + 1), "ü" * (MOST_BYTES // 2 + 1)], ids=["letters", "bytes"])
async def test_too_much_for_a_clipboard_is_not_sent(tmp_path: Path, text: str) -> None:
    app = new_app(new_home(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        app._copying.copy([Copyable("plan", text)])
        await until(pilot, shows(pilot, "too much for a clipboard"))
        assert app.clipboard == ""
        app._copying.copy([])
        await until(pilot, shows(pilot, "nothing under the cursor"))


async def test_no_password_is_shown_copied_or_written_whatever_a_screen_offers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = new_app(new_home(tmp_path))
    offered = Copyable("plan", "copies mongodb://anna:s3cret@host/")
    async with app.run_test(size=(80, 24)) as pilot:
        app._copying.copy([offered, Copyable("other", "")])
        await until(pilot, shows(pilot, "plan  copies mongodb://anna:***@host/"))
        await pilot.press("enter")
        await until(pilot, lambda: app.clipboard == "copies mongodb://anna:***@host/")
        app._copying.write([offered])
        await until(pilot, shows(pilot, "Write plan to"))
        await pilot.press("enter")
        await until(pilot, shows(pilot, "written to"))
    assert (tmp_path / "plan.txt").read_text() == "copies mongodb://anna:***@host/\n"


@pytest.mark.slow
def test_the_terminal_is_sent_osc_52(tmp_path: Path) -> None:
    home = new_home(tmp_path)

    asyncio.run(PreparedJournal(home).run())
    with open_in_terminal(home) as operator:
        operator.until_shown("completed")
        operator.press("\x19")
        operator.until_shown("run id  1")
        operator.press("enter")
        operator.until(lambda: b"\x1b]52;c;" + base64.b64encode(b"1") in operator.received, "the clipboard")
