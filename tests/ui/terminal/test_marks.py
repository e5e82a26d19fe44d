from rich.cells import cell_len

from tui_migrate.ui.terminal.marks import TWINS
from tui_migrate.wording import STATE_MARKS


def test_every_mark_and_its_twin_take_one_cell() -> None:
    for mark, twin in TWINS.items():
        assert len(mark) == len(twin) == cell_len(mark) == 1
        assert twin.isascii()
        assert twin.isprintable()


def test_states_have_the_same_ascii_marks_as_on_the_command_line() -> None:
    for mark, plain in STATE_MARKS.values():
        assert TWINS.get(mark, mark) == plain
