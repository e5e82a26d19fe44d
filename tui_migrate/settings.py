"""What the app remembers of its user's taste: `settings.yaml` in the config folder.

theme: dark        # the name of a theme
mouse: false       # report the mouse; without it, off under SSH
ascii: false       # draw with ASCII marks whatever the locale says
slow: false        # for a bad line: one frame a second
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tui_migrate import strict_yaml
from tui_migrate.paths import Home, replace_private_file

_KEYS: Final = ("theme", "mouse", "ascii", "slow")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings; `mouse` and `ascii` are None where the terminal decides."""

    theme: str = "dark"
    mouse: bool | None = None
    ascii: bool | None = None
    slow: bool = False


def load(home: Home) -> Settings:
    """Read the settings; the defaults where there is no file. Raises InvalidFile."""
    path = settings_file(home)
    if not path.exists():
        return Settings()
    entries = strict_yaml.load(path).mapping(known=_KEYS)
    return Settings(
        theme=entries["theme"].text() if "theme" in entries else "dark",
        mouse=entries["mouse"].boolean() if "mouse" in entries else None,
        ascii=entries["ascii"].boolean() if "ascii" in entries else None,
        slow=entries["slow"].boolean() if "slow" in entries else False,
    )


def save(home: Home, settings: Settings) -> None:
    """Write the settings. Raises StorageFailed."""
    chosen = {key: getattr(settings, key) for key in _KEYS if getattr(settings, key) is not None}
    replace_private_file(settings_file(home), yaml.safe_dump(chosen, sort_keys=False))


def settings_file(home: Home) -> Path:
    """The file of the settings."""
    return home.config / "settings.yaml"
