"""A window that says one thing, for as long as it takes to read it."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from tui_migrate.redaction import printable, redact
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.widgets.prose import Prose


class Notice(Window[None]):
    """A title and sentences; any of enter, esc and q goes on."""

    BINDINGS: ClassVar = [Binding("enter,escape,q", "close", show=False)]

    def __init__(self, title: str, sentences: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._sentences = [printable(redact(one)) for one in sentences if one]

    def compose(self) -> ComposeResult:
        """Lay out the words."""
        with Vertical(classes="dialog"):
            yield Prose([self._title], classes="dialog-title")
            yield Prose([line for one in self._sentences for line in (one, "")][:-1])

    def action_close(self) -> None:
        """Go on."""
        self.dismiss(None)
