"""The footer: the keys that work here, in the order of the registry, as many as there is room for."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from tui_migrate.ui.actions import Action


class KeyFooter(Widget):
    """One line at the bottom. What does not fit is found under `?` and in the palette, which always are shown."""

    DEFAULT_CSS = "KeyFooter { dock: bottom; height: 1; width: 1fr; }"
    COMPONENT_CLASSES = {"footer--key"}  # noqa: RUF012 - Textual's own way

    def __init__(self) -> None:
        super().__init__()
        self._actions: tuple[Action, ...] = ()

    def show(self, actions: tuple[Action, ...]) -> None:
        """Show these actions."""
        if actions != self._actions:
            self._actions = actions
            self.refresh()

    @property
    def shown(self) -> tuple[Action, ...]:
        """The actions there is room for."""
        last = [one for one in self._actions if one.id in ("app.leave", "app.help")]
        room = self.size.width - sum(_width(one) for one in last)
        fitting: list[Action] = []
        for one in self._actions:
            if one.label and one not in last and _width(one) <= room:
                fitting.append(one)
                room -= _width(one)
        return (*fitting, *last)

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        plain, key = self.rich_style, self.get_component_rich_style("footer--key")
        segments = [
            segment
            for one in self.shown
            for segment in (Segment(f" {one.shown}", key), Segment(f" {one.label} ", plain))
        ]
        return Strip(segments).adjust_cell_length(self.size.width, plain)


def _width(action: Action) -> int:
    return cell_len(action.shown) + cell_len(action.label) + 3
