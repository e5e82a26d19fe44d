"""A long text to read: wrapped to the width, moved through by the keys of the tables."""

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding
from textual.strip import Strip
from textual.widget import Widget

from tui_migrate.redaction import printable
from tui_migrate.ui.widgets.prose import wrap

HANGING: Final = 17
"""Cells to the left of the texts that stand beside a word."""


class Pager(Widget, can_focus=True):
    """Paragraphs; those that begin with `# ` are headings. Blanks before a paragraph indent all of its lines.

    What stands before a tab is set beside what follows it.
    """

    DEFAULT_CSS = "Pager { height: 1fr; width: 1fr; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"pager--heading", "pager--note"}
    BINDINGS: ClassVar = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup,ctrl+u", "page(-1)", show=False),
        Binding("pagedown,ctrl+d,space", "page(1)", show=False),
        Binding("home,g", "edge(-1)", show=False),
        Binding("end,G", "edge(1)", show=False),
    ]

    def __init__(self, paragraphs: Sequence[str] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._paragraphs = tuple(paragraphs)
        self._lines: list[str] = []
        self._top = 0

    def say(self, paragraphs: Sequence[str]) -> None:
        """Show these paragraphs instead, from their begin."""
        self._paragraphs = tuple(paragraphs)
        self._top = 0
        self._break()

    @property
    def words(self) -> str:
        """The whole text, unbroken, for tests."""
        return "\n".join(self._paragraphs)

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._break()

    def render_line(self, y: int) -> Strip:
        """Draw one line, or where one stands in the text."""
        width = self.size.width
        if y == self.size.height - 1 and len(self._lines) > self._height:
            last = min(self._top + self._height, len(self._lines))
            # A full screen says in its footer how it is left; over that, a text may hide all other words.
            back = "   esc goes back" if self.screen.is_modal else ""
            words = f" lines {self._top + 1}–{last} of {len(self._lines)}{back}"
            note = Strip([Segment(words, self.get_component_rich_style("pager--note"))])
            return note.adjust_cell_length(width, self.rich_style)
        line = self._lines[self._top + y] if self._top + y < len(self._lines) else ""
        style = self.rich_style
        if line.startswith("# "):
            line, style = line[2:], self.get_component_rich_style("pager--heading")
        return Strip([Segment(" " + line, style)]).adjust_cell_length(width, self.rich_style)

    def action_move(self, step: int) -> None:
        """Move by lines."""
        self._go(self._top + step)

    def action_page(self, step: int) -> None:
        """Move by pages."""
        self._go(self._top + step * self._height)

    def action_edge(self, step: int) -> None:
        """Move to the begin or the end."""
        self._go(0 if step < 0 else len(self._lines))

    @property
    def _height(self) -> int:
        return max(1, self.size.height - 1)

    def _go(self, top: int) -> None:
        self._top = max(0, min(top, len(self._lines) - self._height))
        self.refresh()

    def _break(self) -> None:
        width = max(1, self.size.width - 2)
        self._lines = []
        for one in self._paragraphs:
            word, tab, rest = one.partition("\t")
            if tab:
                self._lines.extend(_beside(printable(word), wrap(printable(rest), max(1, width - HANGING))))
                continue
            shown = printable(one)
            text = shown.lstrip(" ")
            indent = shown[: len(shown) - len(text)]
            self._lines.extend(indent + line for line in wrap(text, width - len(indent)))
        self._go(self._top)


def _beside(word: str, lines: list[str]) -> list[str]:
    """Put lines to the right of a word; a word too long for its place stands above them."""
    space = " " * HANGING
    if cell_len(word) >= HANGING:
        return [word, *(space + line for line in lines)]
    first = word + " " * (HANGING - cell_len(word)) + lines[0]
    return [first, *(space + line for line in lines[1:])]
