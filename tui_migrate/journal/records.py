"""What the journal holds, as values: the rows that its reader gives and its writer takes; backups apart."""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from operator import attrgetter
from typing import Final

from tui_migrate.documents import RawId
from tui_migrate.findings import Finding
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import PIPE, Environment, RunKind


@dataclass(frozen=True, slots=True)
class Counts:
    """Documents by what became of them.

    The first five are those of a migration; `assumed_ours` are inserts among `inserted` that a crash left in doubt.
    `restored`, `deleted` and `spared` are those of a rollback; of a mirror `deleted` are the documents of the target
    that the source does not have, or that made way.
    """

    inserted: int = 0
    replaced: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    assumed_ours: int = 0
    restored: int = 0
    deleted: int = 0
    spared: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


_ALL_COUNTS: Final = attrgetter(*(one.name for one in fields(Counts)))


class CollectionState(StrEnum):
    """How far a run is with one collection."""

    WAITING = "waiting"
    ACTIVE = "active"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class CollectionProgress:
    """One collection of a run. Totals are estimates until the collection is done."""

    name: str
    state: CollectionState
    documents_total: int
    documents_done: int
    bytes_total: int
    bytes_done: int
    counts: Counts

    @property
    def documents_expected(self) -> int:
        """How many documents it is reckoned to have; of the estimate nothing is left over once it is done."""
        return self.documents_done if self.state is CollectionState.DONE else self.documents_total


class Wish(StrEnum):
    """What an operator can ask of a live run. `STOP` ends the worker after its batch; the run can be resumed."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CANCEL = "cancel"
    RATE = "rate"
    PARALLEL = "parallel"

    @property
    def is_setting(self) -> bool:
        """True of what changes how a run works; it stands beside what else is asked of it."""
        return self in (Wish.RATE, Wish.PARALLEL)

    @property
    def verb(self) -> str:
        """What nobody is there to do where a run has no worker."""
        return "ask" if self.is_setting else self.value

    def may_follow(self, earlier: "Wish | None") -> bool:
        """Say whether this may be asked of a run that something else was asked of: its end is not called off."""
        if self.is_setting or earlier not in (Wish.STOP, Wish.CANCEL):
            return True
        return self is Wish.CANCEL


ROLL_BACK: Final = 1
"""The value of a request to cancel after which what was written is to be taken back, too."""


class ControlStatus(StrEnum):
    """What became of a request."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Control:
    """A request to a run: an absolute wish, who made it, and the state they saw.

    `value` is documents/s for a rate, and collections that are verified at once for `PARALLEL`; of a cancel it may be
    `ROLL_BACK`.
    """

    id: int
    run_id: int
    wish: Wish
    value: int
    asked_by: str
    asked_at: float
    state_seen: RunState
    status: ControlStatus = ControlStatus.PENDING
    answer: str = ""

    @property
    def wants_rollback(self) -> bool:
        """True where the run is to be taken back when it has been cancelled."""
        return self.wish is Wish.CANCEL and self.value == ROLL_BACK


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed or stopped, as an error of the tree would say it."""

    code: str
    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a run's log. `at` is in seconds since 1970, UTC."""

    sequence: int
    run_id: int
    at: float
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. Times are in seconds since 1970, UTC; `plan` is the plan's YAML.

    `undecided` is how many documents of the policy `ask` wait for a decision. `writes_begun` is set before the first
    write to the target; `parallel` is how many collections are verified at once; `collections` and `findings` are
    filled where the reader was asked for the whole run. `backup` is the name of the backup that an export makes, or
    that an import reads. `retried_by` is the last run that wrote this one's refused documents again, else 0;
    `retried_whole` says that none of them was refused again. `cancel_asked` says that it was to be cancelled,
    `rollback_asked` that it was then to be taken back, too; neither is said where a run takes it back already.
    `rollback_run` is the run that has begun to take this one back and is not through, else 0; `rollback_state` is how
    that one stands. `part_undone_by` is the last rollback that was cancelled half way, where none is under way or
    through since, else 0. `waited` are the seconds that no worker was at work between two attempts, while somebody
    decided what documents become, or nobody resumed it, and those of the pauses that are over. `paused_at` is when the
    present one began, if it is paused.
    """

    id: int
    kind: RunKind
    state: RunState
    stage: Stage
    plan: str
    source: str
    target: str
    environment: Environment
    created_at: float
    created_by: str
    description: str
    undo: bool
    writes_begun: bool
    attempt: int
    rollback_of: int = 0
    rolled_back_by: int = 0
    retry_of: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    waited: float = 0.0
    paused_at: float | None = None
    worker_pid: int | None = None
    worker_host: str = ""
    last_heard_at: float | None = None
    rate_limit: int = 0
    parallel: int = 1
    undo_bytes: int = 0
    failure: Failure | None = None
    undecided: int = 0
    cancel_asked: bool = False
    rollback_asked: bool = False
    backup: str = ""
    retried_by: int = 0
    retried_whole: bool = False
    rollback_run: int = 0
    rollback_state: RunState | None = None
    part_undone_by: int = 0
    collections: tuple[CollectionProgress, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    _counts: Counts | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def is_piped(self) -> bool:
        """True of an export into a pipe, which cannot be paused or gone on with: its reader takes what it is given."""
        return self.kind is RunKind.EXPORT and self.target == PIPE

    @property
    def counts(self) -> Counts:
        """The sum over the collections, made once: a screen asks for it several times in each frame."""
        made = self._counts
        if made is None:
            made = Counts(*map(sum, zip(*(_ALL_COUNTS(one.counts) for one in self.collections), strict=True)))
            object.__setattr__(self, "_counts", made)
        return made

    def seconds_at_work(self, now: float) -> float | None:
        """Give the seconds that its attempts have taken up to `now` (since 1970), without pauses; None before them.

        The last ends with the run, or with the last word of a worker that is gone.
        """
        if self.started_at is None:
            return None
        end = now if self.state.is_active else self.ended_at or self.last_heard_at or now
        if self.paused_at is not None:
            end = self.paused_at
        return max(0.0, end - self.started_at - self.waited)  # the clock may have been set back meanwhile

    @property
    def may_resume(self) -> bool:
        """True where `resume` may start a worker: what is being taken back is not gone on with."""
        return self.state.is_resumable and self.rollback_run == 0

    @property
    def rollback_available(self) -> bool:
        """True where `rollback` would find something to take back."""
        return (
            self.kind in (RunKind.COPY, RunKind.IMPORT)
            and self.undo
            and self.writes_begun
            and self.rolled_back_by == 0
            and self.rollback_run == 0
            and not self.state.is_active
        )


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run as a list shows it: its record without plan, collections and findings, its documents done and in all.

    `rejected` is how many the target refused.
    """

    run: RunRecord
    documents: int
    total: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One batch that is done: everything that is committed about it in one transaction.

    `position` is the source's mark after the batch, `last_id` the raw `_id` of its last document (empty where there is
    none), `digest` the hash over the hashes of the documents the source gave, `undo_begin` and `undo_end` the bytes of
    the undo log that belong to it.
    """

    collection: str
    number: int
    position: bytes
    last_id: bytes
    documents: int
    size: int
    digest: bytes
    counts: Counts
    undo_begin: int = 0
    undo_end: int = 0


@dataclass(frozen=True, slots=True)
class VerifiedMark:
    """How far the verification of a collection is: up to the batch of this number, with that one's position and id."""

    number: int = -1
    position: bytes = b""
    last_id: bytes = b""
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """One gzip member of a package's collection, as `packages.manifest.Member` has it."""

    offset: int
    packed: int
    unpacked: int
    documents: int
    sha256: str


class RejectState(StrEnum):
    """What became of a document that the target refused."""

    DEFERRED = "deferred"
    """Met a unique index; is tried again after its collection."""
    REJECTED = "rejected"
    RESOLVED = "resolved"


REJECT_HEAD: Final = 20
"""Bytes that stand before each document in the file of rejects, beside the names of its collection and the reason."""

REASON_BYTES: Final = 1_000
"""Of a longer reason the file has the beginning."""


@dataclass(frozen=True, slots=True)
class RejectRecord:
    """A refused document: where it stands in the run's file of rejects, its content hash, and why."""

    collection: str
    offset: int
    end: int
    digest: bytes
    code: int
    reason: str
    state: RejectState


class ConflictState(StrEnum):
    """How a document stands that both ends have, differently, under the policy `ask`."""

    OPEN = "open"
    KEEP = "keep"
    """Decided: the target's is to be kept."""
    REPLACE = "replace"
    """Decided: the source's is to take its place."""
    KEPT = "kept"
    REPLACED = "replaced"
    """The source's is in the target, or was refused and is among the rejects."""

    @property
    def verb(self) -> str:
        """What the operator wants of the document, in the words that all screens and commands have for it."""
        return _DECIDED.get(self, self.value)


_DECIDED: Final = {
    ConflictState.KEEP: "keep the target's",
    ConflictState.REPLACE: "take the source's",
}

DECISIONS: Final = (ConflictState.KEEP, ConflictState.REPLACE)
"""What an operator can decide."""


@dataclass(frozen=True, slots=True)
class ConflictRecord:
    """A document of the queue: its raw `_id`, the content hashes of the source's (`ours`) and the target's (`theirs`).

    A decision is about these two alone. `fields` are the paths in which they differ, as far as these are told. The
    `number` is its place in the run's queue, 0 before it has one.
    """

    collection: str
    id: RawId
    ours: bytes
    theirs: bytes
    fields: tuple[str, ...]
    state: ConflictState = ConflictState.OPEN
    decided_by: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """How far a run was at a time (seconds since 1970): documents and bytes done, as its worker's heart beat."""

    attempt: int
    at: float
    documents: int
    bytes: int
