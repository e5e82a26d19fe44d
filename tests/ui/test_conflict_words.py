"""What is said of a queue of conflicts: how many each choice is about, and of which document the log speaks."""

from collections import Counter
from dataclasses import replace

from tests.ui.conflict_scene import IDS, conflicts_of, waiting_run
from tests.ui.test_run_view import record
from tui_migrate.journal.conflict_reading import Alike
from tui_migrate.journal.decisions import decide_conflicts
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ConflictState
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.ui.conflict_words import queue_sentences, reaches
from tui_migrate.ui.keymap import USUAL

ONE = conflicts_of(IDS)[0]


def counts(opened: int, decided: int = 0) -> Counter[ConflictState]:
    return Counter({ConflictState.OPEN: opened, ConflictState.KEEP: decided})


def test_each_choice_says_how_many_it_is_about_and_none_stands_there_twice() -> None:
    assert [one.words for one in reaches(Alike(counts(12), counts(31), counts(41)))] == [
        "12 with the same fields",
        "31 of this collection",
        "41 of all collections",
    ]
    assert [one.words for one in reaches(Alike(counts(3), counts(3), counts(3)))] == ["3 with the same fields"]


def test_where_nothing_is_open_it_is_not_asked_to_decide() -> None:
    run = record(RunState.EXECUTING)
    assert " Next: decide; the worker writes" in queue_sentences(replace(run, undecided=2), 0, 2, 2, USUAL)[-1]
    assert queue_sentences(run, 2, 2, 2, USUAL)[-1].startswith(" The worker writes what is decided")
    assert queue_sentences(run, 0, 2, 2, USUAL)[-1] == " Next: esc goes back; the run goes on."


def test_what_is_decided_is_offered_where_there_is_any() -> None:
    found = reaches(Alike(counts(0), counts(2), counts(9, 1)))
    assert [(one.count, one.words, one.overrules) for one in found] == [
        (2, "2 of this collection", False),
        (9, "9 of all collections", False),
        (10, "10 of all collections, decided too", True),
    ]
    assert [(one.is_of_collection, one.is_like) for one in found] == [(True, False), (False, False), (False, False)]
    assert reaches(Alike(counts(0), counts(0), counts(0))) == []


async def test_a_queue_is_counted_by_what_is_like_one_of_it(home: Home) -> None:
    run_id = await waiting_run(home, [*conflicts_of(IDS), *conflicts_of(IDS[:2], "users")], decided=1)
    reader = await JournalReader.open(home.journal)
    try:
        alike = await reader.count_alike(run_id, "orders", ONE.fields)
    finally:
        await reader.close()
    assert alike.fields == {ConflictState.REPLACE: 1, ConflictState.OPEN: 1}
    assert (alike.collection.total(), alike.run.total()) == (5, 7)


async def test_the_log_says_of_which_document_or_of_which_collection_a_decision_is(home: Home) -> None:
    run_id = await waiting_run(home, conflicts_of(IDS), decided=1)
    journal = await JournalWriter.open(home.journal)
    try:
        await decide_conflicts(
            journal, run_id, ConflictState.KEEP, "anna@bastion", collection="orders", overrules=False
        )
    finally:
        await journal.close()
    reader = await JournalReader.open(home.journal)
    try:
        said = [one.message for one in await reader.last_events(run_id, 2)]
    finally:
        await reader.close()
    assert said == [
        "1 conflict, number 1 of orders: take the source's, decided by anna@bastion",
        "4 conflicts of orders: keep the target's, decided by anna@bastion",
    ]
