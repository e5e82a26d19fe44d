"""Pictures of sheets: a collection's, the refused documents, a finding with its page."""

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui.driving import PreparedJournal, new_home, shows, until, until_still
from tests.ui.test_collection_sheet import CATALOG, INFOS, SOURCE, TARGET, looked
from tests.ui.test_plan_snapshots import app_at
from tests.ui.test_snapshots import SIZES, Compare
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import RejectRecord, RejectState
from tui_migrate.journal.states import RunState
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.paths import Home
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.looks import Looks
from tui_migrate.ui.screens.finding_sheet import FindingSheet
from tui_migrate.ui.screens.rejects import RejectsScreen
from tui_migrate.ui.screens.report import ReportScreen
from tui_migrate.worker.rejected_documents import RejectedDocument, RejectList

SCOPE = Scope((Rename("orders", "old_orders"),), (Filter("orders", '{"state": "paid"}'),))
DRAFT = Draft(
    SOURCE,
    TARGET,
    frozenset(("orders", "tmp_1")),
    tuple(one.name for one in INFOS),
    catalog=CATALOG,
    scope=SCOPE,
    step=Step.COLLECTIONS,
)


def planning(home: Home) -> MigrateApp:
    return app_at(home, DRAFT, Looks(None, {SOURCE: looked(SOURCE, *INFOS), TARGET: looked(TARGET)}))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_collections_with_a_catalog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snap_compare: Compare, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "2 of 6 marked"), "the collections")
        await pilot.press("j", "j")
        await until_still(pilot)

    assert snap_compare(planning(new_home(tmp_path)), terminal_size=size, run_before=drive)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_sheet_of_a_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snap_compare: Compare, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "2 of 6 marked"), "the collections")
        await pilot.press("j", "j", "enter")
        await until(pilot, shows(pilot, "old_orders"), "the sheet")
        await until_still(pilot)

    assert snap_compare(planning(new_home(tmp_path)), terminal_size=size, run_before=drive)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_rejects(home: Home, monkeypatch: pytest.MonkeyPatch, snap_compare: Compare, size: tuple[int, int]) -> None:
    reasons = ("Document failed validation", "E11000 duplicate key error index: email_1", "the document has no _id")
    found = tuple(
        RejectedDocument(
            RejectRecord("[b]users[/]", place, place + 400, b"", 121, reasons[place % 3], RejectState.REJECTED),
            shown,
            400,
        )
        for place, shown in enumerate(("7", "'名前'", "no _id", "cannot be read"))
    )

    async def read(home: Home, run_id: int) -> RejectList:
        return RejectList(found, 5_204)

    monkeypatch.setattr("tui_migrate.ui.screens.rejects.read_rejects", read)
    app = app_at(home, Draft(), Looks())
    app.first_screen = lambda: RejectsScreen(1)

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "5,204 documents were refused", "'名前'"), "the list")
        await until_still(pilot)

    prepare(home)
    assert snap_compare(app, terminal_size=size, run_before=drive)


def test_a_finding_with_its_page(home: Home, snap_compare: Compare) -> None:
    prepare(home)
    app = app_at(home, Draft(), Looks())
    app.first_screen = lambda: ReportScreen(1)

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "document_too_large"), "the findings")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FindingSheet), "the sheet")
        await until_still(pilot)

    assert snap_compare(app, run_before=drive)


def prepare(home: Home) -> None:
    """Let there be one run that has ended, with a finding."""
    found = Finding(Severity.WARNING, "document_too_large", "users", "3 documents are larger, such as _id 7, 8", "x", 3)
    asyncio.run(PreparedJournal(home).run(RunState.COMPLETED_WITH_FINDINGS, findings=[found]))
