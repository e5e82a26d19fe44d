"""The app: screens over one journal feed. It looks at stores and files requests; it never moves a document itself."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar, Final

from textual.binding import Binding
from textual.driver import Driver
from textual.worker import Worker, WorkerError, WorkerState

from tui_migrate import settings as settings_file
from tui_migrate.errors import StorageFailed, TuiMigrateError
from tui_migrate.redaction import printable, redact
from tui_migrate.ui.actions import EVERYWHERE, bindings
from tui_migrate.ui.copying import Copying
from tui_migrate.ui.journal_feed import FAST_SECONDS, SLOW_SECONDS, JournalFeed
from tui_migrate.ui.look import Fault, first_error
from tui_migrate.ui.messages import JournalChanged, JournalUnreadable, RunEnded, ThemesRead
from tui_migrate.ui.notices import Notices
from tui_migrate.ui.palette import ActionProvider
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.dialogs import AskText, ask_to_leave
from tui_migrate.ui.screens.help import HelpScreen
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.screens.notice import Notice
from tui_migrate.ui.screens.theme_picker import ThemePicker
from tui_migrate.ui.screens.window import Palette
from tui_migrate.ui.session import Session
from tui_migrate.ui.terminal.base_app import TerminalApp
from tui_migrate.ui.terminal.driver import TerminalDriver
from tui_migrate.ui.terminal.start import ColourDepth, MarkSet
from tui_migrate.ui.theme_files import ThemeFile, own_folder, own_themes
from tui_migrate.ui.themes import shipped_themes, textual_theme
from tui_migrate.ui.unfinished import Unfinished
from tui_migrate.ui.whole_steps import WholeSteps
from tui_migrate.ui.widgets.note import Note
from tui_migrate.ui.widgets.table import Table

STYLES: Final = (
    "base",
    "dialogs",
    "home",
    "new",
    "run",
    "history",
    "rollback",
    "report",
    "connections",
    "help",
    "themes",
    "compare",
    "backups",
)

USUAL_WORDS: Final = "Until that is mended, the program does what it would do without the file. Enter goes on."


class MigrateApp(TerminalApp[None]):
    """The terminal app. Home is its root; every other screen is pushed over it."""

    TITLE = "tui-migrate"
    CSS_PATH: ClassVar = [f"styles/{name}.tcss" for name in STYLES]
    COMMANDS: ClassVar = {ActionProvider}
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar = [*bindings(*EVERYWHERE), Binding("ctrl+c", "app_leave", show=False)]

    def __init__(
        self,
        session: Session,
        *,
        theme: str,
        own_theme: ThemeFile | None = None,
        marks: MarkSet,
        ansi: bool,
        depth: ColourDepth | None = None,
        encoding: str = "utf-8",
        driver: type[Driver] = TerminalDriver,
    ) -> None:
        super().__init__(
            theme_name=theme,
            themes=[*shipped_themes().values(), *([textual_theme(own_theme)] if own_theme is not None else [])],
            marks=marks,
            crash_log=session.home.state / "error.log",
            mouse=session.settings.mouse,
            ansi=ansi,
            depth=depth,
            encoding=encoding,
            driver=driver,
        )
        self.session = session
        self._notices = Notices(self)
        self._copying = Copying(self)
        self.unfinished = Unfinished(self)
        self.whole_steps = WholeSteps()
        self._deeds = count()
        self._background: dict[Worker[Any], Coroutine[Any, Any, Any]] = {}
        self.first_screen: Callable[[], OperatorScreen] | None = None
        self.faults: tuple[TuiMigrateError, ...] = ()
        self.feed = JournalFeed(
            session.home,
            self.post_message,
            is_busy=lambda: self.line_is_busy,
            seconds=SLOW_SECONDS if session.settings.slow else FAST_SECONDS,
            clock=session.clock,
        )

    def on_mount(self) -> None:
        """Show Home and what the app was opened for, and begin to read the journal."""
        self.set_keymap(self.session.keys.changed())
        self.push_screen(HomeScreen())
        if self.first_screen is not None:
            self.push_screen(self.first_screen())
        for fault in map(Fault.of, reversed(self.faults)):
            self.push_screen(Notice("A file of yours is left out", (fault.message, fault.hint, USUAL_WORDS)))
        self.in_background(self.feed.run(), "feed")

    async def on_unmount(self) -> None:
        """Let background work close what it has open: a journal's thread must not outlive the loop it answers to."""
        self.workers.cancel_all()
        for one in list(self.workers):
            with suppress(WorkerError):
                await one.wait()
        undone = await self.whole_steps.finish()
        for work in self._background.values():
            work.close()
        try:
            self.unfinished.finish()
        except StorageFailed as error:
            self.fail_at_the_end(f"tui-migrate: the plan that is not finished is lost: {Fault.of(error).sentence}")
        for fault in map(Fault.of, map(first_error, undone)):
            self.fail_at_the_end(f"tui-migrate: what was asked for last was not done: {fault.sentence}")

    def in_background(self, work: Coroutine[Any, Any, Any], group: str) -> Worker[Any]:
        """Run a coroutine beside the screens; one of the same group that still runs is cancelled.

        An error of the tree becomes a line on the screen; any other one ends the app by its crash screen.
        """
        worker = self.run_worker(work, group=group, exclusive=True, exit_on_error=False)
        self._background[worker] = work
        return worker

    def carry_out(self, deed: Coroutine[Any, Any, Any]) -> Worker[Any]:
        """Do what the operator has decided, after what was decided before it; no key and no leaving loses it."""
        return self.in_background(self.whole_steps.do(deed), f"deed-{next(self._deeds)}")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say what a background task failed with."""
        if event.worker.is_finished and (work := self._background.pop(event.worker, None)) is not None:
            work.close()  # one that was cancelled before it began would complain that nobody awaited it
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            error = first_error(event.worker.error)  # one that is not of the tree is raised by this
            self.say(Fault.of(error).sentence)

    def on_journal_changed(self, event: JournalChanged) -> None:
        """Hand a snapshot to the screen that asked for it."""
        self._notices.show_progress(event.snapshot)
        screen = self.operator_screen
        if screen is not None and event.snapshot.subject == screen.subject():
            screen.clear_journal_fault()
            try:
                screen.show_snapshot(event.snapshot)
            except TuiMigrateError as error:  # such as a plan in the journal that cannot be read
                fault = Fault.of(error)
                screen.show_journal_fault(f"{fault.message} ({fault.hint})")
            screen.refresh_frame()
            self._is_fed(screen)

    def is_ready(self) -> bool:
        """A full screen is ready once the journal, or why it cannot be read, was shown on it."""
        screen = self.operator_screen
        return screen is None or screen is not self.screen or screen.is_fed

    def _is_fed(self, screen: OperatorScreen) -> None:
        """Let keys act on a screen that has its rows now; they are put where they belong by what the rows called."""
        screen.is_fed = True
        screen.call_after_refresh(self.became_ready)

    def on_run_ended(self, event: RunEnded) -> None:
        """Let whoever looks elsewhere know."""
        if self.operator_screen is not None:
            for note in self.operator_screen.query(Note):
                note.run_ended(event.run_id)
        self._notices.run_ended(event)

    def on_journal_unreadable(self, event: JournalUnreadable) -> None:
        """Let the screen say so."""
        if self.operator_screen is not None:
            self.operator_screen.show_journal_fault(printable(redact(event.reason)))
            self._is_fed(self.operator_screen)

    @property
    def operator_screen(self) -> OperatorScreen | None:
        """The topmost full screen, under whatever dialog; None where the app is about to end and takes them down."""
        if not self.is_running:
            return None
        return next((one for one in reversed(self.screen_stack) if isinstance(one, OperatorScreen)), None)

    def say(self, text: str, *, is_error: bool = True, until_ended: int = 0) -> None:
        """Say one line above the footer, until the next key; or until a run has ended, where it is true no longer."""
        if self.operator_screen is not None:
            for note in self.operator_screen.query(Note):
                note.say(printable(redact(text)), is_error=is_error, until_ended=until_ended)

    def on_key(self) -> None:
        """A key takes the last note away."""
        if self.operator_screen is not None:
            for note in self.operator_screen.query(Note):
                note.clear()

    def ask_filter(self, table: Table) -> None:
        """Ask what the rows of a table have to hold."""

        def take(text: str | None) -> None:
            if text is not None:
                table.filter(text)
            table.focus()

        self.push_screen(AskText("Show only rows that hold", ("Empty shows all.",), table.filter_text), take)

    def action_app_back(self) -> None:
        """Go to the screen before; on Home, stay."""
        screen = self.operator_screen
        if screen is None or screen is not self.screen or screen.go_back():
            return  # esc is a window's that opened meanwhile
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def action_app_leave(self) -> None:
        """Leave, and say what goes on; ask first where a screen has something that nothing keeps."""
        full = [one for one in self.screen_stack if isinstance(one, OperatorScreen)]
        unsaved = next((one for one in full if one.has_unsaved()), None)
        if unsaved is None:
            self.leave()
        else:
            ask_to_leave(unsaved, self.leave)

    def leave(self) -> None:
        """End the app; say what goes on."""
        self.exit(message=self.parting_words())

    def action_app_help(self) -> None:
        """Show the keys of this screen."""
        if self.operator_screen is not None and not isinstance(self.operator_screen, HelpScreen):
            self.push_screen(HelpScreen(self.operator_screen))

    def action_app_palette(self) -> None:
        """Open the palette."""
        self.action_command_palette()

    def action_command_palette(self) -> None:
        """Open ours in the place of Textual's, whose key this is as well."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def action_app_redraw(self) -> None:
        """Draw everything anew."""
        self.redraw()

    def action_app_copy(self) -> None:
        """Send what is under the cursor to the terminal's clipboard."""
        if self.operator_screen is not None:
            self._copying.copy(self.operator_screen.copyable())

    def action_app_write(self) -> None:
        """Write what is under the cursor to a file."""
        if self.operator_screen is not None:
            self._copying.write(self.operator_screen.copyable())

    def action_app_theme(self) -> None:
        """Read the user's own themes, then offer them beside the shipped ones."""
        self.in_background(self._read_themes(), "themes")

    async def _read_themes(self) -> None:
        self.post_message(ThemesRead(await asyncio.to_thread(own_themes, self.session.home)))

    def on_themes_read(self, event: ThemesRead) -> None:
        """Offer the themes; what the cursor is on is shown, enter keeps it and esc puts the one before back."""
        if not isinstance(self.screen, ThemePicker):
            folder = own_folder(self.session.home)
            self.push_screen(ThemePicker(self.theme, event.own, folder, few=self.shows_few_colours), self._keep_theme)

    def _keep_theme(self, name: str | None) -> None:
        if name is None:
            return
        try:
            self.remember(theme=name)
        except TuiMigrateError as error:
            self.say(f"{name} is not kept: {error.message}")

    def remember(self, *, theme: str) -> None:
        """Keep a setting for the next time, beside what stands in the file by now: it may have been edited meanwhile.

        Raises StorageFailed, and UsageError, InvalidFile for a file that cannot be read, which is left as it is.
        """
        self.session.settings = replace(self.session.settings, theme=theme)
        settings_file.keep_theme(self.session.home, theme)

    def parting_words(self) -> str | None:
        """What is said on the terminal when the app has left it."""
        live = self.feed.live_runs()
        if not live:
            return None
        back = self.feed.live_to_take_back()
        paused = self.feed.live_and_paused() - back
        parts = (
            (", ".join(f"{one:04d}" for one in live if one not in back | paused), "goes on"),
            (", ".join(f"{one:04d}" for one in live if one in paused), "is paused, and waits for you"),
            (", ".join(f"{one:04d}" for one in live if one in back), "is being cancelled, then rolled back"),
        )
        said = "; ".join(f"run {names} {fate}" for names, fate in parts if names)
        home = self.session.home.option
        return f"{said}; tui-migrate{home} shows it again, tui-migrate attach {live[0]}{home} follows it"
