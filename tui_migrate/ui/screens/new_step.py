"""What the steps of a new migration have in common, and the messages that background work sends to them."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, ClassVar, Protocol, cast

from rich.cells import cell_len
from textual.containers import Vertical
from textual.message import Message

from tui_migrate.plan.model import End
from tui_migrate.ui.checking import Checked
from tui_migrate.ui.consequences import Count
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.look import ConnectionsRead, EndLook, Fault
from tui_migrate.ui.looks import Looks
from tui_migrate.ui.screens.end_choice import Role
from tui_migrate.ui.session import Session
from tui_migrate.ui.snapshot import Snapshot
from tui_migrate.ui.widgets.leaving import Leaving
from tui_migrate.ui.wording import duration

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

SLOW_SECONDS = 5.0
"""After so long a step says how long it has been waiting."""


class Looked(Message):
    """Background work has found something out."""

    def __init__(self, value: ConnectionsRead | EndLook | Count | Checked) -> None:
        super().__init__()
        self.value = value


class EndChosen(Message):
    """The operator has chosen an end."""

    def __init__(self, role: Role, end: End) -> None:
        super().__init__()
        self.role = role
        self.end = end


class Redrafted(Message):
    """The draft is to be changed: `change` gives the next one of whatever it is by then."""

    def __init__(self, change: Callable[[Draft], Draft]) -> None:
        super().__init__()
        self.change = change


class Started(Message):
    """The run is recorded; `fault` says why its worker did not start, if it did not."""

    def __init__(self, run_id: int, fault: Fault | None) -> None:
        super().__init__()
        self.run_id = run_id
        self.fault = fault


class PlanOwner(Protocol):
    """What a step needs of the screen that holds all of them."""

    @property
    def session(self) -> Session:
        """What all screens share, the draft and the looks among it."""
        ...

    @property
    def migrate_app(self) -> "MigrateApp":
        """The app."""
        ...

    def notify_line(self, text: str, *, is_error: bool = True) -> None:
        """Say one line above the footer."""
        ...

    def background(self, work: Coroutine[object, object, object], group: str) -> None:
        """Look at something beside the screen; the next of a group takes the place of the last."""
        ...

    def look_at_ends(self, *, anew: bool = False) -> None:
        """Look at both ends as far as they are not known, or `anew`."""
        ...

    def change(self, draft: Draft) -> None:
        """Take another draft and draw it."""
        ...

    def action_new_next(self) -> None:
        """Go on to the next step."""
        ...


class StepPane(Leaving, Vertical):
    """One step. It draws what draft and looks say, and changes the draft through the screen."""

    STEP: ClassVar[Step]

    @property
    def owner(self) -> PlanOwner:
        """The screen of all steps."""
        return cast("PlanOwner", self.screen)

    @property
    def draft(self) -> Draft:
        """The plan being made."""
        return self.owner.session.draft

    @property
    def looks(self) -> Looks:
        """What is known by now."""
        return self.owner.session.looks

    def key_of(self, action_id: str) -> str:
        """Name the key that an action has now, for a sentence."""
        return self.owner.session.keys.of(action_id)

    def enter(self) -> None:
        """The step is shown: take the focus, and begin what is needed and not known yet."""

    def begin(self) -> None:
        """Begin what is needed and not known yet: the ends are looked at by now."""

    def draw(self) -> None:
        """Show what draft and looks say now."""

    def again(self) -> None:
        """Look again, whatever is known."""

    def next_words(self) -> str:
        """Say what comes next, where nothing blocks it."""
        return ""

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """The journal says something new."""

    def waiting(self, doing: str, since: float) -> str:
        """Say that something is under way; for how long, once it is slow."""
        seconds = self.owner.session.clock() - since
        slow = f" for {duration(seconds)}" if seconds >= SLOW_SECONDS else ""
        return f"{doing}{slow}… esc cancels"


def steps_line(at: Step, said: str = "", width: int = 0) -> str:
    """The four steps, each with its mark, and at the right what is to be said beside them."""
    marks = ("✓" if one < at else "●" if one is at else "○" for one in Step)
    steps = " " + "   ".join(f"{mark} {one.value} {one.title}" for mark, one in zip(marks, Step, strict=True))
    return f"{steps}{' ' * max(3, width - cell_len(steps) - cell_len(said) - 1)}{said}" if said else steps
