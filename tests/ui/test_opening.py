"""Opening the app as users do, in a pseudo-terminal."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.processes import everything_ended, kill_everything, until
from tests.processes import killed_after
from tests.test_help_imports import HEAVY, loaded_by
from tests.ui.driving import PreparedJournal
from tests.ui.run_scene import acted_run
from tests.ui.terminal.operator import ROOT, Operator, environment
from tui_migrate.demo.place import DemoPlace
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.ui import opening

LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"


def sit_down(home: Path, *words: str, **changes: str | None) -> Operator:
    command = [sys.executable, "-m", "tui_migrate", *words]
    return Operator(command, environment(home, TUI_MIGRATE_HOME=str(home), **changes))


def test_what_decides_about_the_terminal_loads_neither_screens_nor_drivers() -> None:
    assert loaded_by("import tui_migrate.ui.opening").isdisjoint(HEAVY)


@pytest.mark.slow
def test_alone_it_opens_on_home_and_is_left_without_a_trace(tmp_path: Path) -> None:
    with sit_down(tmp_path) as operator:
        operator.until_shown("There was no run yet")
        operator.until_shown("q Leave")
        operator.press("q")
        assert operator.until_ended() == 0
        assert LEAVES_ALTERNATE_SCREEN in operator.received
        assert b"goes on" not in operator.received
    assert not (tmp_path / "state" / "error.log").exists()


@pytest.mark.slow
async def test_leaving_says_which_run_goes_on(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        with sit_down(run.home.state.parent) as operator:
            operator.until_shown("● executing")
            operator.press("q")
            assert operator.until_ended() == 0
            assert b"run 0001 goes on" in operator.received.rpartition(LEAVES_ALTERNATE_SCREEN)[2]


@pytest.mark.slow
async def test_leaving_from_a_screen_without_runs_says_so_too(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        with sit_down(run.home.state.parent) as operator:
            operator.until_shown("● executing")
            operator.press("?")
            operator.until_shown("Help › Home")
            operator.press("q")
            assert operator.until_ended() == 0
            assert b"run 0001 goes on" in operator.received.rpartition(LEAVES_ALTERNATE_SCREEN)[2]


def test_on_a_dumb_terminal_it_says_what_to_try(tmp_path: Path) -> None:
    with sit_down(tmp_path, TERM="dumb") as operator:
        assert operator.until_ended() == 0
        assert b"TERM=dumb" in operator.received
        assert b"tui-migrate demo" in operator.received
        assert b"\x1b" not in operator.received


def test_without_a_terminal_it_says_what_to_try(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui_migrate", "--home", str(tmp_path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "standard input is none" in done.stdout
    assert "tui-migrate demo" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_fault_in_the_settings_is_named_before_anything_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.yaml").write_text("theme: dark\nshine: 1\n")
    with sit_down(tmp_path) as operator:
        assert operator.until_ended() == 2
        assert b"settings.yaml, line 2" in operator.received
        assert b"\x1b" not in operator.received


def test_a_colour_depth_that_is_none_is_an_error_of_usage(tmp_path: Path) -> None:
    with sit_down(tmp_path, TUI_MIGRATE_COLOR="plenty") as operator:
        assert operator.until_ended() == 2
        assert b"TUI_MIGRATE_COLOR" in operator.received


@pytest.mark.slow
def test_a_theme_that_is_gone_is_no_reason_not_to_open(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.yaml").write_text("theme: chartreuse\nascii: true\n")
    with sit_down(tmp_path) as operator:
        operator.until_shown("There was no run yet")
        operator.press("q")
        assert operator.until_ended() == 0
        assert not any(byte > 0x7F for byte in operator.received), "ASCII marks were asked for"


def test_a_reason_against_a_screen_is_given_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "check_terminal", lambda: None)
    assert opening.why_not() is None
    monkeypatch.undo()
    assert opening.why_not() is not None


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DemoPlace]:
    """Where the demo lies that is started from the app of this home."""
    here = DemoPlace(tmp_path / "state" / "demo")
    yield here
    kill_everything(here)


@pytest.mark.slow
def test_the_demo_opens_the_app_over_its_servers_and_lets_them_go(place: DemoPlace) -> None:
    with sit_down(place.root.parent, "demo", "--home", str(place.root), "--documents", "300") as operator:
        operator.until(lambda: operator.shows("Migrate the sample"), "the app", seconds=60)
        operator.until_shown("DEMO")
        operator.until_shown("demo-target")
        operator.press("\t", "t")
        operator.until(lambda: operator.shows("✓ "), "the server", seconds=30)
        assert not everything_ended(place)
        operator.press("q")
        assert operator.until_ended() == 0
    until(lambda: everything_ended(place))


@pytest.mark.slow
def test_home_leaves_for_the_demo_in_the_same_terminal(tmp_path: Path, place: DemoPlace) -> None:
    with sit_down(tmp_path) as operator:
        operator.until_shown("Try the demo")
        operator.until_shown("No connection")
        operator.press("d")
        operator.until_shown("Leave this app")
        operator.press("j", "enter")
        operator.until(lambda: operator.shows("Migrate the sample"), "the demo", seconds=90)
        operator.press("q")
        assert operator.until_ended() == 0
    until(lambda: everything_ended(place))


@pytest.mark.slow
def test_without_a_terminal_the_demo_says_what_to_try_and_waits(place: DemoPlace) -> None:
    command = [sys.executable, "-m", "tui_migrate", "demo", "--home", str(place.root), "--documents", "300"]
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    with killed_after(started) as process:
        assert process.stdout is not None
        assert any("Ctrl+C ends the demo" in line for line in process.stdout)
        process.terminate()
        process.wait(60)
    until(lambda: everything_ended(place))


@pytest.mark.slow
async def test_a_second_app_shows_the_same_runs(home: Home) -> None:
    await PreparedJournal(home).run(RunState.FAILED)
    root = home.state.parent
    with sit_down(root) as first, sit_down(root) as second:
        for one in (first, second):
            one.until_shown("✗ failed")
            one.press("q")
            assert one.until_ended() == 0
