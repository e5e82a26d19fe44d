"""The screens over long lists: findings, refused documents, open questions, backups, and a rollback of very many.

Part of `python -m tests.benchmarks.scale`.
"""

from pathlib import Path

import aiosqlite
import bson

from tests.benchmarks.measuring import measure, opened, pressed, said
from tests.suites.ids import int32
from tests.ui.backup_scene import add
from tests.ui.conflict_scene import conflicts_of, waiting_run
from tests.ui.driving import PreparedJournal, copy_plan, new_app, new_home, shows, until
from tests.ui.test_report import many_findings
from tests.ui.test_rollback_screen import write_undo
from tui_migrate.engine.rejects import Refused, RejectFile
from tui_migrate.engine.undo_log import Made, Thing
from tui_migrate.journal.records import RejectState
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.ui.screens.backups import BackupsScreen
from tui_migrate.ui.screens.conflicts import ConflictsScreen
from tui_migrate.ui.screens.rejects import RejectsScreen
from tui_migrate.ui.screens.report import ReportScreen
from tui_migrate.ui.screens.rollback import RollbackScreen

FINDINGS, REJECTS, BACKUPS, CONFLICTS = 5_000, 50_000, 2_000, 100_000


async def report(home: Home, keys: int) -> None:
    run_id = await PreparedJournal(home).run(RunState.COMPLETED_WITH_FINDINGS, findings=many_findings(FINDINGS))
    async with opened(new_app(home)) as pilot:
        await measure(pilot, f"Report, {FINDINGS:,}", ReportScreen(run_id), "users _id 3", keys)


async def rejects(home: Home, keys: int) -> None:
    run_id = await PreparedJournal(home).run(RunState.COMPLETED_WITH_FINDINGS)
    file = RejectFile(home.run(run_id).rejects, 0)
    reason = "Document failed validation: the field n is missing"
    refused = [
        Refused("orders", bson.encode({"_id": place, "a": "x" * 40}), 121, reason, RejectState.REJECTED)
        for place in range(REJECTS)
    ]
    records = await file.append(refused)
    await file.close()
    rows = [
        (run_id, one.offset, one.end, one.collection, one.digest, one.code, one.reason, "rejected") for one in records
    ]
    async with aiosqlite.connect(home.journal) as database:
        await database.executemany("INSERT INTO rejects VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        await database.execute(
            "UPDATE run_collections SET rejected = ? WHERE run_id = ? AND place = 0", (REJECTS, run_id)
        )
        await database.commit()
    async with opened(new_app(home)) as pilot:
        await measure(pilot, f"Rejects, {REJECTS:,}", RejectsScreen(run_id), "Document failed", keys)


async def conflicts(home: Home, keys: int) -> None:
    run_id = await waiting_run(home, conflicts_of([int32(1)]))
    async with aiosqlite.connect(home.journal) as database:
        rows = [(run_id, one + 1, bytes(int32(one + 1))) for one in range(1, CONFLICTS)]
        await database.executemany(
            "INSERT INTO conflicts (run_id, number, collection, document, ours, theirs, fields, state)"
            """ VALUES (?, ?, 'orders', ?, x'01', x'02', '["level"]', 'open')""",
            rows,
        )
        await database.commit()
    async with opened(new_app(home)) as pilot:
        await measure(pilot, f"Conflicts, {CONFLICTS:,}", ConflictsScreen(run_id), "? open", keys)
        await pilot.app.push_screen(ConflictsScreen(run_id))
        await until(pilot, shows(pilot, "? open"), "the queue")
        said("Conflicts, decided", None, keep=await pressed(pilot, *["N"] * 3))


async def backups(home: Home, keys: int) -> None:
    await add(home, "first")
    async with aiosqlite.connect(home.journal) as database:
        for number in range(1, BACKUPS):
            path = home.backups / f"backup-{number:04}.tar"
            path.write_bytes(b"x")
            await database.execute(
                "INSERT INTO backups SELECT ?, created_at - ?, ?, source, connection, places, environment, owner,"
                " collections, is_whole, run_id, before_run, state, documents, size, verified_at, verdict"
                " FROM backups WHERE name = 'first'",
                (path.stem, number * 3_600, str(path)),
            )
        await database.commit()
    async with opened(new_app(home)) as pilot:
        await measure(pilot, f"Backups, {BACKUPS:,}", BackupsScreen(), f"of {BACKUPS:,} complete", keys)


async def rollback(home: Home, names: list[str], keys: int) -> None:
    plan = copy_plan(collections=names)
    run_id = await PreparedJournal(home).run(RunState.COMPLETED, plan)
    await write_undo(home, run_id, *(Made(Thing.INDEX, one, "by_name") for one in names))
    async with opened(new_app(home)) as pilot:
        await measure(pilot, "Rollback", RollbackScreen(run_id), "1 index", keys)


async def long_lists(folder: Path, names: list[str], keys: int) -> None:
    """Measure all of them."""
    await report(new_home(folder / "report"), keys)
    await rejects(new_home(folder / "rejects"), keys)
    await conflicts(new_home(folder / "conflicts"), keys)
    await backups(new_home(folder / "backups"), keys)
    await rollback(new_home(folder / "rollback"), names, keys)
