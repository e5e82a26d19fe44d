"""Runs that die at a place between their beginning and their end, and what is left to compare of them."""

import os
from dataclasses import replace
from pathlib import Path

from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Scene
from tui_migrate.journal.records import RunRecord


def place_of(thousandths: int, counter: Trap) -> int:
    """Turn thousandths of the places that an undisturbed run comes by into the number of one."""
    return thousandths * len(counter.passed) // 1_000 + 1


async def work_until(scene: Scene, run_id: int, place: int) -> None:
    """Work until the process dies at a place; then the power fails too, and what no fsync has made durable is torn."""
    record = await scene.record(run_id)
    if record.state.is_final or record.failure:
        return
    with trapped(Trap(place)) as trap:
        try:
            await scene.work(run_id)
        except Crash:
            if trap.synced:
                _tear(scene.home.run(run_id).undo_log, trap.synced, place)


def _tear(log: Path, synced: int, place: int) -> None:
    behind = log.stat().st_size - synced
    os.truncate(log, synced + place * 7 % (behind + 1))


def comparable(record: RunRecord) -> object:
    """What a user sees of a run, less what can only be told of one that was broken off.

    An index that the documents do not allow is tried again by each attempt, and found again.
    """
    counted = [(one.name, one.state, replace(one.counts, assumed_ours=0)) for one in record.collections]
    found = {
        (one.code, one.subject, one.severity, one.count if one.code != "index_not_built" else 1)
        for one in record.findings
        if one.code != "assumed_ours"
    }
    return record.state.exit_code, record.state, counted, found
