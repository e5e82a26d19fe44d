"""Checks of the room for what a run writes on this machine beside a package: undo log and journal."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look, warning
from tui_migrate.plan.checks.registry import check
from tui_migrate.plan.forecast import UNDO_OF_INSERT, UNDO_RESERVE
from tui_migrate.plan.model import Plan

JOURNAL_OF_BATCH: Final = 600
"""About how many bytes of the journal a batch takes, its index entries and write-ahead log among them."""


@check("There is room for undo log and journal", undo_space=Severity.WARNING)
def undo_space(seen: Look) -> Iterator[Finding]:
    """Compare what is free with what undo log and journal may take."""
    if seen.about.folder is None:
        return
    where = _there(seen.about.folder)
    free = shutil.disk_usage(where).free
    undo, journal = largest_undo(seen), journal_size(seen.plan)
    reserve = UNDO_RESERVE if seen.target is not None and seen.plan.undo else 0
    if free < reserve + journal + undo:
        message = (
            f"{free:,} bytes are free; the undo log may take up to {undo:,} and the journal {journal:,},"
            f" and {reserve:,} stay free"
        )
        hint = "make room there, or choose another place with --home; a run whose disk is nearly full pauses"
        yield warning("undo_space", str(where), message, hint)


def largest_undo(seen: Look) -> int:
    """Estimate how large the undo log can become: every document of the target that could be replaced or deleted."""
    if seen.target is None or not seen.plan.undo:
        return 0
    inserts = sum(one.documents for one in seen.planned()) * UNDO_OF_INSERT
    replaces = seen.plan.policy.may_replace or seen.plan.mirror
    return inserts + sum(theirs.size for _, theirs in seen.plain_pairs() if replaces)


def journal_size(plan: Plan) -> int:
    """Estimate how much a run adds to the journal."""
    batches = sum(
        1 + max(one.documents // plan.batch_documents, one.size // plan.batch_bytes) for one in plan.collections
    )
    return batches * JOURNAL_OF_BATCH


def _there(path: Path) -> Path:
    """Give the nearest folder above a path that is there already."""
    return next(one for one in (path, *path.parents) if one.is_dir())
