"""The picker of themes, at the right of the screen beneath: that one shows the theme the cursor is on."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from tui_migrate.errors import UsageError
from tui_migrate.redaction import redact
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.theme_files import OwnThemes, ThemeFile, shipped
from tui_migrate.ui.themes import textual_theme
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table, Tone
from tui_migrate.ui.wording import path_words

STILL_SECONDS: Final = 0.15
"""How long the cursor rests on a theme before it is shown: another theme draws the whole screen anew."""

_SAMPLE: Final = (("✓ completed", "good"), ("! findings", "warn"), ("✗ failed", "bad"))
_BROKEN: Final = "file/"
"""Before the key of a row that stands for a file which is no theme; no theme's name has a slash."""


class ThemePicker(Window[str | None]):
    """Gives the name of the theme that is kept, None for esc; then the theme that was there is back.

    `before` is the name of the theme in force, `folder` where the user's own lie, `few` says that the terminal has
    not the colours of most of them.
    """

    BINDINGS: ClassVar = [Binding("escape", "refuse", show=False)]
    KEYS: ClassVar = (("enter", "Keep"), ("esc", "Back"))

    def __init__(self, before: str, own: OwnThemes, folder: Path, *, few: bool = False) -> None:
        super().__init__()
        self._before = before
        self._own = {one.name: one for one in own.themes}
        self._themes = shipped() | self._own
        self._faults = {f"{_BROKEN}{name}": error for name, error in own.faults}
        self._folder = folder
        self._few = few
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the list, a sample, and what the keys do."""
        with Vertical(classes="dialog themes"):
            yield Lines(["Theme"], classes="dialog-title")
            yield Table([Column("Name"), Column("", 11)], id="themes")
            yield FaultPane(id="theme-fault")
            with Horizontal(id="theme-sample"):
                for words, tone in _SAMPLE:
                    yield Lines([words], classes=f"theme-{tone}")
            yield Prose(list(self._sentences()), classes="dim")

    def on_mount(self) -> None:
        """Fill the table; the cursor is on the theme in force."""
        table = self.query_one(Table)
        table.show(sorted(self._rows(), key=lambda row: row.cells[0].casefold()))
        table.move_to(self._before)
        table.focus()

    def on_table_moved(self, event: Table.Moved) -> None:
        """Show the theme under the cursor when it rests there."""
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(STILL_SECONDS, self._preview)

    def on_table_opened(self, event: Table.Opened) -> None:
        """Keep the theme; a file that is none leaves everything as it is, and says so."""
        event.stop()
        if event.key in self._themes:
            self._show(event.key)
            self.dismiss(event.key)
        elif event.key in self._faults:
            self._show(self._before)
            self._explain(self._faults[event.key], f"Nothing is kept: {self._before} stays until the file is mended.")

    def action_refuse(self) -> None:
        """Put the theme back that was there."""
        self._show(self._before)
        self.dismiss(None)

    def _preview(self) -> None:
        key = self.query_one(Table).cursor_key or ""
        fault = self._faults.get(key)
        if fault is None:
            self.query_one(FaultPane).clear()
        else:
            self._explain(fault)
        self._show(key if key in self._themes else self._before)

    def _explain(self, fault: UsageError, *further: str) -> None:
        self.query_one(FaultPane).explain(redact(self._said(fault)), redact(fault.hint), *further)

    def _show(self, name: str) -> None:
        if self._timer is not None:
            self._timer.stop()
        if name != self.app.theme:
            if name in self._own and name != self._before:
                self.app.register_theme(textual_theme(self._own[name]))
            self.app.theme = name

    def _said(self, fault: UsageError) -> str:
        """The message of a fault, its path as short as it stands elsewhere."""
        return fault.message.replace(str(self._folder), path_words(self._folder))

    def _rows(self) -> Iterator[Row]:
        for name, theme in self._themes.items():
            if name in self._own:
                yield Row(name, (theme.title, f"yours, {_ground(theme)}"), name=f"{self._folder.name}/{name}.yaml")
            else:
                yield Row(name, (theme.title, _ground(theme)), name=name)
        for key in self._faults:
            file = key.removeprefix(_BROKEN)
            yield Row(key, (f"✗ {file}", "has a fault"), name=file, tone=Tone.BAD)

    def _sentences(self) -> Iterator[str]:
        yield f"enter keeps it, esc puts {self._before} back."
        yield f"Your own: {path_words(self._folder)}/NAME.yaml"
        if self._few:
            yield "This terminal has few colours: the program opens without these whatever is kept."


def _ground(theme: ThemeFile) -> str:
    if theme.ansi:
        return "terminal"
    return "dark" if theme.dark else "light"
