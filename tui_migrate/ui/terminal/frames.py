"""Frames on their way from Textual's compositor to the terminal."""

from collections.abc import Iterator

from rich.segment import Segment
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

from tui_migrate.ui.terminal.cells import CellMaker
from tui_migrate.ui.terminal.differ import CellDiffer
from tui_migrate.ui.terminal.driver import TerminalDriver
from tui_migrate.ui.terminal.small import notice
from tui_migrate.ui.terminal.start import ColourDepth


class Frames:
    """Keeps what the app has drawn, and sends it when the line has room: frames that nobody saw are never sent."""

    def __init__(self, driver: TerminalDriver, depth: ColourDepth, maker: CellMaker) -> None:
        self._driver = driver
        self._depth = depth
        self._maker = maker
        self._screen = CellDiffer(*driver.app_size, depth, maker)
        self._notice: CellDiffer | None = None

    def take(self, update: LayoutUpdate | ChopsUpdate) -> None:
        """Keep what the compositor has drawn."""
        if isinstance(update, LayoutUpdate):
            if self._screen.size != update.region.size:
                self._screen.resize(*update.region.size)
            strips = _layout_strips(update)
        else:
            strips = _changed_strips(update)
        for x, y, strip in strips:
            self._screen.write(x, y, strip)

    def forget(self) -> None:
        """Send everything with the next frame, whatever the terminal shows."""
        self._screen.forget()
        self._notice = None

    def send(self, cursor: tuple[int, int] | None) -> None:
        """Send what the terminal does not show yet; later, where the line is busy or the app not yet laid out anew."""
        if self._driver.is_busy:
            return
        if self._driver.is_too_small:
            self._driver.write(self._small_frame())
        elif self._screen.size == self._driver.app_size:
            self._driver.write(self._screen.frame(cursor))

    def _small_frame(self) -> str:
        width, height = self._driver.terminal_size
        if self._notice is None:
            self._notice = CellDiffer(width, height, self._depth, self._maker)
            for y, line in enumerate(notice(width, height)):
                self._notice.write(0, y, [Segment(line)])
        return self._notice.frame()


def _layout_strips(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield x, y, strip
            x += strip.cell_length


def _changed_strips(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Give the strips that touch a changed span, whole: what of them has not changed costs nothing.

    Textual itself cuts them at the end of the span, through wide characters too.
    """
    for y, first, end in update.spans:
        for strip_end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=True):
            if strip is not None and x <= end and strip_end > first:
                yield x, y, strip
