"""Runs as the journal would give them, for tests of how they are shown."""

from tui_migrate.findings import Finding
from tui_migrate.journal.records import CollectionProgress, CollectionState, Counts, Failure, RunRecord
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import Environment, RunKind

CREATED_AT = 1_769_860_800.0
"""2026-01-31T12:00:00Z"""


def collection(
    name: str, state: CollectionState, done: int, total: int, counts: Counts | None = None
) -> CollectionProgress:
    return CollectionProgress(name, state, total, done, total * 100, done * 100, counts or Counts(inserted=done))


def run(
    state: RunState,
    *collections: CollectionProgress,
    kind: RunKind = RunKind.COPY,
    stage: Stage = Stage.EXECUTE,
    last_heard_at: float | None = None,
    worker_pid: int | None = None,
    failure: Failure | None = None,
    findings: tuple[Finding, ...] = (),
    writes_begun: bool = True,
) -> RunRecord:
    return RunRecord(
        id=42,
        kind=kind,
        state=state,
        stage=stage,
        plan="",
        source="prod/shop",
        target="staging/shop",
        environment=Environment.STAGING,
        created_at=CREATED_AT,
        created_by="anna@bastion",
        description="",
        undo=True,
        writes_begun=writes_begun,
        attempt=1,
        started_at=CREATED_AT + 1,
        ended_at=None if state.is_active else CREATED_AT + 11,
        last_heard_at=last_heard_at,
        worker_pid=worker_pid,
        failure=failure,
        collections=collections,
        findings=findings,
    )
