"""Backups as rows and sheets: how each stands, and which go and stay when they are pruned."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tui_migrate.connection_url import parse_url
from tui_migrate.connections import Connection, named_for
from tui_migrate.errors import UsageError
from tui_migrate.journal.backup_records import BackupRecord, BackupState
from tui_migrate.plan.model import Environment, StoreEnd
from tui_migrate.redaction import printable, redact
from tui_migrate.ui.run_rows import since
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.ui.wording import ago, local_time, path_words
from tui_migrate.wording import number, run_name, size
from tui_migrate.worker.backups import Backup, BackupStatus
from tui_migrate.worker.pruning import Choice

COLUMNS: Final = (
    Column("Name"),
    Column("Source", from_width=96),
    Column("Size", 9, right=True),
    Column("Age", 6, right=True),
    Column("Checked", 10, right=True),
    Column("State", 11),
    Column("Documents", 11, right=True, from_width=124),
    Column("Of", 14, from_width=140),
    Column("Environment", 11, from_width=160),
    Column("Run", 4, from_width=160),
)
PRUNE_COLUMNS: Final = (
    Column("", 6),
    Column("Name"),
    Column("Age", 6, right=True),
    Column("Size", 9, right=True, from_width=100),
    Column("Why it stays", 32),
    Column("State", 11, from_width=100),
)

_STATES: Final = {
    BackupStatus.COMPLETE: ("✓ complete", Tone.GOOD),
    BackupStatus.GOOD: ("✓ good", Tone.GOOD),
    BackupStatus.WITH_FINDINGS: ("! findings", Tone.WARN),
    BackupStatus.FAULTY: ("✗ damaged", Tone.BAD),
    BackupStatus.MISSING: ("✗ missing", Tone.BAD),
    BackupStatus.RUNNING: ("● running", Tone.PLAIN),
    BackupStatus.INTERRUPTED: ("~ stopped", Tone.WARN),
    BackupStatus.GIVEN_UP: ("○ given up", Tone.DIM),
}
_UNCHECKED: Final = {BackupState.GOOD: "when made"}
"""When one that nobody has checked was read last: a run that completes has read the file back, and compared it."""
_NOT_SINCE: Final = "nobody has checked it since"


def backup_row(one: Backup, now: float) -> Row:
    """Show one backup. `now` is in seconds since 1970."""
    record, (state, tone) = one.record, _STATES[one.status]
    checked = (
        since(record.verified_at, now) if record.verified_at is not None else _UNCHECKED.get(record.state, "never")
    )
    source = redact(record.source)
    cells = (
        one.name,
        source,
        size(one.disk_bytes) if one.disk_bytes else "—",
        age(record.created_at, now),
        checked,
        state,
        number(record.documents),
        of_words(one),
        record.environment.value,
        run_name(record.run_id),
    )
    numbers = (float(one.disk_bytes), record.created_at, record.verified_at or 0.0)
    sort = (one.name, source, *numbers, state[2:], float(record.documents), *cells[7:9], float(record.run_id))
    return Row(one.name, cells, f"{production_words(one)}{one.name} · {source} · {of_words(one)}", tone, sort)


def by_name_of_source(one: Backup, known: Mapping[str, Connection]) -> Backup:
    """Show a backup of a URL as one of the named connection that has its address, where just one has."""
    record = one.record
    if record.connection or ":" not in record.source:
        return one
    try:
        url = parse_url(record.source)
    except UsageError:
        return one  # as somebody wrote it: it is shown as it stands
    named = named_for(StoreEnd(url.database, url=url.text), known)
    if len(named) != 1:
        return one
    (end,) = named
    shown = replace(record, source=end.label, connection=end.connection, environment=end.environment)
    return replace(one, record=shown)


def _environment_words(record: BackupRecord) -> str:
    if record.connection or record.environment is not Environment.PRODUCTION:
        return record.environment.value.upper()
    return "no environment given: counts as production"


def _state_in_full(one: Backup) -> str:
    state, _ = _STATES[one.status]
    if one.status is BackupStatus.COMPLETE:
        return f"{state}; {_NOT_SINCE}"
    return state if state[2:] == one.status.value else f"{state} ({one.status.value})"


def age(at: float, now: float) -> str:
    """Say how old something is: `3 d`."""
    return ago(at, now).removesuffix(" ago")


def production_words(one: Backup) -> str:
    """Say so where the database that it is of is production."""
    return "PRODUCTION " if one.record.environment is Environment.PRODUCTION else ""


def of_words(one: Backup) -> str:
    """Say what it is of: all of its database, some collections, or one user's documents."""
    record = one.record
    if record.owner:
        return f"user {printable(record.owner)}"
    count = len(record.collections)
    return "all collections" if record.is_whole else f"{number(count)} collection{'s' if count != 1 else ''}"


def sheet(one: Backup, now: float) -> list[str]:
    """Say all that is known of a backup."""
    record = one.record
    when = f"{local_time(record.created_at)}, {since(record.created_at, now)}"
    checked = _UNCHECKED.get(record.state, "never")
    if record.state is BackupState.GOOD:
        checked += f", whole: its run read the file back; {_NOT_SINCE}"
    if record.verified_at is not None:
        outcome = record.verdict or "—"
        checked = f"{local_time(record.verified_at)}, {since(record.verified_at, now)}: {outcome}"
    needs = [f"Needed by\trun {run_name(one.needed_by)}, so it is not pruned"] if one.needed_by else []
    before = [f"Made before\trun {run_name(record.before_run)}"] if record.before_run else []
    return [
        f"# {one.name}",
        "",
        f"State\t{_state_in_full(one)}",
        f"Source\t{redact(record.source)}   {_environment_words(record)}",
        f"Of\t{of_words(one)}: {', '.join(map(printable, record.collections))}",
        f"Made\t{when}, by run {run_name(record.run_id)}",
        f"Checked\t{checked}",
        f"Documents\t{number(record.documents)}, {size(record.size)}",
        f"On disk\t{size(one.disk_bytes) if one.disk_bytes else '—'}",
        f"File\t{path_words(Path(record.path))}",
        *before,
        *needs,
        "",
        "esc goes back",
    ]


def prune_rows(chosen: Sequence[Choice], now: float) -> list[Row]:
    """Show of each backup whether it goes, what goes first."""
    rows = []
    for one in sorted(chosen, key=lambda one: one.stays is not None):
        backup, stays = one.backup, one.stays.value.removeprefix("it is ") if one.stays is not None else ""
        cells = (
            "stays" if stays else "- goes",
            backup.name,
            age(backup.record.created_at, now),
            size(backup.disk_bytes) if backup.disk_bytes else "—",
            stays,
            _STATES[backup.status][0],
        )
        said = f"{production_words(backup)}{backup.name} · {redact(backup.record.source)} · {stays or 'goes'}"
        rows.append(Row(backup.name, cells, said, Tone.DIM if stays else Tone.WARN))
    return rows
