"""One document of a comparison, field by field, as both ends have it now."""

from typing import ClassVar

from textual.message import Message

from tui_migrate.comparison.model import DocumentDifference
from tui_migrate.errors import TuiMigrateError
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import Mask
from tui_migrate.ui.compare_words import FIELDS_NAMED, KINDS, changes_words, id_words
from tui_migrate.ui.comparing import Asked
from tui_migrate.ui.document_diff import DocumentDiff, read_document, side_by_side, unified
from tui_migrate.ui.look import Fault, Opening, first_error
from tui_migrate.ui.screens.document import DocumentScreen


class CompareDocumentScreen(DocumentScreen):
    """One document: what the comparison kept of it, and what both ends have now, read when the screen is opened."""

    ACTIONS: ClassVar = ("look.again",)
    READS: ClassVar = "compare-document"

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

    def where(self) -> tuple[str, None, str]:
        """Which document."""
        return f"compare › {printable(self._collection)} › {id_words(self._shown)}", None, self._asked.production

    def help_text(self) -> str:
        """How to read it."""
        return (
            "- is what B has, the target of a plan, + what A has, its source. The fields are told from the documents as"
            " they are now; where an end cannot be read, from the comparison. From 120 columns on both documents stand"
            " side by side."
        )

    def is_available(self, action_id: str) -> bool:
        """It can be read again while nobody reads it."""
        return action_id != "look.again" or (self._is_readable and not self.is_reading)

    def go_back(self) -> bool:
        """Stop reading first."""
        return self.stop_reading()

    def on_compare_document_screen_read(self, message: Read) -> None:
        """Show what was read, or what is known without."""
        self._fault = message.fault
        self._diff = message.diff or DocumentDiff.known(self._shown)
        self.has_read()

    def action_look_again(self) -> None:
        """Read the document from both ends."""
        self._fault = None
        super().action_look_again()

    async def read(self) -> None:
        """Read both ends."""
        session = self.session
        opening = Opening(session.home, session.passwords, session.clock)
        try:
            diff = await read_document(self._asked, opening, self._collection, self._found.id, self._mask)
        except* TuiMigrateError as group:
            self.post_message(self.Read(None, Fault.of(first_error(group))))
        else:
            self.post_message(self.Read(diff, None))

    def draw(self) -> None:
        """Draw what the comparison has kept, or what was read."""
        what = [f" {KINDS[self._shown.kind]}: {changes_words(self._shown, FIELDS_NAMED) or 'see below'}"]
        if self.is_reading:
            what.append(f" Reading the document from both ends…{self.slow_words()} esc stops.")
        elif not self._is_readable:
            what.append(" It has no _id of its own to be read by: this is what the comparison has kept.")
        elif self._diff.left or self._diff.right:
            what.append(" - B, target of a plan   + A, its source.   A plan replaces - by +.")
        else:
            what.append(" It was not read: this is what the comparison has kept.")
        text = unified(self._diff) or ["Nothing more is known of it."]
        empty = "Nothing more is known of it." if not self.is_reading else "Reading…"
        self.draw_document(what, self._fault, text, side_by_side(self._diff), empty)
