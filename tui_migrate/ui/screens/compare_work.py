"""The comparison that a screen has under way: one at a time, and given up when nobody waits for it any more."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from textual.message import Message
from textual.worker import Worker, WorkerError

from tui_migrate.errors import TuiMigrateError
from tui_migrate.ui.comparing import Asked, Compared, compare_ends
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.look import Fault, LookState, Opening
from tui_migrate.ui.screens.dialogs import Choose

if TYPE_CHECKING:
    from tui_migrate.ui.screens.base import OperatorScreen

_GROUP: Final = "compare-"
_NUMBERS: Final = count()
"""One group each: what tidies up already is not to be cancelled once more."""
_UNSEEN: Final = "What has changed since in what it had compared is not seen then."


class ComparisonWork:
    """Compares what is asked and tells the screen by `Told`; the session keeps what is known."""

    class Told(Message):
        """More is known."""

        def __init__(self, compared: Compared) -> None:
            super().__init__()
            self.compared = compared

        def can_replace(self, message: Message) -> bool:
            """Take the place of what was known before."""
            return isinstance(message, ComparisonWork.Told)

    def __init__(self, screen: "OperatorScreen") -> None:
        self._screen = screen
        self._worker: Worker[Any] | None = None

    @property
    def is_under_way(self) -> bool:
        """True until all is known; it says so a little before it has tidied up."""
        known = self._screen.session.compared
        is_pending = known is None or known.state.is_pending
        return self._worker is not None and not self._worker.is_finished and is_pending

    def begin(self) -> None:
        """Compare what is asked now."""
        session, before = self._screen.session, list(self._unfinished())
        session.compared = Compared(session.asked, LookState.CONNECTING, session.clock())
        work, group = self._compare(session.asked, before), f"{_GROUP}{next(_NUMBERS)}"
        self._worker = self._screen.migrate_app.in_background(work, group)

    def stop(self) -> None:
        """Give it up; what was compared can be gone on with."""
        if self._worker is not None and self.is_under_way:
            self._worker.cancel()
        session = self._screen.session
        if session.compared is not None and session.compared.state.is_pending:
            session.compared = replace(session.compared, state=LookState.CANCELLED, at=session.clock())

    def _unfinished(self) -> Iterator[Worker[Any]]:
        """Those that still tidy up, of a screen that was left too: they hold what all write their state to."""
        workers = self._screen.migrate_app.workers
        return (one for one in workers if one.group.startswith(_GROUP) and not one.is_finished)

    async def _compare(self, asked: Asked, before: list[Worker[Any]]) -> None:
        for one in before:
            with suppress(WorkerError):
                await one.wait()
        session = self._screen.session
        opening = Opening(session.home, session.passwords, session.clock)
        ends = [one for one in (asked.left, asked.right) if one is not None]
        began = Compared(asked, LookState.CONNECTING, session.clock())
        try:
            has_all = await have_passwords(self._screen.migrate_app, ends)
        except TuiMigrateError as error:
            self._tell(replace(began, state=LookState.FAILED, fault=Fault.of(error)))
            return
        if has_all:
            await compare_ends(asked, opening, self._tell, self._go_on)
        else:
            self._tell(replace(began, state=LookState.FAILED, fault=Fault("the right password was not given")))

    def _tell(self, compared: Compared) -> None:
        self._screen.post_message(self.Told(compared))

    async def _go_on(self) -> bool | None:
        said = ["An earlier comparison of these two was stopped before its end.", _UNSEEN]
        choices = [("on", "Go on where it was stopped"), ("anew", "Begin anew")]
        key = await self._screen.migrate_app.push_screen_wait(Choose("Go on?", said, choices))
        return None if key is None else key == "on"
