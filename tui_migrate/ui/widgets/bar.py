"""The bar and the sparkline, as texts of one colour: what did not change costs no bytes."""

import math
from collections.abc import Sequence
from typing import Final

_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_LEVELS: Final = "▁▂▃▄▅▆▇█"
_GROUND: Final = "░"


def bar(fraction: float, width: int) -> str:
    """Draw how much of `width` cells is done, in eighths of a cell. It is full only at 1, empty only at 0."""
    width = max(0, width)
    eighths = min(max(math.floor(fraction * width * 8), 1 if fraction > 0 else 0), width * 8)
    full, rest = divmod(eighths, 8)
    drawn = "█" * full + (_EIGHTHS[rest] if rest else "")
    return drawn + _GROUND * (width - len(drawn))


def sparkline(values: Sequence[float], width: int) -> str:
    """Draw the last `width` values, the latest at the right; what there is no value for stays blank.

    The scale goes up to a round number, so that a new largest value seldom redraws the whole line.
    """
    shown = list(values)[-width:] if width > 0 else []
    top = _round_up(max(shown, default=0.0))
    drawn = "".join(_LEVELS[min(7, math.floor(one / top * 8))] if top else _LEVELS[0] for one in shown)
    return drawn.rjust(width)


def _round_up(value: float) -> float:
    """Give the least of 1, 1.5, 2, 3, 5, 7 times a power of ten that is not smaller."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 1.5, 2, 3, 5, 7, 10) if step * power >= value), value)
