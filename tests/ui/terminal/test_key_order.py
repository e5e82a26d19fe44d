"""A key waits for the one before, whatever else becomes ready meanwhile."""

import asyncio

from textual.app import App
from textual.events import Key, Paste

from tui_migrate.ui.terminal.key_order import KeyOrder


def test_what_becomes_ready_before_a_key_is_taken_lets_no_second_one_through() -> None:
    handed: list[str] = []
    is_ready = False

    async def hand_over(event: Key | Paste) -> None:
        nonlocal is_ready
        assert isinstance(event, Key)
        handed.append(event.key)
        is_ready = False

    async def run() -> None:
        nonlocal is_ready
        app = App[None]()
        async with app.run_test() as pilot:
            order = KeyOrder(app, hand_over, lambda: is_ready)
            for key in "abc":
                await order.take(Key(key, key))
            await pilot.pause()
            assert handed == ["a"]
            is_ready = True
            order.go_on()
            order.go_on()
            await pilot.pause()
            assert handed == ["a", "b"]

    asyncio.run(run())
