"""A screen that is left before it is set up ends nothing: so it is where a busy machine lets two keys act at once."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ui.driving import new_app, new_home, until
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.connection_form import ConnectionForm
from tui_migrate.ui.screens.connections import ConnectionsScreen
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.screens.new_migration import NewMigrationScreen

TURNS = range(4)
"""So many turns of the loop after it was opened it is left."""


@pytest.mark.parametrize("screen", [ConnectionsScreen, ConnectionForm, NewMigrationScreen])
async def test_a_screen_that_is_left_at_once_is_gone(tmp_path: Path, screen: Callable[[], OperatorScreen]) -> None:
    app = new_app(new_home(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        before = len(app.screen_stack)
        for turns in TURNS:
            opened = screen()
            app.push_screen(opened)
            for _ in range(turns):
                await asyncio.sleep(0)
            app.pop_screen()
            await until(pilot, lambda gone=opened: not gone.is_attached, "its end")  # type: ignore[misc]  # the default is the loop's value
            assert app.is_running
        assert len(app.screen_stack) == before
