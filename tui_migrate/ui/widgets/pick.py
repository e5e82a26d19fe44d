"""One of a few words, on one line: left and right go through them."""

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.cells import set_cell_size
from rich.segment import Segment
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

_HINT: Final = "   left and right change it"


class Pick(Widget, can_focus=True):
    """Shows the chosen word between arrows, and with the focus how to change it.

    `choices` are pairs of a key and what is shown for it.
    """

    DEFAULT_CSS = "Pick { height: 1; width: 1fr; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"pick--focus"}
    BINDINGS: ClassVar = [
        Binding("left", "step(-1)", show=False),
        Binding("right,space", "step(1)", show=False),
    ]

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, pick: "Pick", key: str) -> None:
            super().__init__()
            self.pick = pick
            self.key = key

        @property
        def control(self) -> "Pick":
            """The widget."""
            return self.pick

    def __init__(self, choices: Sequence[tuple[str, str]], at: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._choices = tuple(choices)
        keys = [key for key, _ in choices]
        self._at = keys.index(at) if at in keys else 0

    @property
    def chosen(self) -> str:
        """The key of the chosen word."""
        return self._choices[self._at][0]

    def action_step(self, step: int) -> None:
        """Go to the next word or the one before; behind the last comes the first."""
        self._at = (self._at + step) % len(self._choices)
        self.refresh()
        self.post_message(self.Changed(self, self.chosen))

    def on_focus(self) -> None:
        """Show the focus."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the focus."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        style = self.get_component_rich_style("pick--focus") if self.has_focus else self.rich_style
        hint = _HINT if self.has_focus else ""
        text = f" ‹ {self._choices[self._at][1]} ›{hint}"
        return Strip([Segment(set_cell_size(text, self.size.width), style)], self.size.width)
