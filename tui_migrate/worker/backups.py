"""Backups: packages that are made to be restored, what they are called, where they lie, and how they stand."""

import asyncio
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from tui_migrate.connections import Connection
from tui_migrate.errors import RunNotFound, UsageError
from tui_migrate.journal import backups as writing
from tui_migrate.journal.backup_records import BackupRecord, BackupState
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.mapping.extended_json import possible_ids, write_value
from tui_migrate.paths import Home
from tui_migrate.plan.environments import current_plan, known_in, stricter
from tui_migrate.plan.model import PackageEnd, Plan, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Identity
from tui_migrate.worker import control, launch

MOST_NAME: Final = 120
"""Characters of a name: with the ending, and what an unfinished package has around it, it is still a file's name."""

FAULTY: Final = "errors"
"""The verdict of a check that makes a backup one that is not counted upon."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_NOT_IN_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_RUNS_LOOKED_AT: Final = 10_000


class BackupStatus(StrEnum):
    """How a backup stands, from its record, its run and its file."""

    COMPLETE = "complete"
    """Its run has completed, and nobody has read its file again since."""
    GOOD = "good"
    """Its last check found no errors."""
    WITH_FINDINGS = "complete with findings"
    FAULTY = "damaged"
    """Its last check found errors."""
    MISSING = "missing"
    """It was completed, and its file is gone, or another thing lies in its place."""
    RUNNING = "being made"
    INTERRUPTED = "not finished"
    """Its run can be gone on with."""
    GIVEN_UP = "given up"


USABLE: Final = (BackupStatus.COMPLETE, BackupStatus.GOOD, BackupStatus.WITH_FINDINGS, BackupStatus.FAULTY)
"""Those whose file can be read."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as it stands; `disk_bytes` is what its file takes, and `needed_by` the run that needs it, else 0."""

    record: BackupRecord
    status: BackupStatus
    disk_bytes: int = 0
    needed_by: int = 0

    @property
    def name(self) -> str:
        """What it is called."""
        return self.record.name

    @property
    def is_good(self) -> bool:
        """True where it can be counted upon, as far as is known."""
        return self.status in (BackupStatus.COMPLETE, BackupStatus.GOOD, BackupStatus.WITH_FINDINGS)


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup is of: the database's identity and the collections that it has."""

    identity: Identity
    collections: Collection[str]


def check_name(name: str) -> str:
    """Give the name back. Raises UsageError for one that is no name: none may lead out of the folder of backups."""
    if not _NAME.fullmatch(name) or len(name) > MOST_NAME:
        raise UsageError(
            f"{printable(name[:MOST_NAME]) or repr(name)} is no name of a backup",
            hint=f"a name has up to {MOST_NAME} of A-Z, a-z, 0-9, . _ and -, and begins with a letter, a number or _",
        )
    return name


def default_name(end: StoreEnd, now: float) -> str:
    """Make a name of the connection, the database and the time (seconds since 1970): `prod-shop-20260131T120000Z`."""
    words = "-".join(filter(None, (end.connection, end.database)))
    moment = datetime.fromtimestamp(now, UTC)
    start = _NOT_IN_NAME.sub("-", words).lstrip("-.")[: MOST_NAME - 20] or "backup"
    return f"{start}-{moment:%Y%m%dT%H%M%SZ}"


def file_name(name: str, *, encrypted: bool) -> str:
    """Name the file of a backup."""
    return f"{name}.age" if encrypted else f"{name}.tar"


async def refuse_taken(home: Home, name: str) -> None:
    """Raise UsageError where there is a backup of that name; one that was given up makes way."""
    found = next((one for one in await read_backups(home) if one.name == name), None)
    if found is None:
        return
    if found.status is not BackupStatus.GIVEN_UP:
        raise UsageError(
            f"there is a backup {name} already ({found.status})",
            hint="choose another name; tui-migrate backups list shows all",
        )
    async with open_both(home.journal) as (journal, _):
        await writing.remove_backup(journal, name)


async def create_backup(home: Home, name: str, plan: Plan, of: BackedUp) -> int:
    """Record an export as a run and as the backup that it makes, and give the run's id; nothing is started.

    Raises UsageError for a name that is taken or none, Refused, JournalError, StorageFailed.
    """
    plan = await asyncio.to_thread(current_plan, plan, home)
    if not isinstance(plan.source, StoreEnd) or not isinstance(plan.target, PackageEnd):
        raise TypeError("a backup is an export of a database")
    await refuse_taken(home, check_name(name))
    planned = tuple(one.name for one in plan.collections)
    run_id = await launch.create_run(home, plan)
    async with open_both(home.journal) as (journal, _):
        record = BackupRecord(
            name=name,
            created_at=journal.clock(),
            path=plan.target.path,
            source=plan.source.label,
            connection=plan.source.connection,
            places=of.identity.claims(),
            environment=plan.source.environment,
            owner=plan.scope.owner,
            collections=planned,
            is_whole=plan.scope.is_whole and set(planned) == set(of.collections),
            run_id=run_id,
        )
        try:
            await writing.add_backup(journal, record)
        except BaseException:
            await journal.delete_run(run_id)
            raise
    return run_id


async def note_made_for(home: Home, name: str, run_id: int) -> None:
    """Record for which run a backup was made."""
    async with open_both(home.journal) as (journal, _):
        await writing.set_before_run(journal, name, run_id)


async def note_verified(home: Home, name: str, verdict: str) -> None:
    """Record that a backup was checked whole just now, and what that came to."""
    async with open_both(home.journal) as (journal, _):
        await writing.set_verified(journal, name, journal.clock(), verdict)


async def read_backups(home: Home) -> tuple[Backup, ...]:
    """Give all backups as they stand, newest first; none where nothing has ever run."""
    try:
        reader = await JournalReader.open(home.journal)
    except RunNotFound:
        return ()
    try:
        known = await asyncio.to_thread(known_in, home)
        records = [_as_dangerous_as_now(one, known) for one in await reader.backups()]
        readers = {one.run.source: one.run.id for one in await reader.unfinished(_RUNS_LOOKED_AT)}
        runs = {
            run_id: await control.effective(home, reader, run)
            for run_id, run in (await reader.briefly(_runs_of(records))).items()
        }
    finally:
        await reader.close()
    return await asyncio.to_thread(_as_they_stand, home, records, runs, readers)


def _as_dangerous_as_now(record: BackupRecord, known: Mapping[str, Connection]) -> BackupRecord:
    """Give a record with the environment of its connection now, where that is stricter than when it was made."""
    if not record.connection:
        return record
    return replace(record, environment=stricter(record.environment, record.connection, known))


async def find_backup(home: Home, name: str) -> Backup:
    """Give the backup of a name. Raises UsageError where there is none."""
    check_name(name)
    for one in await read_backups(home):
        if one.name == name:
            return one
    raise UsageError(f"there is no backup {name}", hint="tui-migrate backups list shows those there are")


def is_owned_by(record: BackupRecord, owner: str) -> bool:
    """Say whether a backup has the documents of the user that an id on the command line may mean. Raises UsageError."""
    return bool(record.owner) and record.owner in map(write_value, possible_ids(owner, "the id of the user"))


def _runs_of(records: Iterable[BackupRecord]) -> Iterator[int]:
    """Name the runs that decide how backups stand: those that make them still, and those they were made for."""
    for one in records:
        if one.state is BackupState.UNFINISHED:
            yield one.run_id
        if one.before_run:
            yield one.before_run


def _as_they_stand(
    home: Home, records: Sequence[BackupRecord], runs: Mapping[int, RunRecord], readers: Mapping[str, int]
) -> tuple[Backup, ...]:
    """Look at the files of backups; `readers` are the runs that read them now, by path. Blocks."""
    found = []
    for one in records:
        size = _size(Path(one.path))
        needed_by = readers.get(one.path) or _waiting(home, runs.get(one.before_run))
        found.append(Backup(one, _status(one, runs.get(one.run_id), size), size or 0, needed_by))
    return tuple(found)


def _status(record: BackupRecord, run: RunRecord | None, size: int | None) -> BackupStatus:
    if record.state is BackupState.UNFINISHED:
        if run is None or run.state.is_final:
            return BackupStatus.GIVEN_UP
        return BackupStatus.RUNNING if run.state.is_active else BackupStatus.INTERRUPTED
    if size is None:
        return BackupStatus.MISSING
    if record.verdict == FAULTY:
        return BackupStatus.FAULTY
    if record.state is BackupState.WITH_FINDINGS:
        return BackupStatus.WITH_FINDINGS
    return BackupStatus.COMPLETE if record.verified_at is None else BackupStatus.GOOD


def _size(path: Path) -> int | None:
    """Give the bytes of a package that is one file, None where there is no file. A link is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _waiting(home: Home, run: RunRecord | None) -> int:
    """Give the run that a backup was made for where nothing else would take that back, else 0."""
    if run is None or run.rolled_back_by or run.state in (RunState.ROLLED_BACK, RunState.ROLLED_BACK_WITH_FINDINGS):
        return 0
    has_undo = run.undo and home.run(run.id).undo_log.exists()
    is_needed = not run.state.is_final or (run.writes_begun and not has_undo)
    return run.id if is_needed else 0


def sources_of(backups: Sequence[Backup]) -> dict[str, int]:
    """Number the databases that backups are of, by the backups' names: one that has several names is one."""
    places: dict[str, int] = {}
    for number, one in enumerate(backups):
        known = {places[place] for place in _places(one) if place in places}
        places |= dict.fromkeys(_places(one), number)
        places |= {place: number for place, other in places.items() if other in known}
    return {one.name: places[_places(one)[0]] for one in backups}


def _places(backup: Backup) -> tuple[str, ...]:
    return backup.record.places or (backup.record.source,)
