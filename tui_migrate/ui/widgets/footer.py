"""The footer: the keys that work here, as many as there is room for, the most needed first; a cut is said."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from tui_migrate.ui.actions import Action

_MORE: Final = " …"
_ALWAYS: Final = "app.help"
_USUAL_WIDTH: Final = 80
"""What screens are made for; where there is less, to see how to leave is needed first."""


class KeyFooter(Widget):
    """One line at the bottom. What does not fit is found under `?`, which always is shown, behind an ellipsis then."""

    DEFAULT_CSS = "KeyFooter { dock: bottom; height: 1; width: 1fr; }"
    COMPONENT_CLASSES = {"footer--key"}  # noqa: RUF012 - Textual's own way

    def __init__(self) -> None:
        super().__init__()
        self._actions: tuple[Action, ...] = ()
        self._first: tuple[str, ...] = ()
        self._covering: tuple[tuple[str, str], ...] | None = None

    def cover(self, keys: tuple[tuple[str, str], ...] | None) -> None:
        """Show these keys and words of a window that covers the screen, until it is None again."""
        if keys != self._covering:
            self._covering = keys
            self.refresh()

    def show(self, actions: tuple[Action, ...], first: tuple[str, ...] = ()) -> None:
        """Show these actions in their order; where they do not fit, those of the ids `first`, then how to leave."""
        if (actions, first) != (self._actions, self._first):
            self._actions, self._first = actions, first
            self.refresh()

    @property
    def shown(self) -> tuple[Action, ...]:
        """The actions there is room for, in the order in which they were given."""
        labelled = tuple(one for one in self._actions if one.label)
        if sum(map(_width, labelled)) <= self.size.width:
            return labelled
        return _fitting(labelled, self._first, self.size.width)

    @property
    def is_cut(self) -> bool:
        """True where keys are left out."""
        return len(self.shown) < sum(bool(one.label) for one in self._actions)

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        plain, key = self.rich_style, self.get_component_rich_style("footer--key")
        segments: list[Segment] = []
        if self._covering is not None:
            for name, words in self._covering:
                segments += [Segment(f" {name}", key), Segment(f" {words} ", plain)]
            return Strip(segments).adjust_cell_length(self.size.width, plain)
        is_cut = self.is_cut
        for one in self.shown:
            if is_cut and one.id == _ALWAYS:
                segments.append(Segment(_MORE, plain))
            words = one.short if is_cut else one.label
            segments += [Segment(f" {one.shown}", key), Segment(f" {words} ", plain)]
        return Strip(segments).adjust_cell_length(self.size.width, plain)


def _fitting(actions: Sequence[Action], first: Sequence[str], width: int) -> tuple[Action, ...]:
    """Choose by need: what always stands there, the `first`, how to leave, and then in the order given."""
    needs = (_ALWAYS, *first, "app.leave") if width >= _USUAL_WIDTH else (_ALWAYS, "app.leave", *first)
    by_need = sorted(actions, key=lambda one: needs.index(one.id) if one.id in needs else len(needs))
    room, chosen = width - cell_len(_MORE), set[str]()
    for one in by_need:
        if (taken := _width(one, is_short=True)) <= room:
            chosen.add(one.id)
            room -= taken
    return tuple(one for one in actions if one.id in chosen)


def _width(action: Action, *, is_short: bool = False) -> int:
    return cell_len(action.shown) + cell_len(action.short if is_short else action.label) + 3
