"""Home: the runs that need somebody first, then the recent ones and the connections; three lines at the very first."""

from collections.abc import Iterable
from typing import ClassVar, Final

from rich.cells import cell_len
from textual.message import Message
from textual.widget import Widget

from tui_migrate.errors import TuiMigrateError
from tui_migrate.journal.records import RunSummary
from tui_migrate.redaction import printable
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.greeting import SLOW_SECONDS
from tui_migrate.ui.run_rows import AT_WORK, COLUMNS, NEEDS_NOBODY, in_order_of_need, run_row, urgency
from tui_migrate.ui.screens.connection_pane import ConnectionPane
from tui_migrate.ui.screens.first_run import FirstRunPane, is_demo
from tui_migrate.ui.screens.plan_opening import ask_plan
from tui_migrate.ui.screens.run_actions import RunListScreen
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.unfinished import words
from tui_migrate.ui.widgets.fitting import cut
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.table import Table

RECENT: Final = 20
_TICK_SECONDS: Final = 30.0


class HomeScreen(RunListScreen):
    """The root of all screens."""

    ACTIONS: ClassVar = (
        "home.new",
        "home.connections",
        "home.history",
        "home.check",
        "home.open",
        "home.compare",
        "home.backups",
        "home.demo",
        "run.open",
        "run.resume",
        "run.conflicts",
        "run.rollback",
        "run.report",
        "run.rejects",
        "run.retry",
        "connection.test",
        "look.again",
        "table.filter",
        "table.sort",
    )
    NEEDED: ClassVar = (
        "home.new",
        "home.connections",
        "home.history",
        "run.open",
        "home.compare",
        "home.backups",
        "run.resume",
    )

    class UnfinishedFound(Message):
        """It was looked for a plan that an earlier sitting left unfinished."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Snapshot | None = None
        self._runs: dict[str, RunSummary] = {}
        self._waited = 0
        self._is_demo = False
        self._is_first = False
        self._is_of_before = False
        self._led_to = ""

    def compose_body(self) -> Iterable[Widget]:
        """Runs above, connections below."""
        yield Lines([""], id="unfinished", classes="section")
        yield Lines(["Runs"], id="runs-title", classes="section")
        yield Table(COLUMNS, empty="Reading the journal…", id="runs")
        yield FirstRunPane()
        yield Lines(["Connections"], id="connections-title", classes="section")
        yield ConnectionPane(
            f"No connection has a name yet: {self.key_of('home.connections')}, then {self.key_of('connection.add')},"
            " adds one."
        )

    def on_mount(self) -> None:
        """Begin with the runs."""
        self._is_demo = is_demo(self.session.home)
        super().on_mount()
        self.query_one(FirstRunPane).display = False
        self.query_one("#unfinished").display = False
        self.migrate_app.in_background(self._find_unfinished(), "unfinished")
        self._runs_table.focus()
        self._waiting = self.set_interval(1.0, self._wait)
        self.set_interval(_TICK_SECONDS, self._draw)

    def on_screen_resume(self) -> None:
        """Read the connections again: they may have been changed meanwhile."""
        super().on_screen_resume()
        self.query_one(ConnectionPane).read()
        self._draw_unfinished()
        # A run was begun meanwhile: that there is none is no longer true, whenever the journal is read again.
        if self._is_first and self.migrate_app.feed.latest:
            self._is_of_before = True
            self._draw()

    def subject(self) -> Subject:
        """The newest runs in short."""
        return Subject(summaries=RECENT)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw what the journal says now."""
        self._snapshot, self._is_of_before = snapshot, False
        self._draw()
        self.query_one(ConnectionPane).use_runs((*snapshot.summaries, *snapshot.unfinished))

    def where(self) -> tuple[str, None, str]:
        """Say whether this is the demo's home."""
        return "Home", None, "DEMO" if self._is_demo else ""

    def help_text(self) -> str:
        """What stands where."""
        return (
            "Runs that need you stand first: at work, paused, interrupted, failed, not started. Tab goes to the"
            f" connections below; {self.key_of('connection.test')} there connects to one and says who answers. A run"
            " goes on when you leave."
        )

    def is_available(self, action_id: str) -> bool:
        """Keys of runs work on runs, those of connections on connections."""
        if action_id.startswith("run."):
            return self.may(action_id)
        pane = self.query_one(ConnectionPane) if self.is_mounted else None
        match action_id:
            case "home.demo":
                return not self._is_demo and self._is_first
            case "connection.test":
                return pane is not None and self.focused is pane.table and pane.chosen is not None
            case "look.again":
                return pane is not None and pane.fault is not None
            case "app.back":
                return self._starting.is_under_way or (pane is not None and pane.is_testing)
        return True

    def chosen_run(self) -> RunSummary | None:
        """The run under the cursor, while the cursor is among the runs."""
        if not self.is_mounted or self.focused is not self._runs_table:
            return None
        return self._runs.get(self._runs_table.cursor_key or "")

    def go_back(self) -> bool:
        """Give up a start, or a test, that waits."""
        return super().go_back() or self.query_one(ConnectionPane).cancel()

    def on_table_opened(self, event: Table.Opened) -> None:
        """Open what stands under the cursor."""
        if event.table is self._runs_table:
            self.action_run_open()
        else:
            self._show_connections(event.key)

    def on_table_moved(self) -> None:
        """Other rows have other keys."""
        self.refresh_frame()

    def action_home_new(self) -> None:
        """Plan a migration, or go on with a plan that was left unfinished."""
        unfinished = self.migrate_app.unfinished
        if unfinished.waiting or unfinished.unreadable:
            self.migrate_app.in_background(self._ask_unfinished(), "unfinished")
        else:
            self._plan(None)

    def action_home_open(self) -> None:
        """Ask for a plan's file and go on from it."""
        self.migrate_app.in_background(self._open_plan(), "open-plan")

    def action_home_connections(self) -> None:
        """See the connections."""
        self._show_connections("")

    def action_home_history(self) -> None:
        """See every run."""
        from tui_migrate.ui.screens.history import HistoryScreen

        self.app.push_screen(HistoryScreen())

    def action_home_check(self) -> None:
        """Ask for a package and check it."""
        self.query_one(FirstRunPane).ask_package(is_check=True)

    def action_home_compare(self) -> None:
        """Compare two ends."""
        from tui_migrate.ui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen())

    def action_home_backups(self) -> None:
        """See the backups."""
        from tui_migrate.ui.screens.backups import BackupsScreen

        self.app.push_screen(BackupsScreen())

    def action_home_demo(self) -> None:
        """Say what the demo is, and offer to start it."""
        self.query_one(FirstRunPane).offer_demo()

    def action_connection_test(self) -> None:
        """Connect to the connection under the cursor."""
        self.query_one(ConnectionPane).test()

    def action_look_again(self) -> None:
        """Read the connections again."""
        self.query_one(ConnectionPane).read()

    @property
    def _runs_table(self) -> Table:
        return self.query_one("#runs", Table)

    def _show_connections(self, name: str) -> None:
        from tui_migrate.ui.screens.connections import ConnectionsScreen

        self.app.push_screen(ConnectionsScreen(name))

    def _plan(self, draft: Draft | None) -> None:
        from tui_migrate.ui.screens.new_migration import NewMigrationScreen

        self.app.push_screen(NewMigrationScreen(draft))

    async def _find_unfinished(self) -> None:
        try:
            await self.migrate_app.unfinished.find()
        except TuiMigrateError as error:
            self.notify_line(f"Unfinished plans are not looked for: {error.message}")
        self.post_message(self.UnfinishedFound())

    async def _ask_unfinished(self) -> None:
        if (draft := await self.migrate_app.unfinished.ask()) is not None:
            self._plan(draft)
        self.post_message(self.UnfinishedFound())

    async def _open_plan(self) -> None:
        if (draft := await ask_plan(self.migrate_app)) is not None:
            self._plan(draft)

    def on_home_screen_unfinished_found(self) -> None:
        """Offer what was found."""
        self._draw_unfinished()

    def _draw_unfinished(self) -> None:
        unfinished, block = self.migrate_app.unfinished, self.query_one("#unfinished", Lines)
        key, width, lines = self.key_of("home.new"), max(1, self.size.width - 2), []
        if drafts := unfinished.waiting:
            which = "the plan" if len(drafts) == 1 else f"one of {len(drafts)} plans:"
            said = f"{key} goes on with {which} "
            lines.append(said + words(drafts[0], max(1, width - cell_len(said))))
        for one in unfinished.unreadable[:1]:
            lines.append(cut(f"✗ A plan cannot be read, {key} asks about it: {printable(one.problem)}", width))
        block.display = bool(lines)
        block.show(lines or [""])

    def _draw(self) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        is_first = self._is_first = snapshot.total == 0 and not self._is_of_before
        first, table = self.query_one(FirstRunPane), self._runs_table
        if first.display is not is_first:
            hidden, shown_now = (table, first.query_one(Table)) if is_first else (first.query_one(Table), table)
            # A widget's own has_focus comes later than the screen's focused: by the time the widget heard of it.
            is_left_without = self.focused in (None, hidden)
            first.display, table.display = is_first, not is_first
            self.query_one("#runs-title").display = not is_first
            if is_left_without:
                shown_now.focus()
        shown = in_order_of_need(snapshot.unfinished, snapshot.summaries)
        self._runs = {str(one.run.id): one for one in shown}
        decide, now = self.key_of("run.conflicts"), self.session.clock()
        table.show(
            [run_row(one, now, decide) for one in shown],
            empty="Reading the journal…" if self._is_of_before else "No run.",
        )
        self.query_one("#runs-title", Lines).show([_title(shown, snapshot.total)])
        begun = str(self.migrate_app.feed.latest)
        if begun != self._led_to and begun in self._runs:
            self._led_to = begun
            table.move_to(begun)

    def _wait(self) -> None:
        """Say how long the journal has kept us waiting."""
        if self._snapshot is not None:
            self._waiting.stop()
        else:
            self._waited += 1
            if self._waited >= SLOW_SECONDS:
                self._runs_table.show([], empty=f"Reading the journal… {self._waited} s; somebody may hold it.")


def _title(shown: list[RunSummary], total: int) -> str:
    at_work = sum(urgency(one) == AT_WORK for one in shown)
    needing = sum(AT_WORK < urgency(one) < NEEDS_NOBODY for one in shown)
    all_words = f"{total:,} in all" if len(shown) >= total else f"{len(shown):,} of {total:,} shown"
    needs = f"{needing:,} {'needs' if needing == 1 else 'need'} you" if needing else "nothing needs you"
    return f"Runs   {needs}   {f'{at_work:,} at work   ' if at_work else ''}{all_words}"
