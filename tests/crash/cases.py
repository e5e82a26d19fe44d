"""Which failpoints which runs come by, and the cases that follow: all of them, and a sample that leaves out none."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from tests.crash.arena import Lot
from tui_migrate.plan.model import Policy, RunKind


class Ending(StrEnum):
    """What happens to a run whose worker was killed."""

    RESUME = "resume"
    ROLL_BACK = "roll back"
    RESUME_ROLLBACK = "resume the rollback"
    """The run had ended; it is the worker of its rollback that was killed."""


ALWAYS = (
    "worker.after_lock",
    "journal.before_attempt",
    "journal.after_attempt",
    "worker.after_heartbeat",
    "journal.before_transition",
    "journal.after_transition",
    "journal.after_stage",
    "journal.after_writes_begun",
    "journal.before_batch",
    "journal.after_batch",
    "journal.after_collection",
    "worker.before_last_word",
    "journal.before_end",
    "journal.after_end",
    "worker.after_last_word",
)
FORWARDS = (
    "journal.before_findings",
    "journal.after_findings",
    "journal.before_verified",
    "journal.after_verified",
)
IN_A_TARGET = ("journal.before_claim", "journal.after_claim", "writers.before_sync", "writers.after_sync")
EXPORTING = (
    "package.after_folders",
    "export.after_create",
    "file.before_sync",
    "file.before_rename",
    "file.after_rename",
    "package.after_cut",
    "package.before_sync",
    "package.after_sync",
    "export.after_append",
    "export.after_checkpoint",
    "export.before_seal",
    "package.before_manifest",
    "package.after_manifest",
    "package.after_rename",
    "export.after_seal",
)
WRITING = (
    "undo.before_magic",
    "undo.after_magic",
    "undo.after_create",
    "undo.before_made",
    "undo.after_made",
    "undo.before_sync",
    "undo.after_sync",
    "prepare.after_create",
    "prepare.after_unique_indexes",
    "undo.before_intent",
    "undo.after_intent",
    "batch.after_insert",
    "undo.before_outcome",
    "undo.after_outcome",
    "batch.after_rejects",
    "batch.before_checkpoint",
    "batch.after_checkpoint",
    "execute.after_documents",
    "execute.after_index",
    "execute.after_validator",
    "execute.after_view",
    "verify.after_definitions",
    "verify.after_batch",
    "commit.after_ttl_index",
)
OF_A_POLICY = {
    Policy.FAIL: (),
    Policy.SKIP: ("undo.after_kept",),
    Policy.OVERWRITE: (
        "batch.after_replace",
        "rejects.before_sync",
        "deferred.after_write",
        "deferred.after_checkpoint",
    ),
}
TAKEN_UP = {
    "undo.after_cut": "batch.after_insert:4",
    "undo.after_reopen": "batch.after_insert:5",
    "doubt.after_judge": "batch.after_insert:4",
    "doubt.after_settle": "batch.after_insert:5",
    "execute.after_empty": "batch.after_checkpoint:2",
}
"""Those that only a worker comes by which takes a run up, and where the one before it has to die for that."""

ROLLING_BACK = (
    "rollback.after_index",
    "rollback.after_indexes",
    "rollback.after_view",
    "rollback.before_checkpoint",
    "rollback.after_checkpoint",
    "rollback.after_documents",
    "rollback.after_rename",
    "rollback.after_drop",
    "rollback.after_named",
    "rollback.after_marked",
)
ROLLBACK_TAKEN_UP = {"rollback.after_aside": "rollback.after_rename"}

POLICIES = tuple(OF_A_POLICY)
EXPORT = Lot(RunKind.EXPORT)
LOTS = (EXPORT, *(Lot(kind, policy) for kind in (RunKind.COPY, RunKind.IMPORT) for policy in POLICIES))


@dataclass(frozen=True, slots=True)
class Case:
    """A worker that dies at a failpoint, and what comes after; `first` is where the worker before it died, if any."""

    failpoint: str
    lot: Lot
    ending: Ending
    first: str = ""

    def __str__(self) -> str:
        policy = "" if self.lot == EXPORT else f"-{self.lot.policy.value}"
        return f"{self.failpoint}-{self.lot.kind.value}{policy}-{self.ending.replace(' ', '_')}"

    @property
    def fate(self) -> int:
        """A number of the case's own, to choose by."""
        return crc32(str(self).encode())


def come_by(lot: Lot) -> tuple[str, ...]:
    """The failpoints that a run of a lot comes by that is left alone."""
    if lot == EXPORT:
        return (*ALWAYS, *FORWARDS, *EXPORTING)
    return (*ALWAYS, *FORWARDS, *IN_A_TARGET, *WRITING, *OF_A_POLICY[lot.policy])


def all_cases() -> Iterator[Case]:
    """The matrix."""
    for lot in LOTS:
        for ending in (Ending.RESUME, Ending.ROLL_BACK):
            for failpoint in come_by(lot):
                yield Case(failpoint, lot, ending)
            for failpoint, first in TAKEN_UP.items() if lot != EXPORT else ():
                yield Case(failpoint, lot, ending, first)
        if lot != EXPORT:
            for failpoint in (*ALWAYS, *IN_A_TARGET, *ROLLING_BACK):
                yield Case(failpoint, lot, Ending.RESUME_ROLLBACK)
            for failpoint, first in ROLLBACK_TAKEN_UP.items():
                yield Case(failpoint, lot, Ending.RESUME_ROLLBACK, first)


def sample() -> list[Case]:
    """One case for each failpoint: of those it has the next in turn, so that kinds, policies and endings alternate."""
    by_failpoint: dict[str, list[Case]] = {}
    for one in all_cases():
        by_failpoint.setdefault(one.failpoint, []).append(one)
    return [cases[(place * 5) % len(cases)] for place, cases in enumerate(by_failpoint.values())]
