"""One finding, whole, over the width of the screen."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui_migrate.findings import Finding
from tui_migrate.journal.states import Stage
from tui_migrate.ui.report_rows import severity_words
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.wording import number


class FindingSheet(ModalScreen[None]):
    """One finding, whole."""

    BINDINGS: ClassVar = [Binding("escape,q,enter", "close", show=False)]

    def __init__(self, stage: Stage, finding: Finding) -> None:
        super().__init__()
        self._stage = stage
        self._finding = finding

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        one = self._finding
        paragraphs = [
            f"# {severity_words(one.severity)}: {one.code}",
            "",
            f"Subject\t{one.subject}",
            f"Message\t{one.message}",
            *([f"What next\t{one.hint}"] if one.hint else []),
            f"Times\t{number(one.count)}",
            f"Found in\t{self._stage.value}",
            "",
            "esc goes back",
        ]
        with Vertical(classes="sheet"):
            yield Pager(paragraphs)

    def on_mount(self) -> None:
        """Let the keys move the text."""
        self.query_one(Pager).focus()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)
