"""A database that was given by URL and whose address a named connection has: it is offered as that connection's."""

from typing import TYPE_CHECKING, Final

from tui_migrate.connections import named_for
from tui_migrate.plan.model import Environment, StoreEnd
from tui_migrate.ui.look import read_connections
from tui_migrate.ui.screens.dialogs import Choose

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

NOT_GIVEN: Final = "no environment given: counts as production"


def environment_words(end: StoreEnd) -> str:
    """Say how dangerous an end is; of one by URL, why it counts as production."""
    return end.environment.value if end.connection or end.environment is not Environment.PRODUCTION else NOT_GIVEN


async def as_named(app: "MigrateApp", end: StoreEnd) -> StoreEnd:
    """Give the end that the operator wants for a typed URL: the connection's, where one has its address, or its own.

    To be awaited in background work. A password that was typed with the URL holds for either.
    """
    named = named_for(end, (await read_connections(app.session.home)).connections)
    if not named:
        return end
    said = ["A connection that has a name has this address."]
    choices = [(one.label, f"Take it as {one.label}   {one.environment.value}") for one in named]
    window = Choose("A known address", said, [*choices, ("url", f"Keep the URL; {NOT_GIVEN}")])
    key = await app.push_screen_wait(window)
    chosen = next((one for one in named if one.label == key), end)
    if (password := app.session.passwords.get(end.label)) is not None:
        app.session.passwords[chosen.label] = password
    return chosen
