"""The driver: takes the terminal over for the app, and gives it back whatever happens.

Textual's own one writes through a queue that blocks the event loop when it is full, spins when the terminal is gone,
leaves the alternate screen on after SIGTERM, and stops only its own process on ctrl+z.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from textual.app import App
from textual.driver import Driver
from textual.events import InputEvent, Key, Paste, Resize
from textual.geometry import Size
from textual.message import Message
from textual.messages import InBandWindowResize, TerminalSupportsSynchronizedOutput

from tui_migrate.ui.terminal import modes
from tui_migrate.ui.terminal.keys import KeyReader
from tui_migrate.ui.terminal.small import KEYS_THAT_LEAVE, KEYS_THAT_PASS, MINIMUM, is_too_small
from tui_migrate.ui.terminal.writer import TerminalWriter

_WITHOUT_TITLE: Final = ("linux", "vt100", "vt102", "vt220")
_ENDING: Final = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


class TerminalDriver(Driver):
    """A terminal on stdin and stderr.

    The app is told `app_size`, which is MINIMUM at least, so nothing under it has to fit less; `terminal_size` is the
    real one. While that is too small, keys that act on what cannot be seen are dropped. `encoding`, `on_idle`,
    which is called when all that was written has gone out, and `on_leave`, which leaves the app, are the app's to set
    before it starts.
    """

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        stdin, stderr = sys.__stdin__, sys.__stderr__
        if stdin is None or stderr is None:
            raise RuntimeError("stdin and stderr have to be open")
        self._input = stdin.fileno()
        self._output = stderr.fileno()
        self._before = modes.read_attributes(self._input)
        self._writer: TerminalWriter | None = None
        self._reader: KeyReader | None = None
        self.encoding = "utf-8"
        self.on_idle: Callable[[], None] = lambda: None
        self.on_leave: Callable[[], None] = app.exit
        self._title = ""
        self._measure()

    @property
    def can_suspend(self) -> bool:
        """It can."""
        return True

    @property
    def is_busy(self) -> bool:
        """True while bytes wait for the line."""
        return self._writer is not None and self._writer.is_busy

    @property
    def is_too_small(self) -> bool:
        """True while the terminal has no room for the app."""
        return is_too_small(*self.terminal_size)

    def _measure(self) -> None:
        self.terminal_size = modes.read_size(self._output)
        width, height = self.terminal_size
        self.app_size = max(width, MINIMUM[0]), max(height, MINIMUM[1])
        self._size = self.app_size

    def write(self, data: str) -> None:
        """Send text some time soon; dropped while the terminal is not ours."""
        if self._writer is not None:
            self._writer.write(data)

    def set_title(self, title: str) -> None:
        """Show a title; the one before comes back when the terminal is given back. Not on a console without a frame."""
        if title == self._title or os.environ.get("TERM", "") in _WITHOUT_TITLE:
            return
        self.write((modes.KEEP_TITLE if not self._title else "") + modes.title(title))
        self._title = title

    def start_application_mode(self) -> None:
        """Take the terminal: raw input, the alternate screen, signals."""
        self._writer = TerminalWriter(
            self._output, self.encoding, on_idle=self._soon(self.on_idle), on_lost=self._soon(self._leave)
        )
        self._enter_modes()
        if self._title:
            self.write(modes.KEEP_TITLE + modes.title(self._title))
        self._writer.start()
        self._reader = KeyReader(
            self._input,
            self.encoding,
            on_message=self.process_message,
            on_lost=self._soon(self._leave),
            on_error=lambda error: self._soon(lambda: self._app._handle_exception(error))(),  # noqa: SLF001 - no public way
        )
        self._reader.start()
        for number in _ENDING:
            self._loop.add_signal_handler(number, self._leave, number)
        self._loop.add_signal_handler(signal.SIGWINCH, self._tell_size)
        self._loop.add_signal_handler(signal.SIGTSTP, self._app.action_suspend_process)
        self._loop.add_signal_handler(signal.SIGCONT, self._take_again)
        self._tell_size()

    def _enter_modes(self) -> None:
        if self._before is not None:
            modes.set_raw(self._input, self._before)
        self.write(modes.ENTER + (modes.MOUSE_ON if self._mouse else ""))

    def disable_input(self) -> None:
        """Read no more."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.stop()
            reader.close()
            modes.drop_input(self._input)

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was; `close` sees to it that all of that goes out."""
        self.disable_input()
        self.write(
            (modes.RESTORE_TITLE if self._title else "") + (modes.MOUSE_OFF if self._mouse else "") + modes.LEAVE
        )
        if self._before is not None:
            modes.set_attributes(self._input, self._before)

    def close(self) -> None:
        """Wait until all is written; not for long where the line stands still."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.stop()

    def stop_process(self) -> None:
        """Give the terminal back and stop, as ctrl+z does; take it again when continued.

        The whole process group stops: a parent in it that waits for us would keep the shell from coming back. Where no
        shell is there to continue us the kernel does not stop us (POSIX, orphaned process groups).
        """
        self.suspend_application_mode()
        for number in (signal.SIGTSTP, signal.SIGCONT):
            self._loop.remove_signal_handler(number)
        os.killpg(os.getpgrp(), signal.SIGTSTP)
        self.resume_application_mode()

    def process_message(self, message: Message) -> None:
        """Hand on what the terminal sent. Called in the reader's thread."""
        if isinstance(message, (InBandWindowResize, TerminalSupportsSynchronizedOutput)):
            return  # answers to what was never asked
        acts = isinstance(message, (InputEvent, Paste))
        if self.is_too_small and isinstance(message, Key) and message.key in KEYS_THAT_LEAVE:
            self._soon(self.on_leave)()
            return
        passes = isinstance(message, Key) and message.key in KEYS_THAT_PASS
        if not (acts and self.is_too_small) or passes:
            super().process_message(message)

    def _soon(self, call: Callable[[], object]) -> Callable[[], None]:
        """Make a function that another thread may call to have this one called in the loop's."""

        def hand_over() -> None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(call)

        return hand_over

    def _tell_size(self) -> None:
        self._measure()
        size = Size(*self.app_size)
        self._app.post_message(Resize(size, size))

    def _take_again(self) -> None:
        """Somebody stopped and continued us: whatever ran meanwhile may have changed the terminal."""
        self._enter_modes()
        if self._title:
            self.write(modes.title(self._title))
        self._tell_size()

    def _leave(self, number: int = signal.SIGHUP) -> None:
        """End the app: a signal says so, or the terminal is gone."""
        self._app.exit(return_code=128 + number)
