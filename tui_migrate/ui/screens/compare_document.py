"""One document of a comparison, field by field, as both ends have it now."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.comparison.model import DocumentDifference
from tui_migrate.errors import TuiMigrateError
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import Mask
from tui_migrate.ui.compare_words import KINDS, changes_words, id_words
from tui_migrate.ui.comparing import Asked
from tui_migrate.ui.document_diff import SIDE_COLUMNS, DocumentDiff, read_document, side_by_side, unified
from tui_migrate.ui.look import Fault, Opening, first_error
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table

WIDE: Final = 120
"""From this width on both documents stand side by side."""


class CompareDocumentScreen(OperatorScreen):
    """One document: what the comparison kept of it, and what both ends have now, read when the screen is opened."""

    ACTIONS: ClassVar = ("look.again",)

    class Read(Message):
        """Both ends were read, or why not."""

        def __init__(self, diff: DocumentDiff | None, fault: Fault | None) -> None:
            super().__init__()
            self.diff = diff
            self.fault = fault

    def __init__(
        self,
        asked: Asked,
        collection: str,
        difference: tuple[DocumentDifference, DocumentDifference],
        mask: Mask,
        *,
        is_readable: bool,
    ) -> None:
        """`difference` is as it was found, and as it may be shown."""
        super().__init__()
        self._asked = asked
        self._collection = collection
        self._found, self._shown = difference
        self._mask = mask
        self._is_readable = is_readable
        self._diff = DocumentDiff.known(self._shown)
        self._fault: Fault | None = None
        self._work: Worker[Any] | None = None
        self._has_moved = False

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the text, and the two columns in its place where there is room for them."""
        yield Prose(id="what")
        yield FaultPane(id="fault")
        yield Pager(id="unified")
        yield Table(SIDE_COLUMNS, empty="Nothing is known yet.", id="sides")

    def on_mount(self) -> None:
        """Read the document."""
        super().on_mount()
        self._turn()
        if self._is_readable:
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

    def where(self) -> tuple[str, None, str]:
        """Which document."""
        return f"compare › {printable(self._collection)} › {id_words(self._shown)}", None, self._asked.production

    def help_text(self) -> str:
        """How to read it."""
        return (
            "- is what A has, the source of a plan, + what B has, its target. The fields are told from the documents as"
            " they are now; where an end cannot be read, from the comparison. From 120 columns on both documents stand"
            " side by side."
        )

    def is_available(self, action_id: str) -> bool:
        """It can be read again while nobody reads it."""
        return action_id != "look.again" or (self._is_readable and not self._is_reading)

    def go_back(self) -> bool:
        """Stop reading first."""
        if self._work is None or not self._is_reading:
            return False
        self._work.cancel()
        self._work = None
        self._draw()
        return True

    def on_compare_document_screen_read(self, message: Read) -> None:
        """Show what was read, or what is known without."""
        self._work = None
        self._fault = message.fault
        self._diff = message.diff or DocumentDiff.known(self._shown)
        self._draw()

    def action_look_again(self) -> None:
        """Read the document from both ends."""
        self._fault = None
        self._work = self.migrate_app.in_background(self._read(), "compare-document")
        self._draw()

    @property
    def _is_reading(self) -> bool:
        return self._work is not None and not self._work.is_finished

    async def _read(self) -> None:
        session = self.session
        opening = Opening(session.home, session.passwords, session.clock)
        try:
            diff = await read_document(self._asked, opening, self._collection, self._found.id, self._mask)
        except* TuiMigrateError as group:
            self.post_message(self.Read(None, Fault.of(first_error(group))))
        else:
            self.post_message(self.Read(diff, None))

    def _turn(self) -> None:
        """Show one form and hide the other."""
        pager, sides = self.query_one(Pager), self.query_one("#sides", Table)
        is_wide = self.size.width >= WIDE
        pager.display, sides.display = not is_wide, is_wide
        (sides if is_wide else pager).focus()
        self._draw()

    def _draw(self) -> None:
        what = [f" {KINDS[self._shown.kind]}: {changes_words(self._shown) or 'see below'}"]
        if self._is_reading:
            what.append(" Reading the document from both ends… esc stops.")
        elif not self._is_readable:
            what.append(" It has no _id of its own to be read by: this is what the comparison has kept.")
        elif self._diff.left or self._diff.right:
            what.append(" As both ends have it now: - is A, the source of a plan; + is B, its target.")
        else:
            what.append(" It was not read: this is what the comparison has kept.")
        self.query_one("#what", Prose).say([*what, ""])
        pane = self.query_one("#fault", FaultPane)
        if self._fault is not None:
            pane.explain(self._fault.message, self._fault.hint, f"{self.key_of('look.again')} tries again.")
        else:
            pane.clear()
        self.query_one(Pager).say(unified(self._diff) or ["Nothing more is known of it."])
        sides, rows = self.query_one("#sides", Table), side_by_side(self._diff)
        sides.show(rows, empty="Nothing more is known of it." if not self._is_reading else "Reading…")
        first = next((row.key for row in rows if row.key.startswith("!")), None)
        if first is not None and not self._has_moved and self._diff.left:
            self._has_moved = True
            sides.move_to(first)
        self.refresh_frame()
