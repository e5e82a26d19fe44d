"""How a cell looks, and the shortest sequence from one look to the next (ECMA-48, 8.3.117 SGR)."""

from functools import lru_cache
from typing import Final, NamedTuple

from rich.color import Color, ColorSystem
from rich.style import Style

from tui_migrate.ui.terminal.start import ColourDepth


class Pen(NamedTuple):
    """Attributes (SGR codes, ascending), and the SGR codes of foreground and background; empty is the default."""

    attributes: tuple[int, ...] = ()
    ink: str = ""
    paper: str = ""


PLAIN: Final = Pen()

_ATTRIBUTES: Final = {
    "bold": 1,
    "dim": 2,
    "italic": 3,
    "underline": 4,
    "blink": 5,
    "reverse": 7,
    "conceal": 8,
    "strike": 9,
    "underline2": 21,
    "overline": 53,
}
_OFF: Final = {1: 22, 2: 22, 3: 23, 4: 24, 5: 25, 7: 27, 8: 28, 9: 29, 21: 24, 53: 55}
_SEEN_ON_BLANKS: Final = frozenset((4, 7, 9, 21, 53))
_SYSTEMS: Final = {
    ColourDepth.SIXTEEN: ColorSystem.STANDARD,
    ColourDepth.INDEXED: ColorSystem.EIGHT_BIT,
    ColourDepth.TRUE: ColorSystem.TRUECOLOR,
}


@lru_cache(maxsize=4096)
def pen_of(style: Style | None, depth: ColourDepth) -> Pen:
    """Give the look of a style with no more colours than the terminal has."""
    if style is None:
        return PLAIN
    attributes = tuple(code for name, code in _ATTRIBUTES.items() if getattr(style, name))
    return Pen(attributes, _colour(style.color, depth, ink=True), _colour(style.bgcolor, depth, ink=False))


def _colour(colour: Color | None, depth: ColourDepth, *, ink: bool) -> str:
    if colour is None or depth is ColourDepth.NONE:
        return ""
    codes = ";".join(colour.downgrade(_SYSTEMS[depth]).get_ansi_codes(ink))
    return "" if codes in ("39", "49") else codes


@lru_cache(maxsize=1024)
def blank_pen(pen: Pen) -> Pen:
    """Give what of a look is seen on a space: equal spaces then compare equal."""
    seen = tuple(code for code in pen.attributes if code in _SEEN_ON_BLANKS)
    return Pen(seen, pen.ink if seen else "", pen.paper)


@lru_cache(maxsize=4096)
def change(old: Pen | None, new: Pen) -> str:
    """Give the shortest SGR sequence from a look to another; `old` is None where it is not known."""
    if old == new:
        return ""
    anew = ["0", *map(str, new.attributes), *filter(None, (new.ink, new.paper))]
    whole = f"\x1b[{';'.join(anew)}m" if len(anew) > 1 else "\x1b[m"
    if old is None:
        return whole
    off = {_OFF[code] for code in old.attributes if code not in new.attributes}
    on = [code for code in new.attributes if code not in old.attributes or _OFF[code] in off]
    codes = [*map(str, sorted(off)), *map(str, on)]
    if new.ink != old.ink:
        codes.append(new.ink or "39")
    if new.paper != old.paper:
        codes.append(new.paper or "49")
    return min(f"\x1b[{';'.join(codes)}m", whole, key=len)
