"""Steering the run that a screen shows: every request is an absolute wish in the journal, whoever else asks."""

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from textual.message import Message
from textual.worker import Worker

from tui_migrate.journal.records import Control, RunRecord, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.plan.environments import is_production
from tui_migrate.plan.model import Plan, RunKind, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.ui import resuming
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.look import host_words
from tui_migrate.ui.rates import faster_than, slower_than
from tui_migrate.ui.screens.dialogs import Choose, TypeName
from tui_migrate.ui.screens.run_pace import RunPace
from tui_migrate.ui.screens.run_words import last_rate, wanted_rate, wish_under_way
from tui_migrate.ui.taking_back import RollbackBegun, cancel_and_roll_back, target_password
from tui_migrate.ui.widgets.prose import wrap
from tui_migrate.wording import number, run_name
from tui_migrate.worker import control

if TYPE_CHECKING:
    from tui_migrate.ui.screens.base import OperatorScreen

DIALOG_CELLS: Final = 66
"""Cells of a line in a dialog."""


class RunSteering:
    """Files the requests of one screen. What is done in the background is told to the screen by messages."""

    class Done(Message):
        """Something was done: what is said of it."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, screen: "OperatorScreen", run_id: int) -> None:
        self._screen = screen
        self._run_id = run_id
        self._rate_asked: tuple[int, int] | None = None
        self._waiting: Worker[Any] | None = None

    def pause_or_go_on(self, run: RunRecord, controls: Sequence[Control]) -> None:
        """Ask for a pause; of a run that is paused, or about to be, to go on."""
        asked = wish_under_way(controls, run.state)
        is_pausing = asked.wish is Wish.PAUSE if asked is not None else run.state is RunState.PAUSED
        self._ask(Wish.RESUME if is_pausing else Wish.PAUSE)

    def slower(self, run: RunRecord, controls: Sequence[Control], pace: RunPace) -> None:
        """Ask for the next lower limit; from none, for half the present rate."""
        limit = slower_than(self._limit(run, controls), pace.rate)
        if limit is None:
            self._screen.notify_line("The rate is not known yet; try again in a moment.")
        else:
            self._ask_rate(limit, controls)

    def faster(self, run: RunRecord, controls: Sequence[Control], pace: RunPace) -> None:
        """Ask for the next higher limit, or for none."""
        before = self._limit(run, controls)
        if before == 0:
            self._screen.notify_line("There is no limit.", is_error=False)
        else:
            self._ask_rate(faster_than(before, pace.fastest), controls)

    def cancel(self, run: RunRecord, plan: Plan) -> None:
        """Ask what is to become of what was written, and cancel."""
        keep = "Cancel; what was written stays" if run.writes_begun else "Cancel; nothing has been written yet"
        if run.kind is RunKind.EXPORT:
            keep = "Cancel; the unfinished package is removed"
        choices = [("on", "Go on with the run"), ("keep", keep)]
        sentences = ["A run that was cancelled cannot be resumed."]
        if run.undo and run.writes_begun and run.state.is_active and run.kind in (RunKind.COPY, RunKind.IMPORT):
            choices.append(("back", "Cancel, then roll back what was written"))
            sentences.append("The rollback starts when the worker has ended; keep this app open until then.")

        def take(choice: str | None) -> None:
            if choice == "keep":
                self._ask(Wish.CANCEL)
            elif choice == "back":
                self._confirm_rollback(plan)

        lines = [line for one in sentences for line in wrap(one, DIALOG_CELLS)]
        self._screen.app.push_screen(Choose(f"Cancel run {run_name(self._run_id)}?", lines, choices), take)

    def resume(self, run: RunRecord, plan: Plan) -> None:
        """Start a worker, after asking for passwords that are missing, or that the server did not take."""
        if run.failure is not None and run.failure.code in ("authentication_failed", "wrong_key"):
            for end in (plan.source, plan.target):
                self._screen.session.passwords.pop(end.label, None)
        self._screen.notify_line("Starting a worker… esc stops waiting.", is_error=False)
        self._wait_for(self._resume())

    def stop_waiting(self) -> bool:
        """Give up connecting and starting, where that is under way; say whether it was."""
        if self._waiting is None or not self._waiting.is_running:
            return False
        self._waiting.cancel()
        self._screen.notify_line("Stopped waiting.", is_error=False)
        return True

    def _confirm_rollback(self, plan: Plan) -> None:
        target = plan.target
        if not isinstance(target, StoreEnd):
            return

        def take(confirmed: bool | None) -> None:
            if confirmed:
                self._screen.notify_line("Cancelling; the rollback follows.", is_error=False)
                self._wait_for(self._end_and_take_back(plan))

        if not is_production(target, self._screen.session.home):
            take(confirmed=True)
            return
        sentence = f"{printable(target.label)} is production. The run is cancelled, and what it wrote is taken back."
        asking = TypeName("Roll back on production", wrap(sentence, DIALOG_CELLS), host_words(target))
        self._screen.app.push_screen(asking, take)

    def _limit(self, run: RunRecord, controls: Sequence[Control]) -> int:
        """The limit that holds or was asked for last, by this screen too where the journal has not been read since."""
        if self._rate_asked is not None and self._rate_asked[1] == last_rate(controls):
            return self._rate_asked[0]
        self._rate_asked = None
        return wanted_rate(controls, run)

    def _ask_rate(self, limit: int, controls: Sequence[Control]) -> None:
        self._rate_asked = (limit, last_rate(controls))
        words = f"at most {number(limit)} docs/s" if limit else "no limit"
        self._screen.notify_line(f"Asked for {words}.", is_error=False)
        self._ask(Wish.RATE, limit)

    def _ask(self, wish: Wish, value: int = 0) -> None:
        group = "rate" if wish is Wish.RATE else "wish"
        asking = control.ask(self._screen.session.home, self._run_id, wish, value)
        self._screen.migrate_app.in_background(asking, f"{group}-{self._run_id}")

    def _wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        self._waiting = self._screen.migrate_app.in_background(work, f"start-{self._run_id}")

    async def _resume(self) -> None:
        if await resuming.resume(self._screen.migrate_app, self._run_id):
            self._screen.post_message(self.Done("A worker has taken the run up."))

    async def _end_and_take_back(self, plan: Plan) -> None:
        app = self._screen.migrate_app
        if await have_passwords(app, (plan.target,)):
            # From here on it is no longer waiting that could be given up: esc leaves the screen, and this goes on.
            app.in_background(self._cancel_and_roll_back(plan), f"rollback-{self._run_id}")

    async def _cancel_and_roll_back(self, plan: Plan) -> None:
        session = self._screen.session
        passwords = target_password(plan, session.passwords)
        begun = await cancel_and_roll_back(session.home, self._run_id, passwords)
        self._screen.post_message(RollbackBegun(begun))
