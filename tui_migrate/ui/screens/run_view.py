"""The Run screen's lines, made from a run's record and its measured pace. Nothing here knows a widget.

Widths are in cells, times in seconds since 1970.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from rich.cells import cell_len

from tui_migrate.errors import Undecided
from tui_migrate.journal.records import CollectionState, Event, RunRecord
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.environments import name_in
from tui_migrate.plan.model import Environment, Plan, RunKind, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.look import host_words
from tui_migrate.ui.rates import UNKNOWN, eta_words, steady
from tui_migrate.ui.run_rows import UNDECIDED
from tui_migrate.ui.screens.base import environment_words
from tui_migrate.ui.screens.run_pace import RunPace, documents_done
from tui_migrate.ui.screens.run_table import STOPPED_MARKS, bytes_total, size_pair
from tui_migrate.ui.widgets.bar import bar, sparkline
from tui_migrate.ui.widgets.fitting import cut, fit, fit_ends
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
    return what + fit_ends(short_ends(run), max(1, room)), environment, right


def head_right(run: RunRecord | None, width: int) -> tuple[Environment | None, str]:
    """The right of the head of a sheet about a run: how dangerous its target is, or an export's source."""
    return (None, "") if run is None else head_words(run, None, width)[1:]


def short_ends(run: RunRecord) -> str:
    """From where to where; of URLs the hosts and the database."""
    return _short(printable(_ends(run)))


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


def asks_only(run: RunRecord) -> bool:
    """True of a run that has stopped for nothing but decisions, made by now or not."""
    return run.state is RunState.INTERRUPTED and run.failure is not None and run.failure.code == Undecided.code


def stages_line(run: RunRecord) -> str:
    """The five stages, each with its mark."""
    stages = list(Stage)
    at = stages.index(run.stage)
    stopped = UNDECIDED if asks_only(run) else STOPPED_MARKS.get(run.state, "●")
    marks = ["✓"] * at + [stopped] + ["○"] * (len(stages) - at - 1)
    if run.state is RunState.READY or (run.state in _THROUGH and run.stage is Stage.COMMIT):
        marks[at] = "✓"
    elif run.state in _THROUGH:
        marks[at] = "○"
    written = stages.index(Stage.EXECUTE)
    if at < written and fraction(run) == 1.0:
        marks[written] = "✓"  # prepared again by another attempt, or behind a pause: what is written stays so
    return " " + "   ".join(f"{mark} {stage.value}" for mark, stage in zip(marks, stages, strict=True))


def bar_line(run: RunRecord, now: float, width: int) -> str:
    """The bar, the percentage and how long it has taken."""
    done = fraction(run)
    drawn = bar(done, max(10, width - BESIDE_BAR))
    taken = run.seconds_at_work(now)
    word = "elapsed" if run.state.is_active else "took"
    return f" {drawn}  {100 * done:.1f} %   {word} {UNKNOWN if taken is None else duration(taken)}"


def figures_line(
    run: RunRecord, pace: RunPace, width: int, plan: Plan | None = None, verified: int | None = None
) -> str:
    """Documents and bytes done, how fast, and how long it will still take; in the verification, how many by now.

    Of a part of the documents nobody has counted more than all of them.
    """
    is_counted = all(one.state is CollectionState.DONE for one in run.collections)
    is_part = plan is not None and bool(plan.scope.filters or plan.scope.owner) and not is_counted
    total = sum(one.documents_expected for one in run.collections)
    done = documents_done(run)
    parts = [f"{number(done)} {'of at most' if is_part else '/'} {number(total)} doc{'' if total == 1 else 's'}"]
    if sizes := size_pair(sum(one.bytes_done for one in run.collections), sum(map(bytes_total, run.collections))):
        parts.append(sizes)
    if verified is not None:
        parts.append(f" {number(verified)} verified")
    elif run.state.is_active:
        rate = pace.rate
        parts.append(f" {UNKNOWN if rate is None else number(rate)} docs/s")
        left = sum(max(0, one.documents_total - one.documents_done) for one in run.collections)
        parts.append(f"ETA {eta_words(left, rate)}")
    elif (mean := mean_rate(run)) is not None:
        parts.append(f" {number(mean)} docs/s on average")
    line = " " + "   ".join(parts)
    return line if cell_len(line) <= width else " " + "  ".join(part.strip() for part in parts)


def counts_lines(run: RunRecord, pace: RunPace, retried: int, width: int, plan: Plan | None = None) -> tuple[str, str]:
    """The sparkline, the limit, how many are verified at once, and what became of the documents, on two lines.

    A number is never cut: where there is no room, the sparkline goes, and then large numbers are rounded.
    """
    limit = f"limit {number(run.rate_limit)}/s" if run.rate_limit else "limit none"
    left = f"{sparkline(pace.history, SPARK_WIDTH)} {limit}"
    first, second = _counts(run)
    second.append(("retried", retried))
    below = "" if run.kind is RunKind.EXPORT else source_words(plan)
    begin = max(COUNTS_AT, cell_len(left) + 3)
    if run.state.is_active and run.parallel > 1:
        below = f"{below}  {run.parallel} at once".strip()
        begin = max(begin, cell_len(below) + 3)
    return _beside((left, limit), begin, first, width), _beside((below,), begin, second, width)


def _beside(lefts: Sequence[str], begin: int, counts: Sequence[tuple[str, int]], width: int) -> str:
    """Put counts beside the first of `lefts`, at a cell; nearer to the last of them, and rounded, as far as needed."""
    exact, rounded = ("  ".join(f"{name} {say(value)}" for name, value in counts) for say in (number, rounded_number))
    near = f" {lefts[-1]}  " if lefts[-1] else " "
    close = " ".join(filter(None, (f" {lefts[-1]}".rstrip(), rounded.replace("  ", " "))))
    lines = (f" {lefts[0]}".ljust(begin) + exact, near + exact, near + rounded, close)
    return next((one for one in lines if cell_len(one) <= width), cut(close, width))


def rounded_number(value: int) -> str:
    """Show a number in few cells: from a million on its first digits, the rest cut off: `1.9 M`, `12 M`."""
    for unit, name in ((10**9, "G"), (10**6, "M")):
        if value >= 10 * unit:
            return f"{number(value // unit)} {name}"
        if value >= unit:
            return f"{value * 10 // unit / 10:.1f} {name}"
    return number(value)


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


def mean_rate(run: RunRecord) -> int | None:
    """Documents a second of a run that has ended; None where a stop in between would make it a lie."""
    taken = run.seconds_at_work(run.ended_at) if run.ended_at else None
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
        second.insert(0, ("deleted", counts.deleted))  # a fourth of that size has no room on the line above
    if counts.assumed_ours:
        second.append(("in doubt", counts.assumed_ours))
    return first, second
