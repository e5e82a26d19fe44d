"""How fast the run was over all of its time, and what held it up: a sheet as wide as the screen."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Final

from textual.widget import Widget

from tui_migrate.journal.hindrance import ADVICE, HeldUp, Hindrance, last_hindrance
from tui_migrate.journal.records import RunRecord, Sample
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Environment
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.run_pace import documents_done
from tui_migrate.ui.screens.run_view import clock_time, head_right, mean_rate
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.throughput import plot
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.wording import duration, number, run_name

TOO_EARLY: Final = " Nothing was measured yet: the first samples come within some seconds."
OF_OLD: Final = " Nothing was measured: the run was never started, or is of an older version."


class ThroughputScreen(OperatorScreen):
    """The plot of one run."""

    def __init__(self, run_id: int) -> None:
        super().__init__()
        self._run_id = run_id
        self._snapshot: Snapshot | None = None

    def compose_body(self) -> Iterable[Widget]:
        """The plot, and what is to be said of it."""
        yield Lines([" Reading the journal…"], id="plot")
        yield Prose(id="held")

    def subject(self) -> Subject:
        """The one run, with its samples."""
        return Subject(run_id=self._run_id, samples=True)

    def where(self) -> tuple[str, Environment | None, str]:
        """The run, and which sheet of it this is."""
        run = self._snapshot.run if self._snapshot is not None else None
        return f"run {run_name(self._run_id)}   throughput", *head_right(run, self.size.width)

    def help_text(self) -> str:
        """What is drawn, and what holds a run up."""
        said = "; ".join(f"{by.value}: {ADVICE[by]}" for by in Hindrance)
        return (
            "Documents a second over the whole run, measured every two seconds or, in a long run, more seldom. A dot "
            "stands where no worker was at work. What holds a run up is what the slowest of reading, looking up and "
            f"writing spends its time on, looked at every ten seconds while documents move. {said}."
        )

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw how it stands."""
        self._snapshot = snapshot
        self._draw()

    def on_resize(self) -> None:
        """Draw for the room there is."""
        super().on_resize()
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        snapshot = self._snapshot
        if snapshot is None or not self.is_mounted:
            return
        run, pane = snapshot.run, self.query_one("#plot", Lines)
        if run is None:
            pane.show([f" ✗ There is no run {run_name(self._run_id)} any more. esc goes back."])
            self.query_one("#held", Prose).say([])
            return
        height = max(3, self.size.height - 8)
        pane.show(plot(snapshot.samples, self.size.width, height) or [_short_words(snapshot, run)])
        speed = _speed_words(run, snapshot.samples)
        said = [*([f" {speed}"] if speed else []), *held_words(run, held_up(snapshot))]
        self.query_one("#held", Prose).say(said)


def held_up(snapshot: Snapshot) -> HeldUp | None:
    """What the worker that is at work said last of what holds the run up; nothing where no documents move."""
    run = snapshot.run
    if run is None or run.state is not RunState.EXECUTING:
        return None
    begun = min((one.at for one in snapshot.samples if one.attempt == run.attempt), default=0.0)
    return last_hindrance([one for one in snapshot.events if one.at >= begun])


def held_line(snapshot: Snapshot, width: int, zone: tzinfo | None = None) -> str:
    """The rule above the collections, which says what holds the run up where that is known."""
    held = held_up(snapshot)
    words = f" held up by the {held.by.value} since {clock_time(held.at, zone)} " if held and held.by else ""
    return f" {'─' * 3}{words}" + "─" * max(0, width - 5 - len(words))


def held_words(run: RunRecord, held: HeldUp | None) -> Sequence[str]:
    """Sentences on what holds a run up."""
    if run.state is not RunState.EXECUTING:
        return []
    if held is None:
        return [" What holds it up is known after some ten seconds."]
    if held.by is None:
        return [f" Nothing in particular holds it up since {clock_time(held.at)}."]
    return [f" Held up by the {held.by.value} since {clock_time(held.at)}: {ADVICE[held.by]}."]


def _short_words(snapshot: Snapshot, run: RunRecord) -> str:
    """What stands in the place of a graph that would have no more than a few columns."""
    if len(snapshot.samples) < 2:
        return TOO_EARLY if run.state.is_active else OF_OLD
    if run.state.is_active:
        return " The graph begins after some seconds."
    taken = run.seconds_at_work(snapshot.taken_at)
    in_words = f" in {duration(taken)}" if taken is not None else ""
    done = documents_done(run)
    return f" Too short for a graph: {number(done)} document{'s' if done != 1 else ''}{in_words}."


def _speed_words(run: RunRecord, samples: Sequence[Sample]) -> str:
    mean = mean_rate(run)
    parts = [] if mean is None else [f"{number(mean)} docs/s on average"]
    if run.attempt > 1:
        parts.append(f"{run.attempt} attempts")
    if run.rate_limit:
        parts.append(f"limit {number(run.rate_limit)}/s")
    return " · ".join(parts) if samples else ""
