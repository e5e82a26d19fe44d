"""History: every run there was, newest first, to filter, look at, take up again, repeat, take back or delete."""

from collections.abc import Iterable
from typing import ClassVar, Final

from textual.message import Message
from textual.widget import Widget

from tui_migrate.errors import TuiMigrateError
from tui_migrate.journal.records import RunSummary
from tui_migrate.ui.greeting import SLOW_SECONDS
from tui_migrate.ui.look import Fault
from tui_migrate.ui.run_query import KEYS, RunQuery, parse
from tui_migrate.ui.run_rows import COLUMNS, run_row, since
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.run_actions import RunListScreen
from tui_migrate.ui.screens.run_deleting import ask_to_delete
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.table import Row, Table
from tui_migrate.wording import number

WATCHED: Final = 100
"""The newest runs that are watched for changes; older ones are read once."""

_TICK_SECONDS: Final = 30.0
_LANGUAGE: Final = (
    "Words that a run has to hold, or key:value for one column.",
    f"Keys: {', '.join(KEYS)}.",
    'For instance: state:failed prod, or -kind:rollback note:"two words".',
    "Empty shows all.",
)


class HistoryScreen(RunListScreen):
    """All runs. The newest come from the feed and change as they go; the rest is read page by page behind them."""

    ACTIONS: ClassVar = (
        "run.open",
        "run.resume",
        "run.rollback",
        "run.again",
        "run.report",
        "run.conflicts",
        "run.rejects",
        "run.retry",
        "run.delete",
        "look.again",
        "table.filter",
        "table.sort",
    )
    NEEDED: ClassVar = (
        "run.open",
        "table.filter",
        "run.resume",
        "run.rollback",
        "app.leave",
        "run.conflicts",
        "run.rejects",
    )

    class OlderRead(Message):
        """A page of runs older than `before` was read; the last one is empty."""

        def __init__(self, before: int, page: tuple[RunSummary, ...]) -> None:
            super().__init__()
            self.before = before
            self.page = page

    class OlderUnreadable(Message):
        """Older runs could not be read."""

        def __init__(self, error: TuiMigrateError) -> None:
            super().__init__()
            self.error = error

    def __init__(self) -> None:
        super().__init__()
        self._runs: dict[int, RunSummary] = {}
        self._rows: dict[int, tuple[RunSummary, str, Row]] = {}
        self._total = -1
        self._lowest = 0
        self._unfinished: frozenset[int] = frozenset()
        self._waited = 0
        self._was_covered = False

    def compose_body(self) -> Iterable[Widget]:
        """The table alone, with a line that says what is shown."""
        yield FaultPane(id="history-fault")
        yield Lines([""], id="shown", classes="section")
        yield Table(COLUMNS, empty="Reading the journal…", id="history")

    def on_mount(self) -> None:
        """Begin with the newest."""
        super().on_mount()
        self._table.focus()
        self._waiting = self.set_interval(1.0, self._wait)
        self.set_interval(_TICK_SECONDS, self._draw)

    def on_screen_suspend(self) -> None:
        """A dialog leaves the runs as they are; on another screen one of them may be taken up or taken back."""
        self._was_covered = self.migrate_app.operator_screen is not self

    def on_screen_resume(self) -> None:
        """Read the older runs again, where one of them may be another by now."""
        if self._was_covered:
            self._was_covered, self._total = False, -1
        super().on_screen_resume()

    def subject(self) -> Subject:
        """The newest runs in short."""
        return Subject(summaries=WATCHED)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Take the newest runs, and have the older ones read where one of them may be another than it was."""
        self._waiting.stop()
        newest = snapshot.summaries
        self._lowest = newest[-1].run.id if newest and snapshot.total > len(newest) else 0
        unfinished = frozenset(one.run.id for one in snapshot.unfinished)
        have_ended = any(one < self._lowest for one in self._unfinished - unfinished)
        self._runs = {key: one for key, one in self._runs.items() if key < self._lowest}
        self._runs |= {one.run.id: one for one in (*snapshot.unfinished, *newest)}
        if snapshot.total != self._total or have_ended:
            self.action_look_again()
        self._total, self._unfinished = snapshot.total, unfinished
        self._draw()

    def where(self) -> tuple[str, None, str]:
        """How many there are."""
        return "History", None, _runs(self._total) if self._total > 0 else ""

    def help_text(self) -> str:
        """The filter, and what deleting means."""
        return (
            f"{self.key_of('table.filter')} filters: "
            + " ".join(_LANGUAGE[:3])
            + f" A minus before a part turns it round, quotes keep blanks. {self.key_of('run.delete')}"
            " deletes a run's record and its undo log, and asks first: without the undo log the run cannot be taken"
            " back."
        )

    def is_available(self, action_id: str) -> bool:
        """What the run under the cursor allows."""
        if action_id == "look.again":
            return self.is_mounted and bool(self.query_one("#history-fault", FaultPane).display)
        return self.may(action_id) if action_id.startswith("run.") else True

    def chosen_run(self) -> RunSummary | None:
        """The run under the cursor."""
        key = self._table.cursor_key if self.is_mounted else None
        return self._runs.get(int(key)) if key is not None else None

    def on_table_opened(self) -> None:
        """Show the run."""
        self.action_run_open()

    def on_table_moved(self) -> None:
        """Other runs have other keys."""
        self.refresh_frame()

    def on_history_screen_older_read(self, message: OlderRead) -> None:
        """Put a page in place of what was known of its runs."""
        lowest = message.page[-1].run.id if message.page else 0
        self._runs = {key: one for key, one in self._runs.items() if key >= message.before or key < lowest}
        self._runs |= {one.run.id: one for one in message.page}
        self.query_one("#history-fault", FaultPane).clear()
        self._draw()

    def on_history_screen_older_unreadable(self, message: OlderUnreadable) -> None:
        """Say that something is missing."""
        fault = Fault.of(message.error)
        words = f"Older runs could not be read: {fault.message}"
        self.query_one("#history-fault", FaultPane).explain(
            words, fault.hint, f"{self.key_of('look.again')} reads them again."
        )
        self.refresh_frame()

    def action_table_filter(self) -> None:
        """Ask for a filter."""
        table = self._table

        def take(text: str | None) -> None:
            if text is not None:
                query = parse(text)
                table.filter(text, lambda row: self._is_like(row, query))
                self._draw()
            table.focus()

        self.app.push_screen(AskText("Show only some runs", _LANGUAGE, table.filter_text), take)

    def action_look_again(self) -> None:
        """Read the older runs again."""
        if self._lowest:
            self.migrate_app.in_background(self._read_older(self._lowest), "history")

    def action_run_again(self) -> None:
        """Plan the same migration anew."""
        if (one := self.chosen_run()) is not None:
            self.plan_again(one.run.id)

    def action_run_delete(self) -> None:
        """Ask, then delete the record."""
        if (one := self.chosen_run()) is not None:
            ask_to_delete(self.migrate_app, one.run)

    @property
    def _table(self) -> Table:
        return self.query_one("#history", Table)

    def _is_like(self, row: Row, query: RunQuery) -> bool:
        """Say whether a row's run meets a filter; one that is gone by now, and still drawn, meets none."""
        one = self._runs.get(int(row.key))
        return one is not None and query.matches(one.run)

    async def _read_older(self, lowest: int) -> None:
        before = lowest
        try:
            while page := await self.migrate_app.feed.older(before):
                self.post_message(self.OlderRead(before, page))
                before = page[-1].run.id
            self.post_message(self.OlderRead(before, ()))
        except TuiMigrateError as error:
            self.post_message(self.OlderUnreadable(error))

    def _draw(self) -> None:
        if self._total < 0:
            return
        now = self.session.clock()
        rows = {key: self._row(self._runs[key], now) for key in sorted(self._runs, reverse=True)}
        self._rows = rows
        table = self._table
        is_filtered = bool(table.filter_text)
        empty = (
            f"No run is like that: {self.key_of('table.filter')} changes the filter."
            if is_filtered
            else "There was no run yet."
        )
        table.show([row for _, _, row in rows.values()], empty=empty)
        said = f"{number(len(table.rows))} of {_runs(self._total)}"
        if len(self._runs) < self._total:
            said = f"{number(len(self._runs))} of {_runs(self._total)} read so far…"
        self.query_one("#shown", Lines).show([f"{said}   filter: {table.filter_text}" if is_filtered else said])

    def _row(self, one: RunSummary, now: float) -> tuple[RunSummary, str, Row]:
        """Give a run's row, the one that was drawn last where nothing of it has changed."""
        made = since(one.run.created_at, now)
        known = self._rows.get(one.run.id)
        return (
            known
            if known is not None and known[:2] == (one, made)
            else (one, made, run_row(one, now, self.key_of("run.conflicts")))
        )

    def _wait(self) -> None:
        """Say how long the journal has kept us waiting."""
        self._waited += 1
        if self._waited >= SLOW_SECONDS:
            self._table.show([], empty=f"Reading the journal… {self._waited} s; somebody may hold it.")


def _runs(count: int) -> str:
    return f"{number(count)} run{'s' if count != 1 else ''}"
