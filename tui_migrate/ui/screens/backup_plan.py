"""What a backup or a restore would do, and its start. From then on it is a run like any other."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.errors import TuiMigrateError
from tui_migrate.findings import Severity
from tui_migrate.paths import Home
from tui_migrate.plan.build import PlanRequest
from tui_migrate.plan.model import End, Environment, Plan, StoreEnd
from tui_migrate.plan.refusals import refusals
from tui_migrate.redaction import printable
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.look import Fault, LookState, Opening, host_words
from tui_migrate.ui.next_steps import finding_in_app
from tui_migrate.ui.one_start import OneStart
from tui_migrate.ui.outlook import Outlook
from tui_migrate.ui.policy_words import documents_words
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.new_step import SLOW_SECONDS
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.starting import confirm, have_worker
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table
from tui_migrate.ui.wording import duration, number, silence_words

ERRORS_SHOWN: Final = 3
TICK_SECONDS: Final = 1.0


class BackupPlanScreen(OperatorScreen):
    """The base of both: the sentences, what the checks found, the collections, and what comes next.

    Subclasses give `COLUMNS`, `what`, `look`, `sentences` and `rows`, and may say in `create` how the run is recorded.
    """

    ACTIONS: ClassVar[tuple[str, ...]] = ("backup.start", "look.again", "table.filter", "table.sort")
    COLUMNS: ClassVar[Sequence[Column]] = ()

    class Told(Message):
        """More is known."""

        def __init__(self, outlook: Outlook) -> None:
            super().__init__()
            self.outlook = outlook

    class Begun(Message):
        """The run is recorded; None where nobody wanted it any more."""

        def __init__(self, begun: tuple[int, Fault | None] | None) -> None:
            super().__init__()
            self.begun = begun

    def __init__(self, request: PlanRequest) -> None:
        super().__init__()
        self._request = request
        self._outlook: Outlook | None = None
        self._work: Worker[Any] | None = None
        self._starting = OneStart(self)
        self._told_at = 0.0

    def what(self) -> str:
        """Say in the head what is planned."""
        raise NotImplementedError

    def look(self, opening: Opening) -> Coroutine[Any, Any, None]:
        """Look at what it would do, and tell each time what is known by `tell`."""
        raise NotImplementedError

    def sentences(self, outlook: Outlook) -> list[str]:
        """Say what it would do, as far as that is known."""
        raise NotImplementedError

    def details(self, outlook: Outlook) -> list[str]:
        """Say what else there is to be known, as far as there is room for it."""
        return []

    def rows(self, outlook: Outlook) -> list[Row]:
        """Give the collections."""
        raise NotImplementedError

    def create(self, outlook: Outlook) -> Callable[[Home, Plan], Awaitable[int]] | None:
        """Say how the run is recorded, if not as every run is."""
        return None

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the sentences, the collections and what comes next."""
        yield Prose(id="what")
        yield FaultPane(id="fault")
        yield Table(self.COLUMNS, id="collections")
        yield Lines([""], id="next")

    def on_mount(self) -> None:
        """Look at once."""
        super().on_mount()
        self.query_one(Table).focus()
        self.set_interval(TICK_SECONDS, self._tick)
        self.action_look_again()

    def on_unmount(self) -> None:
        """Nobody waits for it any more."""
        if self._work is not None:
            self._work.cancel()

    def where(self) -> tuple[str, Environment | None, str]:
        """What it is, and how dangerous the database is that it writes to or reads."""
        source, target = self._request.source, self._request.target
        if isinstance(target, StoreEnd):
            return self.what(), target.environment, printable(host_words(target))
        is_production = isinstance(source, StoreEnd) and source.environment is Environment.PRODUCTION
        return self.what(), None, "SOURCE: PRODUCTION" if is_production else ""

    def is_available(self, action_id: str) -> bool:
        """A start where nothing stands against it; another look where none is under way."""
        match action_id:
            case "backup.start":
                return self._outlook is not None and self._outlook.can_start and not self._starting.is_under_way
            case "look.again":
                return not self._is_looking and not self._starting.is_under_way
        return True

    def go_back(self) -> bool:
        """Give up the start, or the look, first."""
        if self._starting.stop():
            self._draw()
            return True
        if self._work is None or not self._is_looking:
            return False
        self._work.cancel()
        self._work = None
        self._outlook = None
        self._draw()
        return True

    def on_backup_plan_screen_told(self, message: Told) -> None:
        """Show what is known."""
        if self._is_looking or not message.outlook.state.is_pending:
            self._outlook, self._told_at = message.outlook, self.session.clock()
            self._draw()

    def on_one_start_over(self) -> None:
        """Say again what comes next."""
        self._draw()

    def on_backup_plan_screen_begun(self, message: Begun) -> None:
        """Go over to the run."""
        if message.begun is not None:
            self.session.looks.forget()
            self.go_over_to(RunScreen(*message.begun))
        self._draw()

    def action_look_again(self) -> None:
        """Look, and check."""
        self._outlook = None
        self._work = self.migrate_app.in_background(self._look(), "backup-plan")
        self._draw()

    def action_backup_start(self) -> None:
        """Have everything confirmed, and start; never twice."""
        outlook = self._outlook
        if outlook is not None and outlook.can_start and outlook.plan is not None:
            self._starting.begin(partial(self._start, outlook, outlook.plan), "backup-start")
            self._draw()

    def tell(self, outlook: Outlook) -> None:
        """Let the screen show what is known."""
        self.post_message(self.Told(outlook))

    @property
    def _is_looking(self) -> bool:
        return self._work is not None and not self._work.is_finished

    async def _look(self) -> None:
        session = self.session
        opening = Opening(session.home, session.passwords, session.clock)
        began = Outlook(LookState.CONNECTING, session.clock())
        ends: tuple[End, ...] = (self._request.source, self._request.target)
        try:
            has_all = await have_passwords(self.migrate_app, ends)
        except TuiMigrateError as error:
            self.tell(Outlook(LookState.FAILED, began.at, fault=Fault.of(error)))
            return
        if has_all:
            await self.look(opening)
        else:
            self.tell(Outlook(LookState.FAILED, began.at, fault=Fault("the right password was not given")))

    async def _start(self, outlook: Outlook, plan: Plan) -> None:
        app, begun = self.migrate_app, None
        try:
            refused = refusals(outlook.findings)
            said = " ".join(one.strip() for one in self._said(outlook))
            confirmed = await confirm(app, plan, said, outlook.of_severity(Severity.WARNING), refused)
            if confirmed is not None:
                begun = await have_worker(app, confirmed, create=self.create(outlook))
        finally:
            self.post_message(self.Begun(begun))

    def _tick(self) -> None:
        if (self._is_looking or self._starting.is_under_way) and self.is_current:
            self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        outlook = self._outlook or Outlook(LookState.CONNECTING, self.session.clock())
        said = [*self._said(outlook), f" {self._state_words()}", *self.details(outlook), ""]
        self.query_one("#what", Prose).say(said)
        self._draw_faults(outlook)
        self.query_one(Table).show(self.rows(outlook), empty="Nothing is known yet.")
        self.query_one("#next", Lines).show([f" {self._next_words()}"])
        self.refresh_frame()

    def _draw_faults(self, outlook: Outlook) -> None:
        pane, errors = self.query_one("#fault", FaultPane), outlook.of_severity(Severity.ERROR)
        if outlook.fault is not None:
            pane.explain(outlook.fault.message, outlook.fault.hint, f"{self.key_of('look.again')} tries again.")
        elif errors:
            more = len(errors) - ERRORS_SHOWN
            said = [f"{one.subject}: {one.message}" for one in errors[:ERRORS_SHOWN]]
            in_app = finding_in_app(errors[0])
            last = f"and {number(more)} more" if more > 0 else in_app.hint
            pane.explain(said[0], *said[1:], last, f"{self.key_of('look.again')} checks again.")
        else:
            pane.clear()

    def _said(self, outlook: Outlook) -> list[str]:
        """What is about to happen, and what becomes of documents that the target will refuse."""
        refused = refusals(outlook.findings).words(outlook.plan.max_rejects) if outlook.plan is not None else ""
        return [*self.sentences(outlook), *([f" {refused}"] if refused else [])]

    def _state_words(self) -> str:
        outlook = self._outlook
        if not self._is_looking and (outlook is None or outlook.state.is_pending):
            return f"Cancelled: {self.key_of('look.again')} looks again."
        if outlook is None or outlook.state is LookState.CONNECTING:
            waited = self.session.clock() - outlook.at if outlook is not None else 0
            return f"Connecting{f' for {duration(waited)}' if waited >= SLOW_SECONDS else ''}… esc cancels"
        if outlook.state is LookState.READING:
            silent = silence_words(self.session.clock() - self._told_at)
            if not outlook.is_checked:
                return f"Checking… esc cancels{silent}"
            amount = f"{number(outlook.done)} of about {documents_words(outlook.total)}"
            return f"Comparing… {amount}; esc cancels{silent}"
        if outlook.state is LookState.FAILED:
            return "✗ It could not be looked at."
        errors, warnings = (outlook.of_severity(one) for one in (Severity.ERROR, Severity.WARNING))
        if errors:
            return f"✗ The checks found {number(len(errors))} error{'s' if len(errors) != 1 else ''}:"
        if not warnings:
            return "✓ The checks found nothing that stands in the way."
        first = f"{warnings[0].subject}: {warnings[0].message}"
        more = f" (and {number(len(warnings) - 1)} more warnings)" if len(warnings) > 1 else ""
        return f"! Warning: {printable(first)}{more}."

    def _next_words(self) -> str:
        if self._starting.is_recording:
            return "The run is being started…"
        if self._outlook is not None and self._outlook.can_start:
            return f"Next: {self.key_of('backup.start')} starts the run; esc goes back, nothing was written."
        return "Nothing was written; esc goes back."
