"""The pane that says what went wrong: what, what to do next, and which key or wait tries again."""

from collections.abc import Sequence

from tui_migrate.redaction import printable
from tui_migrate.ui.widgets.prose import Prose


class FaultPane(Prose):
    """Not there until something is wrong."""

    DEFAULT_CSS = "FaultPane { display: none; padding: 0 1; }"

    def explain(self, message: str, *further: str) -> None:
        """Show a fault and, each on a line of its own, what there is to do about it."""
        lines: Sequence[str] = [f"✗ {printable(message)}", *(f"  {printable(one)}" for one in further if one)]
        self.say(lines)
        self.display = True

    def clear(self) -> None:
        """Show nothing any more."""
        self.display = False
