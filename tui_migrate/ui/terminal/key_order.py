"""Keys one after the other, each when the one before has had its effect.

A bad line brings several keys in one piece. Textual hands each to whatever has the focus at that moment, before the
key in front of it was acted on: what is typed after the key that opens a dialog would act on the screen beneath, and
what is typed after the key that opens a list would find it empty.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from textual.app import App
from textual.events import Key, Paste
from textual.message_pump import MessagePump

_PATIENCE_SECONDS: Final = 0.5
"""For how long a key may keep the next one waiting: one whose action waits for a server must not block `esc`."""


class KeyOrder:
    """Lets one key or paste through at a time; `hand_over` is how the app takes one.

    A token follows each key the way it bubbles, from the widget that got it up to the app; where that has opened
    another screen, also through that one, which has given the focus to its first field by then. The next key waits
    until `is_ready` says, too, that what is shown now has its rows; `go_on` is to be called when that may have become
    so. A screen that has tried the patience once is not waited for again.
    """

    def __init__(
        self, app: App[Any], hand_over: Callable[[Key | Paste], Awaitable[None]], is_ready: Callable[[], bool]
    ) -> None:
        self._app = app
        self._hand_over = hand_over
        self._is_ready = is_ready
        self._has_acted = False
        self._too_slow: object = None
        self._waiting: deque[Key | Paste] = deque()
        self._turn = 0
        self._is_under_way = False

    async def take(self, event: Key | Paste) -> None:
        """Take a key now, or when its turn comes."""
        if self._is_under_way:
            self._waiting.append(event)
            return
        self._is_under_way = True
        await self._begin(event)

    def go_on(self) -> None:
        """Let the next key through if the one before has had its effect, and what it led to is ready."""
        if not self._has_acted or not self._is_under_way:
            return
        if self._is_ready() or self._app.screen_stack[-1:] == [self._too_slow]:
            self._end(self._turn)

    async def _begin(self, event: Key | Paste) -> None:
        self._turn += 1
        self._has_acted = False
        asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._give_up, self._turn)
        screen = self._app.screen
        start = self._app.focused or screen
        await self._hand_over(event)
        self._follow(start, self._turn, screen)

    def _follow(self, pump: MessagePump, turn: int, screen: MessagePump) -> None:
        """Queue the token behind the key; a widget that is gone is passed over."""
        while pump is not self._app:
            if pump.call_later(self._climb, pump, turn, screen):
                return
            pump = self._parent_of(pump)
        self._app.call_later(self._arrive, turn, screen)

    def _climb(self, pump: MessagePump, turn: int, screen: MessagePump) -> None:
        self._follow(self._parent_of(pump), turn, screen)

    def _parent_of(self, pump: MessagePump) -> MessagePump:
        return pump._parent or self._app  # noqa: SLF001 - the way that messages bubble

    def _arrive(self, turn: int, screen: MessagePump) -> None:
        opened = self._app.screen if self._app.screen_stack else screen
        if opened is screen or not opened.call_later(self._act, turn):
            self._act(turn)

    def _act(self, turn: int) -> None:
        """Note that a key has had its effect."""
        if turn == self._turn:
            self._has_acted = True
            self.go_on()

    def _give_up(self, turn: int) -> None:
        """Wait no longer for a key, nor for the rows of the screen it has opened."""
        if turn == self._turn and self._is_under_way:
            if self._has_acted and self._app.screen_stack:
                self._too_slow = self._app.screen
            self._end(turn)

    def _end(self, turn: int) -> None:
        """Let the next key through, unless that has happened."""
        if turn != self._turn or not self._is_under_way:
            return
        if self._waiting:
            event = self._waiting.popleft()
            self._turn += 1
            self._has_acted = False
            if self._app.call_later(self._begin, event):
                return
        self._is_under_way = False
