"""The documents that a rollback keeps, as rows and as the text of one sheet."""

from collections.abc import Sequence
from typing import Final

from tui_migrate.comparison.document_text import MAX_LINES, diff_lines, document_lines
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import Mask
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.wording import number
from tui_migrate.worker.kept_document import Versions
from tui_migrate.worker.rollback_preview import KeptDocument, Reason, Wanted

COLUMNS: Final = (
    Column("Collection", 20),
    Column("_id"),
    Column("Rollback would", 14),
    Column("Found", 16),
)

_WANTED: Final = {Wanted.DELETE: "delete it", Wanted.RESTORE: "put it back"}
_REASONS: Final = {
    Reason.CHANGED: "changed",
    Reason.DELETED: "deleted",
    Reason.NO_IMAGE: "no before-image",
}
_SENTENCES: Final = {
    Reason.CHANGED: "somebody changed it after the run wrote it",
    Reason.DELETED: "somebody deleted it after the run wrote it",
    Reason.NO_IMAGE: "it is as the run wrote it, but what was there before was not recorded",
}

BEFORE: Final = "before the run"
WRITTEN: Final = "as the run wrote it"
NOW: Final = "in the target now"


def kept_rows(kept: Sequence[KeptDocument], mask: Mask) -> list[Row]:
    """A row for each document, its key the place in the list."""
    return [
        Row(
            key=str(place),
            cells=(printable(one.collection), _shown_id(one, mask), _WANTED[one.wanted], _REASONS[one.reason]),
            name=f"{printable(one.collection)} _id {_shown_id(one, mask)}",
            tone=Tone.WARN,
        )
        for place, one in enumerate(kept)
    ]


def kept_sentences(shown: int, total: int, at: str) -> list[str]:
    """Say what the list is, and where it is not all."""
    stay = "document stays as it is" if total == 1 else "documents stay as they are"
    said = [f" {number(total)} {stay}, as counted {at}. enter compares the one under the cursor."]
    if shown < total:
        said.append(f" The first {number(shown)} are listed; all of them become findings of the rollback.")
    return said


def sheet_words(kept: KeptDocument, mask: Mask) -> list[str]:
    """Say which document it is, and why it is kept."""
    return [
        f"# {printable(kept.collection)} _id {_shown_id(kept, mask)}",
        "",
        f"Kept because\t{_SENTENCES[kept.reason]}",
        f"Rollback would\t{_WANTED[kept.wanted]}",
    ]


def comparison(versions: Versions) -> list[str]:
    """Say what is compared with what, then the difference, line by line."""
    if versions.is_as_written:
        said = "Compared\tnothing: by now it is as the run wrote it, and it is shown so"
        return [said, "", *_shown(versions.current)]
    if versions.written is not None:
        first, name = versions.written, WRITTEN
        said = "what the run wrote (-), which the source still has, with what is in the target now (+)"
    elif versions.before is not None:
        first, name = versions.before, BEFORE
        said = (
            "the document before the run (-) with what is in the target now (+); of what the run wrote, only the hash"
            " is known, so that its changes and later ones cannot be told apart"
        )
    else:
        said = (
            "nothing: it was not there before the run, and of what the run wrote only the hash is known; shown is what"
            " is in the target now"
        )
        return [f"Compared\t{said}", "", *_shown(versions.current)]
    if versions.current is None:
        where = "what the run wrote" if name is WRITTEN else "the document before the run"
        return [f"Compared\tnothing: it is not in the target any more; shown is {where}", "", *_shown(first)]
    return [f"Compared\t{said}", "", *_difference(first, versions.current, name)]


def _difference(first: bytes, current: bytes, name: str) -> list[str]:
    (mine, mine_whole), (theirs, theirs_whole) = document_lines(first), document_lines(current)
    cut = [] if mine_whole and theirs_whole else [_cut_words("Only the first lines are compared")]
    if found := diff_lines(mine, theirs, name, NOW):
        return [*cut, *found]
    if cut:
        return [*cut, f"They are equal in the first {number(MAX_LINES)} lines."]
    if first == current:
        return ["There is no difference: it is as it was before the run by now.", "", *mine]
    return ["They read the same but are not equal byte for byte.", "", *mine]


def _shown(document: bytes | None) -> list[str]:
    if document is None:
        return ["It is not in the target."]
    lines, is_whole = document_lines(document)
    return lines if is_whole else [*lines, _cut_words("The document goes on")]


def _cut_words(what: str) -> str:
    return f"! {what}: {number(MAX_LINES)} lines are the most that are shown of a document."


def _shown_id(kept: KeptDocument, mask: Mask) -> str:
    return mask.value(kept.collection, "_id", kept.shown_id) or ""
