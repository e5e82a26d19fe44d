"""The app under the app: how it sits in a terminal.

It stands on what is private in Textual 8.2.8, which is pinned: `_display`, `_build_driver`, `_handle_exception` and the
few beside them below. Tests compare what a terminal shows with and without it.
"""

import asyncio
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from rich.console import RenderableType
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.events import DescendantFocus, Event, Key, Paste, Resize
from textual.filter import LineFilter
from textual.geometry import Offset
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Input, TextArea

from tui_migrate.redaction import printable, redact
from tui_migrate.ui.terminal.cells import CellMaker
from tui_migrate.ui.terminal.crash import crash_line, log_crash
from tui_migrate.ui.terminal.driver import TerminalDriver
from tui_migrate.ui.terminal.frames import Frames
from tui_migrate.ui.terminal.key_order import KeyOrder
from tui_migrate.ui.terminal.start import ColourDepth, MarkSet, is_remote
from tui_migrate.ui.terminal.text_filter import TextFilter

Given = TypeVar("Given")

_SUSPEND: Final = Binding("ctrl+z", "suspend_process", show=False, id="app.suspend", priority=True)


class TerminalApp(App[ReturnType]):
    """An app that sends few bytes, leaves the terminal as it was, and shows nobody a secret.

    A subclass gives and gets:

    - `theme_name`, one of `themes` or of Textual's own, from `start.choose_theme`. `ansi`, `depth`, `marks` and
      `encoding` are those of `start.prepare`; without a `depth` it is what Textual makes of the environment.
    - Widgets draw with Unicode marks (`marks.TWINS`); the ASCII twins are put in on the way out.
    - `mouse` None means: not over SSH. Cursors do not blink, nothing is animated.
    - `line_is_busy`: a feed skips its frame then. Drawing is safe at any time: what the line has no room for is merged
      into the next frame, and the loop never waits for the line.
    - Keys act in order, though they come in one piece: what follows the key that opens a dialog goes into the dialog,
      and what follows the key that opens a screen waits a moment until that `is_ready`.
    - `redraw` for ctrl+l; ctrl+z is bound to `suspend_process`, under a dialog too.
    - On a terminal smaller than `small.MINIMUM` a notice stands instead of the app, which is laid out for the minimum
      all the while and hears no key but those in `small.KEYS_THAT_PASS`; those in `small.KEYS_THAT_LEAVE` call `leave`.
    - SIGHUP, SIGTERM, SIGINT and the end of the input end it with `return_code` 128 + the signal's number.
    - An error that no handler, worker or thread foresaw ends it with `return_code` 1: the traceback goes to
      `crash_log`, one line to the terminal. `exit(message=…)` with a plain text shows that, redacted.

    Without a terminal, under a Pilot, Textual's own headless driver runs and nothing of this draws.
    """

    BINDINGS: ClassVar[list[BindingType]] = [_SUSPEND]

    def __init__(
        self,
        *,
        theme_name: str,
        crash_log: Path,
        themes: Iterable[Theme] = (),
        marks: MarkSet = MarkSet.UNICODE,
        mouse: bool | None = None,
        ansi: bool = False,
        depth: ColourDepth | None = None,
        encoding: str = "utf-8",
        driver: type[Driver] = TerminalDriver,
    ) -> None:
        super().__init__(driver_class=driver, ansi_color=True if ansi else None)
        self.crash_log = crash_log
        self._marks = marks
        self._encoding = encoding
        self._depth = depth or _DEPTHS.get(self.console.color_system or "", ColourDepth.SIXTEEN)
        self._reports_mouse = not is_remote() if mouse is None else mouse
        self._frames: Frames | None = None
        self._text_filter = TextFilter()
        self._key_order = KeyOrder(self, super().on_event, self.is_ready)
        self._thread_hook = threading.excepthook
        self.last_faults: list[str] = []
        for theme in themes:
            self.register_theme(theme)
        self.theme = theme_name
        self.animation_level = "none"

    @property
    def line_is_busy(self) -> bool:
        """True while bytes wait for the line."""
        return isinstance(self._driver, TerminalDriver) and self._driver.is_busy

    @property
    def shows_few_colours(self) -> bool:
        """True on a terminal of sixteen colours or none, where others are drawn by what comes near."""
        return self._frames is not None and self._depth in (ColourDepth.NONE, ColourDepth.SIXTEEN)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What Textual's own style sheets ask for and its themes of sixteen colours leave out."""
        return {"ansi-background": "ansi_default", "ansi-foreground": "ansi_default"}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """In a browser, what a line says is sent as it is: nothing in it may act there."""
        filters = super().get_line_filters()
        return [*filters, self._text_filter] if self.is_web else filters

    async def on_event(self, event: Event) -> None:
        """Take what comes; keys that came in one piece only when the one before has had its effect."""
        is_typed = self._driver is not None and not self.is_headless  # in a browser, too; a Pilot waits by itself
        if is_typed and isinstance(event, (Key, Paste)) and not event.is_forwarded:
            await self._key_order.take(event)
        else:
            await super().on_event(event)

    def is_ready(self) -> bool:
        """Say whether what is shown has the rows that keys act on."""
        return True

    def became_ready(self) -> None:
        """Let keys that waited for what is shown act on it now."""
        self._key_order.go_on()

    async def push_screen_wait(  # type: ignore[override]  # no screen has a name here
        self, screen: Screen[Given], *, mode: str | None = None
    ) -> Given:
        """Open a window from background work, and wait for what it gives; with the work it is given up.

        What the app has to do before may be the removal of the screen that began the work, which cancels it. Were that
        awaited by the work itself, as Textual does, the cancellation would run through it into the screen's own task
        and on into the app's, which would end without a word.
        """
        await asyncio.shield(self._flush_next_callbacks())
        try:
            return await asyncio.shield(self.push_screen(screen, wait_for_dismiss=True, mode=mode))
        except asyncio.CancelledError:
            if self.is_running and self.screen_stack[1:][-1:] == [screen]:
                self.pop_screen()
            raise

    def set_terminal_title(self, title: str) -> None:
        """Show a title in the terminal's frame until the app is left; the one before comes back then."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.set_title(printable(title))

    def leave(self) -> None:
        """End the app in peace, whatever is open."""
        self.exit()

    def fail_at_the_end(self, line: str) -> None:
        """Say, when the terminal is given back, what went wrong while the app was left; `return_code` is 1 then."""
        self.last_faults.append(line)
        self._return_code = self._return_code or 1

    def redraw(self) -> None:
        """Draw the whole screen anew, and send all of it, whatever the terminal shows."""
        self._send_all()
        self.refresh(layout=True)

    def action_suspend_process(self) -> None:
        """Stop, and give the terminal back to the shell, until we are continued."""
        if isinstance(self._driver, TerminalDriver) and self._running:
            self.app_suspend_signal.publish(self)
            self._driver.stop_process()
            self.app_resume_signal.publish(self)

    def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None) -> Driver:
        driver = super()._build_driver(headless, inline, mouse and self._reports_mouse, size)
        if isinstance(driver, TerminalDriver):
            driver.encoding = self._encoding
            driver.on_idle = self._send_frame
            driver.on_leave = self.leave
            self._frames = Frames(driver, self._depth, CellMaker(self._marks, self._encoding))
            asyncio.get_running_loop().set_exception_handler(self._on_lost_error)
            threading.excepthook = self._on_thread_error
        return driver

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if self._frames is None or not isinstance(renderable, (ChopsUpdate, LayoutUpdate)):
            super()._display(screen, renderable)
            return
        if not self._batch_count:
            self._frames.take(renderable)
            self._send_frame()
        self.post_display_hook()

    def _send_all(self) -> None:
        if self._frames is not None:
            self._frames.forget()
            self._send_frame()

    def _send_frame(self) -> None:
        if self._frames is not None and self._running and not self._closed:
            self._frames.send(self._wanted_cursor())

    def _wanted_cursor(self) -> tuple[int, int] | None:
        """Where the terminal's own cursor belongs: to where text is typed, for input methods and screen readers."""
        focused = self.screen.focused if self._screen_stack else None
        if not isinstance(focused, (Input, TextArea)):
            return None
        position = self.cursor_position
        if isinstance(focused, Input) and focused.cursor_position == len(focused.value):
            position -= Offset(1, 0)  # Textual counts one too many at the end of a text
        return self.screen.outer_size.clamp_offset(position)

    async def _on_resize(self, event: Resize) -> None:
        """Send all: Textual does so for another size only, but a terminal may have cut what it showed."""
        self._send_all()

    def _on_descendant_focus(self, event: DescendantFocus) -> None:
        """A blinking cursor costs bytes for as long as nothing happens."""
        if isinstance(event.widget, (Input, TextArea)):
            event.widget.cursor_blink = False

    def _set_pointer_shape(self, shape: str) -> None:
        """No sequence that not every terminal knows, for something that only the mouse shows."""

    async def _process_messages_loop(self) -> None:
        """Take a cancellation that nobody asked of the app for an error: Textual would leave as if all were well."""
        try:
            await super()._process_messages_loop()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or not task.cancelling():
                unforeseen = RuntimeError("what the app waited for was cancelled")
                unforeseen.__cause__ = error
                self._handle_exception(unforeseen)
            raise

    def _handle_exception(self, error: Exception) -> None:
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        logged = log_crash(self.crash_log, error)
        self._exit_renderables.append(crash_line(self.crash_log, error, logged=logged))
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        """End the app for the error that is being handled."""
        error = sys.exc_info()[1]
        self._handle_exception(error if isinstance(error, Exception) else RuntimeError("unknown"))

    def panic(self, *renderables: RenderableType) -> None:
        """End the app. What was to be shown may hold anything, so only its kind is kept."""
        self._handle_exception(RuntimeError(f"panic: {', '.join(type(one).__name__ for one in renderables)}"))

    def _print_error_renderables(self) -> None:
        """Say on the terminal, which is given back by now, what the app ended with: one line, and one each fault."""
        said = [one for one in self._exit_renderables if isinstance(one, str)][:1] + self.last_faults
        self._exit_renderables.clear()
        if sys.__stderr__ is not None and not self.is_headless:
            with suppress(OSError, ValueError):
                for line in said:
                    text = printable(redact(line)) + "\n"
                    sys.__stderr__.buffer.write(text.encode(self._encoding, "replace"))
                    sys.__stderr__.buffer.flush()

    async def _shutdown(self) -> None:
        try:
            await super()._shutdown()
        finally:
            threading.excepthook = self._thread_hook

    def _on_lost_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Keep what a task failed with that nobody waited for."""
        error = context.get("exception")
        if isinstance(error, BaseException):
            log_crash(self.crash_log, error)

    def _on_thread_error(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            log_crash(self.crash_log, args.exc_value)


_DEPTHS = {"256": ColourDepth.INDEXED, "truecolor": ColourDepth.TRUE, "standard": ColourDepth.SIXTEEN}
