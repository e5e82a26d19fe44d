"""The app under the app: how it sits in a terminal."""

from collections.abc import Iterable
from pathlib import Path

from textual.app import App, ReturnType
from textual.theme import Theme

from tui_migrate.ui.terminal.start import ColourDepth, MarkSet


class TerminalApp(App[ReturnType]):
    """An app that sends little, leaves the terminal as it was, and tells nobody what is secret."""

    def __init__(
        self,
        *,
        theme_name: str,
        crash_log: Path,
        themes: Iterable[Theme] = (),
        marks: MarkSet = MarkSet.UNICODE,
        mouse: bool | None = None,
        ansi: bool = False,
        depth: ColourDepth | None = None,
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(ansi_color=True if ansi else None)
        self.marks = marks
        self.crash_log = crash_log
        for theme in themes:
            self.register_theme(theme)
        self.theme = theme_name
        self.animation_level = "none"

    @property
    def line_is_busy(self) -> bool:
        """True while bytes wait for the line: a feed skips its frame then."""
        return False

    def redraw(self) -> None:
        """Send the whole screen again, whatever the terminal shows."""
        self.refresh(layout=True)
