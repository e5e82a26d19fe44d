"""The Rollback screen: what taking a run back would do, and its start. From then on it is a run like any other."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.errors import TuiMigrateError
from tui_migrate.journal.records import RunRecord
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, Plan
from tui_migrate.ui.changes import Changes, look_for_changes
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.look import Fault, LookState
from tui_migrate.ui.one_start import OneStart
from tui_migrate.ui.plan_reading import PlanOfRun
from tui_migrate.ui.run_rows import is_rollback_cut_short
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.rollback_asking import Answer, Wanted, ask_before_start, later_runs
from tui_migrate.ui.screens.rollback_choices import FORCE, FORCE_CHOICES, FORCE_WORDS, SPARE
from tui_migrate.ui.screens.rollback_documents import RollbackDocumentsScreen, Taken
from tui_migrate.ui.screens.rollback_view import COLUMNS, CollectionRows, RollbackLook, next_line, planned, sentences
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.screens.run_log import LogScreen
from tui_migrate.ui.screens.run_view import head_words
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.taking_back import RollbackBegun, begin_rollback, target_password
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table
from tui_migrate.wording import run_name
from tui_migrate.worker.undo_summary import summarise_undo

TICK_SECONDS = 1.0


class RollbackScreen(OperatorScreen):
    """Shows what a rollback of the run of an id would do, and starts it."""

    ACTIONS = (
        "run.open",
        "run.rollback",
        "rollback.start",
        "rollback.look",
        "rollback.force",
        "run.log",
        "look.again",
        "table.filter",
        "table.sort",
    )

    class Looked(Message):
        """More is known of what stands behind the record."""

        def __init__(self, look: RollbackLook) -> None:
            super().__init__()
            self.look = look

    class Counted(Message):
        """More is known of what others have changed; None where the look was given up before it began."""

        def __init__(self, changes: Changes | None) -> None:
            super().__init__()
            self.changes = changes

        def can_replace(self, message: Message) -> bool:
            """Take the place of what was known before."""
            return isinstance(message, RollbackScreen.Counted)

    def __init__(self, run_id: int) -> None:
        super().__init__()
        self._run_id = run_id
        self._run: RunRecord | None = None
        self._reading = PlanOfRun(self)
        self._rows = CollectionRows()
        self._look: RollbackLook | None = None
        self._heard_at = 0.0
        self._ticking: Timer | None = None
        self._starting = OneStart(self)
        self._changes: Changes | None = None
        self._counting: Worker[Any] | None = None
        self._force = False
        self._live: tuple[int, ...] = ()

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the sentences, the collections, and what comes next."""
        yield Prose([" Reading the journal…"], id="what")
        yield FaultPane(id="fault")
        yield Table(COLUMNS, empty="", id="collections")
        yield Lines([""], id="next")

    def subject(self) -> Subject:
        """The run that is to be taken back, whole."""
        return Subject(run_id=self._run_id)

    def where(self) -> tuple[str, Environment | None, str]:
        """What is rolled back, and how dangerous its target is."""
        if self._run is None:
            return f"roll back run {run_name(self._run_id)}", None, ""
        _, environment, right = head_words(self._run, self._plan, self.size.width)
        return f"roll back run {run_name(self._run_id)}", environment, right

    def help_text(self) -> str:
        """What a rollback does, and what it does not."""
        return (
            "A rollback is a run of its own: it can be watched, paused and resumed, and is verified at its end. It"
            " deletes what the run inserted and puts back what it replaced, from the run's undo log; a document that"
            " somebody changed after the run wrote it is kept as it is and becomes a finding."
            " enter lists the documents of the collection under the cursor, each with what becomes of it."
            f" {self.key_of('rollback.look')} counts what is kept beforehand: it reads every document of the run"
            " from the target, writes nothing, and enter then lists what is kept first; what others do after that is"
            f" not in it. {self.key_of('rollback.force')} lets it take that back too, and says what is lost then."
            " Collections, views and indexes that the run created go, unless others have put documents into them."
        )

    def is_available(self, action_id: str) -> bool:
        """A start or a count where nothing stands against it; another try where something does."""
        if action_id in ("rollback.start", "rollback.look", "rollback.force"):
            is_possible = self._look is not None and self._look.fault is None and self._run is not None
            is_possible = is_possible and self._plan is not None and not self._starting.is_under_way
            return is_possible and (action_id != "rollback.look" or self._counting is None)
        if action_id == "run.rollback":
            return self._look is not None and bool(self._look.later)
        if action_id == "run.open":
            is_known = self._look is not None and self._look.fault is None and self._run is not None
            return is_known and self.query_one(Table).cursor_key is not None
        if action_id == "look.again":
            return self._look is not None and self._look.fault is not None and self._run is not None
        return self._run is not None if action_id == "run.log" else True

    def on_mount(self) -> None:
        """Let the keys of the table work at once."""
        self.query_one(Table).focus()

    def on_unmount(self) -> None:
        """Nobody is left to count for."""
        self._stop_counting()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw what the record says; where it is another one than before, look again at what stands behind it."""
        before, self._run = self._run, snapshot.run
        live_before, self._live = self._live, snapshot.live
        if snapshot.run is None:
            self._look = None
            self._forget_changes()
            self.query_one("#what", Prose).say([f" ✗ There is no run {run_name(self._run_id)} any more."])
            self.query_one(Table).show([], empty="Nothing is left to show.")
            self.query_one("#next", Lines).show([next_line(None, None, 0, self.session.keys)])
            return
        self._reading.of(snapshot.run)
        if before is None or _standing(before) != _standing(snapshot.run):
            self._forget_changes()
            self.action_look_again()
        elif live_before != self._live:
            self._look_at_later()
        self._draw()

    def on_screen_resume(self) -> None:
        """Ask again which later runs there are: one may have been taken back meanwhile."""
        super().on_screen_resume()
        self._look_at_later()

    def action_look_again(self) -> None:
        """Look anew at what stands behind the record."""
        self._look, self._heard_at = None, self.session.clock()
        self.migrate_app.in_background(self._look_behind(), f"rollback-look-{self._run_id}")
        self._count_waiting()
        self._draw()

    def action_rollback_look(self) -> None:
        """Count what others have changed since the run wrote it."""
        if self._plan is not None and self.is_available("rollback.look"):
            self._counting = self.migrate_app.in_background(self._count(self._plan), f"rollback-count-{self._run_id}")
            self._heard_at = self.session.clock()
            self._changes = Changes(LookState.CONNECTING, self._heard_at)
            self._count_waiting()
            self._draw()
            self.refresh_frame()

    def action_run_open(self) -> None:
        """List the documents of the collection under the cursor."""
        collection = self.query_one(Table).cursor_key
        if self._plan is not None and collection is not None and self.is_available("run.open"):
            taken = Taken(self._run_id, self._plan, self._force)
            self.app.push_screen(RollbackDocumentsScreen(taken, collection, self._changes))

    def action_rollback_force(self) -> None:
        """Say what forcing means, and let the operator decide."""

        def take(choice: str | None) -> None:
            if choice is not None:
                self._force = choice == FORCE
                self._draw()

        at = FORCE if self._force else SPARE
        self.app.push_screen(Choose("What others have changed since", FORCE_WORDS, FORCE_CHOICES, at=at), take)

    def action_rollback_start(self) -> None:
        """Start the rollback, after what has to be confirmed was; never twice."""
        run, plan, look = self._run, self._plan, self._look
        if run is None or plan is None or look is None or not self.is_available("rollback.start"):
            return
        wanted = Wanted(self._run_id, plan, planned(run, self._changes), look.later, self._force)
        self._starting.begin(partial(self._start, wanted), f"rollback-{self._run_id}")

    def action_run_rollback(self) -> None:
        """Show what rolling back the last of the later runs would do; esc leads back here."""
        if self._look is not None and self._look.later:
            self.app.push_screen(RollbackScreen(self._look.later[-1]))

    def action_run_log(self) -> None:
        """Show the log of the run that is to be taken back."""
        self.app.push_screen(LogScreen(self._run_id))

    def go_back(self) -> bool:
        """Stop connecting or counting, where that is under way; nothing was started or written then."""
        if self._starting.stop():
            return True
        if self._counting is None:
            return False
        self._forget_changes()
        self.notify_line("Stopped counting; nothing was changed.", is_error=False)
        self._draw()
        self.refresh_frame()
        return True

    def on_table_opened(self) -> None:
        """List the documents of the collection."""
        self.action_run_open()

    def on_rollback_screen_counted(self, event: Counted) -> None:
        """Draw what is known by now, unless nobody waits for it any more."""
        if self._counting is None:
            return
        self._changes, self._heard_at = event.changes, self.session.clock()
        if event.changes is None or not event.changes.state.is_pending:
            self._counting = None
            self._draw()
            self.refresh_frame()
        else:
            self._draw_next()

    def on_rollback_screen_looked(self, event: Looked) -> None:
        """Draw what is known by now. Where a later run came or went, what was counted does not hold any more."""
        if self._look == event.look:
            return
        if self._look is not None and self._look.later != event.look.later:
            self._forget_changes()
        self._look = event.look
        self._draw()
        self.refresh_frame()

    def on_one_start_over(self) -> None:
        """Say again what comes next."""
        self._draw()

    def on_rollback_begun(self, event: RollbackBegun) -> None:
        """Go over to the run."""
        self.go_over_to(RunScreen(event.begun.run_id, event.begun.fault))

    @property
    def _plan(self) -> Plan | None:
        return self._reading.plan

    def _draw(self) -> None:
        run, look = self._run, self._look
        if run is None:
            return
        self.query_one("#what", Prose).say(sentences(run, look, self.session.keys, self._changes, force=self._force))
        self.query_one(Table).show(self._rows.of(run, look, self._changes), empty="The run has no collections.")
        pane = self.query_one("#fault", FaultPane)
        fault = look.fault if look is not None and look.fault is not None else None
        if fault is None and self._changes is not None:
            fault = self._changes.fault
        if fault is not None:
            pane.explain(fault.message, f"→ {fault.hint}" if fault.hint else "")
        else:
            pane.clear()
        self._draw_next()

    def _draw_next(self) -> None:
        waited = self.session.clock() - self._heard_at
        self.query_one("#next", Lines).show(
            [next_line(self._run, self._look, waited, self.session.keys, self._changes)]
        )

    def _count_waiting(self) -> None:
        """Say how long it takes, for as long as anything is waited for."""
        if self._ticking is None:
            self._ticking = self.set_interval(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        is_looking = self._look is None or (self._look.fault is None and self._look.undo is None)
        if self._ticking is not None and not is_looking and self._counting is None:
            self._ticking.stop()
            self._ticking = None
        elif self.is_current:
            self._draw_next()

    def _stop_counting(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
            self._counting = None

    def _forget_changes(self) -> None:
        self._stop_counting()
        self._changes = None

    def _give_up_counting(self) -> None:
        """Count no further; what was counted whole still holds."""
        if self._counting is not None:
            self._forget_changes()

    async def _start(self, wanted: Wanted) -> None:
        answer = await ask_before_start(self.migrate_app, wanted)
        if answer is Answer.LAST:
            self.call_later(self.action_run_rollback)
        if answer is not Answer.START:
            return
        self._give_up_counting()
        self.notify_line("Starting the rollback… esc stops waiting.", is_error=False)
        plan = wanted.plan
        if await have_passwords(self.migrate_app, (plan.target,)):
            passwords = target_password(plan, self.session.passwords)
            beginning = begin_rollback(self.session.home, self._run_id, passwords, force=wanted.force)
            begun = await self.migrate_app.whole_steps.take(beginning)
            self.post_message(RollbackBegun(begun))

    async def _count(self, plan: Plan) -> None:
        session = self.session

        def tell(changes: Changes) -> None:
            self.post_message(self.Counted(changes))

        try:
            has_password = await have_passwords(self.migrate_app, (plan.target,))
        except TuiMigrateError as error:
            tell(Changes(LookState.FAILED, session.clock(), fault=Fault.of(error)))
            return
        if not has_password:
            self.post_message(self.Counted(None))
            return
        await look_for_changes(session.home, self._run_id, plan, session.passwords, session.clock, tell)

    def _look_at_later(self) -> None:
        if (look := self._look) is not None and look.undo is not None:
            self.migrate_app.in_background(self._read_later(look), f"rollback-look-{self._run_id}")

    async def _read_later(self, look: RollbackLook) -> None:
        now = await look_behind(self.session.home, self._run_id)
        self.post_message(self.Looked(now if now.fault is not None else replace(look, later=now.later)))

    async def _look_behind(self) -> None:
        look = await look_behind(self.session.home, self._run_id)
        self.post_message(self.Looked(look))
        if look.fault is None:
            try:
                undo = await summarise_undo(self.session.home, self._run_id)
            except TuiMigrateError as error:
                self.post_message(self.Looked(replace(look, fault=Fault.of(error))))
            else:
                self.post_message(self.Looked(replace(look, undo=undo)))


async def look_behind(home: Home, run_id: int) -> RollbackLook:
    """Say whether a run can be taken back, and which later runs wrote to the same collections."""
    try:
        return RollbackLook(later=await later_runs(home, run_id))
    except TuiMigrateError as error:
        return RollbackLook(fault=Fault.of(error))


def _standing(run: RunRecord) -> tuple[object, ...]:
    return run.state, run.rolled_back_by, run.writes_begun, run.attempt


def rollback_of(run: RunRecord) -> OperatorScreen:
    """The screen that shows what a rollback of a run would do; of one that is under way, the run that does it.

    Of a rollback that was cut short, the run that it was to take back.
    """
    shown = run.rollback_of if is_rollback_cut_short(run) else run.rollback_run
    return RunScreen(shown) if shown else RollbackScreen(run.id)
