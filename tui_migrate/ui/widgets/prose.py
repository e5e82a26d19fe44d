"""Paragraphs that are broken into lines by the width there is, counted in cells."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Size

from tui_migrate.ui.widgets.lines import Lines

_SIGNS: Final = "-_/.,:"
"""Behind these a long name or URL may be broken and stays readable; a path behind its slashes alone."""
_MARKS: Final = ("✗ ", "✓ ", "! ", "~ ", "● ")


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Break a text into lines of at most `width` cells; lines after the first begin with `indent`.

    Breaks fall on blanks; a word that is longer than a line is broken, a path behind a slash, another behind one of its
    signs.
    """
    lines, line = [], ""
    for word, is_rest in _words(text, max(1, width - len(indent))):
        if line and (is_rest or cell_len(line) + 1 + cell_len(word) > max(1, width)):
            lines.append(line)
            line = indent + word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _words(text: str, width: int) -> Iterator[tuple[str, bool]]:
    """Give the words, one that is longer than a line in parts; with each whether it is the rest of the one before."""
    for word in text.split(" "):
        rest, is_rest = word, False
        while cell_len(rest) > width:
            head = rest[:1]
            for character in rest[1:]:
                if cell_len(head) + cell_len(character) > width:
                    break
                head += character
            head = head[: _broken_at(head)]
            yield head, is_rest
            rest, is_rest = rest[len(head) :], True
        yield rest, is_rest


def _broken_at(head: str) -> int:
    """Say how much of a word stays on its line: the whole folders of a path, else up to a sign not far from the end."""
    slash = head.rfind("/", 1) + 1
    if slash and not head[:slash].endswith("//"):
        return slash
    sign = max(head.rfind(one, 1) for one in _SIGNS) + 1
    return sign if sign > len(head) // 2 else len(head)


class Prose(Lines):
    """Paragraphs, one string or `Text` each; strings are wrapped, a `Text` stays the line that it is.

    The leading blanks of a paragraph are kept and set before its further lines too, which stand below its words where
    it begins with a mark.
    """

    DEFAULT_CSS = "Prose { height: auto; width: 1fr; }"

    def __init__(
        self, paragraphs: Sequence[Text | str] = (), *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._paragraphs = tuple(paragraphs)
        self._width = 0

    def say(self, paragraphs: Sequence[Text | str]) -> None:
        """Show these paragraphs instead."""
        self._paragraphs = tuple(paragraphs)
        if self._width:
            self.show(list(self._broken(self._width)))

    def on_resize(self) -> None:
        """Break the paragraphs anew."""
        if self.size.width != self._width:
            self._width = self.size.width
            self.show(list(self._broken(self._width)))

    @property
    def words(self) -> str:
        """What it says, unbroken, for tests."""
        return "\n".join(one if isinstance(one, str) else one.plain for one in self._paragraphs)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the paragraphs need at this width."""
        if width != self._width:
            self._width = width
            self._lines = [Text(one, end="") if isinstance(one, str) else one for one in self._broken(width)]
        return super().get_content_height(container, viewport, width)

    def _broken(self, width: int) -> Iterator[Text | str]:
        for one in self._paragraphs:
            if isinstance(one, Text):
                yield one
            else:
                stripped = one.lstrip(" ")
                indent = one[: len(one) - len(stripped)]
                hanging = " " * 2 if stripped.startswith(_MARKS) else ""
                for number, line in enumerate(wrap(stripped, width - len(indent), hanging)):
                    yield indent + line if line or number else line
