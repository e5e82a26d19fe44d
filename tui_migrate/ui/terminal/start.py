"""What is found out and settled before Textual is imported: it reads the environment while it loads.

Nothing here may import textual or rich.
"""

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tui_migrate.marks import MarkSet


class ColourDepth(Enum):
    """How many colours go to the terminal; NONE leaves bold, underline and reverse."""

    NONE = "none"
    SIXTEEN = "16"
    INDEXED = "256"
    TRUE = "truecolor"


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the terminal can do. `encoding` is a Python codec; `remote` says that there is an SSH line between."""

    depth: ColourDepth = ColourDepth.TRUE
    marks: MarkSet = MarkSet.UNICODE
    encoding: str = "utf-8"
    remote: bool = False


def choose_theme(name: str, depth: ColourDepth) -> str:
    """Give the theme to start with: the user's, or what is left where the terminal has not its colours."""
    if depth is ColourDepth.NONE:
        return "monochrome"
    return "ansi" if depth is ColourDepth.SIXTEEN else name
