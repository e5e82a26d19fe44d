"""Refused documents as rows, and one of them as the text of a sheet; nothing of what a catalog calls sensitive."""

import secrets
from collections.abc import Sequence
from typing import Final

from tui_migrate.comparison.document_text import MAX_LINES, document_lines
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import MASK, Mask
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.run_rows import retried_words
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.wording import number, run_name, size
from tui_migrate.worker.rejected_documents import RejectedDocument, RejectList

COLUMNS: Final = (
    Column("Collection", 16),
    Column("_id", 24),
    Column("Why the target refused it"),
    Column("Size", 9, right=True, from_width=100),
)

_ID: Final = "_id"
_TAKEN_BACK: Final = (RunState.ROLLED_BACK, RunState.ROLLED_BACK_WITH_FINDINGS)


def reject_rows(found: RejectList, mask: Mask) -> list[Row]:
    """A row for each document, its key the place in the list."""
    rows = []
    for place, one in enumerate(found.documents):
        record, shown = one.record, _shown_id(one, mask)
        cells = (record.collection, shown, record.reason, size(one.size))
        name = f"{record.collection} _id {shown}: {record.reason}"
        rows.append(Row(str(place), cells, name=name, tone=Tone.WARN, sort=(*cells[:3], one.size)))
    return rows


def what_blocks_retry(run: RunRecord) -> str:
    """Say why the refused documents of a run cannot be written again now; empty where they can."""
    if run.state in _TAKEN_BACK:
        return "The run has been rolled back: a new run writes them."
    if not run.state.is_final:
        return "They can be tried again when the run has ended: resume it, or cancel it."
    return ""


def reject_sentences(run: RunRecord, found: RejectList, keys: Keymap) -> list[str]:
    """Say how many there are, and what can be done."""
    total = found.total
    if not total:
        return [f" ✓ The target has refused no document of run {run_name(run.id)} that is left."]
    are = f"{number(total)} {'document was' if total == 1 else 'documents were'} refused and kept"
    since = f": {retried_words(run)}" if run.retried_by else ""
    said = [f" ! {are}{since}. enter shows the one under the cursor. {what_blocks_retry(run)}".rstrip()]
    if len(found.documents) < total:
        said.append(f" The first {number(len(found.documents))} are listed; a retry takes all of them.")
    if not what_blocks_retry(run) and not run.retried_whole:
        said.append(
            f" {keys.of('run.retry')} tries again: as they were kept, once the target takes them, or read anew from the"
            " source, once they are mended there."
        )
    return said


def sheet_words(one: RejectedDocument, mask: Mask) -> list[str]:
    """Say which document it is, and why it was refused."""
    record = one.record
    code = [f"Code\t{record.code}"] if record.code else []
    return [
        f"# {printable(record.collection)} _id {_shown_id(one, mask)}",
        "",
        f"Refused because\t{record.reason}",
        *code,
        f"Size\t{size(one.size)}",
    ]


def document_words(one: RejectedDocument, document: bytes, mask: Mask) -> Sequence[str]:
    """Show the document, with MASK in the place of what is sensitive."""
    shown = mask.document(one.record.collection, document, secrets.token_bytes(16))
    lines, is_whole = document_lines(shown)
    masked = [] if shown == document else ["", f"{MASK} stands for what the catalog calls sensitive."]
    return [
        *lines,
        *([] if is_whole else [f"! The document goes on: {number(MAX_LINES)} lines are the most that are shown."]),
        *masked,
    ]


def _shown_id(one: RejectedDocument, mask: Mask) -> str:
    return MASK if mask.hides(one.record.collection, _ID) else one.shown_id
