"""The table of all screens: virtual, drawn line by line, its cursor kept by key.

Only rows in view are drawn, and of those only the ones that changed are repainted. Sorting and filtering happen on the
rows, not on widgets. The last line shows where the cursor stands, and the full name of its row. Cursor and name are
shown by the table that has the keys, and by no other: what they say is done by a key is done there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import is_
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui_migrate.redaction import printable
from tui_migrate.ui.widgets.fitting import fit_words
from tui_migrate.ui.widgets.prose import wrap

SPACE: Final = 2
"""Cells between two columns."""


class Tone(Enum):
    """What a row says by its colour, beside its words."""

    PLAIN = "plain"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    DIM = "dim"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title and its width in cells, 0 for the one that takes what is left.

    `right` sets numbers to the right; `from_width` is the table's width from which on it is shown. `fitted` cuts a
    text that is too long: one like it has to be told from others by what is left.
    """

    title: str
    width: int = 0
    right: bool = False
    from_width: int = 0
    fitted: Callable[[str, int], str] = fit_words


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its key, a text for each column, and what it sorts by (the texts of columns that `sort` does not reach).

    `name` is shown in full below the table.
    """

    key: str
    cells: tuple[str, ...]
    name: str = ""
    tone: Tone = Tone.PLAIN
    sort: tuple[str | float, ...] = ()


class Table(Widget, can_focus=True):
    """Rows under fixed columns. Messages: `Moved` when the cursor goes to another row, `Opened` on enter.

    Without `has_note` the last line is a row like the others: where nothing is cut, it would repeat what stands there.
    One that `tells_rest` says below how many rows there are under those that are seen.
    """

    DEFAULT_CSS = "Table { height: 1fr; width: 1fr; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--head",
        "table--cursor",
        "table--note",
        "table--good",
        "table--warn",
        "table--bad",
        "table--dim",
    }
    BINDINGS: ClassVar = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup,ctrl+u", "page(-1)", show=False),
        Binding("pagedown,ctrl+d", "page(1)", show=False),
        Binding("home,g", "edge(-1)", show=False),
        Binding("end,G", "edge(1)", show=False),
        Binding("enter", "open", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row; `key` is None where there is none."""

        def __init__(self, table: "Table", key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "Table":
            """The table."""
            return self.table

    class Opened(Message):
        """Enter was pressed on a row."""

        def __init__(self, table: "Table", key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "Table":
            """The table."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "Nothing here.",
        id: str | None = None,
        has_note: bool = True,
        tells_rest: bool = False,
    ) -> None:
        super().__init__(id=id)
        self._tells_rest = tells_rest
        self._columns = tuple(columns)
        self._has_note = has_note
        self._all: tuple[Row, ...] = ()
        self._rows: list[Row] = []
        self._empty = empty
        self._filter = ""
        self._matches: Callable[[Row], bool] | None = None
        self._sort = -1
        self._cursor = 0
        self._top = 0

    @property
    def rows(self) -> Sequence[Row]:
        """The rows that are shown, in their order."""
        return self._rows

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._rows[self._cursor].key if self._rows else None

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def filter_text(self) -> str:
        """What rows have to hold to be shown."""
        return self._filter

    def show(self, rows: Sequence[Row], *, empty: str | None = None) -> None:
        """Show these rows; the cursor stays on its key, and nothing jumps. `empty` is what is said where none is.

        The very rows that are shown already are not filtered and sorted again.
        """
        if empty is not None and empty != self._empty:
            self._empty = empty
            self.refresh()
        if len(rows) != len(self._all) or not all(map(is_, rows, self._all)):
            self._all = tuple(rows)
            self._arrange()

    def filter(self, text: str, matches: Callable[[Row], bool] | None = None) -> None:
        """Show only rows whose texts hold `text`, upper or lower case; `matches` decides instead where it is given."""
        self._filter, self._matches = text, matches
        self._refresh_note()
        self._arrange()

    def sort_by(self, column: int) -> None:
        """Sort by a column; -1 is the order in which the rows came."""
        self._sort = column
        self.refresh(Region(0, 0, self.size.width, 1))
        self._arrange()

    def sort_by_next(self) -> None:
        """Sort by the next column that is shown, and after the last one not at all."""
        shown = (number for number, width in enumerate(self._widths()) if width)
        self.sort_by(next((number for number in shown if number > self._sort), -1))

    def move_to(self, key: str) -> None:
        """Put the cursor on a row, if it is shown."""
        if (place := self._place_of(key)) is not None:
            self._move(place)

    def render_line(self, y: int) -> Strip:
        """Draw the head, a row, or the note."""
        if y == 0:
            titles = [
                column.title + ("↓" if number == self._sort else "") for number, column in enumerate(self._columns)
            ]
            return self._line(titles, self.get_component_rich_style("table--head"))
        if self._has_note and y == self.size.height - 1:
            return self._note()
        place = self._top + y - 1
        if place >= len(self._rows):
            lines = wrap(self._empty_words, self.size.width - 2) if not self._rows else []
            message = f" {lines[y - 1]}" if y <= len(lines) else ""
            return self._plain(message, self.get_component_rich_style("table--dim"))
        row = self._rows[place]
        style = self.rich_style
        if row.tone is not Tone.PLAIN:
            style = self.get_component_rich_style(f"table--{row.tone.value}")
        is_cursor = place == self._cursor and self.has_focus
        if is_cursor:
            style = self.get_component_rich_style("table--cursor")
        return self._line([printable(cell) for cell in row.cells], style, is_cursor=is_cursor)

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._keep_in_view()

    def on_focus(self) -> None:
        """Show the cursor, and below what it stands on."""
        self._refresh_place(self._cursor)
        self._refresh_note()

    def on_blur(self) -> None:
        """Hide both; the cursor stays where it is."""
        self._refresh_place(self._cursor)
        self._refresh_note()

    def action_move(self, step: int) -> None:
        """Move by rows."""
        self._move(self._cursor + step)

    def action_page(self, step: int) -> None:
        """Move by pages."""
        self._move(self._cursor + step * max(1, self._height - 1))

    def action_edge(self, step: int) -> None:
        """Move to the first or the last row."""
        self._move(0 if step < 0 else len(self._rows) - 1)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if (key := self.cursor_key) is not None:
            self.post_message(self.Opened(self, key))

    @property
    def _height(self) -> int:
        """Rows in view, without head and note."""
        return max(1, self.size.height - (2 if self._has_note else 1))

    def _arrange(self) -> None:
        key, before = self.cursor_key, self._rows
        rows = self._matching()
        if self._sort >= 0:
            rows = sorted_by(rows, self._sort)
        self._rows = rows
        place = self._place_of(key)
        cursor = place if place is not None else min(self._cursor, max(0, len(rows) - 1))
        is_moved = cursor != self._cursor
        self._cursor = cursor
        self._keep_in_view()
        if len(before) != len(rows) or is_moved:
            self.refresh()
        else:
            for number in range(self._top, min(len(rows), self._top + self._height)):
                if before[number] is not rows[number] and before[number] != rows[number]:
                    self._refresh_place(number)
                    if number == cursor:
                        self._refresh_note()
        if self.cursor_key != key:
            self.post_message(self.Moved(self, self.cursor_key))

    def _matching(self) -> list[Row]:
        """The rows that the filter lets through, in the order in which they came."""
        if self._matches is not None:
            return [row for row in self._all if self._matches(row)]
        if words := self._filter.casefold():
            return [row for row in self._all if words in "\n".join(row.cells).casefold()]
        return list(self._all)

    def _place_of(self, key: str | None) -> int | None:
        """Where a row stands, None where it is not shown; mostly it stands where the cursor is."""
        if self._cursor < len(self._rows) and self._rows[self._cursor].key == key:
            return self._cursor
        return next((number for number, row in enumerate(self._rows) if row.key == key), None)

    def _move(self, place: int) -> None:
        place = max(0, min(place, len(self._rows) - 1))
        if place == self._cursor or not self._rows:
            return
        before, self._cursor = self._cursor, place
        if self._keep_in_view():
            self.refresh()
        else:
            self._refresh_place(before)
            self._refresh_place(place)
        self._refresh_note()
        self.post_message(self.Moved(self, self.cursor_key))

    def _keep_in_view(self) -> bool:
        """Scroll so that the cursor is in view; say whether that moved anything."""
        top = max(0, min(self._top, len(self._rows) - self._height))
        top = min(max(top, self._cursor - self._height + 1), self._cursor)
        moved, self._top = top != self._top, top
        if moved:
            self.refresh()
        return moved

    def _refresh_place(self, place: int) -> None:
        if self._top <= place < self._top + self._height:
            self.refresh(Region(0, place - self._top + 1, self.size.width, 1))

    def _refresh_note(self) -> None:
        if self._has_note:
            self.refresh(Region(0, self.size.height - 1, self.size.width, 1))

    def _line(self, texts: Sequence[str], style: Style, *, is_cursor: bool = False) -> Strip:
        parts = [("›" if is_cursor else " ")]
        for column, width, text in zip(self._columns, self._widths(), texts, strict=False):
            if width > 0:
                fitted = column.fitted(text, width)
                space = " " * (width - cell_len(fitted))
                parts.append((space + fitted if column.right else fitted + space) + " " * SPACE)
        return self._plain("".join(parts), style)

    def _plain(self, text: str, style: Style) -> Strip:
        return Strip([Segment(set_cell_size(text, self.size.width), style)], self.size.width)

    def _widths(self) -> list[int]:
        """The columns' widths at this width of the table; 0 for those that are not shown."""
        width = self.size.width
        shown = [column.from_width <= width for column in self._columns]
        fixed = sum(column.width + SPACE for column, is_shown in zip(self._columns, shown, strict=True) if is_shown)
        open_columns = sum(not column.width for column, is_shown in zip(self._columns, shown, strict=True) if is_shown)
        share = max(1, (width - 1 - fixed) // open_columns) if open_columns else 0
        return [
            (column.width or share) if is_shown else 0 for column, is_shown in zip(self._columns, shown, strict=True)
        ]

    @property
    def _empty_words(self) -> str:
        """Say why no row is there: there is none, or the filter lets none of them through."""
        if not self._all or not self._filter or self._matches is not None:  # whose own words say what was asked
            return self._empty
        none = "The one row does not hold" if len(self._all) == 1 else f"None of the {len(self._all):,} rows holds"
        return f"{none} “{printable(self._filter)}”. An empty filter shows all."

    def _said_below(self, row: Row) -> str:
        """What is said of the row under the cursor; nothing where that would only repeat what stands there uncut."""
        if row.name:
            return printable(row.name)
        first = printable(row.cells[0])
        return "" if cell_len(first) <= self._widths()[0] else first

    def _note(self) -> Strip:
        style = self.get_component_rich_style("table--note")
        if not self._rows:
            return self._plain(f" filter: {self._filter}" if self._filter else "", style)
        below = len(self._rows) - self._top - self._height
        rest = f" ↓ {below:,} more " if self._tells_rest and below > 0 else ""
        if not self.has_focus:
            return self._plain(rest, style)
        row = self._rows[self._cursor]
        where = f"{rest} {self._cursor + 1:,}/{len(self._rows):,}"
        if len(self._rows) != len(self._all):
            where += f" of {len(self._all):,}"
        room = max(0, self.size.width - cell_len(where) - 2)
        name = fit_words(self._said_below(row), room)
        return self._plain(f" {name}{' ' * (room - cell_len(name))}{where}", style)


def sorted_by(rows: Sequence[Row], column: int) -> list[Row]:
    """Sort by a column: numbers first, the largest on top, then texts, upper and lower case as one."""
    numbers: list[tuple[float, int]] = []
    texts: list[tuple[str, int]] = []
    for place, row in enumerate(rows):
        value = row.sort[column] if column < len(row.sort) else row.cells[column]
        if isinstance(value, str):
            texts.append((value.casefold(), place))
        else:
            numbers.append((-value, place))
    numbers.sort()
    texts.sort()
    return [rows[place] for _, place in (*numbers, *texts)]
