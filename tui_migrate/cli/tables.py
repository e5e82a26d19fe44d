"""Plain tables: columns of text, as wide as what is in them, numbers to the right."""

from collections.abc import Sequence
from itertools import zip_longest

from tui_migrate.redaction import printable
from tui_migrate.reports.cells import cells


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> list[str]:
    """Lay rows out under their heads; the columns whose places are in `numbers` are set to the right."""
    shown = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(cells, column)) for column in zip_longest(*shown, fillvalue="")]
    return [
        "  ".join(
            " " * (width - cells(cell)) + cell if place in numbers else cell + " " * (width - cells(cell))
            for place, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in shown
    ]
