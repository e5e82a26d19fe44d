"""Lets nothing but text through where Textual's own driver writes: there, no cell maker takes out what acts."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui_migrate.ui.terminal.cells import is_text


class TextFilter(LineFilter):
    """Takes out of each line what acts on a terminal, or cannot be encoded; a field shows whatever was pasted."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Give the segments as wide as they were."""
        return [
            one
            if one.control or one.text.isprintable()
            else Segment("".join(map(_shown, one.text)), one.style, one.control)
            for one in segments
        ]


def _shown(character: str) -> str:
    return character if is_text(character) else "?" * cell_len(character)
