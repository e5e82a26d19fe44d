"""The definitions of one collection that a restore changes: each as it is now and as it becomes."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from tui_migrate.comparison.model import DefinitionDifference
from tui_migrate.plan.definition_changes import change_words, versions
from tui_migrate.redaction import printable
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.widgets.pager import Pager


class DefinitionsSheet(Window[None]):
    """All definitions of a collection that change, over the width of the screen."""

    BINDINGS: ClassVar = [Binding("escape,q,enter", "close", show=False)]

    def __init__(self, collection: str, defined: Sequence[DefinitionDifference]) -> None:
        super().__init__()
        self._paragraphs = list(definition_paragraphs(collection, defined))

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


def definition_paragraphs(collection: str, defined: Sequence[DefinitionDifference]) -> Iterator[str]:
    """Say how each changes, then what it is now and what it becomes."""
    yield f"# {printable(collection)}"
    for one in defined:
        yield ""
        yield f"{change_words(one)}."
        for name, now, then in versions(one):
            yield f"{name} now\t{now or 'none'}"
            yield f"{name} then\t{then or 'none'}"
    yield ""
    yield "esc goes back"
