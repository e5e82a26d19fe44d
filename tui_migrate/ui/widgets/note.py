"""One line above the footer: what just went wrong, or was done. It goes with the next key."""

from rich.text import Text

from tui_migrate.ui.widgets.lines import Lines


class Note(Lines):
    """An empty line until something is said; its place is always kept, so that nothing jumps."""

    DEFAULT_CSS = "Note { height: 1; width: 1fr; }"

    def __init__(self) -> None:
        super().__init__([""])

    def say(self, text: str, *, is_error: bool) -> None:
        """Show a line."""
        self.set_class(is_error, "-error")
        self.show([Text(f" {'✗' if is_error else '✓'} {text}", end="")])

    def clear(self) -> None:
        """Show nothing."""
        self.set_class(False, "-error")
        self.show([""])
