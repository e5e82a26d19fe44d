"""The app under the app: how it sits in a terminal."""

from collections.abc import Iterable
from pathlib import Path

from textual.app import App, ReturnType
from textual.theme import Theme

from tui_migrate.marks import MarkSet
from tui_migrate.ui.terminal.start import ColourDepth, Terminal


class TerminalApp(App[ReturnType]):
    """An app that sends little, leaves the terminal as it was, and tells nobody what is secret.

    `terminal` is what `start.prepare` found; the default suits tests. `themes` are registered before `theme_name`, one
    of them, is put on. `crash_log` gets the traceback of what nobody foresaw. `mouse` None means: not over SSH.
    """

    def __init__(
        self,
        *,
        theme_name: str,
        crash_log: Path,
        terminal: Terminal | None = None,
        themes: Iterable[Theme] = (),
        mouse: bool | None = None,
    ) -> None:
        self.terminal = terminal or Terminal()
        few = self.terminal.depth in (ColourDepth.NONE, ColourDepth.SIXTEEN)
        super().__init__(ansi_color=True if few else None)
        self.crash_log = crash_log
        for theme in themes:
            self.register_theme(theme)
        self.theme = theme_name
        self.animation_level = "none"

    @property
    def marks(self) -> MarkSet:
        """Which marks the terminal can show."""
        return self.terminal.marks

    @property
    def line_is_busy(self) -> bool:
        """True while bytes wait for the line: a feed skips its frame then."""
        return False
