"""What every small window is: a modal screen that closes once."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, ClassVar, Final

from textual import work
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.screen import ModalScreen, Screen, ScreenResultType

from tui_migrate.ui.widgets.leaving import Leaving

Keys = tuple[tuple[str, str], ...]
"""Keys as people write them, each with its word."""

_CLOSED_BY: Final[Keys] = (("esc", "Back"),)

_GATHER: Final[Callable[[CommandPalette, str], Coroutine[Any, Any, None]]] = CommandPalette._gather_commands.__wrapped__  # type: ignore[attr-defined]  # noqa: SLF001 -- what `work` decorates


class Window(Leaving, ModalScreen[ScreenResultType]):
    """A modal screen that gives a result, or None, when it is closed."""

    BINDINGS: ClassVar = [Binding("ctrl+l", "app.app_redraw", show=False)]

    KEYS: ClassVar[Keys] = (("enter", "Go on"), ("esc", "Back"))
    """What the footer beneath says while this is open."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close, if it is the topmost."""
        return super().dismiss(result) if may_close(self) else AwaitComplete()


class Palette(CommandPalette):
    """Textual's palette, which closes once, too.

    It has no id: by that one which is not quite gone would keep another from being opened.
    """

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close, if it is the topmost."""
        return super().dismiss(result) if may_close(self) else AwaitComplete()

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)  # noqa: SLF001 -- the name of Textual's own
    async def _gather_commands(self, search_value: str) -> None:
        with suppress(NoMatches):  # closed before this had begun, it has no list any more
            await _GATHER(self, search_value)

    def _action_command_list(self, action: str) -> None:
        try:
            super()._action_command_list(action)
        except KeyError:
            return  # Textual's list has options a moment before it knows on which lines they are


def keys_above(screen: Screen[Any]) -> Keys | None:
    """Give the keys that work where this is the topmost; None for a full screen, which has a footer of its own."""
    if isinstance(screen, Window):
        return screen.KEYS
    return _CLOSED_BY if isinstance(screen, ModalScreen) else None


def may_close(window: Screen[Any]) -> bool:
    """Say whether a window is the topmost, and let it tell nobody where the work that waited for it was cancelled.

    A second key that came before a window had gone would close the screen beneath as well.
    """
    if window.app.screen_stack[-1:] != [window]:
        return False
    for one in window._result_callbacks[-1:]:  # noqa: SLF001 -- no public way
        if one.future is not None and one.future.done():
            one.future = None
    return True
