from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tui_migrate.ui.widgets.fitting import LEAST_CELLS, cut, fit_ends, fit_place, fit_words

NAMES = st.text("abcdefgh/_注文", min_size=1, max_size=40)


def test_a_pair_of_ends_is_cut_in_each_of_them() -> None:
    words = "demo-source/second_brain → demo-target/second_brain"
    assert fit_ends(words, 60) == words
    assert fit_ends(words, 25) == "demo-source → demo-target"
    assert fit_ends(words, 34) == "demo-source/s…n → demo-target/se…n"
    assert fit_ends("a/b → demo-target/second_brain", 20) == "a/b → demo-target/s…"
    assert fit_ends("backup-0000001.tar.gz → live/shop", 20) == "back….gz → live/shop"


def test_of_a_place_the_database_is_cut_first_and_never_the_port() -> None:
    places = ("127.0.0.1:36421/second_brain", "127.0.0.1:36422/second_brain")
    assert [fit_place(one, 21) for one in places] == ["127.0.0.1:36421/se…in", "127.0.0.1:36422/se…in"]
    assert [fit_place(places[0], width) for width in (17, 16, 15, 8)] == [
        "127.0.0.1:36421/…",
        "127.0.0.1:36421",
        "127.0.0.1:36421",
        "127.…421",
    ]
    assert fit_place("/home/anna/backups/shop.tar.gz", 15) == "/home/a….tar.gz"


def test_names_of_fields_are_cut_at_their_end_so_that_two_never_read_as_one() -> None:
    assert cut("-settings.layout -settings.pinned ~is_archived", 26) == "-settings.layout -setting…"


def test_where_there_is_room_for_no_pair_or_there_is_none_it_is_cut_in_the_middle() -> None:
    assert fit_ends("prod/shop → live/shop", 8) == "prod…hop"
    assert fit_ends("run 0001 in demo-target/second_brain", 17) == "run 0001…nd_brain"


SENTENCE = "the options of the target's collection differ and stay as they are"


def test_a_sentence_is_cut_at_its_end_and_a_name_in_its_middle() -> None:
    assert fit_words(SENTENCE, 30) == "the options of the target's c…"
    assert fit_words("prod/shop/eu/west", 12) == "prod/s…/west"
    assert fit_words("prod/shop → staging/shop", 17) == "prod/s… → staging"
    assert fit_words(SENTENCE, 80) == SENTENCE
    assert [fit_words(SENTENCE, width) for width in (0, 1)] == ["", "…"]
    assert cell_len(fit_words("注 文 注 文 注 文 注 文", 8)) <= 8


@given(NAMES, NAMES, st.integers(1, 90))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_it_is_never_wider_than_wished_and_keeps_the_arrow_where_it_can(source: str, target: str, width: int) -> None:
    words = f"{source} → {target}"
    cut = fit_ends(words, width)
    assert cell_len(cut) <= width
    if width >= 2 * LEAST_CELLS + 3:
        assert " → " in cut
