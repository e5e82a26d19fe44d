"""What a rollback would do, in lines and rows: from the run's record and from a look at its undo log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.journal.records import RunRecord
from tui_migrate.redaction import printable
from tui_migrate.ui.look import Fault
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.ui.wording import ends_words, number, run_name, size
from tui_migrate.worker.undo_summary import UndoSummary

COLUMNS: Final = (
    Column("Collection"),
    Column("Delete", 13, right=True),
    Column("Put back", 13, right=True),
    Column("Made by the run, and goes", 27),
)

_NAMES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class RollbackLook:
    """What is known beyond the record: `fault` is why it cannot be rolled back, `later` the runs that came after.

    `undo` is None while its log is being read, and where that failed, which is a fault too.
    """

    fault: Fault | None = None
    later: tuple[int, ...] = ()
    undo: UndoSummary | None = None


def sentences(run: RunRecord, look: RollbackLook | None) -> list[str]:
    """Say what a rollback would do to which target, a paragraph each."""
    counts, target = run.counts, printable(run.target)
    what = f"run {run_name(run.id)} ({run.kind.value} {printable(ends_words(run))})"
    if look is not None and look.fault is not None:
        return [f" To roll back: {what}"]
    said = [f" Rolling back {what}"]
    deleted, restored = _documents(counts.inserted), _documents(counts.replaced)
    said.append(f" deletes {deleted} and puts {restored} back in {target}.")
    if counts.assumed_ours:
        said.append(
            f" {number(counts.assumed_ours)} of those to be deleted were found after a crash, equal to what the run"
            " was writing: somebody else may have written the same."
        )
    said.append(" What somebody has changed since the run wrote it stays as it is, and becomes a finding.")
    if look is None:
        return said
    said.append(_made_words(look.undo))
    if look.later:
        names = ", ".join(map(run_name, look.later))
        said.append(
            f" ! run {names} wrote to the same collections later: what it changed stays. Roll that back first to"
            " take everything back."
        )
    return said


def rows(run: RunRecord, look: RollbackLook | None) -> list[Row]:
    """The collections: what is deleted, put back, and goes altogether."""
    undo = look.undo if look is not None else None
    is_possible = look is None or look.fault is None
    found = []
    for one in run.collections:
        made = _made_of(one.name, undo) if is_possible else ""
        counts = one.counts
        is_touched = bool(counts.inserted or counts.replaced or made)
        found.append(
            Row(
                key=one.name,
                cells=(printable(one.name), number(counts.inserted), number(counts.replaced), made),
                name=printable(one.name),
                tone=Tone.PLAIN if is_touched else Tone.DIM,
                sort=(printable(one.name), counts.inserted, counts.replaced, made),
            )
        )
    return found


def next_line(run: RunRecord | None, look: RollbackLook | None, waited: float) -> str:
    """The line that says what comes next, or why nothing does. `waited` is for how long it has been looked, seconds."""
    if run is None:
        return " esc goes back."
    if look is None:
        return " Looking at the journal and the undo log… esc goes back."
    if look.fault is not None:
        return " As it stands it cannot be rolled back; ctrl+r looks again."
    if look.undo is None:
        slow = f" ({waited:.0f} s so far)" if waited >= 5 else ""
        return f" Reading the undo log{slow}… s starts the rollback without waiting for it."
    return " Next: s starts the rollback; nothing happens before."


def _documents(count: int) -> str:
    return f"{number(count)} document{'' if count == 1 else 's'}"


def _made_words(undo: UndoSummary | None) -> str:
    if undo is None:
        return " What the run created, and its undo log, are being looked at."
    parts = [
        _kinds("collection", sorted(undo.collections)),
        _kinds("view", sorted(undo.views)),
        _kinds("index", [f"{collection}.{name}" for collection, name in sorted(undo.indexes)], "indexes"),
    ]
    made = "; ".join(filter(None, parts))
    goes = f"What it created goes: {made}." if made else "It created no collection, view or index."
    return f" {goes} The undo log has {size(undo.size)}."


def _kinds(word: str, names: Sequence[str], plural: str = "") -> str:
    if not names:
        return ""
    shown = ", ".join(map(printable, names[:_NAMES_SHOWN]))
    more = f" and {number(len(names) - _NAMES_SHOWN)} more" if len(names) > _NAMES_SHOWN else ""
    return f"{number(len(names))} {word if len(names) == 1 else plural or word + 's'} ({shown}{more})"


def _made_of(name: str, undo: UndoSummary | None) -> str:
    if undo is None:
        return "…"
    if name in undo.collections:
        return "the collection, if empty"
    if name in undo.views:
        return "the view"
    indexes = sum(collection == name for collection, _ in undo.indexes)
    return f"{number(indexes)} index{'' if indexes == 1 else 'es'}" if indexes else ""
