import json
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.ui.driving import (
    PreparedJournal,
    copy_plan,
    new_app,
    screen_text,
    shows,
    store_end,
    table_cells,
    until,
    until_still,
)
from tui_migrate.errors import JournalBusy
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.ui.finding_query import parse
from tui_migrate.ui.next_steps import finding_in_app
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.finding_sheet import FindingSheet, finding_words
from tui_migrate.ui.screens.report import ReportScreen
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.widgets.table import Table

SIZE = (80, 24)
CONFLICT = Finding(
    Severity.ERROR,
    "conflict",
    "users",
    "37 documents differ",
    "choose skip or overwrite; see mongodb://u:hunter2@h/d",
    37,
)
OPTIONS = Finding(Severity.WARNING, "options_differ", "[b]注文\u202e", "the options differ")
NOTE = Finding(Severity.NOTE, "empty_timestamps", "target", "the server replaces them")


async def prepared(home: Home) -> int:
    """A run with findings of its preflight and of its verification."""
    run_id = await PreparedJournal(home).run(
        RunState.COMPLETED_WITH_FINDINGS, findings=[OPTIONS, NOTE], stage=Stage.VALIDATE
    )
    journal = await JournalWriter.open(home.journal)
    await journal.add_findings(run_id, Stage.VERIFY, [CONFLICT, OPTIONS])
    await journal.close()
    return run_id


async def opened(pilot: Pilot[None], run_id: int, rows: int) -> ReportScreen:
    screen = ReportScreen(run_id)
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: len(table_cells(pilot, "#findings")) == rows, f"{rows} findings")
    return screen


async def test_findings_of_preflight_and_run_stand_by_severity_and_code(home: Home) -> None:
    run_id = await prepared(home)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, run_id, 4)
        assert table_cells(pilot, "#groups") == [
            ("✗ error", "conflict", "1", "37"),
            ("! warning", "options_differ", "2", "2"),
            ("· note", "empty_timestamps", "1", "1"),
        ]
        assert [row[:3] + row[4:5] for row in table_cells(pilot, "#findings")] == [
            ("✗ error", "conflict", "users", "verify"),
            ("! warning", "options_differ", "[b]注文\u202e", "validate"),
            ("! warning", "options_differ", "[b]注文\u202e", "verify"),
            ("· note", "empty_timestamps", "target", "validate"),
        ]
        await until(pilot, shows(pilot, "1 error · 2 warnings · 1 note", r"[b]注文\u202e"), "the summary")


async def test_one_code_alone_and_all_again(home: Home) -> None:
    run_id = await prepared(home)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, run_id, 4)
        assert [line[:3] for line in screen_text(pilot).splitlines() if "›" in line[:1]] == ["›✗ "]
        assert "enter shows these alone" not in screen_text(pilot)
        before = screen_text(pilot).splitlines()
        screen.query_one("#groups").focus()
        await until(pilot, shows(pilot, "enter shows these alone"), "the name")
        lines = zip(before, screen_text(pilot).splitlines(), strict=True)
        assert sum(old != new for old, new in lines) == 4, "the row and the name of either table, and nothing else"
        assert [line[:3] for line in screen_text(pilot).splitlines() if "›" in line[:1]] == ["›✗ "]
        await pilot.press("j", "enter")
        await until(pilot, lambda: len(table_cells(pilot, "#findings")) == 2, "the warnings")
        await until(pilot, shows(pilot, "only options_differ, esc: all"), "what is shown")
        await pilot.press("escape")
        await until(pilot, lambda: len(table_cells(pilot, "#findings")) == 4, "all")
        assert app.screen is screen


async def test_a_filter_looks_into_the_message_as_the_screen_says_it_and_all_is_written_all_the_same(
    home: Home,
) -> None:
    found = Finding(Severity.WARNING, "rejected", "users _id 7", "name must be a string", "tui-migrate retry 1")
    run_id = await PreparedJournal(home).run(RunState.COMPLETED_WITH_FINDINGS, findings=[found, OPTIONS])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, run_id, 2)
        first = screen.query_one("#findings", Table).rows[0]
        narrowed = "All findings are written, whatever the list shows just now."
        await pilot.press("ctrl+s")
        await until(pilot, shows(pilot, "The ending says how"), "the question")
        assert narrowed not in screen_text(pilot)
        await pilot.press("escape")
        for filtered in ("must be", f'"{finding_in_app(found).hint}"'):
            await pilot.press("slash")
            await until(pilot, lambda: isinstance(app.screen, AskText), "the question")
            app.screen.query_one(Input).value = filtered
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is screen, "the report")
            assert [row[2] for row in table_cells(pilot, "#findings")] == ["users _id 7"]
            assert screen.query_one("#findings", Table).rows[0] is first, "a filter makes no row anew"
        await pilot.press("ctrl+s")
        await until(pilot, shows(pilot, narrowed), "what is written")


async def test_a_finding_is_opened_whole_and_without_secrets(home: Home) -> None:
    run_id = await prepared(home)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, run_id, 4)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FindingSheet), "the sheet")
        await until(pilot, shows(pilot, "37 documents differ", "choose skip or overwrite", "verify"), "all of it")
        assert "hunter2" not in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ReportScreen), "the report")


async def test_without_findings_it_says_so(home: Home) -> None:
    run_id = await PreparedJournal(home).run(RunState.COMPLETED)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, run_id, 0)
        await until(pilot, shows(pilot, "Nothing was found.", "0 errors · 0 warnings · 0 notes"), "that there is none")


async def test_a_run_that_is_not_there_is_said(home: Home) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 9, 0)
        await until(pilot, shows(pilot, "There is no run 0009 any more", "esc goes back"), "that it is gone")


async def test_a_run_that_is_deleted_while_it_is_read_leaves_no_findings_behind(home: Home) -> None:
    run_id = await prepared(home)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, run_id, 4)
        found = screen._found
        async with open_both(home.journal) as (write, _):
            await write.delete_run(run_id)
        await until(pilot, shows(pilot, "There is no run 0001 any more"), "that it is gone")
        screen.post_message(ReportScreen.Read(found, None))
        await until_still(pilot)
        assert not table_cells(pilot, "#findings")
        assert not screen.query_one("#groups").display


async def test_findings_that_cannot_be_read_are_said_and_read_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await prepared(home)
    read = JournalReader.staged_findings
    is_broken = True

    async def broken(self: JournalReader, run: int, limit: int) -> object:
        if limit > 1_000 and is_broken:
            raise JournalBusy("the journal is held", hint="wait")
        return await read(self, run, limit)

    monkeypatch.setattr(JournalReader, "staged_findings", broken)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(ReportScreen(run_id))
        await until(pilot, shows(pilot, "the journal is held", "ctrl+r reads them again"), "the fault")
        is_broken = False
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(table_cells(pilot, "#findings")) == 4, "the findings")


@pytest.mark.parametrize("ending", ["md", "json", "html", "txt"])
async def test_the_report_is_written_to_a_file_for_its_user_alone(home: Home, tmp_path: Path, ending: str) -> None:
    plan = copy_plan(store_end("prod", database="[shop]"))
    run_id = await PreparedJournal(home).run(RunState.FAILED, plan, findings=[CONFLICT, OPTIONS])
    path = tmp_path / f"report.{ending}"
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, run_id, 2)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, AskText), "the question")
        app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await until(pilot, lambda: path.exists() and isinstance(app.screen, ReportScreen), "the file")
        await until(pilot, shows(pilot, "written to"), "that it was written")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        text = path.read_text()
        assert "hunter2" not in text
        assert "\u202e" not in text
        if ending == "json":
            content = json.loads(text)
            assert content["facts"][0] == {"name": "run", "value": run_id, "unit": "count"}
            assert [one["code"] for one in content["findings"]] == ["conflict", "options_differ"]
            assert content["totals"][0] == {"severity": "error", "code": "conflict", "findings": 1, "count": 37}
        elif ending == "html":
            assert "copy from prod/[shop] to staging/shop" in text
        elif ending == "txt":
            assert max(map(len, text.splitlines())) <= 80
        else:
            assert "copy from prod/\\[shop\\] to staging/shop" in text
            assert "## Errors" in text
            assert "| warning | options\\_differ | 1 | 1 |" in text
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, AskText), "the question")
        app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await until(pilot, shows(pilot, "is there already"), "that nothing is replaced")
        assert app.screen.query_one(Input).value == str(path)
        assert path.read_text() == text


@pytest.mark.slow
async def test_a_file_of_another_form_is_refused_with_what_was_typed(home: Home, short_folder: Path) -> None:
    run_id = await prepared(home)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, run_id, 4)
        for name, said in (("report.pdf", "does not end in .json, .md"), ("no/such/report.md", "cannot write")):
            await pilot.press("ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, AskText), "the question")
            app.screen.query_one(Input).value = str(short_folder / name)
            await pilot.press("enter")
            await until(pilot, shows(pilot, said), "what is wrong")
            assert app.screen.query_one(Input).value == str(short_folder / name)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, ReportScreen), "the report")
    assert not list(short_folder.iterdir())  # noqa: ASYNC240 -- the app has ended


def has_rows(pilot: Pilot[None], count: int) -> Callable[[], bool]:
    return lambda: len(table_cells(pilot, "#findings")) == count


def many_findings(count: int) -> list[Finding]:
    codes = ("conflict", *(f"code_{one}" for one in range(7)))
    return [
        Finding(list(Severity)[place % 8 % 3], codes[place % 8], f"users _id {place}", f"document {place} is odd")
        for place in range(count)
    ]


async def test_the_sheet_sets_the_example_apart_and_explains_the_code(home: Home) -> None:
    found = Finding(Severity.WARNING, "document_too_large", "users", "3 documents are larger, such as _id 7, 8", "x")
    run_id = await PreparedJournal(home).run(RunState.COMPLETED_WITH_FINDINGS, findings=[found])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, run_id, 1)
        await pilot.press("enter")
        await until(
            pilot, shows(pilot, "Example          _id 7, 8", "Documents are larger than the target takes"), "it"
        )
        assert "What to do: Make them smaller at the source" in app.screen.query_one(Pager).words


def test_a_code_without_a_page_is_shown_all_the_same() -> None:
    said = finding_words(Stage.VERIFY, Finding(Severity.NOTE, "of_long_ago", "users _id 7", "it was so"))
    assert "Example\t_id 7" in said
    assert said[-1] == "esc goes back"


async def test_the_filter_takes_severity_code_and_text(home: Home) -> None:
    run_id = await prepared(home)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, run_id, 4)
        for text, count in (("severity:warning stage:verify", 1), ("code:conflict", 1), ("-severity:note", 3), ("", 4)):
            await pilot.press("slash")
            await until(pilot, lambda: isinstance(app.screen, AskText), "the question")
            app.screen.query_one(Input).value = text
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, ReportScreen), "the report")
            await until(pilot, has_rows(pilot, count), text)
        await pilot.press("slash")
        app.screen.query_one(Input).value = "nothing like it"
        await pilot.press("enter")
        await until(pilot, shows(pilot, "No finding is like that: / changes the filter.", "filter: nothing"), "none")


async def test_ids_that_the_catalog_calls_sensitive_are_masked(home: Home) -> None:
    catalog = "name: own\ntitle: Own\ncollections:\n  users:\n    sensitive:\n      - {field: _id, redaction: keep}\n"
    found = Finding(Severity.ERROR, "target_differs", "users _id anna@x", "users _id anna@x differs")
    plan = replace(copy_plan(), catalog=catalog)
    run_id = await PreparedJournal(home).run(RunState.COMPLETED_WITH_FINDINGS, plan, findings=[found])
    app = new_app(home)
    async with app.run_test(size=(160, 24)) as pilot:
        await opened(pilot, run_id, 1)
        await until(pilot, shows(pilot, "users _id ***"), "the mask")
        assert "anna" not in screen_text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FindingSheet), "the sheet")
        assert "anna" not in screen_text(pilot)


@pytest.mark.slow
async def test_five_thousand_findings_stay_quick(home: Home) -> None:
    run_id = await PreparedJournal(home).run(RunState.COMPLETED_WITH_FINDINGS, findings=many_findings(5_000))
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, run_id, 5_000)
        table = screen.query_one("#findings", Table)
        query = parse("severity:error code:conflict 42")
        steps: dict[str, Callable[[], object]] = {
            "draw": screen._draw,
            "filter": lambda: table.filter("x", lambda row: query.matches(screen._found[int(row.key)])),
            "all again": lambda: table.filter(""),
            "sort": lambda: table.sort_by(2),
            "end": lambda: table.action_edge(1),
            "move": lambda: table.action_move(-1),
        }
        taken: dict[str, float] = {}
        for name, step in steps.items():
            began = time.process_time()
            step()
            taken[name] = time.process_time() - began
        assert max(taken.values()) < 0.4, taken
