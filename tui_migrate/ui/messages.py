"""The messages that background work posts; handlers alone change what is on the screen."""

from textual.message import Message

from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind
from tui_migrate.ui.snapshot import Snapshot
from tui_migrate.ui.theme_files import OwnThemes


class JournalChanged(Message):
    """The newest look at the journal. One that waits is replaced by the next: only the latest counts."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        """Take the place of an older look that has not been handled."""
        return isinstance(message, JournalChanged)


class JournalUnreadable(Message):
    """The journal could not be read; `reason` is one line for people."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def can_replace(self, message: Message) -> bool:
        """One such message says it all."""
        return isinstance(message, JournalUnreadable)


class ThemesRead(Message):
    """The user's own themes are read."""

    def __init__(self, own: OwnThemes) -> None:
        super().__init__()
        self.own = own


class RunEnded(Message):
    """A run that was at work while the app looked on has ended, or has lost its worker."""

    def __init__(self, run_id: int, state: RunState, kind: RunKind) -> None:
        super().__init__()
        self.run_id = run_id
        self.state = state
        self.kind = kind
