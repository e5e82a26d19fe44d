"""What keeps the screens quick over very many collections and runs, held without a clock: passes, queries, objects."""

import gc
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace

import aiosqlite
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ui.backup_scene import add
from tests.ui.driving import PreparedJournal, new_app, shows, until
from tests.ui.run_scene import SIZE
from tests.ui.test_history import filtered, many_runs, opened
from tests.ui.test_run_view import one, record
from tui_migrate.engine.rejects import Refused, RejectFile
from tui_migrate.journal.links import linked
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import CollectionState, Counts, RejectRecord, RejectState, RunSummary
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.ui import journal_feed
from tui_migrate.ui.opening import NEW_OBJECTS, few_collections
from tui_migrate.ui.screens.history import WATCHED
from tui_migrate.ui.screens.rollback_view import RollbackLook, rows
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.screens.run_pace import RunPace
from tui_migrate.ui.widgets.table import Column, Row, Table, sorted_by
from tui_migrate.worker import rejected_documents
from tui_migrate.worker.backups import read_backups
from tui_migrate.worker.rejected_documents import RejectedDocument, read_rejects
from tui_migrate.worker.undo_summary import UndoSummary

VALUES = st.one_of(st.sampled_from(("a", "B", "b", "")), st.integers(-3, 3), st.floats(-2, 2))


def sort_key(value: str | float) -> tuple[int, float, str]:
    return (1, 0.0, value.casefold()) if isinstance(value, str) else (0, -value, "")


@settings(derandomize=True, max_examples=50)
@given(st.lists(VALUES, max_size=12))
def test_numbers_come_first_and_from_the_largest_then_texts_and_equal_ones_stay_as_they_were(
    values: list[str | float],
) -> None:
    unsorted = [Row(str(place), (str(value),), sort=(value,)) for place, value in enumerate(values)]
    assert sorted_by(unsorted, 0) == sorted(unsorted, key=lambda row: sort_key(row.sort[0]))


def test_without_values_to_sort_by_texts_count() -> None:
    unsorted = [Row(text, (text,)) for text in ("b", "A", "c")]
    assert [row.key for row in sorted_by(unsorted, 0)] == ["A", "b", "c"]


def test_rows_that_are_shown_already_are_not_filtered_again() -> None:
    asked: list[str] = []

    def matches(row: Row) -> bool:
        asked.append(row.key)
        return row.key != "b"

    shown = [Row(text, (text,)) for text in "abc"]
    table = Table([Column("Name")])
    table.show(shown)
    table.filter("not b", matches)
    table.show(list(shown), empty="Nothing.")
    assert ([row.key for row in table.rows], asked) == (["a", "c"], ["a", "b", "c"])
    table.show([shown[0], Row("b", ("b",)), shown[2]])
    assert len(asked) == 6
    table.show(shown[:2])
    assert [row.key for row in table.rows] == ["a"]


def test_the_sum_over_the_collections_is_made_once_for_each_look() -> None:
    run = record(RunState.EXECUTING, one("users", CollectionState.ACTIVE, 3, 9, Counts(inserted=3)))
    assert run.counts is run.counts
    other = replace(run, collections=(one("users", CollectionState.ACTIVE, 4, 9, Counts(inserted=4)),))
    assert (run.counts.inserted, other.counts.inserted) == (3, 4)
    assert replace(run, rate_limit=5) == replace(run, rate_limit=5), "what was asked of it makes it no other run"


def test_runs_without_links_are_not_made_anew() -> None:
    run = record(RunState.COMPLETED)
    assert linked([run], [("shop-1", 7, "/shop-1.tar")], [(8, 9, "completed")])[0] is run


class CountedPasses(frozenset[tuple[str, str]]):
    """Indexes that count how often they are gone through."""

    passes = 0

    def __iter__(self) -> Iterator[tuple[str, str]]:
        type(self).passes += 1
        return super().__iter__()


def test_the_indexes_that_a_run_made_are_gone_through_once_for_all_collections() -> None:
    run = record(RunState.COMPLETED, *(one(f"c{place}", CollectionState.DONE, 1, 1) for place in range(50)))
    made = CountedPasses({(f"c{place}", name) for place in range(49) for name in ("a", "b")})
    found = rows(run, RollbackLook(undo=UndoSummary(9, indexes=made)))
    assert [found[0].cells[-1], found[49].cells[-1]] == ["2 indexes", ""]
    assert CountedPasses.passes == 1


async def test_how_backups_stand_takes_as_many_queries_for_many_as_for_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[str] = []
    ask = JournalReader._rows

    async def counted(self: JournalReader, query: str, *values: object) -> list[aiosqlite.Row]:
        queries.append(query)
        return await ask(self, query, *values)

    await add(home, "first")
    await add(home, "stopped", state=RunState.PAUSED, size=0)
    monkeypatch.setattr(JournalReader, "_rows", counted)
    few = len(await read_backups(home)), len(queries)
    async with aiosqlite.connect(home.journal) as database:
        for name in range(20):
            await database.execute(
                "INSERT INTO backups SELECT ?, created_at, path, source, connection, places, environment, owner,"
                " collections, is_whole, run_id, 1, state, documents, size, verified_at, verdict"
                " FROM backups WHERE name = 'first'",
                (str(name),),
            )
        await database.commit()
    queries.clear()
    assert (few[0], len(await read_backups(home))) == (2, 22)
    assert len(queries) == few[1]


async def test_a_page_of_refused_documents_is_read_in_one_piece_of_work(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await PreparedJournal(home).run(RunState.COMPLETED_WITH_FINDINGS)
    file = RejectFile(home.run(run_id).rejects, 0)
    records = await file.append(
        [Refused("users", b"\x05\x00\x00\x00\x00", 121, "no", RejectState.REJECTED) for _ in range(25)]
    )
    await file.close()
    async with aiosqlite.connect(home.journal) as database:
        found = [(run_id, one.offset, one.end, one.collection, one.digest, one.code, one.reason) for one in records]
        await database.executemany("INSERT INTO rejects VALUES (?, ?, ?, ?, ?, ?, ?, 'rejected')", found)
        await database.commit()
    pages: list[int] = []
    shown = rejected_documents._shown

    def counted(file: RejectFile, page: Sequence[RejectRecord]) -> list[RejectedDocument]:
        pages.append(len(page))
        return shown(file, page)

    monkeypatch.setattr(rejected_documents, "_shown", counted)
    monkeypatch.setattr(rejected_documents, "PAGE", 10)
    listed = await read_rejects(home, run_id)
    assert (len(listed.documents), listed.total, pages) == (25, 25, [10, 10, 5])


async def test_a_dialog_over_the_history_reads_no_older_run_again_and_another_screen_does(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many_runs(home, WATCHED + 20)
    app = new_app(home)
    reads: list[int] = []
    older = app.feed.older

    async def counted(before: int) -> tuple[RunSummary, ...]:
        reads.append(before)
        return await older(before)

    monkeypatch.setattr(journal_feed, "PAGE", 10)
    monkeypatch.setattr(app.feed, "older", counted)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, WATCHED + 20)
        await until(pilot, lambda: reads == [21, 11, 1], "two pages, and that there is no third")
        await filtered(pilot, "run:0001")
        await until(pilot, shows(pilot, "1 of 120 runs"), "the one")
        await filtered(pilot, "")
        await until(pilot, shows(pilot, "120 of 120 runs"), "all")
        assert len(reads) == 3
        await app.push_screen(RunScreen(1))
        await until(pilot, shows(pilot, "undo log"), "the run")
        app.pop_screen()
        await until(pilot, lambda: len(reads) >= 6, "that they are read again")
        assert reads == [21, 11, 1] * 2


def test_what_is_measured_of_a_run_does_not_grow_with_the_looks_at_it() -> None:
    pace, sizes = RunPace(), []
    names = [f"c{place}" for place in range(30)]
    for look in range(1_500):
        state = {names[look // 50]: CollectionState.ACTIVE}
        collections = (
            one(name, state.get(name, CollectionState.WAITING), look if name in state else 0, 9_000) for name in names
        )
        pace.note(look / 2, record(RunState.EXECUTING, *collections))
        sizes.append(len(pickle.dumps(pace)))
    assert max(sizes[500:]) <= max(sizes[:500]) + 64, "figures have more digits, and nothing else"


def test_an_open_app_lets_garbage_be_looked_for_less_often_and_puts_that_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    before = gc.get_threshold()
    with few_collections():
        assert (frozen, gc.get_threshold()) == ([True], (NEW_OBJECTS, *before[1:]))
    assert gc.get_threshold() == before
