"""A look at the journal, frozen: what screens draw from, and what they ask the feed for."""

from dataclasses import dataclass

from tui_migrate.journal.records import Control, Event, RunRecord


@dataclass(frozen=True, slots=True)
class Subject:
    """What a screen wants to see: one run whole, or the newest `runs` runs (0: none) from `offset` on."""

    run_id: int = 0
    runs: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the journal said at `taken_at` (seconds since 1970).

    `runs` are the newest first; `total` is how many there are. `run`, `events` (the last hundred) and `controls` are
    of the one run asked for. Runs whose worker is gone stand as interrupted.
    """

    subject: Subject
    taken_at: float
    total: int = 0
    runs: tuple[RunRecord, ...] = ()
    run: RunRecord | None = None
    events: tuple[Event, ...] = ()
    controls: tuple[Control, ...] = ()
