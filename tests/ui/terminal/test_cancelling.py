"""Work that a screen has begun is cancelled when the screen goes; the app is not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.screen import ModalScreen, Screen
from textual.worker import Worker, WorkerCancelled

from tui_migrate.ui.terminal.base_app import TerminalApp


class Question(ModalScreen[str]):
    """Asks for nothing in particular."""


class Asking(Screen[None]):
    """Asks something beside itself; who leaves it is not asked any more."""

    work: Worker[Any] | None = None

    def on_unmount(self) -> None:
        assert self.work is not None
        self.work.cancel()


class SometimesBusy(TerminalApp[None]):
    """An app that a key keeps busy until it `may_go_on`."""

    def __init__(self, crash_log: Path) -> None:
        super().__init__(theme_name="textual-dark", crash_log=crash_log)
        self.is_busy = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def on_key(self) -> None:
        self.is_busy.set()
        await self.may_go_on.wait()


@pytest.mark.parametrize("is_busy", [False, True])
def test_the_screen_that_asks_is_left_before_its_question_is_open(tmp_path: Path, is_busy: bool) -> None:
    async def leave_and_ask(app: TerminalApp[None]) -> None:
        app.pop_screen()
        await app.push_screen_wait(Question())

    async def run() -> None:
        app = SometimesBusy(tmp_path / "error.log")
        async with app.run_test() as pilot:
            screen = Asking()
            await app.push_screen(screen)
            if is_busy:
                app.post_message(Key("x", "x"))
                await app.is_busy.wait()
            screen.work = app.run_worker(leave_and_ask(app), exit_on_error=False)
            with pytest.raises(WorkerCancelled):
                await screen.work.wait()
            app.may_go_on.set()
            await pilot.pause()
            assert app.screen_stack == [app.screen]
            assert app.is_running
            await app.push_screen(Question())  # it takes more still
            assert isinstance(app.screen, Question)

    asyncio.run(run())


def test_a_question_goes_with_the_work_that_asks_it(tmp_path: Path) -> None:
    async def run() -> None:
        app = SometimesBusy(tmp_path / "error.log")
        async with app.run_test() as pilot:
            question = Question()
            work = app.run_worker(app.push_screen_wait(question), exit_on_error=False)
            while app.screen is not question:
                await asyncio.sleep(0)
            work.cancel()
            with pytest.raises(WorkerCancelled):
                await work.wait()
            await pilot.pause()
            assert app.screen_stack == [app.screen]

    asyncio.run(run())


def test_a_cancellation_that_nobody_asked_of_the_app_ends_it_as_an_error(tmp_path: Path) -> None:
    class Waiting(TerminalApp[None]):
        async def on_key(self) -> None:
            gone = asyncio.get_running_loop().create_future()
            gone.cancel()
            await gone

    async def run(app: TerminalApp[None]) -> None:
        async with app.run_test():
            app.post_message(Key("x", "x"))
            assert app._task is not None
            await app._task

    app = Waiting(theme_name="textual-dark", crash_log=tmp_path / "error.log")
    with pytest.raises(RuntimeError, match="cancelled"):
        asyncio.run(run(app))
    assert app.return_code == 1
    assert "await gone" in app.crash_log.read_text()
