"""What stands on a terminal that is too small for the app."""

from typing import Final

MINIMUM: Final = (80, 24)
"""Columns and rows for which every screen is made."""

KEYS_THAT_LEAVE: Final = frozenset(("ctrl+c", "ctrl+q"))
"""Keys that leave the app, whatever it shows: a field that has the focus would copy by the first."""

KEYS_THAT_PASS: Final = frozenset(("ctrl+z", "ctrl+l"))
"""Other keys that work although nothing can be seen: they stop or draw anew, and change nothing."""


def is_too_small(width: int, height: int) -> bool:
    """Say whether a terminal has fewer columns or rows than the app needs."""
    return width < MINIMUM[0] or height < MINIMUM[1]


def notice(width: int, height: int) -> list[str]:
    """Give the lines to show instead of the app, cut to the terminal's size, in its middle where there is room."""
    size = f"{MINIMUM[0]}×{MINIMUM[1]} needed, this is {width}×{height}"
    lines = [f"too small: {size}", "make it larger; ctrl+c leaves"]
    if width < len(lines[0]):
        lines = ["too small", f"need {MINIMUM[0]}×{MINIMUM[1]}", f"have {width}×{height}"]
    lines = lines[:height]
    above = (height - len(lines)) // 2
    return [""] * above + [one[:width].center(width).rstrip() for one in lines]
