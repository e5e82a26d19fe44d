"""The Connections screen and the form of one connection, and what is done there."""

from textual.pilot import Pilot
from textual.widgets import Input

from tests.ui.driving import table_cells, until
from tui_migrate.ui.screens.connection_form import ConnectionForm
from tui_migrate.ui.screens.connection_pane import ConnectionPane
from tui_migrate.ui.screens.connections import ConnectionsScreen
from tui_migrate.ui.widgets.pick import Pick
from tui_migrate.ui.widgets.prose import Prose

SIZE = (80, 24)


async def opened(pilot: Pilot[None], rows: int) -> ConnectionsScreen:
    screen = ConnectionsScreen()
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: len(table_cells(pilot, "#connections")) == rows, f"{rows} connections")
    await until(pilot, lambda: screen.query_one(ConnectionPane).is_known and screen.focused is not None, "them read")
    return screen


async def form(pilot: Pilot[None], key: str = "n") -> ConnectionForm:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, ConnectionForm), "the form")
    screen = pilot.app.screen
    assert isinstance(screen, ConnectionForm)
    await until(pilot, lambda: screen.focused is not None, "focus")
    return screen


async def pick(pilot: Pilot[None], name: str, key: str) -> None:
    one = pilot.app.screen.query_one(f"#{name}", Pick)
    one.focus()
    for _ in range(4):
        if one.chosen == key:
            return
        await pilot.press("right")
    await until(pilot, lambda: one.chosen == key, key)


def said(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one("#said", Prose).words


def field(pilot: Pilot[None], name: str) -> Input:
    return pilot.app.screen.query_one(f"#{name}", Input)
