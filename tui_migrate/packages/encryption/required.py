"""The two libraries that encryption needs, which are an extra of the installation."""

import importlib
from types import ModuleType

from tui_migrate.errors import UsageError


def require(name: str) -> ModuleType:
    """Give a module of pyrage or cryptography. Raises UsageError saying how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(
            f"encrypted packages need {name.partition('.')[0]}, which is not installed",
            hint="pip install 'tui-migrate[encryption]'",
        ) from error
