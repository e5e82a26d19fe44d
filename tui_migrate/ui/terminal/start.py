"""What is found out and settled before Textual is imported: it reads the environment while it loads.

Nothing here may import textual or rich.
"""

from enum import Enum


class MarkSet(Enum):
    """Which characters a terminal can be trusted to show."""

    UNICODE = "unicode"
    ASCII = "ascii"


class ColourDepth(Enum):
    """How many colours go to the terminal; NONE leaves bold, underline and reverse."""

    NONE = "none"
    SIXTEEN = "16"
    INDEXED = "256"
    TRUE = "truecolor"


def choose_theme(name: str, depth: ColourDepth) -> str:
    """Give the theme to start with: the user's, or what is left where the terminal has not its colours."""
    if depth is ColourDepth.NONE:
        return "monochrome"
    return "ansi" if depth is ColourDepth.SIXTEEN else name
