"""Looking, for the Rollback screen, at what others have changed since a run wrote it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tui_migrate.errors import TuiMigrateError
from tui_migrate.paths import Home
from tui_migrate.plan.model import Plan
from tui_migrate.ui.look import Fault, LookState, first_error
from tui_migrate.worker.rollback_preview import RollbackPreview, preview_rollback


@dataclass(frozen=True, slots=True)
class Changes:
    """How far the look is and what it has found. `at` is when it began, or ended where it has (seconds since 1970)."""

    state: LookState
    at: float
    preview: RollbackPreview = field(default_factory=RollbackPreview)
    fault: Fault | None = None

    @property
    def is_done(self) -> bool:
        """True where every document was looked at."""
        return self.state is LookState.DONE


async def look_for_changes(
    home: Home,
    run_id: int,
    plan: Plan,
    passwords: Mapping[str, str],
    clock: Callable[[], float],
    report: Callable[[Changes], object],
) -> None:
    """Look, and say each time what is known by now. Faults are reported, not raised."""
    known = Changes(LookState.CONNECTING, clock())

    def tell(preview: RollbackPreview) -> None:
        report(replace(known, state=LookState.READING, preview=preview))

    report(known)
    try:
        found = await preview_rollback(home, run_id, plan, passwords, tell)
        report(replace(known, state=LookState.DONE, at=clock(), preview=found))
    except* TuiMigrateError as group:
        fault = Fault.of(first_error(group))
        report(replace(known, state=LookState.FAILED, at=clock(), fault=fault))
