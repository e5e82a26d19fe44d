"""The queue of conflicts as rows, and one document of it as the text of a sheet."""

from collections.abc import Sequence
from typing import Final

from tui_migrate.comparison.document_text import diff_lines, document_lines
from tui_migrate.documents import show_id
from tui_migrate.journal.records import ConflictRecord, ConflictState, RunRecord
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import Mask
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.wording import number
from tui_migrate.worker.conflict_documents import Sides

COLUMNS: Final = (
    Column("State", 13),
    Column("Collection", 20),
    Column("_id", 24),
    Column("Differs in"),
    Column("Decided by", 20, from_width=120),
)

_STATES: Final = {
    ConflictState.OPEN: ("? open", Tone.WARN),
    ConflictState.KEEP: ("○ to keep", Tone.PLAIN),
    ConflictState.REPLACE: ("○ to replace", Tone.PLAIN),
    ConflictState.KEPT: ("✓ kept", Tone.GOOD),
    ConflictState.REPLACED: ("✓ replaced", Tone.GOOD),
}
THEIRS: Final = "theirs, in the target"
OURS: Final = "ours, from the source"


def conflict_rows(conflicts: Sequence[ConflictRecord], mask: Mask) -> list[Row]:
    """A row for each document, its key the number in the queue."""
    return [
        Row(
            key=str(one.number),
            cells=(
                _STATES[one.state][0],
                printable(one.collection),
                _shown_id(one, mask),
                fields_words(one.fields),
                printable(one.decided_by),
            ),
            name=f"{printable(one.collection)} _id {_shown_id(one, mask)}: {fields_words(one.fields)}",
            tone=_STATES[one.state][1],
        )
        for one in conflicts
    ]


def fields_words(fields: Sequence[str]) -> str:
    """Name the fields that differ."""
    return ", ".join(printable(one) if one else "the order of fields" for one in fields)


def queue_sentences(run: RunRecord, decided: int, shown: int, total: int, keys: Keymap) -> list[str]:
    """Say what waits, and what comes next."""
    waits = "document waits" if run.undecided == 1 else "documents wait"
    said = [f" {number(run.undecided)} {waits} for your decision; {number(decided)} decided and not written yet."]
    if shown < total:
        said.append(f" The first {number(shown)} of {number(total)} are listed.")
    if run.state.is_active:
        said.append(" Next: decide; the worker writes what is decided behind its last collection.")
    elif run.state.is_final:
        said.append(f" The run is {run.state.value.replace('_', ' ')}: nothing more is decided.")
    elif decided:
        said.append(f" Next: {keys.of('run.resume')} has a worker write what is decided, with undo.")
    else:
        said.append(f" Next: enter compares the one under the cursor; {decision_words(keys)}.")
    return said


def decision_words(keys: Keymap) -> str:
    """Say by which keys a document is decided about."""
    return f"{keys.of('conflict.keep')} keeps theirs, {keys.of('conflict.replace')} replaces it by ours"


def sheet_words(conflict: ConflictRecord, mask: Mask) -> list[str]:
    """Say which document it is."""
    return [
        f"# {printable(conflict.collection)} _id {_shown_id(conflict, mask)}",
        "",
        f"State\t{_STATES[conflict.state][0]}",
        f"Differs in\t{fields_words(conflict.fields)}",
    ]


def comparison(sides: Sides) -> list[str]:
    """Say what is compared, then the difference, line by line."""
    if sides.theirs is None:
        return ["Compared\tnothing: the target does not have it any more; whatever you decide, it is inserted"]
    if sides.ours is None:
        return ["Compared\tnothing: the source does not have it any more; whatever you decide, theirs stays"]
    said = ["Compared\ttheirs (-), which is in the target, with ours (+), from the source"]
    if not sides.is_as_queued:
        said.append("! One of them has changed since it was queued: a decision is asked for again.")
    theirs, theirs_whole = document_lines(sides.theirs)
    ours, ours_whole = document_lines(sides.ours)
    if not (theirs_whole and ours_whole):
        said.append("! Only the first lines are compared.")
    found = diff_lines(theirs, ours, THEIRS, OURS)
    return [*said, "", *(found or ["They read the same but are not equal byte for byte.", "", *theirs])]


def _shown_id(conflict: ConflictRecord, mask: Mask) -> str:
    return mask.value(conflict.collection, "_id", printable(show_id(conflict.id))) or ""
