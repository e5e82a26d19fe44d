"""The thread that reads what the terminal sends: keys, pastes, the mouse."""

import codecs
import os
import select
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.events import Paste
from textual.message import Message

from tui_migrate.ui.terminal.pastes import Pastes

_TICK_SECONDS: Final = 0.1
_READ_BYTES: Final = 4096


class KeyReader(threading.Thread):
    """Parses a terminal's input and hands on the messages, all in this thread.

    `on_lost` is called when the terminal is gone (end of file, EIO), `on_error` with what nobody foresaw; the thread
    ends with either. Bytes that are no text in the terminal's encoding are left out.
    """

    def __init__(
        self,
        fileno: int,
        encoding: str,
        *,
        on_message: Callable[[Message], None],
        on_lost: Callable[[], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        super().__init__(name="terminal-input", daemon=True)
        self._fileno = fileno
        self._decode = codecs.getincrementaldecoder(encoding)("ignore").decode
        self._on_message = on_message
        self._on_lost = on_lost
        self._on_error = on_error
        self._parser = XTermParser()
        self._pastes = Pastes()
        self._wake_read, self._wake_write = os.pipe()

    def stop(self) -> None:
        """End the thread; what was typed and not read is left to the terminal."""
        os.write(self._wake_write, b".")
        self.join()

    def run(self) -> None:
        """Read until it is stopped or the terminal is gone."""
        try:
            if not self._read_on():
                self._on_lost()
        except OSError:
            self._on_lost()
        except Exception as error:  # noqa: BLE001 - the thread's outermost edge: the app shows it
            self._on_error(error)

    def close(self) -> None:
        """Give back what the thread held; it has to have ended."""
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _read_on(self) -> bool:
        """Read and parse. Gives False at the end of the file, True where it was stopped."""
        try:
            while True:
                ready, _, _ = select.select((self._fileno, self._wake_read), (), (), _TICK_SECONDS)
                if self._wake_read in ready:
                    return True
                if ready:
                    data = os.read(self._fileno, _READ_BYTES)
                    if not data:
                        return False
                    # Nothing decoded yet, half a character, must not be fed: to the parser it is the end.
                    if text := self._decode(data):
                        self._take(text)
                self._hand_on(self._parser.tick())
        finally:
            with suppress(EOFError, ParseError):
                list(self._parser.feed(""))

    def _take(self, text: str) -> None:
        for piece in self._pastes.part(text):
            if piece is None:
                self._parser = XTermParser()
            elif isinstance(piece, Paste):
                self._on_message(piece)
            else:
                self._hand_on(self._parser.feed(piece))

    def _hand_on(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._on_message(message)
