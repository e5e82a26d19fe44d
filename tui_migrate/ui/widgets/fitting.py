"""Cutting texts to a number of cells, so that of each kind of text what tells it from others stays.

A name is cut in its middle, a sentence at its end, a place (`host:27017/shop`, `prod/shop`) in its database first, and
`from → to` in either end, its arrow never.
"""

from typing import Final

from rich.cells import cell_len, set_cell_size

BLANKS_OF_SENTENCE: Final = 4
"""A text with so many blanks is a sentence: names, paths and `from → to` have fewer."""

LEAST_CELLS: Final = 5
"""An end that had to be cut to fewer cells would say nothing."""

_ARROW: Final = " → "


def fit(text: str, width: int) -> str:
    """Cut a text in its middle to a number of cells; both its ends stay readable."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return set_cell_size(text, width).rstrip()
    tail_cells = (width - 1) // 2
    head = set_cell_size(text, width - 1 - tail_cells).rstrip(" ")
    tail = text[-tail_cells:] if tail_cells else ""
    while cell_len(tail) > tail_cells:
        tail = tail[1:]
    return f"{head}…{tail}"


def cut(text: str, width: int) -> str:
    """Cut a text at its end to a number of cells."""
    return text if cell_len(text) <= width else f"{set_cell_size(text, max(0, width - 1)).rstrip(' ')}…"[:width]


def fit_words(text: str, width: int) -> str:
    """Cut a sentence at its end, where less is lost of what it says, and a name or a path in its middle."""
    if text.count(" ") >= BLANKS_OF_SENTENCE:
        return cut(text, width)
    return fit_ends(text, width) if text.count(_ARROW) == 1 else fit(text, width)


def fit_place(text: str, width: int) -> str:
    """Cut `place/database`: the database first, in its middle; the place is what tells two servers apart."""
    if cell_len(text) <= width:
        return text
    place, slash, database = text.partition("/")
    if not place or not slash:
        return fit(text, width)
    room = width - cell_len(place) - 1
    if room >= 1:
        return f"{place}/{fit(database, room) if room > 1 else '…'}"
    return fit(place, width)


def fit_ends(words: str, width: int) -> str:
    """Cut `from → to` to a number of cells, each end for itself, so that both and the arrow stay readable."""
    source, arrow, target = words.partition(_ARROW)
    room = width - cell_len(_ARROW)
    if cell_len(words) <= width or not arrow or room < 2 * LEAST_CELLS:
        return fit(words, width)
    first = min(cell_len(source), max(room // 2, room - cell_len(target)))
    return f"{fit_place(source, first)}{_ARROW}{fit_place(target, room - first)}"
