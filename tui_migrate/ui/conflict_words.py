"""The queue of conflicts as rows, and one document of it as the text of a sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.comparison.document_text import diff_lines, document_lines
from tui_migrate.documents import show_id
from tui_migrate.journal.conflict_reading import Alike
from tui_migrate.journal.records import DECISIONS, ConflictRecord, ConflictState, RunRecord
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import MASK, Mask
from tui_migrate.ui.compare_words import FIELDS_NAMED
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.widgets.fitting import cut
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.wording import number, waiting_words
from tui_migrate.worker.conflict_documents import Sides

COLUMNS: Final = (
    Column("State", 12),
    Column("Collection", 16),
    Column("_id", 24),
    Column("Differs in", fitted=cut),
    Column("Decided by", 20, from_width=120),
)

_STATES: Final = {
    ConflictState.OPEN: ("? open", Tone.WARN),
    ConflictState.KEEP: ("○ to keep", Tone.PLAIN),
    ConflictState.REPLACE: ("○ to replace", Tone.PLAIN),
    ConflictState.KEPT: ("✓ kept", Tone.GOOD),
    ConflictState.REPLACED: ("✓ replaced", Tone.GOOD),
}
_OPEN: Final = (ConflictState.OPEN,)
THEIRS: Final = "the target's"
OURS: Final = "the source's"
SIDE_NAMES: Final = ("source", "target")
"""The source first, as everywhere: `+` is what it has, `-` what the target has."""
SIDE_COLUMNS: Final = (Column("", 1), Column("The source's"), Column("The target's"))


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
            name=f"{number(one.number)}: {printable(one.collection)} _id {id_words(one, mask)}"
            f" differs in {fields_words(one.fields) or 'nothing told'}",
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
    if run.state.is_active and (run.undecided or decided):
        first = "Next: decide; the" if run.undecided else "The"
        said.append(f" {first} worker writes what is decided behind its last collection.")
    elif run.state.is_active:
        said.append(" Next: esc goes back; the run goes on.")
    elif run.state.is_final:
        said.append(f" The run is {run.state.value.replace('_', ' ')}: nothing more is decided.")
    elif run.undecided:
        more = f"{keys.of('conflict.like')} decides for many, enter compares"
        said.append(f" Next: {decision_words(keys)}; {more}.")
        if decided:
            said.append(f" {keys.of('run.resume')} has a worker write those decided by now; the others go on waiting.")
    elif decided:
        said.append(f" Next: {keys.of('run.resume')} has a worker write what is decided, with undo.")
    return said


def like_sentences(conflict: ConflictRecord, made: int, keys: Keymap) -> list[str]:
    """Say what a decision for many is about, and what becomes of those that are `made` and not written yet."""
    said = [f"Of {printable(conflict.collection)}; differing in {fields_words(conflict.fields) or 'nothing told'}."]
    if made:
        stays = "1 decision made already stays" if made == 1 else f"{number(made)} decisions made already stay"
        said.append(f"{stays}, unless you choose “decided too”.")
    said.append(f"Nothing is written before {keys.of('run.resume')}; until then each can be decided anew.")
    return said


@dataclass(frozen=True, slots=True)
class Reach:
    """What a decision for many is about: `count` documents, in `words`.

    Of one collection alone, or of all; of those that differ in the same fields alone; of those that are decided too.
    """

    count: int
    words: str
    is_of_collection: bool = True
    is_like: bool = False
    overrules: bool = False


def reaches(alike: Alike) -> list[Reach]:
    """Give what can be decided about at once, the narrowest first; nothing twice, and nothing about no document."""
    found = list[Reach]()
    for overrules in (False, True):
        states, which = ((ConflictState.OPEN, *DECISIONS), ", decided too") if overrules else (_OPEN, "")
        narrower = 0
        for counts, what in (
            (alike.fields, "with the same fields"),
            (alike.collection, "of this collection"),
            (alike.run, "of all collections"),
        ):
            count = sum(counts[state] for state in states)
            if count > narrower and not (overrules and count == counts[ConflictState.OPEN]):
                is_like, is_of_collection = counts is alike.fields, counts is not alike.run
                words = f"{number(count)} {what}{which}"
                found.append(Reach(count, words, is_of_collection, is_like, overrules))
            narrower = count
    return found


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
        return ["! The target does not have it any more: whatever you decide, the source's is inserted."]
    if sides.ours is None:
        return ["! The source does not have it any more: whatever you decide, the target's stays."]
    if not sides.is_as_queued:
        return ["! One of them has changed since it was queued: a decision is asked for again."]
    return ["- the target's   + the source's.   Taking the source's removes - and writes +."]


def decision_words(keys: Keymap) -> str:
    """Say by which keys a document is decided about."""
    return f"{keys.of('conflict.keep')} keeps the target's, {keys.of('conflict.replace')} takes the source's"


def comparison(sides: Sides) -> list[str]:
    """Show the difference, line by line."""
    ours, ours_whole = ([], True) if sides.ours is None else document_lines(sides.ours)
    theirs, theirs_whole = ([], True) if sides.theirs is None else document_lines(sides.theirs)
    said = [] if theirs_whole and ours_whole else ["! Only the first lines are compared."]
    if sides.theirs is None or sides.ours is None:
        return [*said, *(f"- {one}" for one in theirs), *(f"+ {one}" for one in ours)]
    found = diff_lines(theirs, ours, THEIRS, OURS)
    same = "These lines are equal." if said else "They read the same but are not equal byte for byte."
    return [*said, *(found or [same, "", *theirs])]
