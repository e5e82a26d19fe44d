"""Title, bell and the user's command when a run ends that the app has watched."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from textual.message import Message

from tests.ui.driving import PreparedJournal, copy_plan, new_app, new_home, shows, until
from tests.ui.live_run import LiveRun
from tests.ui.run_scene import acted_run
from tests.ui.test_bytes import app
from tui_migrate import settings
from tui_migrate.journal.records import Counts, RunSummary
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.settings import Settings
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.journal_feed import JournalFeed
from tui_migrate.ui.messages import RunEnded
from tui_migrate.ui.notices import title_words
from tui_migrate.ui.session import Session
from tui_migrate.ui.terminal.start import MarkSet
from tui_migrate.worker import launch

WRITE = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(' '.join(sys.argv[2:]))"


def listen(app: MigrateApp, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Take down titles and bells."""
    heard: list[str] = []
    monkeypatch.setattr(app, "set_terminal_title", heard.append)
    monkeypatch.setattr(app, "bell", lambda: heard.append("bell"))
    return heard


async def test_the_title_says_how_far_the_run_is_and_then_how_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with acted_run(tmp_path) as run:
        app = new_app(run.home, run.clock)
        heard = listen(app, monkeypatch)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "0% run 0001 copy - tui-migrate" in heard)
            await run.batch("users", Counts(inserted=50))
            await until(pilot, lambda: heard[-1] == "25% run 0001 copy - tui-migrate")
            assert "bell" not in heard
            await run.end(RunState.FAILED)
            await until(pilot, lambda: heard[-2:] == ["run 0001 failed - tui-migrate", "bell"])


async def test_a_worker_that_dies_rings_too_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with acted_run(tmp_path) as run:
        app = new_app(run.home, run.clock)
        heard = listen(app, monkeypatch)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: bool(heard))
            run.die()
            await until(pilot, lambda: "bell" in heard)
            await run.write.end_attempt(run.id, RunState.INTERRUPTED, None)
            await until(pilot, shows(pilot, "~ interrupted"))
            assert heard.count("bell") == 1


async def test_what_had_ended_before_is_no_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = new_home(tmp_path)
    await PreparedJournal(home).run()
    app = new_app(home)
    heard = listen(app, monkeypatch)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "completed"))
        assert heard == []


async def test_a_run_that_ends_before_it_was_seen_at_work_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_home(tmp_path)
    run_id = await PreparedJournal(home).run()
    app = new_app(home)
    heard = listen(app, monkeypatch)
    app.feed.expect(run_id)
    app.feed.expect(99)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "bell" in heard)
        assert heard == ["run 0001 completed - tui-migrate", "bell"]


async def test_a_run_that_was_just_started_has_not_ended_while_its_worker_has_not_begun(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    run_id = await launch.create_run(home, copy_plan())
    told: list[Message] = []
    feed = JournalFeed(home, told.append)
    feed.expect(run_id)
    async with open_both(home.journal) as (journal, reader):
        await feed._tell_ended(reader, ())
        assert told == []
        await journal.transition(run_id, RunState.CANCELLED)
        await feed._tell_ended(reader, ())
    assert [(one.run_id, one.state) for one in told if isinstance(one, RunEnded)] == [(run_id, RunState.CANCELLED)]


async def test_all_of_it_can_be_turned_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with acted_run(tmp_path) as run:
        app = new_app(run.home, run.clock)
        app.session.settings = Settings(bell=False, title=False)
        heard = listen(app, monkeypatch)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, shows(pilot, "executing"))
            await run.end(RunState.FAILED)
            await until(pilot, shows(pilot, "✗ failed"))
            await until(pilot, lambda: not app.feed._watched)
            assert heard == []


async def test_the_users_command_is_run_and_its_fault_is_said(tmp_path: Path) -> None:
    home, out = new_home(tmp_path), tmp_path / "out"
    session = Session(home, settings=Settings(on_finish=(sys.executable, "-c", WRITE, str(out))))
    app = MigrateApp(session, theme="dark", marks=MarkSet.UNICODE, ansi=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.post_message(ended())
        await until(pilot, lambda: out.exists() and out.read_text() != "")
        assert out.read_text() == "7 completed copy"
        session.settings = Settings(on_finish=("/nowhere/notify",))
        app.post_message(ended())
        await until(pilot, shows(pilot, "/nowhe…tify, cannot be run: No such file"))


def ended() -> RunEnded:
    return RunEnded(7, RunState.COMPLETED, copy_plan().kind)


async def test_of_several_runs_the_newest_stands_in_the_title(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        record = await run.record()
    one = RunSummary(record, 30, 200)
    other = RunSummary(replace(record, id=2, state=RunState.PAUSED), 5, 0)
    assert title_words((one,)) == "15% run 0001 copy - tui-migrate"
    assert title_words((one, other)) == "run 0002 paused (+1) - tui-migrate"
    assert title_words((replace(one, documents=200),)).startswith("99%")


@pytest.mark.slow
def test_a_terminal_gets_its_own_title_back(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    settings.save(home, Settings(theme="ansi"))
    with LiveRun(home), app(home) as operator:
        operator.until(lambda: operator.screen.title.endswith("run 0001 copy - tui-migrate"), "the title")
        assert operator.received.count(b"\x1b[22;2t") == 1
        operator.press("q")
        operator.until(lambda: b"\x1b[23;2t" in operator.received, "the title to be given back")
        assert operator.received.rindex(b"\x1b]2;\x1b\\\x1b[23;2t") > operator.received.rindex(b"run 0001 copy")


@pytest.mark.slow
def test_a_terminal_rings_once_when_the_run_it_watches_ends(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    settings.save(home, Settings(theme="ansi"))
    with LiveRun(home) as live, app(home) as operator:
        operator.until_shown("executing")
        assert b"\x07" not in operator.received
        live._stop.set()
        operator.until(lambda: operator.received.count(b"\x07") == 1, "the bell")
