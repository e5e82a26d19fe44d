"""Keys that a browser keeps for itself: no page hears them, so in a browser their actions have another key too."""

from dataclasses import replace
from typing import Final

from tui_migrate.ui.actions import Action
from tui_migrate.ui.keymap import Keymap

TWINS: Final = {"ctrl+n": "f2", "ctrl+t": "f4"}
"""A new window and a new tab, in Chromium and Firefox both; the twins are used by neither."""


def reachable(keys: Keymap) -> Keymap:
    """Add the twins, which are shown then; a key that the user has given to an action stays that action's alone."""
    taken = {key for one in keys.actions for key in one.key.split(",")}
    free = {kept: twin for kept, twin in TWINS.items() if twin not in taken}
    return Keymap(tuple(_add(one, free) for one in keys.actions))


def _add(action: Action, twins: dict[str, str]) -> Action:
    found = [twins[key] for key in action.key.split(",") if key in twins]
    return replace(action, key=",".join([*found, action.key]), shown=found[0]) if found else action
