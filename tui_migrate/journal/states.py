"""The states of a run and the one table of how they may follow each other."""

from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """The five stages every run goes through, in this order."""

    VALIDATE = "validate"
    PREPARE = "prepare"
    EXECUTE = "execute"
    VERIFY = "verify"
    COMMIT = "commit"


class RunState(StrEnum):
    """How a run stands."""

    PLANNED = "planned"
    VALIDATING = "validating"
    READY = "ready"
    PREPARING = "preparing"
    EXECUTING = "executing"
    VERIFYING = "verifying"
    COMMITTING = "committing"
    COMPLETED = "completed"
    COMPLETED_WITH_FINDINGS = "completed_with_findings"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"
    ROLLED_BACK_WITH_FINDINGS = "rolled_back_with_findings"

    @property
    def is_active(self) -> bool:
        """True where a worker should be alive; without one the run is interrupted."""
        return self in _ACTIVE

    @property
    def is_final(self) -> bool:
        """True where nothing more happens by itself and the run cannot be resumed."""
        return self in _FINAL

    @property
    def is_resumable(self) -> bool:
        """True where `resume` may start a worker."""
        return self in (RunState.PLANNED, RunState.INTERRUPTED, RunState.FAILED)

    @property
    def exit_code(self) -> int:
        """The exit code of a command that waited for the run to get here."""
        return _EXIT_CODES.get(self, 0 if self.is_final else 5)


_WORKING: Final = (
    RunState.VALIDATING,
    RunState.READY,
    RunState.PREPARING,
    RunState.EXECUTING,
    RunState.VERIFYING,
    RunState.COMMITTING,
)
_ACTIVE: Final = frozenset((*_WORKING, RunState.PAUSED))
_FINAL: Final = frozenset(
    (
        RunState.COMPLETED,
        RunState.COMPLETED_WITH_FINDINGS,
        RunState.CANCELLED,
        RunState.ROLLED_BACK,
        RunState.ROLLED_BACK_WITH_FINDINGS,
    )
)
_EXIT_CODES: Final = {
    RunState.COMPLETED: 0,
    RunState.COMPLETED_WITH_FINDINGS: 3,
    RunState.FAILED: 1,
    RunState.CANCELLED: 130,
    RunState.ROLLED_BACK: 0,
    RunState.ROLLED_BACK_WITH_FINDINGS: 3,
}

_STOPPED: Final = (RunState.PAUSED, RunState.INTERRUPTED, RunState.FAILED, RunState.CANCELLED)
_UNDONE: Final = (RunState.ROLLED_BACK, RunState.ROLLED_BACK_WITH_FINDINGS)

TRANSITIONS: Final[dict[RunState, frozenset[RunState]]] = {
    RunState.PLANNED: frozenset((RunState.VALIDATING, *_STOPPED)),
    RunState.VALIDATING: frozenset((RunState.READY, *_STOPPED)),
    RunState.READY: frozenset((RunState.PREPARING, *_STOPPED)),
    RunState.PREPARING: frozenset((RunState.EXECUTING, *_STOPPED)),
    RunState.EXECUTING: frozenset((RunState.PREPARING, RunState.VERIFYING, *_STOPPED)),
    RunState.VERIFYING: frozenset((RunState.PREPARING, RunState.COMMITTING, *_STOPPED)),
    RunState.COMMITTING: frozenset(
        (RunState.PREPARING, RunState.COMPLETED, RunState.COMPLETED_WITH_FINDINGS, *_STOPPED)
    ),
    RunState.PAUSED: frozenset((*_WORKING, RunState.INTERRUPTED, RunState.FAILED, RunState.CANCELLED)),
    RunState.INTERRUPTED: frozenset((*_WORKING, RunState.FAILED, RunState.CANCELLED, *_UNDONE)),
    RunState.FAILED: frozenset((*_WORKING, RunState.INTERRUPTED, RunState.CANCELLED, *_UNDONE)),
    RunState.CANCELLED: frozenset(_UNDONE),
    RunState.COMPLETED: frozenset(_UNDONE),
    RunState.COMPLETED_WITH_FINDINGS: frozenset(_UNDONE),
    RunState.ROLLED_BACK: frozenset(),
    RunState.ROLLED_BACK_WITH_FINDINGS: frozenset(),
}
"""What may follow what. A run that was stopped, or tries again after a fault, goes back to prepare."""
