"""What all screens of one app share: where things are, what was typed in, and how times are read."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tui_migrate.paths import Home
from tui_migrate.settings import Settings
from tui_migrate.ui.comparing import Asked, Compared
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.greeting import Greeting
from tui_migrate.ui.keymap import USUAL, Keymap
from tui_migrate.ui.looks import Looks


@dataclass(slots=True)
class Session:
    """One sitting of one operator. `passwords` are those typed in, by the label of an end; they go no further.

    `seen` are the last tests of connections, by their names. `draft` is the plan being made, `looks` what is
    known of its ends. `keys` are those in force. `asked` is what is to be compared, `compared` what the last comparison
    has found.
    """

    home: Home
    settings: Settings = field(default_factory=Settings)
    keys: Keymap = USUAL
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    seen: dict[str, Greeting] = field(default_factory=dict)
    draft: Draft = field(default_factory=Draft)
    looks: Looks = field(default_factory=Looks)
    asked: Asked = field(default_factory=Asked)
    compared: Compared | None = None
    wants_demo: bool = False
    clock: Callable[[], float] = time.time
