"""The demo without a screen: one migration, verified, taken back, and the proof that nothing of it is left."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tui_migrate.connections import parse_end
from tui_migrate.demo import fingerprint
from tui_migrate.demo.fingerprint import Fingerprint
from tui_migrate.demo.sample.definitions import DATABASE
from tui_migrate.errors import Interrupted, Refused, TuiMigrateError
from tui_migrate.findings import Severity
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.ends import open_source
from tui_migrate.plan.model import Plan, Policy, RunKind, StoreEnd
from tui_migrate.plan.preflight import check
from tui_migrate.stores.base import CollectionKind
from tui_migrate.worker import control, launch
from tui_migrate.worker.lock import holder

SOURCE: Final = "demo-source"
TARGET: Final = "demo-target"

_RUN_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 0.1

Say = Callable[[str], None]
"""Shows one line to whoever watches."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of the migration and its rollback."""

    copied: RunRecord
    undone: RunRecord
    is_as_before: bool

    @property
    def exit_code(self) -> int:
        """0 only where all of it came out right."""
        return 0 if self.is_as_before else 1

    @property
    def document(self) -> dict[str, object]:
        """The same for a script."""
        there, back = self.copied.counts, self.undone.counts
        counts = {"inserted": there.inserted, "replaced": there.replaced, "unchanged": there.unchanged}
        taken_back = {"deleted": back.deleted, "restored": back.restored, "spared": back.spared}
        return {
            "copy": {"id": self.copied.id, "counts": counts},
            "rollback": {"id": self.undone.id, "counts": taken_back},
            "target_is_as_before": self.is_as_before,
        }


async def migrate_and_take_back(home: Home, say: Say) -> Proof:
    """Copy source to target with `overwrite`, roll it back, compare, and say each step.

    Raises Refused where a preflight check finds an error, TuiMigrateError where a run does not complete.
    """
    source, target = (parse_end(f"{name}/{DATABASE}", home)[0] for name in (SOURCE, TARGET))
    before = await _fingerprint(target, home)
    say(f"  {SOURCE}: {_size(await _fingerprint(source, home))}")
    say(f"  {TARGET}: {_size(before)}")

    say(f"Copy {SOURCE} to {TARGET} with the policy overwrite:")
    plan = await _plan(source, target, home)
    copied = await _run(home, await launch.create_run(home, plan), say)
    after = await _fingerprint(target, home)
    counts = copied.counts
    if not counts.inserted + counts.replaced:
        raise Refused(
            f"there was nothing to migrate: {TARGET} has all that {SOURCE} has",
            hint="roll the earlier run back, or start anew: tui-migrate demo --headless --fresh",
        )
    say(f"    inserted {counts.inserted:,}   replaced {counts.replaced:,}   unchanged {counts.unchanged:,}")
    say(f"    verified; {TARGET} has {_size(after)}")

    say(f"Roll run {copied.id:04d} back:")
    undone = await _run(home, await launch.create_rollback(home, copied.id), say)
    counts = undone.counts
    say(f"    deleted {counts.deleted:,}   restored {counts.restored:,}   spared {counts.spared:,}")
    return Proof(copied, undone, compare(before, await _fingerprint(target, home), say))


async def _plan(source: StoreEnd, target: StoreEnd, home: Home) -> Plan:
    reading, looking = open_source(source, home, {}), open_source(target, home, {})
    try:
        request = PlanRequest(RunKind.COPY, source, target, policy=Policy.OVERWRITE, description="demo")
        plan = await build_plan(request, reading)
        findings = await check(plan, reading, looking)
    finally:
        await asyncio.gather(reading.close(), looking.close())
    for one in findings:
        if one.severity is Severity.ERROR:
            raise Refused(f"{one.subject}: {one.message}", hint=one.hint or "start anew: tui-migrate demo --fresh")
    return plan


async def _run(home: Home, run_id: int, say: Say) -> RunRecord:
    """Start a run's worker and wait for it to end. Raises TuiMigrateError unless the run completed without findings."""
    begin = time.monotonic()
    await launch.start(home, run_id, {})
    record = await _ended(home, run_id)
    if record.state is not RunState.COMPLETED:
        because = f": {record.failure.message}" if record.failure else ""
        because = because or "".join(f"; {one.subject}: {one.message}" for one in record.findings[:3])
        raise TuiMigrateError(
            f"run {run_id:04d} ended as {record.state.value}{because}", hint=f"see {home.run(run_id).worker_log}"
        )
    say(f"    run {run_id:04d} {record.state.value} in {time.monotonic() - begin:.1f} s")
    return record


async def _ended(home: Home, run_id: int) -> RunRecord:
    reader = await JournalReader.open(home.journal)
    try:
        async with asyncio.timeout(_RUN_SECONDS):
            while True:
                record = await control.effective(home, reader, await reader.run(run_id))
                is_starting = record.state is RunState.PLANNED and holder(home.run(run_id).lock) is not None
                if not (record.state.is_active or is_starting):
                    return record
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError as error:
        raise Interrupted(
            f"run {run_id:04d} has not ended within {_RUN_SECONDS:.0f} s", hint=f"tui-migrate status {run_id}"
        ) from error
    finally:
        await reader.close()


async def _fingerprint(end: StoreEnd, home: Home) -> dict[str, Fingerprint]:
    store = open_source(end, home, {})
    try:
        await store.identity()
        return await fingerprint.take(store)
    finally:
        await store.close()


def _size(content: dict[str, Fingerprint]) -> str:
    views = sum(one.kind is CollectionKind.VIEW for one in content.values())
    documents = sum(one.documents for one in content.values())
    return f"{documents:,} documents in {len(content) - views} collections" + (f", {views} view" if views else "")


def compare(before: dict[str, Fingerprint], now: dict[str, Fingerprint], say: Say) -> bool:
    """Find out whether the target is what it was, and say so."""
    differing = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
    if differing:
        say(f"{TARGET} is NOT what it was: {', '.join(differing)}.")
        return False
    say(f"{TARGET} is byte for byte what it was: documents, indexes, options.")
    return True
