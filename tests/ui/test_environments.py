"""How dangerous the target is stands on every screen, and what is asked goes by what its connection says now."""

from pathlib import Path

import pytest

from tests.suites.ids import int32
from tests.ui.driving import PreparedJournal, copy_plan, new_app, new_home, screen_text, shows, store_end, until
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ConflictRecord
from tui_migrate.journal.states import RunState
from tui_migrate.packages.types.model import Inference
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, PackageEnd, Plan
from tui_migrate.reports.masking import NOTHING
from tui_migrate.ui.changes import Changes
from tui_migrate.ui.draft import from_plan
from tui_migrate.ui.environments import Environments
from tui_migrate.ui.look import LookState
from tui_migrate.ui.resuming import resume
from tui_migrate.ui.retrying import retry
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.conflict_document import ConflictScreen
from tui_migrate.ui.screens.conflicts import ConflictsScreen
from tui_migrate.ui.screens.dialogs import Choose, TypeName
from tui_migrate.ui.screens.help import HelpScreen
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.rejects import RejectsScreen
from tui_migrate.ui.screens.report import ReportScreen
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.ui.screens.rollback_asking import Wanted, ask_before_start
from tui_migrate.ui.screens.rollback_documents import RollbackDocumentsScreen, Taken
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.screens.run_deleting import ask_to_delete
from tui_migrate.ui.screens.run_log import ErrorsScreen, LogScreen
from tui_migrate.ui.screens.run_steering import RunSteering
from tui_migrate.ui.screens.run_throughput import ThroughputScreen
from tui_migrate.ui.screens.type_plan import TypePlanScreen
from tui_migrate.ui.starting import confirm
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.worker.launch import create_run
from tui_migrate.worker.rollback_preview import Tally

SIZE = (80, 24)
NOW_PRODUCTION = "PRODUCTION TARGET staging"
HOSTILE = "h\x1b]2;gone\x07\u202ez"


def reclassify(home: Home, environment: Environment = Environment.PRODUCTION) -> None:
    """Have the connection `staging` say something else from now on."""
    known = connections.load(home)
    connections.write(home, [*known.values(), Connection("staging", "mongodb://127.0.0.1:1/shop", environment)])


def sheets(plan: Plan) -> list[OperatorScreen]:
    """All screens about run 1 and its plan."""
    conflict = ConflictRecord("users", int32(1), b"", b"", ())
    run, kept = RunScreen(1), Changes(LookState.DONE, 0.0)
    return [
        run,
        *(LogScreen(1), ErrorsScreen(1), ThroughputScreen(1), ReportScreen(1), RejectsScreen(1), RollbackScreen(1)),
        *(
            ConflictsScreen(1),
            ConflictScreen(1, conflict, NOTHING, lambda *_: None),
            RollbackDocumentsScreen(Taken(1, plan), "users", kept),
        ),
        NewMigrationScreen(from_plan(plan)),
        TypePlanScreen(PackageEnd("/p"), Inference(())),
        HelpScreen(run),
    ]


@pytest.mark.slow
async def test_every_screen_says_that_a_target_has_become_production(tmp_path: Path) -> None:
    home, plan = new_home(tmp_path), copy_plan()
    await PreparedJournal(home).run(RunState.PAUSED, plan)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RunScreen(1))
        await until(pilot, shows(pilot, "STAGING"), "what was recorded")
        reclassify(home)
        await until(pilot, shows(pilot, NOW_PRODUCTION), "what holds now")
        for one in sheets(plan):
            await app.push_screen(one)
            await until(pilot, lambda: NOW_PRODUCTION in screen_text(pilot).splitlines()[0], type(one).__name__)
            if not isinstance(one, NewMigrationScreen | TypePlanScreen | RunScreen):
                app.pop_screen()


async def test_a_file_of_connections_that_is_edited_where_it_lies_is_read_again(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    environments = Environments(home)
    reclassify(home, Environment.STAGING)
    await PreparedJournal(home).run(RunState.PAUSED)
    reader = await JournalReader.open(home.journal)
    run = await reader.run(1)
    await reader.close()
    await environments.refresh()
    assert environments.shown(run).environment is Environment.STAGING
    text = home.connections.read_text()
    home.connections.write_text(text.replace("environment: staging", "environment: production"))
    await environments.refresh()
    assert environments.shown(run).environment is Environment.PRODUCTION


async def test_a_name_however_long_leaves_room_for_how_dangerous_the_target_is(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    await PreparedJournal(home).run(RunState.PAUSED)
    conflict = ConflictRecord("users" * 20, int32(1), b"", b"", ())
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(ConflictScreen(1, conflict, NOTHING, lambda *_: None))
        await until(pilot, lambda: screen_text(pilot).splitlines()[0].rstrip().endswith(" STAGING"), "the environment")


@pytest.mark.slow
async def test_every_way_to_write_asks_for_the_name_of_what_has_become_production(tmp_path: Path) -> None:
    home, plan = new_home(tmp_path), copy_plan()
    await PreparedJournal(home).run(RunState.PAUSED, plan)
    reclassify(home)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        screen = RollbackScreen(1)
        await app.push_screen(screen)
        await until(pilot, shows(pilot, NOW_PRODUCTION), "the run")
        ways = (
            lambda: app.in_background(resume(app, 1), "way"),
            lambda: app.in_background(retry(app, 1, 3), "way"),
            lambda: app.in_background(confirm(app, plan, "It writes.", ()), "way"),
            lambda: RunSteering(screen, 1)._confirm_rollback(plan),
            lambda: app.in_background(ask_before_start(app, Wanted(1, plan, Tally())), "way"),
        )
        for way in ways:
            way()
            await until(pilot, lambda: isinstance(app.screen, TypeName | Choose), "a question")
            if isinstance(app.screen, Choose):  # a retry asks first what it is to write
                await until(pilot, lambda: app.screen.focused is not None, "the choices")
                await pilot.press("j", "enter")
                await until(pilot, lambda: isinstance(app.screen, TypeName), "the name")
            assert isinstance(app.screen, TypeName)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen, "the screen")


async def test_a_run_is_recorded_as_dangerous_as_its_target_is_now(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    reclassify(home)
    run_id = await create_run(home, copy_plan())
    reader = await JournalReader.open(home.journal)
    try:
        assert (await reader.run(run_id)).environment is Environment.PRODUCTION
    finally:
        await reader.close()


async def test_heads_and_the_question_before_deleting_show_no_control_characters(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    plan = copy_plan(target=store_end("staging", database=HOSTILE))
    await PreparedJournal(home).run(RunState.COMPLETED, plan)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        report = ReportScreen(1)
        await app.push_screen(report)
        await until(pilot, shows(pilot, "staging/h"), "the run")
        assert report.where()[0].isprintable()
        assert HelpScreen(report).where()[0].isprintable()
        ask_to_delete(app, await app.feed.whole(1))
        await until(pilot, shows(pilot, "Delete run", "staging/h"), "the question")
        said = [line for one in app.screen.query(Lines) for line in one.plain.splitlines()]
        assert "staging/h" in " ".join(said)
        assert all(line.isprintable() for line in said)
