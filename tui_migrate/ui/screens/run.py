"""The Run screen: one run as it goes, steered by whoever watches it, and what can be done when it has ended."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar, Final

from textual.widget import Widget

from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Environment, Plan, Policy, RunKind
from tui_migrate.ui.actions import Action
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.look import Fault
from tui_migrate.ui.plan_reading import PlanOfRun
from tui_migrate.ui.run_rows import leads_to_rollback
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.conflicts import ConflictsScreen
from tui_migrate.ui.screens.rejects import RejectsScreen
from tui_migrate.ui.screens.report import ReportScreen
from tui_migrate.ui.screens.run_log import ErrorsScreen, LogScreen
from tui_migrate.ui.screens.run_pace import RunPace
from tui_migrate.ui.screens.run_steering import RunSteering
from tui_migrate.ui.screens.run_table import COLUMNS, CollectionRows
from tui_migrate.ui.screens.run_throughput import ThroughputScreen, held_line
from tui_migrate.ui.screens.run_view import (
    bar_line,
    counts_lines,
    event_lines,
    figures_line,
    head_words,
    more_line,
    stages_line,
)
from tui_migrate.ui.screens.run_words import GONE, is_finished_backup, status
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.taking_back import RollbackBegun
from tui_migrate.ui.throughput import plot
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table, Tone
from tui_migrate.wording import run_name

PLOT_FROM_HEIGHT: Final = 32
PLOT_ROWS: Final = 6

GIVING_UP: Final = "End the run for good: it cannot be resumed any more; what it wrote stays. Asks first."

GOING_ON: Final = "Let the run go on where it was paused."

HELP = (
    "A run goes on whether this screen looks at it or not, also when the app is left or the line drops. What is asked "
    "here is written into the journal; the worker heeds it after the batch it is at. Everybody who works as this user "
    "on this machine sees the same and may ask as well: the last wish counts. The time left is reckoned from the rate "
    "that is shown, and is a dash while that is not known. Documents are written one collection at a time; several "
    "collections may be verified at once, where both ends can be read so."
)


class RunScreen(OperatorScreen):
    """Shows the run of an id, whatever has become of it; `fault` is said first: why its worker was not started."""

    ACTIONS = (
        "run.pause",
        "run.cancel",
        "run.faster",
        "run.slower",
        "run.more_lanes",
        "run.fewer_lanes",
        "run.log",
        "run.errors",
        "run.resume",
        "run.rollback",
        "run.rejects",
        "run.throughput",
        "run.conflicts",
        "run.report",
        "run.again",
        "backup.restore",
        "table.filter",
        "table.sort",
    )
    NEEDED: ClassVar = (
        "run.pause",
        "run.cancel",
        "run.faster",
        "run.slower",
        "run.log",
        "run.errors",
        "app.leave",
        "run.resume",
        "run.rollback",
        "run.conflicts",
        "run.rejects",
    )
    TONES: ClassVar = tuple(f"-{one.value}" for one in Tone)

    def __init__(self, run_id: int, fault: Fault | None = None) -> None:
        super().__init__()
        self._run_id = run_id
        self._fault = fault
        self._snapshot: Snapshot | None = None
        self._pace = RunPace()
        self._reading = PlanOfRun(self)
        self._steering = RunSteering(self, run_id)
        self._rows = CollectionRows()

    @property
    def _plan(self) -> Plan | None:
        return self._reading.plan

    @property
    def run_record(self) -> RunRecord | None:
        """The run as it was last seen; None where there is none, or not yet."""
        return self._snapshot.run if self._snapshot is not None else None

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the lines around the table."""
        yield Lines([" Reading the journal…"], id="stages")
        yield Lines([""], id="bar")
        yield Lines([""], id="figures")
        yield Lines(["", ""], id="counts")
        yield Lines([""], id="plot")
        yield Lines([""], id="rule", classes="rule")
        yield Table(COLUMNS, empty="", id="collections")
        yield Prose(id="status")
        yield Lines([""], id="more", classes="rule")
        yield Lines(["", ""], id="events")

    def subject(self) -> Subject:
        """The one run, whole."""
        return Subject(run_id=self._run_id, samples=True)

    def where(self) -> tuple[str, Environment | None, str]:
        """The run, its ends, and how dangerous its target is."""
        run = self.run_record
        return (
            (f"run {run_name(self._run_id)}", None, "") if run is None else head_words(run, self._plan, self.size.width)
        )

    def help_text(self) -> str:
        """What is shown, and who else may steer."""
        return HELP

    def is_available(self, action_id: str) -> bool:
        """Say what the run's state allows."""
        run = self.run_record
        if run is None:
            return action_id.startswith("app.")
        if action_id in ("run.pause", "run.faster", "run.slower"):
            return run.state.is_active
        if action_id in ("run.more_lanes", "run.fewer_lanes"):
            return run.state.is_active and run.kind is not RunKind.ROLLBACK and len(run.collections) > 1
        if action_id == "run.cancel":
            return not run.state.is_final
        if action_id == "run.resume":
            return run.may_resume
        if action_id == "run.rejects":
            return run.counts.rejected > 0
        if action_id == "run.again":
            return run.kind is not RunKind.ROLLBACK and not run.state.is_active
        if action_id == "backup.restore":
            return is_finished_backup(run)
        if action_id == "run.conflicts":
            return run.undecided > 0 or (self._plan is not None and self._plan.policy is Policy.ASK)
        return leads_to_rollback(run) or action_id != "run.rollback"

    def shown_actions(self) -> tuple[Action, ...]:
        """One that is paused goes on by the key that pauses it; one that has stopped is given up by that of cancel."""
        run, actions = self.run_record, super().shown_actions()
        if run is None:
            return actions
        words = {} if run.state.is_active else {"run.cancel": {"label": "Give up", "help": GIVING_UP}}
        if run.state is RunState.PAUSED:
            words["run.pause"] = {"label": "Go on", "help": GOING_ON}
        return tuple(replace(one, **words.get(one.id, {})) for one in actions)

    def copyable(self) -> Sequence[Copyable]:
        """The collection under the cursor, the run's id, its plan."""
        run = self.run_record
        own = [] if run is None else [Copyable("run id", str(run.id)), Copyable("plan", run.plan)]
        return [*super().copyable(), *own]

    def on_mount(self) -> None:
        """Let the keys of the table work at once."""
        self.query_one(Table).focus()
        if self._fault is not None:
            self.notify_line(self._fault.sentence)

    def on_resize(self) -> None:
        """Lay out anew, once the table knows how much room it has."""
        super().on_resize()
        self.call_after_refresh(self._draw)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw how the run stands now."""
        is_first = self._snapshot is None
        if snapshot.run is None:
            self._snapshot = snapshot
            self._draw_nothing(was_there=not is_first)
            return
        self._reading.of(snapshot.run)
        self._snapshot = snapshot
        self._pace.note(snapshot.taken_at, snapshot.run)
        self._draw()
        if is_first:
            self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        snapshot, width = self._snapshot, self.size.width
        if snapshot is None or snapshot.run is None or not self.is_mounted:
            return
        run, pace = snapshot.run, self._pace
        said, tone = status(snapshot, self.session.keys)
        self._say(said, tone)
        self.query_one("#stages", Lines).show([stages_line(run)])
        self.query_one("#bar", Lines).show([bar_line(run, snapshot.taken_at, width)])
        self.query_one("#figures", Lines).show([figures_line(run, pace, width, self._plan, snapshot.verified)])
        self.query_one("#counts", Lines).show(counts_lines(run, pace, snapshot.retried, width, self._plan))
        self.query_one("#rule", Lines).show([held_line(snapshot, width)])
        self._draw_plot(snapshot)
        table = self.query_one(Table)
        empty = "The run has no collections." if run.state.is_final else ""
        table.show(self._rows.of(run, pace), empty=empty)
        self.call_after_refresh(self._draw_more)
        self.query_one("#events", Lines).show(["", "", *event_lines(snapshot.events[-2:], width=width)][-2:])

    def _draw_more(self) -> None:
        """Say how many collections there is no room for, now that what else is said has taken its own."""
        table = self.query_one(Table)
        shown = max(1, table.size.height - 2)
        self.query_one("#more", Lines).show([more_line(len(table.rows), shown, self.size.width)])

    def _draw_plot(self, snapshot: Snapshot) -> None:
        """Show the whole run's throughput where the screen is tall enough; T shows it elsewhere."""
        pane = self.query_one("#plot", Lines)
        lines = plot(snapshot.samples, self.size.width, PLOT_ROWS) if self.size.height >= PLOT_FROM_HEIGHT else []
        pane.display = bool(lines)
        if lines:
            pane.show(lines)

    def _draw_nothing(self, *, was_there: bool) -> None:
        name = f"run {run_name(self._run_id)}"
        words = f" ✗ {name} is gone: {GONE}" if was_there else f" ✗ There is no {name}. esc goes back."
        self._say([words], Tone.BAD)
        self.query_one("#stages", Lines).show([""])
        self.query_one("#plot", Lines).display = False
        for one in ("#bar", "#figures"):
            self.query_one(one, Lines).show([""])
        self.query_one("#counts", Lines).show(["", ""])
        self.query_one("#events", Lines).show(["", ""])
        self.query_one(Table).show([], empty="Nothing is left to show.")

    def _say(self, paragraphs: list[str], tone: Tone) -> None:
        pane = self.query_one("#status", Prose)
        if "\n".join(paragraphs) != pane.words:
            pane.say(paragraphs)
        for one in self.TONES:
            pane.set_class(one == f"-{tone.value}", one)

    def action_run_pause(self) -> None:
        """Pause, or go on; a pause that is not carried out yet is taken back."""
        if self._snapshot is not None and self._snapshot.run is not None:
            self._steering.pause_or_go_on(self._snapshot.run, self._snapshot.controls)

    def action_run_slower(self) -> None:
        """Ask for the next lower limit."""
        if self._snapshot is not None and self._snapshot.run is not None:
            self._steering.slower(self._snapshot.run, self._snapshot.controls, self._pace)

    def action_run_faster(self) -> None:
        """Ask for the next higher limit, or for none."""
        if self._snapshot is not None and self._snapshot.run is not None:
            self._steering.faster(self._snapshot.run, self._snapshot.controls, self._pace)

    def action_run_more_lanes(self) -> None:
        """Ask for one collection more to be verified at once."""
        if self._snapshot is not None and self._snapshot.run is not None:
            self._steering.change_lanes(self._snapshot.run, self._snapshot.controls, 1)

    def action_run_fewer_lanes(self) -> None:
        """Ask for one collection fewer to be verified at once."""
        if self._snapshot is not None and self._snapshot.run is not None:
            self._steering.change_lanes(self._snapshot.run, self._snapshot.controls, -1)

    def action_run_cancel(self) -> None:
        """Ask what is to become of what was written, and cancel."""
        if self.run_record is not None and self._plan is not None:
            self._steering.cancel(self.run_record, self._plan, lambda: self.run_record)

    def action_run_resume(self) -> None:
        """Start a worker, after asking for passwords that are missing."""
        self._steering.resume()

    def action_run_rollback(self) -> None:
        """Show what a rollback would do, or the one that is under way."""
        from tui_migrate.ui.screens.rollback import rollback_of  # which shows the run that it starts on this screen

        if self.run_record is not None:
            self.app.push_screen(rollback_of(self.run_record))

    def action_run_rejects(self) -> None:
        """List what the target refused."""
        self.app.push_screen(RejectsScreen(self._run_id))

    def action_run_report(self) -> None:
        """Show its findings with their totals."""
        self.app.push_screen(ReportScreen(self._run_id))

    def action_run_again(self) -> None:
        """Plan the same migration anew."""
        from tui_migrate.ui.screens.run_actions import plan_again  # which leads to this screen

        self.migrate_app.in_background(plan_again(self, self._run_id), "again")

    def action_run_conflicts(self) -> None:
        """Show what the run asks about."""
        self.app.push_screen(ConflictsScreen(self._run_id))

    def action_backup_restore(self) -> None:
        """Show what restoring the backup that this run made would change."""
        from tui_migrate.ui.screens.backup_restoring import restore_named  # whose screens show runs on this one

        if self.run_record is not None and is_finished_backup(self.run_record):
            self.migrate_app.in_background(restore_named(self.migrate_app, self.run_record.backup), "restore")

    def action_run_log(self) -> None:
        """Show the whole log."""
        self.app.push_screen(LogScreen(self._run_id))

    def action_run_throughput(self) -> None:
        """Show how fast it was all the while."""
        self.app.push_screen(ThroughputScreen(self._run_id))

    def action_run_errors(self) -> None:
        """Show findings and faults."""
        self.app.push_screen(ErrorsScreen(self._run_id))

    def go_back(self) -> bool:
        """Stop connecting, where that is under way."""
        return self._steering.stop_waiting()

    def on_rollback_begun(self, event: RollbackBegun) -> None:
        """Go over to the rollback."""
        self.app.push_screen(RunScreen(event.begun.run_id, event.begun.fault))
