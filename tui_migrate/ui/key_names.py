"""Keys as people write them (`ctrl+n`, `/`, `esc`), and which of them an action can be put on.

Left out is what does not come through every terminal or line as one key (alt, shift and ctrl with anything but
letters), what is the same key to a terminal (ctrl+i is tab), and what the program uses itself.
"""

import string
import unicodedata
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from textual.keys import KEY_NAME_REPLACEMENTS

NAMED: Final = {
    "enter": "enter",
    "space": "space",
    "esc": "escape",
    "escape": "escape",
    "tab": "tab",
    "backspace": "backspace",
    "insert": "insert",
    "delete": "delete",
    "home": "home",
    "end": "end",
    "pageup": "pageup",
    "pagedown": "pagedown",
    "up": "up",
    "down": "down",
    "left": "left",
    "right": "right",
    **{f"f{number}": f"f{number}" for number in range(1, 13)},
    **{f"ctrl+{letter}": f"ctrl+{letter}" for letter in string.ascii_lowercase},
}
"""Textual's names of the keys that are written by a word."""

_MOVES: Final = "it moves through tables and fields"
_HALF: Final = "over a bad line it may be a piece of an arrow key"
_PROGRAMS: Final = "the program uses it itself"

RESERVED: Final = {
    **dict.fromkeys(("j", "k", "g", "G", "ctrl+u", "ctrl+d", "tab", "home", "end", "pageup", "pagedown"), _MOVES),
    **dict.fromkeys(("up", "down", "left", "right"), _MOVES),
    **dict.fromkeys(("escape", "left_square_bracket", "O", "A", "B", "C", "D"), _HALF),
    **dict.fromkeys(("ctrl+c", "ctrl+q", "ctrl+z"), _PROGRAMS),
    "enter": "it opens the row under the cursor",
    "space": "it marks rows and turns pages",
    "ctrl+h": "to many terminals it is backspace",
    "ctrl+i": "to a terminal it is tab",
    "ctrl+j": "to many terminals it is enter",
    "ctrl+m": "to a terminal it is enter",
}
"""Keys that no action is put on but the one that has them, and why; by Textual's names."""


@dataclass(frozen=True, slots=True)
class KeyName:
    """A key: Textual's name of it, and how people write it."""

    name: str
    shown: str


def find_key(written: str) -> KeyName | None:
    """Give the key that somebody wrote; None where it is none."""
    if (named := NAMED.get(written.lower() if len(written) > 1 else written)) is not None:
        return KeyName(named, "esc" if named == "escape" else named)
    if len(written) != 1 or not written.isprintable() or written.isspace() or cell_len(written) != 1:
        return None
    return KeyName(_character_name(written), written)


def _character_name(character: str) -> str:
    """Textual's name of a character's key: letters and digits are their own, others go by their Unicode name."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)
