"""A store that is opened in a thread and closed for sure, whenever whoever wanted it gives up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, TypeVar

from tui_migrate.errors import TuiMigrateError


class Closable(Protocol):
    """What is closed once it is not needed any more."""

    async def close(self) -> None:
        """Give back what is held. Never raises for a server that is gone."""


Store = TypeVar("Store", bound=Closable)

_CLOSING: Final[set[asyncio.Task[Any]]] = set()
"""An event loop does not hold on to its tasks."""


@asynccontextmanager
async def opened(open_store: Callable[[], Store]) -> AsyncIterator[Store]:
    """Open in a thread, for files are read and drivers imported; close whatever happens. Raises what opening raises.

    Neither a thread nor a driver's close can be cut short without leaving connections open: cancelled, even a second
    time, they go on and nobody has to wait for them.
    """
    opening = asyncio.create_task(asyncio.to_thread(open_store))
    try:
        yield await asyncio.shield(opening)
    finally:
        closing = asyncio.create_task(_close(opening))
        _CLOSING.add(closing)
        closing.add_done_callback(_CLOSING.discard)
        await asyncio.shield(closing)


async def _close(opening: asyncio.Task[Store]) -> None:
    try:
        store = await opening
    except TuiMigrateError:
        return  # told to whoever wanted it, if that is there still
    await store.close()
