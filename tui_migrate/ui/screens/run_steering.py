"""Steering the run that a screen shows: every request is an absolute wish in the journal, whoever else asks."""

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from tui_migrate.journal.records import ROLL_BACK, Control, RunRecord, Wish
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.environments import is_production
from tui_migrate.plan.model import MOST_PARALLEL, Plan, RunKind, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.look import host_words
from tui_migrate.ui.one_start import OneStart
from tui_migrate.ui.rates import faster_than, slower_than
from tui_migrate.ui.screens.dialogs import Choose, TypeName
from tui_migrate.ui.screens.run_pace import RunPace
from tui_migrate.ui.screens.run_words import last_request, wanted_value, wish_under_way
from tui_migrate.ui.taking_back import RollbackBegun, begin_rollback, target_password, until_cancelled
from tui_migrate.ui.widgets.prose import wrap
from tui_migrate.wording import number, run_name
from tui_migrate.worker import control

if TYPE_CHECKING:
    from tui_migrate.ui.screens.base import OperatorScreen

DIALOG_CELLS: Final = 66
"""Cells of a line in a dialog."""


class RunSteering:
    """Files the requests of one screen."""

    def __init__(self, screen: "OperatorScreen", run_id: int) -> None:
        self._screen = screen
        self._run_id = run_id
        self._asked: dict[Wish, tuple[int, int]] = {}
        self._starting = OneStart(screen)

    def pause_or_go_on(self, run: RunRecord, controls: Sequence[Control]) -> None:
        """Ask for a pause; of a run that is paused, or about to be, to go on."""
        asked = wish_under_way(controls, run.state)
        is_pausing = asked.wish is Wish.PAUSE if asked is not None else run.state is RunState.PAUSED
        self._ask(Wish.RESUME if is_pausing else Wish.PAUSE)

    def slower(self, run: RunRecord, controls: Sequence[Control], pace: RunPace) -> None:
        """Ask for the next lower limit; from none, for half the present rate."""
        limit = slower_than(self._wanted(Wish.RATE, run.rate_limit, controls), pace.rate)
        if limit is None and run.stage in (Stage.VERIFY, Stage.COMMIT):
            self._screen.notify_line("A limit is for the writing of documents, and that is done.", is_error=False)
        elif limit is None:
            self._screen.notify_line("The rate is not known yet; try again in a moment.")
        else:
            self._ask_rate(limit, controls)

    def faster(self, run: RunRecord, controls: Sequence[Control], pace: RunPace) -> None:
        """Ask for the next higher limit, or for none."""
        before = self._wanted(Wish.RATE, run.rate_limit, controls)
        if before == 0:
            self._screen.notify_line("There is no limit.", is_error=False)
        else:
            self._ask_rate(faster_than(before, pace.fastest), controls)

    def change_lanes(self, run: RunRecord, controls: Sequence[Control], by: int) -> None:
        """Ask for so many collections more or fewer to be verified at once."""
        before = self._wanted(Wish.PARALLEL, run.parallel, controls)
        wanted = max(1, min(MOST_PARALLEL, before + by))
        if wanted == before:
            words = "One collection at a time is the least." if by < 0 else f"{MOST_PARALLEL} at once is the most."
            self._screen.notify_line(words, is_error=False)
            return
        words = f"{wanted} collections" if wanted > 1 else "1 collection"
        when = "" if run.stage is Stage.VERIFY else "; that is for the verification, documents are written one by one"
        self._screen.notify_line(f"Asked for {words} at once{when}.", is_error=False)
        self._ask_value(Wish.PARALLEL, wanted, controls)

    def cancel(self, run: RunRecord, plan: Plan, latest: Callable[[], RunRecord | None]) -> None:
        """Ask what is to become of what was written, and cancel.

        Where the `latest` look shows by then that the question was another one, it is asked anew.
        """
        is_active = run.state.is_active
        end = "Cancel" if is_active else "Give up"
        stay = "Leave it paused" if run.state is RunState.PAUSED else "Go on with the run"
        choices = [("on", stay if is_active else "Leave it as it is"), ("keep", f"{end}; {_left_words(run)}")]
        sentences = [f"A run that was {'cancelled' if is_active else 'given up'} cannot be resumed."]
        if run.kind is RunKind.ROLLBACK and run.writes_begun:
            undone = f"Run {run_name(run.rollback_of)}"
            sentences.append(f"{undone} is rolled back in part then. Rolling it back again goes on with the rest.")
        if run.undo and run.writes_begun and run.state.is_active and run.kind in (RunKind.COPY, RunKind.IMPORT):
            choices.append(("back", "Cancel, then roll back what was written"))
            sentences.append("The rollback starts when the run has ended, whether this app is open then or not.")

        def take(choice: str | None) -> None:
            now = latest()
            if choice not in (None, "on") and now is not None and _is_another_question(run, now):
                self.cancel(now, plan, latest)
                self._screen.notify_line(f"run {run_name(run.id)} has gone on meanwhile: see what it means by now")
            elif choice == "keep":
                self._ask(Wish.CANCEL)
            elif choice == "back":
                self._confirm_rollback(plan)

        lines = [line for one in sentences for line in wrap(one, DIALOG_CELLS)]
        self._screen.app.push_screen(Choose(f"{end} run {run_name(self._run_id)}?", lines, choices), take)

    def resume(self) -> None:
        """Start a worker, after asking for passwords that are missing, or that the server did not take."""
        self._starting.resume(self._run_id)

    def stop_waiting(self) -> bool:
        """Give up connecting and starting, where that is under way; say whether it was."""
        return self._starting.stop()

    def _confirm_rollback(self, plan: Plan) -> None:
        target, app = plan.target, self._screen.migrate_app
        if not isinstance(target, StoreEnd):
            return

        def take(confirmed: bool | None) -> None:
            if confirmed:
                asking = control.ask(app.session.home, self._run_id, Wish.CANCEL, ROLL_BACK)
                following = self._follow_rollback(plan, app.whole_steps.do(asking))
                app.in_background(following, f"rollback-{self._run_id}")

        if not is_production(target, self._screen.session.home):
            take(confirmed=True)
            return
        sentence = f"{printable(target.label)} is production. The run is cancelled, and what it wrote is taken back."
        asking = TypeName("Roll back on production", wrap(sentence, DIALOG_CELLS), host_words(target))
        self._screen.app.push_screen(asking, take)

    def _wanted(self, wish: Wish, present: int, controls: Sequence[Control]) -> int:
        """What holds or was asked for last, by this screen too where the journal has not been read since."""
        value, seen = self._asked.get(wish, (0, -1))
        if seen == last_request(controls, wish):
            return value
        self._asked.pop(wish, None)
        return wanted_value(controls, wish, present)

    def _ask_value(self, wish: Wish, value: int, controls: Sequence[Control]) -> None:
        self._asked[wish] = (value, last_request(controls, wish))
        self._ask(wish, value)

    def _ask_rate(self, limit: int, controls: Sequence[Control]) -> None:
        words = f"at most {number(limit)} docs/s" if limit else "no limit"
        self._screen.notify_line(f"Asked for {words}.", is_error=False)
        self._ask_value(Wish.RATE, limit, controls)

    def _ask(self, wish: Wish, value: int = 0) -> None:
        self._screen.migrate_app.carry_out(control.ask(self._screen.session.home, self._run_id, wish, value))

    async def _follow_rollback(self, plan: Plan, asking: Coroutine[Any, Any, int]) -> None:
        session, app = self._screen.session, self._screen.migrate_app
        if await asking:
            app.say("Cancelling; the rollback follows.", is_error=False)
        passwords = target_password(plan, session.passwords)
        begun = await until_cancelled(session.home, self._run_id)
        if begun is None:
            begun = await app.whole_steps.take(begin_rollback(session.home, self._run_id, passwords))
        self._screen.post_message(RollbackBegun(begun))


def _left_words(run: RunRecord) -> str:
    """Say what becomes of what a run has done by now when it is cancelled."""
    match run.kind:
        case RunKind.EXPORT:
            return "the unfinished package is removed"
        case RunKind.ROLLBACK:
            done = "what was taken back stays so, the rest is left"
            return done if run.writes_begun else "nothing has been taken back yet"
    return "what was written stays" if run.writes_begun else "nothing has been written yet"


def _is_another_question(asked: RunRecord, now: RunRecord) -> bool:
    """Say whether cancelling means something else than when it was asked; of a run that has ended it is refused."""
    was, is_now = ((one.writes_begun, one.state.is_active) for one in (asked, now))
    return was != is_now and not now.state.is_final
