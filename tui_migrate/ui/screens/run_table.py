"""The Run screen's table: the collections of a run, how far each is and how fast. Nothing here knows a widget."""

from typing import Final

from tui_migrate.journal.records import CollectionProgress, CollectionState, RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.redaction import printable
from tui_migrate.ui.rates import UNKNOWN
from tui_migrate.ui.screens.run_pace import RunPace, standing
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.wording import number

COLUMNS: Final = (
    Column("  Collection"),
    Column("Documents", 29),
    Column("Size", 18, from_width=100),
    Column("Rejected", 9, right=True, from_width=120),
    Column("Done", 6, right=True),
    Column("Rate", 8, right=True),
)

STOPPED_MARKS: Final = {
    RunState.PAUSED: "‖",
    RunState.INTERRUPTED: "~",
    RunState.FAILED: "✗",
    RunState.CANCELLED: "✗",
    RunState.PLANNED: "○",
}
"""The marks of a run that is not at work, where one at work has `●`."""

_UNITS: Final = (
    (10**12, "TB", ".2f"),
    (10**9, "GB", ".2f"),
    (10**6, "MB", ".1f"),
    (10**3, "kB", ".1f"),
    (1, "Bytes", ".0f"),
)


class CollectionRows:
    """The rows of a run's collections; what has not changed since the last look is not made anew."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[CollectionProgress, RunState, int | None, Row]] = {}

    def of(self, run: RunRecord, pace: RunPace) -> list[Row]:
        """The collections: those at work, those with faults, those that wait, those that are done."""
        return [self._row(one, run, pace) for one in sorted(run.collections, key=lambda one: _rank(one, run))]

    def _row(self, one: CollectionProgress, run: RunRecord, pace: RunPace) -> Row:
        rate, made = pace.of_collection(one.name), self._made.get(one.name)
        if made is None or made[0] is not one or made[1:3] != (run.state, rate):
            made = self._made[one.name] = (one, run.state, rate, _row(one, run, rate))
        return made[3]


def size_pair(done: int, total: int) -> str:
    """Show bytes done of all in one decimal unit: `1.31 / 2.10 GB`; done alone where no total is known."""
    largest = max(done, total)
    for unit, name, digits in _UNITS:
        if largest >= unit:
            shown = format(done / unit, digits)
            return f"{shown} / {format(total / unit, digits)} {name}" if total else f"{shown} {name}"
    return ""


def bytes_total(one: CollectionProgress) -> int:
    """The bytes of a collection: an estimate, of which nothing is left over once it is done."""
    return one.bytes_done if one.state is CollectionState.DONE else one.bytes_total


def _amount(one: CollectionProgress) -> str:
    said = f"{number(one.documents_done)} / {number(one.documents_expected)}"
    return said if one.documents_done or not one.counts.deleted else f"{number(one.counts.deleted)} deleted"


def _row(one: CollectionProgress, run: RunRecord, rate: int | None) -> Row:
    state = standing(one, run)
    mark, tone = _mark(one, state, run)
    name = printable(one.name)
    is_done = state is CollectionState.DONE
    part = 1.0 if is_done else min(0.99, one.documents_done / one.documents_total) if one.documents_total else 0.0
    rejected = one.counts.rejected
    cells = (
        f"{mark} {name}",
        _amount(one),
        size_pair(one.bytes_done, bytes_total(one)),
        number(rejected),
        f"{int(part * 100)} %",
        UNKNOWN if rate is None else number(rate),
    )
    sort = (name, one.documents_done, one.bytes_done, rejected, part, rate or 0)
    return Row(one.name, cells, name=name, tone=tone, sort=sort)


def _mark(one: CollectionProgress, state: CollectionState, run: RunRecord) -> tuple[str, Tone]:
    if state is CollectionState.ACTIVE:
        tone = Tone.PLAIN if run.state.is_active else Tone.BAD
        return STOPPED_MARKS.get(run.state, "●"), tone
    if state is CollectionState.WAITING:
        return "○", Tone.DIM
    return ("!", Tone.WARN) if _has_faults(one) else ("✓", Tone.GOOD)


def _has_faults(one: CollectionProgress) -> bool:
    return bool(one.counts.rejected or one.counts.spared)


def _rank(one: CollectionProgress, run: RunRecord) -> int:
    state = standing(one, run)
    if state is CollectionState.ACTIVE:
        return 0
    return 1 if _has_faults(one) else 2 if state is CollectionState.WAITING else 3
