"""The table of all screens by itself: what it sorts by, and what it says below."""

from textual.app import App, ComposeResult

from tests.ui.driving import screen_text
from tui_migrate.ui.widgets.table import Column, Row, Table

COLUMNS = (Column("Name"), Column("Size", 6, right=True), Column("Made", 10, from_width=100), Column("By", 8))
ROWS = [
    Row("1", ("b", "20", "x", "anna"), sort=("b", 20)),
    Row("2", ("a", "3", "y", "carl"), sort=("a", 3)),
    Row("3", ("c", "100", "z", "bert"), sort=("c", 100)),
]


class Tables(App[None]):
    """One table."""

    def compose(self) -> ComposeResult:
        yield Table(COLUMNS, empty="Nothing is like that.")

    def on_mount(self) -> None:
        self.query_one(Table).show(ROWS)
        self.query_one(Table).focus()


async def test_sorting_goes_through_the_columns_that_are_shown_and_then_back_to_none() -> None:
    app = Tables()
    async with app.run_test(size=(80, 10)) as pilot:
        table = app.query_one(Table)
        await pilot.pause()
        seen = []
        for _ in range(4):
            table.sort_by_next()
            await pilot.pause()
            seen.append((screen_text(pilot).partition("\n")[0].split(), [row.key for row in table.rows]))
        assert seen == [
            (["Name↓", "Size", "By"], ["2", "1", "3"]),
            (["Name", "Size↓", "By"], ["3", "1", "2"]),
            (["Name", "Size", "By↓"], ["1", "3", "2"]),
            (["Name", "Size", "By"], ["1", "2", "3"]),
        ]


async def test_the_cursor_stays_on_its_row_whatever_comes_before_it_and_where_its_row_has_gone() -> None:
    app = Tables()
    async with app.run_test(size=(80, 10)) as pilot:
        table = app.query_one(Table)
        table.move_to("2")
        new = Row("0", ("0", "1", "w", "dora"), sort=("0", 1))
        table.show([new, ROWS[2], *ROWS[:2]])
        await pilot.pause()
        assert table.cursor_key == "2"
        assert "›a" in screen_text(pilot)
        table.sort_by(0)
        assert table.cursor_key == "2"
        table.show([new, ROWS[0], ROWS[2]])
        assert table.cursor_key == "1"  # which stands where it stood
        table.show([new])
        assert table.cursor_key == "0"


async def test_a_filter_that_finds_nothing_again_says_which_it_is() -> None:
    app = Tables()
    async with app.run_test(size=(80, 10)) as pilot:
        table = app.query_one(Table)
        for text in ("first", "second"):
            table.filter(text)
            await pilot.pause()
            assert screen_text(pilot).rstrip().endswith(f"filter: {text}")
