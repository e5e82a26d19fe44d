"""What the user's own files make of the app: keys and the theme. A file with a fault is left out, and the app says so.

Whoever sits down at night must not be kept out by a key that was mistyped at noon: the usual keys and a shipped theme
are there always.
"""

from dataclasses import dataclass

from tui_migrate.errors import UsageError
from tui_migrate.paths import Home, is_there
from tui_migrate.ui.keymap import USUAL, Keymap, keymap_file, load_keymap
from tui_migrate.ui.theme_files import ThemeFile, load_own, shipped
from tui_migrate.ui.themes import FALLBACK


@dataclass(frozen=True, slots=True)
class Preferences:
    """The keys in force, the name of the theme to open with, its file if it is the user's own, and what is wrong."""

    keys: Keymap = USUAL
    theme: str = FALLBACK
    own_theme: ThemeFile | None = None
    faults: tuple[UsageError, ...] = ()


def read_preferences(home: Home, theme: str) -> Preferences:
    """Read the user's files; `theme` is the name that settings and terminal come to."""
    faults: list[UsageError] = []
    keys, own = USUAL, None
    try:
        keys = _keys(home)
    except UsageError as error:
        faults.append(error)
    try:
        own = load_own(home, theme)
    except UsageError as error:
        faults.append(error)
    is_there = own is not None or theme in shipped()
    return Preferences(keys, theme if is_there else FALLBACK, own, tuple(faults))


def _keys(home: Home) -> Keymap:
    if not is_there(keymap_file(home)):
        return USUAL
    from tui_migrate.ui.screens.together import actions_together  # loads every screen: only where it has to

    return load_keymap(home, actions_together())
