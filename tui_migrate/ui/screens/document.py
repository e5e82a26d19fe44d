"""What screens of one document have in common: two versions of it, one below the other or side by side."""

import time
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.ui.document_diff import SIDE_COLUMNS
from tui_migrate.ui.greeting import SLOW_SECONDS
from tui_migrate.ui.look import Fault
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table

WIDE: Final = 120
"""From this width on both versions stand side by side."""


class DocumentScreen(OperatorScreen):
    """Two versions of a document, read when the screen is opened.

    Subclasses give `read`, which posts what it has found to themselves, call `has_read` when that came, and `draw`.
    """

    SIDES: ClassVar[tuple[Column, ...]] = SIDE_COLUMNS
    READS: ClassVar[str] = "document"
    """The group of its background work."""

    def __init__(self) -> None:
        super().__init__()
        self._work: Worker[Any] | None = None
        self._begun = 0.0
        self._was_read = False
        self._has_moved = False
        self._text: Sequence[str] = ()

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the head, the text, and the two columns in its place where there is room for them."""
        yield Prose(id="what")
        yield FaultPane(id="fault")
        yield Pager(id="unified")
        yield Table(self.SIDES, empty="", id="sides")

    def on_mount(self) -> None:
        """Read the document."""
        self._timer = self.set_interval(1.0, self.draw, pause=True)
        self._turn()
        if self.is_available("look.again"):
            self.action_look_again()

    def on_unmount(self) -> None:
        """Nobody waits for it any more."""
        if self._work is not None:
            self._work.cancel()

    def on_resize(self) -> None:
        """Take the form that the width has room for."""
        super().on_resize()
        if self.is_mounted:
            self._turn()

    @property
    def is_reading(self) -> bool:
        """True while the document is read."""
        return self._work is not None and not self._work.is_finished

    def action_look_again(self) -> None:
        """Read the document."""
        self._begun = time.monotonic()
        self._work = self.migrate_app.in_background(self.read(), self.READS)
        self._timer.resume()
        self.draw()

    def has_read(self) -> None:
        """Draw what was read, or why it was not."""
        self._work, self._was_read = None, True
        self._timer.pause()
        self.draw()

    def stop_reading(self) -> bool:
        """Give the reading up; say whether there was one."""
        if self._work is None or not self.is_reading:
            return False
        self._work.cancel()
        self._work = None
        self._timer.pause()
        self.draw()
        return True

    def slow_words(self) -> str:
        """Say for how long nothing has come, once that is long."""
        waited = time.monotonic() - self._begun
        return f" {waited:.0f} s without an answer;" if waited >= SLOW_SECONDS else ""

    async def read(self) -> None:
        """Read both versions and post what came of it."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw what is known by now."""
        raise NotImplementedError

    def draw_document(
        self, said: Sequence[str], fault: Fault | None, text: Sequence[str], rows: Sequence[Row], empty: str
    ) -> None:
        """Draw the head, the fault, and the document in both forms; the first time, from what differs on."""
        self.query_one("#what", Prose).say([*said, ""])
        pane = self.query_one("#fault", FaultPane)
        if fault is not None:
            pane.explain(fault.message, fault.hint, f"{self.key_of('look.again')} tries again.")
        else:
            pane.clear()
        if text != self._text:  # who reads it is not thrown back to its begin
            self._text = text
            self.query_one("#unified", Pager).say(text)
        sides = self.query_one("#sides", Table)
        sides.show(rows, empty=empty)
        first = next((row.key for row in rows if row.key.startswith("!")), None)
        if first is not None and self._was_read and not self._has_moved:
            self._has_moved = True
            sides.move_to(first)
        self.refresh_frame()

    def _turn(self) -> None:
        """Show one form and hide the other."""
        pager, sides = self.query_one("#unified", Pager), self.query_one("#sides", Table)
        is_wide = self.size.width >= WIDE
        pager.display, sides.display = not is_wide, is_wide
        (sides if is_wide else pager).focus()
        self.draw()
