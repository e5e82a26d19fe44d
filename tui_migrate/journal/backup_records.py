"""What the journal holds about backups, as values; their runs are in `records.py`."""

from dataclasses import dataclass
from enum import StrEnum

from tui_migrate.plan.model import Environment


class BackupState(StrEnum):
    """What became of the export that makes a backup."""

    UNFINISHED = "unfinished"
    GOOD = "good"
    """It has completed."""
    WITH_FINDINGS = "good_with_findings"
    """It has completed with findings: documents changed while they were read, or were not read again."""


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """A package that an export made to be restored one day.

    `source` is the label of the database, `connection` the connection's name or empty, and `places` are all its names
    (`Identity.claims`). `owner` is the id of the one user whose documents it has, as Extended JSON, or empty.
    `is_whole` says that it has all collections that the database had, in `collections`. `run_id` is its export,
    `before_run` the run it was made for, else 0. `size` is of the documents, in bytes. `verdict` is that of the last
    check, at `verified_at`, or empty.
    """

    name: str
    created_at: float
    path: str
    source: str
    connection: str
    places: tuple[str, ...]
    environment: Environment
    owner: str
    collections: tuple[str, ...]
    is_whole: bool
    run_id: int
    before_run: int = 0
    state: BackupState = BackupState.UNFINISHED
    documents: int = 0
    size: int = 0
    verified_at: float | None = None
    verdict: str = ""
