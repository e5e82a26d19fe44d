"""The kinds of runs that are killed, and how one goes that is left alone."""

from dataclasses import dataclass
from enum import StrEnum

from tests.crash.evidence import Package, Rejects
from tests.crash.world import crash_world, failing_world, mirrored_world, retried_world
from tests.engine.scene import Snapshot
from tests.engine.worlds import World
from tui_migrate.journal.records import ConflictRecord
from tui_migrate.plan.model import Policy, RunKind


class Twist(StrEnum):
    """What makes a run another one than its kind and its policy say."""

    NONE = "plain"
    RETRY = "retry"
    """It writes again what the target refused in a run before it."""
    TAKEN_BACK = "taken back"
    """It fails at the last of its documents, and its plan wants it rolled back then."""
    MIRROR = "mirror"
    """It makes the target the same as the source, and takes away what only the target has."""
    ASKING = "asking"
    """It asks about documents, and is taken up once that is decided."""
    DECIDED = "decided"
    """It is one that has asked, and writes what was decided since."""

    GIVEN_UP = "given up"
    """It died, and was to be cancelled and rolled back by then: that is what the next worker does."""
    ABREAST = "abreast"
    """It verifies several collections at once."""

    @property
    def asks(self) -> bool:
        return self in (Twist.ASKING, Twist.DECIDED)

    @property
    def takes_back(self) -> bool:
        """True of a run whose own worker takes it back."""
        return self in (Twist.TAKEN_BACK, Twist.GIVEN_UP)


@dataclass(frozen=True, slots=True)
class Lot:
    """A kind of run and its policy, which an export has none of."""

    kind: RunKind
    policy: Policy = Policy.OVERWRITE
    twist: Twist = Twist.NONE

    def __str__(self) -> str:
        policy = "" if self.kind is RunKind.EXPORT else f"-{self.policy.value}"
        return self.kind.value + policy + ("" if self.twist is Twist.NONE else f"-{self.twist.replace(' ', '_')}")

    def world(self) -> World:
        worlds = {Twist.RETRY: retried_world, Twist.TAKEN_BACK: failing_world, Twist.MIRROR: mirrored_world}
        return worlds[self.twist]() if self.twist in worlds else crash_world(self.policy)


@dataclass(frozen=True, slots=True)
class Calm:
    """A run that was left alone: the failpoints it and its rollback came by, how both ended, and what it left.

    `queue` is what it has asked about, if anything.
    """

    passed: tuple[str, ...]
    comparable: object
    after: Snapshot
    package: Package | None
    seconds: float
    rejects: Rejects = ()
    passed_back: tuple[str, ...] = ()
    back: object = None
    queue: tuple[ConflictRecord, ...] = ()
