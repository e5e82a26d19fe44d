"""The queue of conflicts as rows, and one document of it as the text of a sheet."""

from collections.abc import Sequence
from typing import Final

from tui_migrate.comparison.document_text import diff_lines, document_lines
from tui_migrate.documents import show_id
from tui_migrate.journal.records import ConflictRecord, ConflictState, RunRecord
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import MASK, Mask
from tui_migrate.ui.compare_words import FIELDS_NAMED
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.wording import number, waiting_words
from tui_migrate.worker.conflict_documents import Sides

COLUMNS: Final = (
    Column("State", 12),
    Column("Collection", 16),
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
SIDE_NAMES: Final = ("ours", "theirs")
"""The source first, as everywhere: `-` is what it has, `+` what the target has."""
SIDE_COLUMNS: Final = (Column("", 1), Column("Ours, from the source"), Column("Theirs, in the target"))


def conflict_rows(conflicts: Sequence[ConflictRecord], mask: Mask) -> list[Row]:
    """A row for each document, its key the number in the queue; no `_id` that the catalog calls sensitive."""
    return [
        Row(
            key=str(one.number),
            cells=(
                _STATES[one.state][0],
                printable(one.collection),
                id_words(one, mask),
                fields_words(one.fields),
                printable(one.decided_by),
            ),
            name=f"{printable(one.collection)} _id {id_words(one, mask)}: {fields_words(one.fields)}",
            tone=_STATES[one.state][1],
        )
        for one in conflicts
    ]


def fields_words(fields: Sequence[str], most: int = 0) -> str:
    """Name the fields that differ, `most` of them where that is not 0."""
    named = fields[: most or None]
    more = f" and {number(len(fields) - len(named))} more" if len(named) < len(fields) else ""
    return ", ".join(printable(one) if one else "the order of fields" for one in named) + more


def queue_sentences(run: RunRecord, decided: int, shown: int, total: int, keys: Keymap) -> list[str]:
    """Say what waits, and what comes next."""
    said = [f" {waiting_words(run.undecided)}; {number(decided)} decided and not written yet."]
    if run.state.is_final and (run.undecided or decided):
        said = [f" {number(run.undecided)} undecided, and {number(decided)} decided and not written."]
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


def like_sentences(conflict: ConflictRecord, made: int) -> list[str]:
    """Say what a decision for many is about, and what becomes of those that are `made` and not written yet."""
    said = [f"Of {printable(conflict.collection)}; differing in {fields_words(conflict.fields) or 'nothing told'}."]
    if made:
        stays = "1 decision made already stays" if made == 1 else f"{number(made)} decisions made already stay"
        said.append(f"{stays}, unless you choose “decided ones too”.")
    return said


def empty_words(run: RunRecord) -> str:
    """Say why the queue is empty."""
    if run.state.is_active:
        return "The run has asked about nothing yet: no document differs so far."
    return "The run has asked about nothing. esc goes back."


def id_words(conflict: ConflictRecord, mask: Mask) -> str:
    """Give the `_id`; where that is sensitive, the number in the queue in its place."""
    if mask.hides(conflict.collection, "_id"):
        return f"{MASK} ({number(conflict.number)})"
    return printable(show_id(conflict.id))


def head_words(conflict: ConflictRecord) -> list[str]:
    """Say how it stands, and in what both differ."""
    decided = f" by {printable(conflict.decided_by)}" if conflict.decided_by else ""
    differs = fields_words(conflict.fields, FIELDS_NAMED) or "nothing that can be told"
    return [f" {_STATES[conflict.state][0]}{decided}   differs in {differs}"]


def said_of(sides: Sides) -> list[str]:
    """Say what is compared."""
    if sides.theirs is None:
        return ["! The target does not have it any more: whatever you decide, ours is inserted."]
    if sides.ours is None:
        return ["! The source does not have it any more: whatever you decide, theirs stays."]
    if not sides.is_as_queued:
        return ["! One of them has changed since it was queued: a decision is asked for again."]
    return ["- is ours, from the source; + is theirs, which is in the target."]


def decision_words(keys: Keymap) -> str:
    """Say by which keys a document is decided about."""
    return f"{keys.of('conflict.keep')} keeps theirs, {keys.of('conflict.replace')} takes ours"


def comparison(sides: Sides) -> list[str]:
    """Show the difference, line by line."""
    ours, ours_whole = ([], True) if sides.ours is None else document_lines(sides.ours)
    theirs, theirs_whole = ([], True) if sides.theirs is None else document_lines(sides.theirs)
    said = [] if theirs_whole and ours_whole else ["! Only the first lines are compared."]
    if sides.theirs is None or sides.ours is None:
        return [*said, *(f"- {one}" for one in ours), *(f"+ {one}" for one in theirs)]
    found = diff_lines(ours, theirs, OURS, THEIRS)
    same = "These lines are equal." if said else "They read the same but are not equal byte for byte."
    return [*said, *(found or [same, "", *theirs])]
