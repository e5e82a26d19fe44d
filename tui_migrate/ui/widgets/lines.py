"""A block of lines that repaints only those that changed."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.text import Text
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget


class Lines(Widget):
    """Static lines of `rich.text.Text`; `show` replaces them. Styles in them are theme variables' colours or plain.

    A line longer than the widget is cut at its right edge, where a … stands then. The height follows the number of
    lines unless CSS says otherwise.
    """

    DEFAULT_CSS = "Lines { height: auto; width: 1fr; }"

    def __init__(self, lines: Sequence[Text | str] = (), *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self._lines = [_text(one) for one in lines]

    def show(self, lines: Sequence[Text | str]) -> None:
        """Show these lines instead."""
        before, self._lines = self._lines, [_text(one) for one in lines]
        if len(before) != len(self._lines):
            self.refresh(layout=True)
            return
        for row, (old, new) in enumerate(zip(before, self._lines, strict=True)):
            if old != new or old.spans != new.spans:
                self.refresh(Region(0, row, self.size.width, 1))

    @property
    def plain(self) -> str:
        """The text of all lines, for tests and for copying."""
        return "\n".join(one.plain for one in self._lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are lines."""
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, style = self.size.width, self.rich_style
        if y >= len(self._lines):
            return Strip.blank(width, style)
        line = self._lines[y]
        if line.cell_len > width:
            line = line.copy()
            line.truncate(width, overflow="ellipsis")
        segments = [
            Segment(part.text, style + part.style if part.style else style)
            for part in line.render(self.app.console)
            if part.text != "\n"
        ]
        return Strip(segments).adjust_cell_length(width, style).simplify()


def _text(line: Text | str) -> Text:
    return Text(line, end="") if isinstance(line, str) else line
