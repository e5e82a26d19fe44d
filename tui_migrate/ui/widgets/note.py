"""One line above the footer: what just went wrong, or was done. It goes with the next key."""

import re
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from tui_migrate.ui.widgets.fitting import cut, fit
from tui_migrate.ui.widgets.lines import Lines

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
        self._until_ended = 0

    def say(self, text: str, *, is_error: bool, until_ended: int = 0) -> None:
        """Show a line; where it is too long its paths are cut, so that what stands behind them is seen.

        `until_ended` is the run by whose end it is out of date, 0 for none.
        """
        self._until_ended = until_ended
        self.set_class(is_error, "-error")
        self._said = f" {'✗' if is_error else '✓'} {text}"
        self._draw()

    def run_ended(self, run_id: int) -> None:
        """Show nothing more of what was true while this run went on."""
        if self._until_ended == run_id:
            self.clear()

    def clear(self) -> None:
        """Show nothing."""
        self._until_ended = 0
        self.set_class(False, "-error")
        self._said = ""
        self._draw()

    def on_resize(self) -> None:
        """Cut the line anew."""
        self._draw()

    def _draw(self) -> None:
        width = self.size.width or self.app.size.width
        # Half a sentence may say the contrary of the whole: that it is cut has to be seen.
        self.show([Text(cut(with_short_paths(self._said, width), width), end="")])


def with_short_paths(text: str, width: int) -> str:
    """Cut paths in a text in their middle, the longest first, as far as it takes to come to a number of cells."""
    paths = [found[1] or found[0] for found in _PATH.finditer(text)]
    for path in sorted(paths, key=cell_len, reverse=True):
        room = cell_len(path) - max(0, cell_len(text) - width)
        text = text.replace(path, fit(path, max(LEAST_CELLS, room)), 1)
    return text
