"""The choosing of the two ends, and of how they are compared: what is offered, and what is asked about it."""

from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Final

from textual.message import Message
from textual.worker import Worker

from tui_migrate.journal.records import RunRecord, RunSummary
from tui_migrate.plan.model import RunKind
from tui_migrate.ui.comparing import Asked
from tui_migrate.ui.screens.compare_choice import Change, choose, choose_one_database, setup_rows, take_pair
from tui_migrate.ui.widgets.table import Row

if TYPE_CHECKING:
    from tui_migrate.ui.screens.base import OperatorScreen

PAIRS_SHOWN: Final = 20


class EndsChoice:
    """What a screen asks before it compares, one thing at a time; the screen gets `Changed`."""

    class Changed(Message):
        """What is to be compared is to be changed: `change` gives the next one of whatever it is by then.

        `said` is a sentence about that, or empty.
        """

        def __init__(self, change: Change, said: str) -> None:
            super().__init__()
            self.change = change
            self.said = said

    def __init__(self, screen: "OperatorScreen") -> None:
        self._screen = screen
        self._pairs: list[RunRecord] = []
        self._asking: Worker[Any] | None = None

    def take_runs(self, summaries: Iterable[RunSummary]) -> None:
        """Offer the ends of runs, each pair once, the newest first."""
        newest: dict[tuple[str, str], RunRecord] = {}
        for one in summaries:
            if one.run.kind is not RunKind.ROLLBACK:
                newest.setdefault((one.run.source, one.run.target), one.run)
        self._pairs = list(newest.values())[:PAIRS_SHOWN]

    def rows(self) -> list[Row]:
        """What can be chosen."""
        session = self._screen.session
        return setup_rows(session.asked, self._pairs, session.clock())

    def open(self, key: str) -> None:
        """Ask for what a row stands for."""
        app, session = self._screen.migrate_app, self._screen.session
        kind, _, run_id = key.partition(":")
        if run_id:
            said = f"Pair taken; {session.keys.of('compare.start')} compares its ends."
            self.begin(self._ask(take_pair(app, int(run_id)), said))
        else:
            self.begin(self._ask(choose(app, session.asked, kind)))

    def ask_database(self, asked: Asked, databases: tuple[str, ...]) -> None:
        """Ask which of the databases of a package that has several is meant."""
        self.begin(self._ask(choose_one_database(self._screen.migrate_app, asked, databases)))

    def begin(self, asking: Coroutine[object, object, None]) -> None:
        """Ask something beside the screen, in the place of what is asked yet."""
        self._asking = self._screen.migrate_app.in_background(asking, "choice-of-ends")

    def stop(self) -> None:
        """Ask nothing any more."""
        if self._asking is not None:
            self._asking.cancel()

    async def _ask(self, asking: Coroutine[object, object, Change | None], said: str = "") -> None:
        if (change := await asking) is not None:
            self._screen.post_message(self.Changed(change, said))
