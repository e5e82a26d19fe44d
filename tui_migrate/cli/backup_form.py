"""How backups are shown: as JSON and as a table."""

from collections.abc import Sequence
from pathlib import Path

from tui_migrate.amounts import amount
from tui_migrate.cli.output import JsonForm
from tui_migrate.cli.render import time_form
from tui_migrate.cli.tables import table
from tui_migrate.cli.wording import at_and_ago
from tui_migrate.journal.backup_records import BackupState
from tui_migrate.redaction import redact
from tui_migrate.wording import number, run_name, size
from tui_migrate.worker.backups import Backup


def backup_form(backup: Backup) -> JsonForm:
    """Give a backup; `bytes` are those of its documents, `disk_bytes` those of its file."""
    record = backup.record
    return {
        "name": record.name,
        "status": backup.status.value,
        "good": backup.is_good,
        "created_at": time_form(record.created_at),
        "source": redact(record.source),
        "connection": record.connection or None,
        "environment": record.environment.value,
        "owner": record.owner or None,
        "collections": list(record.collections),
        "whole": record.is_whole,
        "documents": record.documents,
        "bytes": record.size,
        "disk_bytes": backup.disk_bytes,
        "path": record.path,
        "run": record.run_id,
        "before_run": record.before_run or None,
        "needed_by": backup.needed_by or None,
        "verified_at": time_form(record.verified_at),
        "verdict": record.verdict or None,
    }


def backup_lines(backups: Sequence[Backup]) -> list[str]:
    """Show backups, one a line."""
    if not backups:
        return ["there are no backups"]
    rows = [
        [
            one.name,
            one.status.value,
            _scope(one),
            number(one.record.documents),
            size(one.disk_bytes),
            at_and_ago(one.record.created_at),
            _verified(one),
            run_name(one.record.run_id),
            redact(one.record.source),
            str(Path(one.record.path).parent),
        ]
        for one in backups
    ]
    heads = ["name", "status", "of", "documents", "on disk", "made", "checked", "run", "source", "folder"]
    return table(heads, rows, numbers=(3, 4))


def _scope(backup: Backup) -> str:
    record = backup.record
    if record.owner:
        return f"user {record.owner}"
    return "all" if record.is_whole else amount(len(record.collections), "collection")


def _verified(backup: Backup) -> str:
    record = backup.record
    if record.verified_at is None:  # the run of a good one has read it back
        return "when made" if record.state is BackupState.GOOD else "never"
    return f"{at_and_ago(record.verified_at)}: {record.verdict}"
