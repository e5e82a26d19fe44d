"""One line above the footer: what just went wrong, or was done. It goes with the next key."""

import re
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.table import fit

LEAST_CELLS: Final = 12
"""A path that had to be cut to fewer cells would say nothing."""

_PATH: Final = re.compile(r"(?<!\S)/[^\s:;]+|(?<=cannot )(?:\w+ )*?(/.+?)(?=: )")
"""A path without blanks; or, in “cannot write …: why”, one that may hold any."""


class Note(Lines):
    """An empty line until something is said; its place is always kept, so that nothing jumps."""

    DEFAULT_CSS = "Note { height: 1; width: 1fr; }"

    def __init__(self) -> None:
        super().__init__([""])
        self._said = ""

    def say(self, text: str, *, is_error: bool) -> None:
        """Show a line; where it is too long its paths are cut, so that what stands behind them is seen."""
        self.set_class(is_error, "-error")
        self._said = f" {'✗' if is_error else '✓'} {text}"
        self._draw()

    def clear(self) -> None:
        """Show nothing."""
        self.set_class(False, "-error")
        self._said = ""
        self._draw()

    def forget(self, words: str) -> None:
        """Show nothing where it was said of this that all is well: it is not so any more."""
        if words in self._said and not self.has_class("-error"):
            self.clear()

    def on_resize(self) -> None:
        """Cut the line anew."""
        self._draw()

    def _draw(self) -> None:
        width = self.size.width or self.app.size.width
        self.show([Text(with_short_paths(self._said, width), end="")])


def with_short_paths(text: str, width: int) -> str:
    """Cut paths in a text in their middle, the longest first, as far as it takes to come to a number of cells."""
    paths = [found[1] or found[0] for found in _PATH.finditer(text)]
    for path in sorted(paths, key=cell_len, reverse=True):
        room = cell_len(path) - max(0, cell_len(text) - width)
        text = text.replace(path, fit(path, max(LEAST_CELLS, room)), 1)
    return text
