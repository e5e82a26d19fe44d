"""What was opened is closed, however often whoever wanted it gives up."""

import asyncio
import threading
from contextlib import suppress

import pytest

from tui_migrate.errors import Unreachable
from tui_migrate.stores.opened import opened

SECONDS = 30


class Slow:
    """A store that takes as long to open and to close as it is let."""

    def __init__(self) -> None:
        self.may_open = threading.Event()
        self.may_close = asyncio.Event()
        self.is_closing = asyncio.Event()
        self.is_closed = asyncio.Event()
        self.is_used = asyncio.Event()

    def open(self) -> "Slow":
        assert self.may_open.wait(SECONDS)
        return self

    async def close(self) -> None:
        self.is_closing.set()
        await self.may_close.wait()
        self.is_closed.set()

    async def use(self) -> None:
        async with opened(self.open):
            self.is_used.set()
            await asyncio.Event().wait()


async def give_up(work: asyncio.Task[None]) -> None:
    work.cancel()
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize("times", [1, 2])
async def test_what_is_given_up_while_it_is_opened_is_closed(times: int) -> None:
    store = Slow()
    work = asyncio.create_task(store.use())
    await asyncio.sleep(0)
    for _ in range(times):
        await give_up(work)
    store.may_open.set()
    store.may_close.set()
    async with asyncio.timeout(SECONDS):
        await store.is_closed.wait()
    with suppress(asyncio.CancelledError):
        await work
    assert work.cancelled()
    assert not store.is_used.is_set()


async def test_a_close_is_not_cut_short() -> None:
    store = Slow()
    store.may_open.set()
    work = asyncio.create_task(store.use())
    async with asyncio.timeout(SECONDS):
        await store.is_used.wait()
        await give_up(work)
        await store.is_closing.wait()
        await give_up(work)
        assert work.cancelled()
        store.may_close.set()
        await store.is_closed.wait()


async def test_what_cannot_be_opened_is_said_once() -> None:
    def refuse() -> Slow:
        raise Unreachable("nobody there", hint="look again")

    with pytest.raises(Unreachable, match="nobody there"):
        async with opened(refuse):
            raise AssertionError("it was opened")
