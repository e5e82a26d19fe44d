"""Backups: how each stands, and what can be done with it."""

from collections.abc import Coroutine, Iterable
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.errors import TuiMigrateError
from tui_migrate.plan.model import PackageEnd, StoreEnd
from tui_migrate.ui.backup_rows import COLUMNS, backup_row, by_name_of_source, sheet
from tui_migrate.ui.look import Fault, read_connections
from tui_migrate.ui.screens.backup_check import BackupCheckScreen
from tui_migrate.ui.screens.backup_choice import Asked, ask_backup, ask_place, opened_package
from tui_migrate.ui.screens.backup_deeds import NewBackupScreen, RestoreScreen
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.new_step import SLOW_SECONDS
from tui_migrate.ui.screens.prune import PruneScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.widgets.table import Table
from tui_migrate.wording import number, size
from tui_migrate.worker.backups import USABLE, Backup, BackupStatus, read_backups

RUNS_WATCHED: Final = 20
TICK_SECONDS: Final = 1.0
REDRAW_TICKS: Final = 30
_ON_ONE: Final = ("backup.open", "backup.check", "backup.restore")
_WITH_RUN: Final = (BackupStatus.RUNNING, BackupStatus.INTERRUPTED)


class BackupsScreen(OperatorScreen):
    """All backups, newest first."""

    ACTIONS: ClassVar = (
        "backup.new",
        "backup.open",
        "backup.check",
        "backup.restore",
        "backup.prune",
        "look.again",
        "table.filter",
        "table.sort",
    )

    class Listed(Message):
        """The backups as they stand, or why they cannot be read."""

        def __init__(self, backups: tuple[Backup, ...], fault: Fault | None = None) -> None:
            super().__init__()
            self.backups = backups
            self.fault = fault

    class Planned(Message):
        """The operator has said what is to be made."""

        def __init__(self, name: str, source: StoreEnd, target: PackageEnd) -> None:
            super().__init__()
            self.name = name
            self.source = source
            self.target = target

    class Opened(Message):
        """A backup's package can be read: to be checked, or to be restored into `target`."""

        def __init__(self, backup: Backup, end: PackageEnd, target: StoreEnd | None) -> None:
            super().__init__()
            self.backup = backup
            self.end = end
            self.target = target

    def __init__(self) -> None:
        super().__init__()
        self._backups: dict[str, Backup] | None = None
        self._reading: Worker[Any] | None = None
        self._is_stale = False
        self._waited = 0
        self._ticks = 0
        self._choosing: Worker[Any] | None = None

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the list."""
        yield Lines([""], id="shown", classes="section")
        yield FaultPane(id="fault")
        yield Table(COLUMNS, empty="Reading the backups…", id="backups")

    def on_mount(self) -> None:
        """Read them."""
        super().on_mount()
        self.query_one(Table).focus()
        self.set_interval(TICK_SECONDS, self._tick)

    def on_unmount(self) -> None:
        """Ask nothing any more over what comes after this screen."""
        if self._choosing is not None:
            self._choosing.cancel()

    def on_screen_resume(self) -> None:
        """Begin to read them; later the snapshot that a resumed screen is fed has them read again."""
        super().on_screen_resume()
        if self._backups is None:
            self.action_look_again()

    def subject(self) -> Subject:
        """Runs: one of them may make a backup."""
        return Subject(summaries=RUNS_WATCHED)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Something has changed, perhaps of a backup; or perhaps while the screen was covered."""
        self.action_look_again()

    def where(self) -> tuple[str, None, str]:
        """How many there are."""
        count = len(self._backups or ())
        return "backups", None, f"{number(count)} backup{'s' if count != 1 else ''}" if count else ""

    def help_text(self) -> str:
        """What the states mean."""
        return (
            "A backup is complete once its run is, which has read its file back, and good once that was checked again;"
            " findings means that documents changed while they were read, damaged that its last check found errors,"
            f" stopped that its run can be gone on with. {self.key_of('backup.check')} reads one whole and keeps what"
            " that came to."
            f" {self.key_of('backup.restore')} shows what bringing it back would change before anything is written."
            f" {self.key_of('backup.prune')} shows which are old enough to go, and why the others stay."
        )

    def is_available(self, action_id: str) -> bool:
        """What the backup under the cursor allows."""
        one = self._chosen()
        match action_id:
            case "backup.check" | "backup.restore":
                return one is not None and one.status in USABLE
            case "backup.open":
                return one is not None
            case "backup.prune":
                return bool(self._backups)
            case "look.again":
                return self.is_mounted and bool(self.query_one(FaultPane).display)
        return True

    def on_backups_screen_listed(self, message: Listed) -> None:
        """Show them, or why not; what was there before stays."""
        self._reading = None
        pane = self.query_one(FaultPane)
        if message.fault is not None:
            pane.explain(message.fault.message, message.fault.hint, f"{self.key_of('look.again')} reads them again.")
        else:
            pane.clear()
            self._backups = {one.name: one for one in message.backups}
        self._draw()
        if self._is_stale:
            self.action_look_again()

    def on_backups_screen_planned(self, message: Planned) -> None:
        """Show what it will have."""
        if self.is_topmost:
            asked = message.name, message.source, message.target
            self.app.push_screen(NewBackupScreen(*asked, lambda: self._choose(self._new(asked))))

    def on_backups_screen_opened(self, message: Opened) -> None:
        """Check it, or show what restoring it would change; nothing where something else was opened meanwhile."""
        if not self.is_topmost:
            return
        if message.target is None:
            self.app.push_screen(BackupCheckScreen(message.backup.name, message.end))
        else:
            self.app.push_screen(RestoreScreen(message.backup, message.end, message.target))

    def on_table_opened(self, event: Table.Opened) -> None:
        """Read all that is known of one."""
        event.stop()
        self.action_backup_open()

    def on_table_moved(self) -> None:
        """Other backups have other keys."""
        self.refresh_frame()

    def action_look_again(self) -> None:
        """Read the backups."""
        if self._reading is not None and not self._reading.is_finished:
            self._is_stale = True
            return
        self._is_stale, self._waited = False, 0
        self._reading = self.migrate_app.in_background(self._read(), "backups")

    def action_backup_new(self) -> None:
        """Ask for a new one."""
        self._choose(self._new())

    def action_backup_open(self) -> None:
        """Read all that is known of it; where its run has not ended, watch that."""
        if (one := self._chosen()) is None:
            return
        if one.status in _WITH_RUN:
            self.app.push_screen(RunScreen(one.record.run_id))
        else:
            self.app.push_screen(BackupSheet(sheet(one, self.session.clock())))

    def action_backup_check(self) -> None:
        """Read the backup whole."""
        if (one := self._chosen()) is not None:
            self._choose(self._open(one, is_restore=False))

    def action_backup_restore(self) -> None:
        """See what restoring it would change."""
        if (one := self._chosen()) is not None:
            self._choose(self._open(one, is_restore=True))

    def action_backup_prune(self) -> None:
        """See which go."""
        self.app.push_screen(PruneScreen())

    def _chosen(self) -> Backup | None:
        if not self.is_mounted or self._backups is None:
            return None
        return self._backups.get(self.query_one(Table).cursor_key or "")

    def _choose(self, asking: Coroutine[object, object, None]) -> None:
        self._choosing = self.migrate_app.in_background(asking, "backup-choice")

    async def _read(self) -> None:
        try:
            known = (await read_connections(self.session.home)).connections
            found = await read_backups(self.session.home)
            self.post_message(self.Listed(tuple(by_name_of_source(one, known) for one in found)))
        except TuiMigrateError as error:
            self.post_message(self.Listed((), Fault.of(error)))

    async def _new(self, before: Asked | None = None) -> None:
        if (asked := await ask_backup(self.migrate_app, before)) is not None:
            self.post_message(self.Planned(*asked))

    async def _open(self, backup: Backup, *, is_restore: bool) -> None:
        end = await opened_package(self.migrate_app, backup)
        if end is None:
            return
        target = await ask_place(self.migrate_app, backup) if is_restore else None
        if target is not None or not is_restore:
            self.post_message(self.Opened(backup, end, target))

    def _draw(self) -> None:
        backups = tuple((self._backups or {}).values())
        now, table = self.session.clock(), self.query_one(Table)
        empty = (
            f"There are no backups: {self.key_of('backup.new')} makes one."
            if self._backups is not None
            else "Nothing is known."
        )
        table.show([backup_row(one, now) for one in backups], empty=empty)
        good, stored = sum(one.is_good for one in backups), sum(one.disk_bytes for one in backups)
        words = f"{number(good)} of {number(len(backups))} complete, {size(stored)} on disk" if backups else ""
        self.query_one("#shown", Lines).show([words])
        self.refresh_frame()

    def _tick(self) -> None:
        """Say how long it takes; let ages grow."""
        self._ticks += 1
        self._waited += 1
        if self._backups is None and self._reading is not None and self._waited >= SLOW_SECONDS:
            words = f"Reading the backups… {self._waited} s; somebody may hold the journal."
            self.query_one(Table).show([], empty=words)
        elif self._ticks % REDRAW_TICKS == 0 and self._backups is not None and self.is_current:
            self._draw()


class BackupSheet(Window[None]):
    """All that is known of one backup."""

    BINDINGS: ClassVar = [Binding("escape,q,enter", "close", show=False)]
    KEYS: ClassVar = (("esc", "Back"),)

    def __init__(self, paragraphs: list[str]) -> None:
        super().__init__()
        self._paragraphs = paragraphs

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with Vertical(classes="sheet"):
            yield Pager(self._paragraphs)

    def on_mount(self) -> None:
        """Let the keys move the text."""
        self.query_one(Pager).focus()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)
