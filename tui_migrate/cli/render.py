"""The JSON forms of what commands print. Times are ISO 8601 in UTC, sizes bytes, ids whole numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui_migrate.cli.output import JsonForm
from tui_migrate.findings import Finding
from tui_migrate.journal.records import CollectionState, Counts, RunRecord
from tui_migrate.plan.model import RunKind
from tui_migrate.redaction import redact

if TYPE_CHECKING:  # the errors of --help need none of it
    from tui_migrate.plan.forecast import CollectionForecast, Forecast
    from tui_migrate.stores.base import CollectionInfo

_ROLLBACK_COUNTS = ("restored", "deleted", "spared")


def run_form(run: RunRecord) -> JsonForm:
    """Give a run in the form that `status` prints, `history` lists and every command that ran one ends with."""
    worker = None
    if run.worker_pid is not None and not run.state.is_final:
        worker = {"pid": run.worker_pid, "last_heard_at": time_form(run.last_heard_at)}
    failure = run.failure
    return {
        "id": run.id,
        "kind": run.kind.value,
        "state": run.state.value,
        "stage": run.stage.value,
        "source": redact(run.source),
        "target": redact(run.target),
        "created_at": time_form(run.created_at),
        "created_by": run.created_by,
        "rollback_available": run.rollback_available,
        "progress": progress_form(run),
        "counts": counts_form(run.counts, run.kind),
        "worker": worker,
        "findings": [finding_form(one) for one in run.findings],
        "started_at": time_form(run.started_at),
        "ended_at": time_form(run.ended_at),
        "seconds_at_work": round(run.seconds_at_work(run.ended_at) or 0.0, 3) if run.ended_at is not None else None,
        "description": run.description,
        "rollback_of": run.rollback_of or None,
        "rolled_back_by": run.rolled_back_by or None,
        "being_rolled_back_by": run.rollback_run or None,
        "partly_rolled_back_by": run.part_undone_by or None,
        "cancel_asked": run.cancel_asked,
        "rollback_asked": run.rollback_asked,
        "retry_of": run.retry_of or None,
        "undecided": run.undecided,
        "parallel": run.parallel,
        "failure": failure and {"code": failure.code, "message": redact(failure.message), "hint": redact(failure.hint)},
    }


def progress_form(run: RunRecord) -> JsonForm:
    """Give how far a run is."""
    return {
        "progress_percentage": percentage(run),
        "current_collection": next((one.name for one in run.collections if one.state is CollectionState.ACTIVE), None),
        "collections_completed": sum(one.state is CollectionState.DONE for one in run.collections),
        "total_collections": len(run.collections),
        "documents_done": sum(one.documents_done for one in run.collections),
        "documents_total": sum(one.documents_total for one in run.collections),
        "bytes_done": sum(one.bytes_done for one in run.collections),
        "bytes_total": sum(one.bytes_total for one in run.collections),
    }


def percentage(run: RunRecord) -> float:
    """How far a run is in percent of its documents; 100 is reached only when every collection is done."""
    if all(one.state is CollectionState.DONE for one in run.collections):
        return 100.0
    done = sum(min(one.documents_done, one.documents_total) for one in run.collections)
    total = sum(one.documents_total for one in run.collections)
    return min(99.9, round(100 * done / total, 1)) if total else 0.0


def counts_form(counts: Counts, kind: RunKind) -> JsonForm:
    """Give the documents by what became of them; a rollback and a mirror have counts of their own."""
    names = ["inserted", "replaced", "unchanged", "skipped", "rejected"]
    if kind is RunKind.ROLLBACK:
        names.extend(_ROLLBACK_COUNTS)
    elif counts.deleted:
        names.append("deleted")
    return {name: getattr(counts, name) for name in names}


def finding_form(finding: Finding) -> JsonForm:
    """Give a finding."""
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "subject": redact(finding.subject),
        "message": redact(finding.message),
        "hint": redact(finding.hint),
        "count": finding.count,
    }


def time_form(at: float | None) -> str | None:
    """Give a time in seconds since 1970 as `2026-01-31T12:00:00.123Z`."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def collection_form(info: CollectionInfo) -> JsonForm:
    """Give a collection as a store lists it; documents and size are the store's estimates."""
    return {
        "name": info.name,
        "kind": info.kind.value,
        "documents": info.documents,
        "size": info.size,
        "indexes": len(info.indexes),
    }


def forecast_form(forecast: Forecast) -> JsonForm:
    """Give what a dry run counted."""
    rows: list[JsonForm] = [
        {"name": one.name, "exists": one.exists, **_forecast_counts(one, exact=forecast.exact)}
        for one in forecast.collections
    ]
    return {
        "dry_run": "exact" if forecast.exact else "quick",
        "sample": forecast.sample or None,
        "collections": rows,
        "total": _forecast_counts(forecast.total, exact=forecast.exact),
    }


def _forecast_counts(one: CollectionForecast, *, exact: bool) -> JsonForm:
    delete = {"delete": one.delete} if one.delete else {}
    if not exact:
        counted = {"documents": one.documents, "insert": one.insert, "present": one.present, "reject": one.reject}
        return {**counted, **delete}
    return {
        **delete,
        "documents": one.documents,
        "insert": one.insert,
        "replace": one.replace,
        "unchanged": one.unchanged,
        "skip": one.skip,
        "refuse": one.refuse,
        "ask": one.ask,
        "target_newer": one.newer,
        "untold": one.untold,
        "reject": one.reject,
        "bytes": one.size,
        "undo_bytes": one.undo,
        "seconds": round(one.seconds, 1),
        "margin": one.margin,
    }
