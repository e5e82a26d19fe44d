import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from tui_migrate.ui.terminal.sgr import PLAIN, Pen, change, pen_of
from tui_migrate.ui.terminal.start import ColourDepth

colours = st.sampled_from(["", "31", "94", "38;5;200", "38;2;1;2;3"])
papers = st.sampled_from(["", "41", "104", "48;5;200", "48;2;1;2;3"])
# Those that pyte knows; 2, dim, it does not, but going from it must leave the others as they are.
attributes = st.sets(st.sampled_from([1, 2, 3, 4, 5, 7, 9])).map(lambda codes: tuple(sorted(codes)))
pens = st.builds(Pen, attributes, colours, papers)


def drawn(*sequences: str) -> pyte.screens.Char:
    screen = pyte.Screen(3, 1)
    pyte.Stream(screen).feed("".join(sequences) + "x")
    return screen.buffer[0][0]


@given(pens, pens)
def test_a_change_leads_to_the_look_wanted(old: Pen, new: Pen) -> None:
    assert drawn(change(None, old), change(old, new)) == drawn(change(None, new))


@given(pens, pens)
def test_a_change_is_never_longer_than_beginning_anew(old: Pen, new: Pen) -> None:
    assert len(change(old, new)) <= len(change(None, new))
    assert change(old, old) == ""


def test_bold_goes_without_taking_dim_along() -> None:
    assert change(Pen((1, 2), "31", "48;2;1;2;3"), Pen((2,), "31", "48;2;1;2;3")) == "\x1b[22;2m"


def test_the_default_colours_are_no_colours() -> None:
    for depth in ColourDepth:
        assert pen_of(Style.parse("default on default"), depth) == PLAIN
