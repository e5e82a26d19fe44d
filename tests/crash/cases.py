"""The cases of the crash matrix: all of them, and a sample that leaves out none of the failpoints."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from tests.crash.lots import Lot
from tests.crash.passing import (
    ABREAST,
    ASKING,
    DECIDED,
    DECIDED_PACKAGE,
    DECIDED_TAKEN_UP,
    EXPORT,
    EXPORT_ABREAST,
    EXPORT_TAKEN_UP,
    GIVEN_UP,
    GIVEN_UP_TAKEN_UP,
    LOTS,
    MIRROR,
    MIRROR_ROLLBACK_TAKEN_UP,
    MIRROR_TAKEN_UP,
    RETRY,
    RETRY_TAKEN_UP,
    ROLLBACK_TAKEN_UP,
    TAKEN_BACK,
    TAKEN_UP,
    VERIFYING,
    come_by,
    comes_by_back,
    places_to_die,
)
from tui_migrate.plan.model import Policy, RunKind


class Ending(StrEnum):
    """What happens to a run whose worker was killed."""

    RESUME = "resume"
    ROLL_BACK = "roll back"
    RESUME_ROLLBACK = "resume the rollback"
    """The run had ended, or died before; it is the worker of its rollback that was killed."""


@dataclass(frozen=True, slots=True)
class Case:
    """A worker that dies at a failpoint, and what comes after.

    `first` is where the worker before it died, if any; `died`, where it is a rollback's, where the run that it undoes
    did. `at_last` has it die the last time that it comes by.
    """

    failpoint: str
    lot: Lot
    ending: Ending
    first: str = ""
    died: str = ""
    at_last: bool = False

    def __str__(self) -> str:
        died = f"-died_at_{self.died}" if self.died else ""
        last = "-at_last" if self.at_last else ""
        return f"{self.failpoint}-{self.lot}-{self.ending.replace(' ', '_')}{died}{last}"

    @property
    def fate(self) -> int:
        """A number of the case's own, to choose by."""
        return crc32(str(self).encode())


def all_cases() -> Iterator[Case]:
    """The matrix."""
    yield from plain_cases()
    yield from twisted_cases()
    yield from mirror_cases()
    yield from asking_cases()
    yield from given_up_cases()
    yield from abreast_cases()


def plain_cases() -> Iterator[Case]:
    """Runs of each kind and policy, and the rollbacks of those that ended."""
    for lot in LOTS:
        for ending in (Ending.RESUME, Ending.ROLL_BACK):
            for failpoint in come_by(lot):
                yield Case(failpoint, lot, ending)
            for failpoint, first in (TAKEN_UP if lot != EXPORT else EXPORT_TAKEN_UP).items():
                yield Case(failpoint, lot, ending, first)
        yield from _rollbacks(lot)
        if lot != EXPORT:
            for failpoint, first in ROLLBACK_TAKEN_UP.items():
                yield Case(failpoint, lot, Ending.RESUME_ROLLBACK, first)


def twisted_cases() -> Iterator[Case]:
    """Rollbacks of runs that died themselves, retries, and runs that are rolled back because they fail."""
    for lot in LOTS:
        for died in places_to_die(lot):
            yield from _rollbacks(lot, died)
            if "rollback.after_rename" in comes_by_back(lot, died):
                for failpoint, first in ROLLBACK_TAKEN_UP.items():
                    yield Case(failpoint, lot, Ending.RESUME_ROLLBACK, first, died)
    for ending in (Ending.RESUME, Ending.ROLL_BACK):
        for failpoint in come_by(RETRY):
            yield Case(failpoint, RETRY, ending)
        for failpoint, first in RETRY_TAKEN_UP.items():
            yield Case(failpoint, RETRY, ending, first)
    yield from _rollbacks(RETRY)
    for failpoint in come_by(TAKEN_BACK):
        yield Case(failpoint, TAKEN_BACK, Ending.RESUME)
        yield Case(failpoint, TAKEN_BACK, Ending.RESUME, at_last=True)


def mirror_cases() -> Iterator[Case]:
    """Mirrors that are killed, and their rollbacks."""
    for ending in (Ending.RESUME, Ending.ROLL_BACK):
        for failpoint in come_by(MIRROR):
            yield Case(failpoint, MIRROR, ending)
        for failpoint, first in MIRROR_TAKEN_UP.items():
            yield Case(failpoint, MIRROR, ending, first)
    yield from _rollbacks(MIRROR)
    for failpoint, first in MIRROR_ROLLBACK_TAKEN_UP.items():
        yield Case(failpoint, MIRROR, Ending.RESUME_ROLLBACK, first)


def asking_cases() -> Iterator[Case]:
    """Runs that ask, killed while they do and while they write what was decided, and the rollbacks of these."""
    for lot in (ASKING, DECIDED, DECIDED_PACKAGE):
        for ending in (Ending.RESUME, Ending.ROLL_BACK):
            for failpoint in come_by(lot):
                yield Case(failpoint, lot, ending)
            for failpoint, first in (TAKEN_UP if lot == ASKING else DECIDED_TAKEN_UP).items():
                yield Case(failpoint, lot, ending, first)
    yield from _rollbacks(DECIDED)


def given_up_cases() -> Iterator[Case]:
    """Runs that were to be cancelled and rolled back, whose next worker is killed doing that, and the one after it."""
    for failpoint in come_by(GIVEN_UP):
        yield Case(failpoint, GIVEN_UP, Ending.RESUME)
        yield Case(failpoint, GIVEN_UP, Ending.RESUME, at_last=True)
    for failpoint, first in GIVEN_UP_TAKEN_UP.items():
        yield Case(failpoint, GIVEN_UP, Ending.RESUME, first)


def abreast_cases() -> Iterator[Case]:
    """Runs that are killed while they verify several collections at once."""
    for lot in (ABREAST, EXPORT_ABREAST):
        for failpoint in (one for one in VERIFYING if one in come_by(lot)):
            for at_last in (False, True):
                yield Case(failpoint, lot, Ending.RESUME, at_last=at_last)
            yield Case(failpoint, lot, Ending.ROLL_BACK)


def _rollbacks(lot: Lot, died: str = "") -> Iterator[Case]:
    for failpoint in comes_by_back(lot, died):
        yield Case(failpoint, lot, Ending.RESUME_ROLLBACK, died=died)


def sample() -> list[Case]:
    """One case for each failpoint: of those it has the next in turn, so that kinds, policies and endings alternate.

    And a few in which a run dies in another way than by itself.
    """
    plain = _one_each(plain_cases(), 5)
    tried = {one.failpoint for one in plain}
    mirrors = _one_each((one for one in mirror_cases() if one.failpoint not in tried), 1)
    twisted = (*twisted_cases(), *mirror_cases(), *asking_cases(), *given_up_cases(), *abreast_cases())
    return [*plain, *mirrors, *(one for one in twisted if one in FEW)]


def _one_each(cases: Iterable[Case], step: int) -> list[Case]:
    by_failpoint: dict[str, list[Case]] = {}
    for one in cases:
        by_failpoint.setdefault(one.failpoint, []).append(one)
    return [some[(place * step) % len(some)] for place, some in enumerate(by_failpoint.values())]


_COPY = Lot(RunKind.COPY, Policy.OVERWRITE)
_IMPORT = Lot(RunKind.IMPORT, Policy.SKIP)
_IMPORT_OVER = Lot(RunKind.IMPORT, Policy.OVERWRITE)

FEW = frozenset(
    (
        Case("rollback.after_index", _IMPORT, Ending.RESUME_ROLLBACK, died="execute.after_index:2"),
        Case("rollback.after_checkpoint", _COPY, Ending.RESUME_ROLLBACK, died="batch.after_replace"),
        Case("rollback.before_checkpoint", _IMPORT_OVER, Ending.RESUME_ROLLBACK, died="verify.after_batch:3"),
        Case("rollback.after_aside", _COPY, Ending.RESUME_ROLLBACK, "rollback.after_rename", "verify.after_batch:3"),
        Case("rollback.after_view", _COPY, Ending.RESUME_ROLLBACK, died="execute.after_view"),
        Case("batch.after_insert", RETRY, Ending.RESUME),
        Case("batch.after_replace", RETRY, Ending.RESUME),
        Case("deferred.after_write", RETRY, Ending.RESUME),
        Case("batch.after_rejects", RETRY, Ending.ROLL_BACK),
        Case("doubt.after_settle", RETRY, Ending.RESUME, "batch.after_replace:2"),
        Case("rollback.after_checkpoint", RETRY, Ending.RESUME_ROLLBACK),
        Case("batch.after_checkpoint", TAKEN_BACK, Ending.RESUME, at_last=True),
        Case("worker.before_last_word", TAKEN_BACK, Ending.RESUME),
        Case("journal.after_end", TAKEN_BACK, Ending.RESUME),
        Case("rollback.after_documents", TAKEN_BACK, Ending.RESUME),
        Case("rollback.after_named", TAKEN_BACK, Ending.RESUME),
        Case("batch.after_insert", MIRROR, Ending.RESUME),
        Case("execute.after_documents", MIRROR, Ending.ROLL_BACK),
        Case("rollback.after_checkpoint", MIRROR, Ending.RESUME_ROLLBACK),
        Case("batch.after_checkpoint", ASKING, Ending.RESUME),
        Case("deferred.after_write", DECIDED, Ending.ROLL_BACK),
        Case("journal.before_attempt", GIVEN_UP, Ending.RESUME),
        Case("worker.before_last_word", GIVEN_UP, Ending.RESUME),
        Case("journal.after_end", GIVEN_UP, Ending.RESUME),
        Case("journal.after_end", GIVEN_UP, Ending.RESUME, "journal.before_end"),
        Case("rollback.after_checkpoint", GIVEN_UP, Ending.RESUME, "journal.after_end"),
        Case("rollback.after_marked", GIVEN_UP, Ending.RESUME, at_last=True),
        Case("verify.after_batch", ABREAST, Ending.RESUME),
        Case("journal.after_verified", ABREAST, Ending.RESUME, at_last=True),
        Case("verify.after_definitions", ABREAST, Ending.ROLL_BACK),
        Case("journal.before_verified", EXPORT_ABREAST, Ending.RESUME),
    )
)
"""Of the cases with a twist those that are always played."""
