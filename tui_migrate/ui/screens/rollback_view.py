"""What a rollback would do, in lines and rows: from the run's record and from a look at its undo log."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.journal.records import Counts, RunRecord
from tui_migrate.redaction import printable
from tui_migrate.ui.changes import Changes
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.look import Fault, LookState
from tui_migrate.ui.rollback_words import unchanged_words
from tui_migrate.ui.screens.rollback_choices import order_words, runs_words
from tui_migrate.ui.widgets.fitting import fit
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.ui.wording import local_time
from tui_migrate.wording import duration, ends_words, kind_words, number, run_name, size
from tui_migrate.worker.rollback_preview import Tally
from tui_migrate.worker.undo_summary import UndoSummary

COLUMNS: Final = (
    Column("Collection"),
    Column("Delete", 11, right=True),
    Column("Put back", 11, right=True),
    Column("Keep", 9, right=True),
    Column("Made by it, and goes", 20),
)

FORCED: Final = " ! Forced: what others changed or deleted since is taken back too, and their changes are lost."

_NAMES_SHOWN: Final = 5
_NAME_CELLS: Final = 40
"""A name longer than this is cut in its middle in a sentence; the table shows it whole under the cursor."""

SLOW_SECONDS: Final = 5.0
"""After this long without news the screen says so."""


@dataclass(frozen=True, slots=True)
class RollbackLook:
    """What is known beyond the record: `fault` is why it cannot be rolled back, `later` the runs that came after.

    `undo` is None while its log is being read, and where that failed, which is a fault too.
    """

    fault: Fault | None = None
    later: tuple[int, ...] = ()
    undo: UndoSummary | None = None


def sentences(
    run: RunRecord, look: RollbackLook | None, keys: Keymap, changes: Changes | None = None, *, force: bool = False
) -> list[str]:
    """Say what a rollback would do to which target, a paragraph each; by what was counted, where that is done.

    One with `force` takes back what others changed since, too.
    """
    counts, target = run.counts, printable(run.target)
    found = changes.preview.sum if changes is not None and changes.is_done else None
    what = f"run {run_name(run.id)} ({kind_words(run)} {printable(ends_words(run))})"
    if look is not None and look.fault is not None:
        return [f" To roll back: {what}"]
    plan = planned(run, changes)
    deed = f"deletes {_documents(plan.delete)} from {target} and puts {_documents(plan.restore)} back"
    said = [f" Rolling back run {run_name(run.id)} ({kind_words(run)}) {deed}."]
    if run.part_undone_by:
        said.append(
            f" ! Run {run_name(run.part_undone_by)}, which was cancelled, has taken a part of that back already: this"
            " goes on with the rest."
        )
    if counts.assumed_ours:
        were = "was" if counts.assumed_ours == 1 else "were"
        said.append(
            f" {number(counts.assumed_ours)} of those to be deleted {were} found after a crash, equal to what the run"
            " was writing: somebody else may have written the same."
        )
    if force:
        said.append(f"{FORCED} {keys.of('rollback.force')} spares them.")
    if found is None or changes is None:
        if not force:
            said.append(" What somebody has changed since the run wrote it stays as it is, and becomes a finding.")
    elif force:
        said.append(_forced_words(found, local_time(changes.at)))
    else:
        said.extend(_found_words(found, local_time(changes.at), changes.preview.collections))
    if look is None:
        return said
    said.append(_made_words(look.undo))
    if look.later:
        it = "it" if len(look.later) == 1 else "they"
        order, key = order_words(look.later), keys.of("run.rollback")
        first = f"{order[:1].upper()}{order[1:]}: {key} shows what that would do"
        stays = "is taken back too" if force else f"stays. {first}"
        said.append(f" ! {runs_words(look.later)} wrote to the same collections later: what {it} changed {stays}.")
    return said


def planned(run: RunRecord, changes: Changes | None) -> Tally:
    """What the rollback does, as counted, or else as the run's record has what is to be taken back."""
    if changes is not None and changes.is_done:
        return changes.preview.sum
    return _recorded(run.counts)


def _recorded(counts: Counts) -> Tally:
    """What is to be taken back of what a run has counted: what it deleted is put back as well."""
    return Tally(counts.inserted, counts.replaced + counts.deleted)


class CollectionRows:
    """The rows of a rollback, made anew only where what they say may be another: there may be ten thousand of them."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._rows: list[Row] = []

    def of(self, run: RunRecord, look: RollbackLook | None, changes: Changes | None) -> list[Row]:
        """Give what `rows` gives."""
        undo, is_possible = (None, True) if look is None else (look.undo, look.fault is None)
        of = (run.collections, undo, is_possible, changes.preview if changes is not None and changes.is_done else None)
        if of != self._of:
            self._of, self._rows = of, rows(run, look, changes)
        return self._rows


def rows(run: RunRecord, look: RollbackLook | None, changes: Changes | None = None) -> list[Row]:
    """The collections: what is deleted, put back, kept, and goes altogether; as counted, where that is done."""
    counted = changes.preview.collections if changes is not None and changes.is_done else None
    undo = look.undo if look is not None else None
    indexes = Counter(collection for collection, _ in undo.indexes) if undo is not None else Counter[str]()
    is_possible = look is None or look.fault is None
    found = []
    for one in run.collections:
        made = _made_of(one.name, undo, indexes[one.name]) if is_possible else ""
        tally = _recorded(one.counts)
        if counted is not None:
            tally = counted.get(one.name, Tally())
        is_touched = bool(tally.looked or made)
        kept = number(tally.kept) if counted is not None else "—"
        name = printable(one.name)
        found.append(
            Row(
                key=one.name,
                cells=(name, number(tally.delete), number(tally.restore), kept, made),
                name=name,
                tone=(Tone.WARN if tally.kept else Tone.PLAIN) if is_touched else Tone.DIM,
                sort=(name, tally.delete, tally.restore, tally.kept, made),
            )
        )
    return found


def next_line(
    run: RunRecord | None, look: RollbackLook | None, waited: float, keys: Keymap, changes: Changes | None = None
) -> str:
    """The line that says what comes next, or why nothing does. `waited` is for how long nothing new came, seconds."""
    start, count = keys.of("rollback.start"), keys.of("rollback.look")
    if run is None:
        return " esc goes back."
    if look is None:
        return f" Looking at the journal and the undo log{_slow(waited)}… esc goes back."
    if look.fault is not None:
        return f" As it stands it cannot be rolled back; {keys.of('look.again')} looks again."
    if changes is not None and changes.state.is_pending:
        return _progress(changes, _slow(waited))
    if changes is not None and changes.state is LookState.FAILED:
        return f" What others changed is not counted: {count} tries again, {start} starts all the same."
    if look.undo is None:
        return f" Reading the undo log{_slow(waited)}… {start} starts without waiting."
    if changes is not None and changes.is_done:
        first = ", kept ones first" if changes.preview.sum.kept else ""
        return f" Next: {start} starts it; enter lists the documents{first}. {count} counts again."
    return f" Next: {start} starts the rollback; {count} first counts what others have changed."


def _slow(waited: float) -> str:
    """Say for how long there has been no news, once that is long."""
    return f", waiting for {duration(waited)}" if waited >= SLOW_SECONDS else ""


def _progress(changes: Changes, slow: str) -> str:
    preview, found = changes.preview, changes.preview.sum
    if changes.state is LookState.CONNECTING:
        return f" Reading the undo log, then the target{slow}… esc stops."
    if slow:
        return f" Counting: {number(found.looked)} of {number(preview.total)}{slow}… esc stops."
    return f" Counting: {number(found.looked)} of {_documents(preview.total)}, {number(found.kept)} kept… esc stops."


def _found_words(found: Tally, at: str, collections: Mapping[str, Tally]) -> list[str]:
    """What the look has found beside what is deleted and put back."""
    already = f" {_documents(found.already)} {_is(found.already)} as before the run already." if found.already else ""
    if found.kept:
        kept = f"{_documents(found.kept)} {_is(found.kept)} kept, because others changed or deleted them since"
    else:
        kept = unchanged_words(found)
    mark = "! " if found.kept else ""
    said = [f" {mark}{kept} (counted {at}).{already}"]
    if found.whole:
        names = _kinds("collection", sorted(name for name, one in collections.items() if one.whole))
        said.append(
            f" ! {_documents(found.whole)} in {names} {_is(found.whole)} not undone one by one: such a collection is"
            " gone, was made anew by others, or goes or stays whole."
        )
    return said


def _forced_words(found: Tally, at: str) -> str:
    """What the look has found that only a forced rollback takes back."""
    if not found.kept:
        return f" No document was changed by others (counted {at})."
    return f" {_documents(found.kept)} under Keep {_is(found.kept)} taken back all the same (counted {at})."


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


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
    shown = ", ".join(fit(printable(one), _NAME_CELLS) for one in names[:_NAMES_SHOWN])
    more = f" and {number(len(names) - _NAMES_SHOWN)} more" if len(names) > _NAMES_SHOWN else ""
    return f"{number(len(names))} {word if len(names) == 1 else plural or word + 's'} ({shown}{more})"


def _made_of(name: str, undo: UndoSummary | None, indexes: int) -> str:
    """Say what the run made of a collection, or of its indexes so many."""
    if undo is None:
        return "…"
    if name in undo.collections:
        return "collection, if empty"
    if name in undo.views:
        return "the view"
    return f"{number(indexes)} index{'' if indexes == 1 else 'es'}" if indexes else ""
