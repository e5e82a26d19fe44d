"""One finding, whole, over the width of the screen: what it says, an example, and the page about its code."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from tui_migrate.findings import Finding
from tui_migrate.journal.states import Stage
from tui_migrate.ui.next_steps import finding_in_app
from tui_migrate.ui.page_words import page_lines
from tui_migrate.ui.report_rows import severity_words
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.wording import number

_EXAMPLE: Final = ", such as "
_DOCUMENT: Final = " _id "


class FindingSheet(Window[None]):
    """One finding, whole; where several stages found it, `stage` is None."""

    BINDINGS: ClassVar = [Binding("escape,q,enter", "close", show=False)]
    KEYS: ClassVar = (("esc", "Back"),)

    def __init__(self, stage: Stage | None, finding: Finding) -> None:
        super().__init__()
        self._stage = stage
        self._finding = finding

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with Vertical(classes="sheet"):
            yield Pager(finding_words(self._stage, self._finding))

    def on_mount(self) -> None:
        """Let the keys move the text."""
        self.query_one(Pager).focus()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


def finding_words(stage: Stage | None, one: Finding) -> Sequence[str]:
    """Say all that is known of a finding, and what its code means."""
    in_app = finding_in_app(one)
    message, example = _apart(in_app)
    return [
        f"# {severity_words(one.severity)}: {one.code}",
        "",
        f"Subject\t{one.subject}",
        f"Message\t{message}",
        *([f"Example\t{example}"] if example else []),
        *([f"What next\t{in_app.hint}"] if in_app.hint else []),
        f"Times\t{number(one.count)}",
        *([f"Found in\t{stage.value}"] if stage is not None else []),
        "",
        *page_lines(one.code),
        "esc goes back",
    ]


def _apart(one: Finding) -> tuple[str, str]:
    """Set the example apart from the message; of one document, that is the example."""
    message, _, example = one.message.partition(_EXAMPLE)
    if not example and _DOCUMENT in one.subject:
        example = f"_id {one.subject.partition(_DOCUMENT)[2]}"
    return message, example
