"""A look at the journal, frozen: what screens draw from, and what they ask the feed for."""

from dataclasses import dataclass

from tui_migrate.journal.records import Control, Event, RunRecord, RunSummary, Sample


@dataclass(frozen=True, slots=True)
class Subject:
    """What a screen wants to see: one run whole, or the newest `runs` runs (0: none) from `offset` on.

    `summaries` asks for so many of the newest runs in short, and as many of those that have not ended, however old;
    `samples` for how fast the one run was all the while.
    """

    run_id: int = 0
    runs: int = 0
    offset: int = 0
    summaries: int = 0
    samples: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the journal said at `taken_at` (seconds since 1970).

    `runs` are the newest first; `total` is how many there are. `run`, `events` (the last hundred) and `controls` are
    of the one run asked for, and so are `retried`, how often it tried again, and `verified`, how many documents it has
    verified by now, while it does so. Runs whose worker is gone stand as interrupted. `unfinished` are the runs that
    have not ended, or have failed; `live` the ids of all that are at work, whatever was asked for, and `at_work` these
    in short.
    """

    subject: Subject
    taken_at: float
    total: int = 0
    runs: tuple[RunRecord, ...] = ()
    run: RunRecord | None = None
    events: tuple[Event, ...] = ()
    controls: tuple[Control, ...] = ()
    summaries: tuple[RunSummary, ...] = ()
    unfinished: tuple[RunSummary, ...] = ()
    live: tuple[int, ...] = ()
    at_work: tuple[RunSummary, ...] = ()
    samples: tuple[Sample, ...] = ()
    retried: int = 0
    verified: int | None = None
