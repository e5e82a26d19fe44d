"""What is pasted, parted from what is typed, however late its pieces come: bracketed paste (xterm's mode 2004).

Textual's parser takes a sequence for ended a tenth of a second after its last byte. Where a line held up the middle of
the end of a paste, it took everything after that for pasted, for good; a beginning that was cut let what was pasted
act as keys, as did an escape within it.
"""

from collections.abc import Generator, Iterator
from typing import Final

from textual.events import Paste

BEGIN: Final = "\x1b[200~"
END: Final = "\x1b[201~"
MOST_CHARACTERS: Final = 1_000_000
"""More of one paste is left out."""

_HELD_FROM: Final = len("\x1b[2")
"""A shorter beginning may be a key of its own: escape, or alt with a bracket."""


class Pastes:
    """Takes what a terminal sends, in whatever pieces."""

    def __init__(self) -> None:
        self._passed = ""
        self._held = ""
        self._pasted: str | None = None

    def part(self, text: str) -> Iterator[str | Paste | None]:
        """Give what is typed, and each paste once it is whole.

        None means: what was typed last, or waits to become a key, was the beginning of a paste; forget it.
        """
        while text:
            if self._pasted is None:
                text = yield from self._typed(text)
            else:
                text = yield from self._paste(self._pasted + text)

    def _typed(self, text: str) -> Generator[str | None, None, str]:
        """Pass on what is typed, and give what follows the beginning of a paste."""
        stream, passed = self._passed + self._held + text, len(self._passed)
        at = stream.find(BEGIN)
        if at >= 0:
            if at == 0 and passed:
                yield None
            elif typed := stream[passed:at]:
                yield typed
            self._passed, self._held, self._pasted = "", "", ""
            return stream[at + len(BEGIN) :]
        tail = _beginning_at_end(stream, BEGIN)
        is_new = len(stream) - len(tail) >= passed
        self._held = stream[len(stream) - len(tail) :] if is_new and len(tail) >= _HELD_FROM else ""
        self._passed = "" if self._held else tail
        if typed := stream[passed : len(stream) - len(self._held)]:
            yield typed
        return ""

    def _paste(self, pasted: str) -> Generator[Paste, None, str]:
        """Take what is pasted, and give what follows its end."""
        at = pasted.find(END)
        if at < 0:
            tail = _beginning_at_end(pasted, END)
            self._pasted = pasted[: len(pasted) - len(tail)][:MOST_CHARACTERS] + tail
            return ""
        self._pasted = None
        yield Paste(pasted[:at][:MOST_CHARACTERS].replace("\x00", ""))
        return pasted[at + len(END) :]


def _beginning_at_end(text: str, sequence: str) -> str:
    """Give the longest beginning of a sequence that a text ends with."""
    return next((sequence[:size] for size in range(len(sequence) - 1, 0, -1) if text.endswith(sequence[:size])), "")
