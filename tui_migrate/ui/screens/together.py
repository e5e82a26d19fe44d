"""Which actions work together: the ids of each full screen of the app, with those that work everywhere."""

import importlib
import pkgutil
from collections.abc import Iterator

from tui_migrate.ui import screens
from tui_migrate.ui.actions import EVERYWHERE
from tui_migrate.ui.screens.base import OperatorScreen


def every_screen() -> list[type[OperatorScreen]]:
    """Load all modules of screens and give the screens in them."""
    for module in pkgutil.iter_modules(screens.__path__):
        importlib.import_module(f"{screens.__name__}.{module.name}")
    return [one for one in _below(OperatorScreen) if one.__module__.startswith(f"{screens.__name__}.")]


def actions_together() -> tuple[frozenset[str], ...]:
    """Give for each screen the ids of the actions that work on it."""
    return tuple(frozenset((*one.ACTIONS, *EVERYWHERE)) for one in every_screen())


def _below(kind: type[OperatorScreen]) -> Iterator[type[OperatorScreen]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
