"""What all screens of one app share: where things are, what was typed in, and how times are read."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tui_migrate.paths import Home
from tui_migrate.settings import Settings


@dataclass(slots=True)
class Session:
    """One sitting of one operator. `passwords` are those typed in, by the label of an end; they go no further."""

    home: Home
    settings: Settings = field(default_factory=Settings)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    clock: Callable[[], float] = time.time
