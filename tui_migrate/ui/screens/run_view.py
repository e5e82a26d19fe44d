"""The Run screen's lines, made from a run's record and its measured pace. Nothing here knows a widget.

Widths are in cells, times in seconds since 1970.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from rich.cells import cell_len

from tui_migrate.journal.records import CollectionState, Event, RunRecord
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.environments import name_in
from tui_migrate.plan.model import Environment, Plan, RunKind, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.look import host_words
from tui_migrate.ui.rates import UNKNOWN, eta_words, steady
from tui_migrate.ui.screens.base import environment_words
from tui_migrate.ui.screens.run_pace import RunPace, documents_done
from tui_migrate.ui.screens.run_table import STOPPED_MARKS, bytes_total, documents_total, size_pair
from tui_migrate.ui.widgets.bar import bar, sparkline
from tui_migrate.ui.widgets.table import fit
from tui_migrate.ui.wording import fit_ends
from tui_migrate.wording import duration, ends_words, kind_words, number, run_name

BESIDE_BAR: Final = 37
"""Cells of the bar's line that are not the bar."""

BESIDE_ENDS: Final = 18
"""Cells of the head's line that are the program's name and gaps."""

SPARK_WIDTH: Final = 14
COUNTS_AT: Final = 29
"""The cell where the counts begin, where the limit leaves room for it."""

_THROUGH: Final = (
    RunState.COMPLETED,
    RunState.COMPLETED_WITH_FINDINGS,
    RunState.ROLLED_BACK,
    RunState.ROLLED_BACK_WITH_FINDINGS,
)
_BESIDE_HOSTS: Final = re.compile(r"\b[a-z+]+://(?:[^/?\s]*@)?|\?\S*")
_NAMED: Final = "SOURCE: PRODUCTION"
_UNNAMED: Final = "SOURCE COUNTS AS PRODUCTION"
_RETRY: Final = "; again in "
"""What stands in the log's line of every second try: see `engine.drive`."""


def head_words(run: RunRecord, plan: Plan | None, width: int) -> tuple[str, Environment | None, str]:
    """The head: what goes where, how dangerous the target is, and what stands at the right of it.

    Of the ends as much is shown as there is room for; which run this is, and the warning, stay whole.
    """
    environment: Environment | None = None
    right = run.environment.value.upper()
    if run.kind is RunKind.EXPORT:
        right = source_words(plan) if plan is not None else _exported(run)
    elif run.environment is Environment.PRODUCTION:
        environment, right = run.environment, _place(run)
    said = environment_words(environment, right) if environment is not None else right
    what = f"run {run_name(run.id)}   {kind_words(run)}   "
    room = width - cell_len(said) - cell_len(what) - BESIDE_ENDS
    return what + fit_ends(_short(printable(_ends(run))), max(1, room)), environment, right


def head_right(run: RunRecord | None, width: int) -> tuple[Environment | None, str]:
    """The right of the head of a sheet about a run: how dangerous its target is, or an export's source."""
    return (None, "") if run is None else head_words(run, None, width)[1:]


def _ends(run: RunRecord) -> str:
    """From where to where; a backup goes by its name there."""
    if not run.backup:
        return ends_words(run)
    ends = (run.source, run.backup) if run.kind is RunKind.EXPORT else (run.backup, run.target)
    return ends_words(replace(run, source=ends[0], target=ends[1]))


def _place(run: RunRecord) -> str:
    """The name of the target's connection, or the hosts of its URL."""
    name = name_in(run.target)
    return printable(name or host_words(StoreEnd("", url=run.target)))


def _exported(run: RunRecord) -> str:
    if run.environment is not Environment.PRODUCTION:
        return ""
    return _NAMED if name_in(run.source) else _UNNAMED


def _short(ends: str) -> str:
    """Leave of the URLs in a text the hosts and the database."""
    return _BESIDE_HOSTS.sub("", ends)


def source_words(plan: Plan | None) -> str:
    """Say that reading is dangerous too: a source in production bears a load."""
    if plan is None or plan.kind is RunKind.ROLLBACK or not isinstance(plan.source, StoreEnd):
        return ""
    if plan.source.environment is not Environment.PRODUCTION:
        return ""
    return _NAMED if plan.source.connection else _UNNAMED


def stages_line(run: RunRecord) -> str:
    """The five stages, each with its mark."""
    stages = list(Stage)
    at = stages.index(run.stage)
    marks = ["✓"] * at + [STOPPED_MARKS.get(run.state, "●")] + ["○"] * (len(stages) - at - 1)
    if run.state is RunState.READY or (run.state in _THROUGH and run.stage is Stage.COMMIT):
        marks[at] = "✓"
    elif run.state in _THROUGH:
        marks[at] = "○"
    return " " + "   ".join(f"{mark} {stage.value}" for mark, stage in zip(marks, stages, strict=True))


def bar_line(run: RunRecord, now: float, width: int) -> str:
    """The bar, the percentage and how long it has taken."""
    drawn = bar(fraction(run), max(10, width - BESIDE_BAR))
    taken = elapsed(run, now)
    word = "elapsed" if run.state.is_active else "took"
    return f" {drawn}  {percent(run):.1f} %   {word} {UNKNOWN if taken is None else duration(taken)}"


def figures_line(run: RunRecord, pace: RunPace, width: int, plan: Plan | None = None) -> str:
    """Documents and bytes done, how fast, and how long it will still take.

    Of a part of the documents nobody has counted more than all of them.
    """
    is_part = plan is not None and bool(plan.scope.filters or plan.scope.owner)
    total = sum(map(documents_total, run.collections))
    done = documents_done(run)
    parts = [f"{number(done)} {'of at most' if is_part and done < total else '/'} {number(total)} docs"]
    if sizes := size_pair(sum(one.bytes_done for one in run.collections), sum(map(bytes_total, run.collections))):
        parts.append(sizes)
    if run.state.is_active:
        rate = pace.rate
        parts.append(f" {UNKNOWN if rate is None else number(rate)} docs/s")
        left = sum(max(0, one.documents_total - one.documents_done) for one in run.collections)
        parts.append(f"ETA {eta_words(left, rate)}")
    elif (mean := mean_rate(run)) is not None:
        parts.append(f" {number(mean)} docs/s on average")
    line = " " + "   ".join(parts)
    return line if cell_len(line) <= width else " " + "  ".join(part.strip() for part in parts)


def counts_lines(
    run: RunRecord, pace: RunPace, events: Sequence[Event], plan: Plan | None = None, width: int = 80
) -> tuple[str, str]:
    """The sparkline, the limit, how many are verified at once, and what became of the documents, on two lines.

    Where they have no room for all counts, those that are 0 are left out of the second line.
    """
    limit = f"{number(run.rate_limit)}/s" if run.rate_limit else "none"
    left = f" {sparkline(pace.history, SPARK_WIDTH)} limit {limit}"
    first, second = _counts(run)
    second.append(("retried", sum(_RETRY in one.message for one in events)))
    below = "" if run.kind is RunKind.EXPORT else source_words(plan)
    if run.state.is_active and run.parallel > 1:
        below = f"{below}  {run.parallel} at once".strip()
    return _laid_out((left, f" {below}"), first, second, width)


def _laid_out(
    lefts: tuple[str, str], first: list[tuple[str, int]], second: list[tuple[str, int]], width: int
) -> tuple[str, str]:
    """Put counts behind what stands at the left: as drawn, else with a wider second line, else without its zeros."""
    above, below = lefts
    begin = max(COUNTS_AT, cell_len(above) + 2, cell_len(below) + 2 if below.strip() else 0)
    begins = [(begin, begin), (begin, cell_len(below) + 2), (cell_len(above) + 2, cell_len(below) + 2)]
    lines = (above, below)
    for some in (second, [one for one in second if one[1]]):
        for at in begins:
            for kept in range(len(first), 0, -1):
                rows = (first[:kept], [*first[kept:], *some])
                shown = ["  ".join(f"{name} {number(value)}" for name, value in row) for row in rows]
                lines = (above.ljust(at[0]) + shown[0], below.ljust(at[1]) + shown[1])
                if all(cell_len(one) <= width for one in lines):
                    return lines
    return lines


def more_line(rows: int, shown: int, width: int) -> str:
    """The rule below the collections, which says how many there is no room for."""
    words = f" +{number(rows - shown)} more " if rows > shown else ""
    return f" {'─' * 3}{words}" + "─" * max(0, width - 5 - len(words))


def event_lines(events: Sequence[Event], zone: tzinfo | None = None, width: int = 0) -> list[str]:
    """Lines of the log: the time of day in the local zone, and what happened, cut in its middle to a width."""
    times = [f" {clock_time(one.at, zone)}  " for one in events]
    said = [printable(one.message) for one in events]
    room = [max(1, width - cell_len(time)) if width else cell_len(one) for time, one in zip(times, said, strict=True)]
    return [time + fit(one, cells) for time, one, cells in zip(times, said, room, strict=True)]


def clock_time(at: float, zone: tzinfo | None = None) -> str:
    """Show the time of day."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone):%H:%M:%S}"


def fraction(run: RunRecord) -> float:
    """How much of a run's documents is done, 0 to 1; 1 only when every collection is."""
    if run.collections and all(one.state is CollectionState.DONE for one in run.collections):
        return 1.0
    done = sum(min(one.documents_done, one.documents_total) for one in run.collections)
    total = sum(one.documents_total for one in run.collections)
    return min(0.999, done / total) if total else 0.0


def percent(run: RunRecord) -> float:
    """The same in percent."""
    return 100 * fraction(run)


def elapsed(run: RunRecord, now: float) -> float | None:
    """Seconds since the run was started, up to its end or to the last word of a worker that is gone."""
    if run.started_at is None:
        return None
    end = now if run.state.is_active else run.ended_at or run.last_heard_at or now
    return max(0.0, end - run.started_at)


def mean_rate(run: RunRecord) -> int | None:
    """Documents a second of a run that has ended; None where a stop in between would make it a lie."""
    taken = elapsed(run, 0.0) if run.ended_at else None
    return steady(documents_done(run) / taken) if taken and run.attempt <= 1 else None


def _counts(run: RunRecord) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    counts = run.counts
    if run.kind is RunKind.ROLLBACK:
        return [("restored", counts.restored), ("deleted", counts.deleted), ("kept", counts.spared)], []
    if run.kind is RunKind.EXPORT:
        return [("written", documents_done(run))], []
    first = [("inserted", counts.inserted), ("replaced", counts.replaced), ("unchanged", counts.unchanged)]
    second = [("skipped", counts.skipped), ("rejected", counts.rejected)]
    if counts.deleted:
        first.append(("deleted", counts.deleted))
    if counts.assumed_ours:
        second.append(("in doubt", counts.assumed_ours))
    return first, second
