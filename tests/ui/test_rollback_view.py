from dataclasses import replace

from tests.ui.driving import NOW
from tests.ui.test_run_view import one, record
from tui_migrate.journal.records import CollectionState, Counts, RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.ui.changes import Changes
from tui_migrate.ui.keymap import USUAL
from tui_migrate.ui.look import Fault, LookState
from tui_migrate.ui.screens.rollback_choices import later_words
from tui_migrate.ui.screens.rollback_view import CollectionRows, RollbackLook, next_line, planned, rows, sentences
from tui_migrate.ui.widgets.table import Tone
from tui_migrate.worker.rollback_preview import KeptDocument, Reason, RollbackPreview, Tally, Wanted
from tui_migrate.worker.undo_summary import UndoSummary

UNDO = UndoSummary(
    12_300_000,
    collections=frozenset(("orders",)),
    views=frozenset(("grown",)),
    indexes=frozenset((("users", "by_age"), ("users", "by_name"))),
)


def done() -> RunRecord:
    return record(
        RunState.COMPLETED,
        one("users", CollectionState.DONE, 1_300, 1_300, Counts(inserted=1_204, replaced=37, unchanged=59)),
        one("orders", CollectionState.DONE, 1, 1, Counts(inserted=1, assumed_ours=1)),
        one("grown", CollectionState.DONE, 0, 0, Counts()),
        one("same", CollectionState.DONE, 9, 9, Counts(unchanged=9)),
    )


def text(look: RollbackLook | None, run: RunRecord | None = None) -> str:
    return "\n".join(sentences(run or done(), look, USUAL))


def test_the_preview_counts_what_is_deleted_and_put_back() -> None:
    words = text(RollbackLook(undo=UNDO))
    assert "deletes 1,205 documents from staging/shop and puts 37 documents back" in words
    assert "stays as it is, and becomes a finding" in words
    assert "1 of those to be deleted was found after a crash" in words
    assert "1 collection (orders); 1 view (grown); 2 indexes (users.by_age, users.by_name)" in words
    assert "undo log has 12.3 MB" in words


def test_what_a_cancelled_rollback_has_taken_back_by_now_is_said() -> None:
    words = text(RollbackLook(undo=UNDO), replace(done(), part_undone_by=43))
    said = "! Run 0043, which was cancelled, has taken a part of that back already: this goes on with the rest."
    assert said in " ".join(words.split())
    assert "a part of that" not in text(RollbackLook(undo=UNDO))


def test_what_a_mirror_deleted_is_put_back_too() -> None:
    run = record(
        RunState.COMPLETED, one("users", CollectionState.DONE, 9, 9, Counts(inserted=2, replaced=3, deleted=4))
    )
    assert "deletes 2 documents from staging/shop and puts 7 documents back" in text(RollbackLook(undo=UNDO), run)
    assert rows(run, RollbackLook(undo=UNDO))[0].cells[1:3] == ("2", "7")


def test_collections_say_what_goes() -> None:
    found = rows(done(), RollbackLook(undo=UNDO))
    assert [row.cells for row in found] == [
        ("users", "1,204", "37", "—", "2 indexes"),
        ("orders", "1", "0", "—", "collection, if empty"),
        ("grown", "0", "0", "—", "the view"),
        ("same", "0", "0", "—", ""),
    ]
    assert [row.tone for row in found] == [Tone.PLAIN, Tone.PLAIN, Tone.PLAIN, Tone.DIM]
    assert rows(done(), None)[0].cells[4] == "…"


def test_later_runs_are_named() -> None:
    words = text(RollbackLook(later=(44, 46), undo=UNDO))
    later = (
        "! Runs 0044 and 0046 wrote to the same collections later: what they changed stays. Roll back 0046, then 0044"
    )
    assert f"{later}, first: r shows what that would do." in " ".join(words.split())
    only = " ".join(text(RollbackLook(later=(44,), undo=UNDO)).split())
    assert "! Run 0044 wrote to the same collections later: what it changed stays. Roll back 0044 first: r" in only
    many = later_words(range(50, 57))
    assert many[0].startswith("Runs 0050, 0051, 0052, 0053 and 3 more wrote")
    assert many[1] == "To take everything back: roll back 0056, then 0055, then 0054, then 0053, and so on, first."


def test_many_names_are_cut() -> None:
    undo = UndoSummary(9, collections=frozenset(f"c{number}" for number in range(9)))
    assert "9 collections (c0, c1, c2, c3, c4 and 4 more)" in text(RollbackLook(undo=undo))
    assert "created no collection, view or index" in text(RollbackLook(undo=UndoSummary(9)))


def test_a_long_name_is_cut_in_its_middle_not_broken() -> None:
    long = "a_very_long_collection_name_that_nobody_should_ever_have_chosen_at_3_am"
    undo = UndoSummary(9, collections=frozenset((long,)))
    assert "1 collection (a_very_long_collecti…have_chosen_at_3_am)" in text(RollbackLook(undo=undo))


def test_names_cannot_act_on_the_terminal() -> None:
    hostile = "a\x1b[2J"
    run = replace(done(), collections=(one(hostile, CollectionState.DONE, 1, 1),))
    assert rows(run, None)[0].cells[0] == "a\\x1b[2J"
    assert "\x1b" not in text(RollbackLook(undo=UndoSummary(9, collections=frozenset((hostile,)))), run)


def test_the_last_line_says_what_comes_next_or_why_nothing_does() -> None:
    run = done()
    assert "Looking at" in next_line(run, None, 0, USUAL)
    assert next_line(run, RollbackLook(), 2, USUAL).startswith(" Reading the undo log… s starts")
    assert "log, waiting for 7s… s" in next_line(run, RollbackLook(), 7.2, USUAL)
    assert "log, waiting for 7s… esc" in next_line(run, None, 7.2, USUAL)
    assert (
        next_line(run, RollbackLook(undo=UNDO), 0, USUAL)
        == " Next: s starts the rollback; x first counts what others have changed."
    )
    assert "cannot be rolled back; ctrl+r" in next_line(run, RollbackLook(fault=Fault("it is gone")), 0, USUAL)
    assert next_line(None, None, 0, USUAL) == " esc goes back."


def test_what_cannot_be_rolled_back_promises_nothing() -> None:
    look = RollbackLook(fault=Fault("its undo log is gone"))
    assert text(look) == " To roll back: run 0042 (copy prod/shop → staging/shop)"
    assert rows(done(), look)[1].cells[4] == ""


def counted(**tallies: Tally) -> Changes:
    kept = sum(one.kept for one in tallies.values())
    some = (KeptDocument("users", "1", Wanted.DELETE, Reason.CHANGED, 8, 0),) * kept
    return Changes(LookState.DONE, NOW, RollbackPreview(1_242, tallies, some))


def test_rows_are_made_anew_only_where_they_say_something_else() -> None:
    run, look, made = done(), RollbackLook(undo=UNDO), CollectionRows()
    first = made.of(run, look, None)
    assert made.of(replace(run, undecided=1), replace(look, later=(44,)), None) is first
    changes = counted(users=Tally(delete=1_200, kept=7))
    assert made.of(run, look, replace(changes, state=LookState.READING)) is first
    now = replace(run, collections=(one("users", CollectionState.DONE, 5, 5, Counts(inserted=5)),))
    for seen in (
        (now, look, None),
        (run, None, None),
        (run, RollbackLook(Fault("no", "")), None),
        (run, look, changes),
    ):
        assert made.of(*seen) == rows(*seen) != first


def test_what_was_counted_takes_the_place_of_what_the_record_has() -> None:
    run, look = done(), RollbackLook(undo=UNDO)
    changes = counted(users=Tally(delete=1_200, restore=30, already=4, kept=7), orders=Tally(delete=1))
    words = "\n".join(sentences(run, look, USUAL, changes))
    assert "deletes 1,201 documents from staging/shop and puts 30 documents back" in words
    assert (
        "! 7 documents are kept, because others changed or deleted them since (counted 2026-09-21 14:13 UTC)" in words
    )
    assert "4 documents are as before the run already" in words
    found = rows(run, look, changes)
    assert [row.cells[:4] for row in found[:2]] == [("users", "1,200", "30", "7"), ("orders", "1", "0", "0")]
    assert [row.tone for row in found] == [Tone.WARN, Tone.PLAIN, Tone.PLAIN, Tone.DIM]
    assert "enter lists the documents, kept ones first. x counts again" in next_line(run, look, 0, USUAL, changes)
    assert planned(run, changes).restore == 30
    assert planned(run, None).restore == 37


def test_collections_that_are_not_undone_one_by_one_are_named() -> None:
    words = "\n".join(sentences(done(), RollbackLook(undo=UNDO), USUAL, counted(log=Tally(whole=9))))
    assert "! 9 documents in 1 collection (log) are not undone one by one" in words
    assert "No later change by others stands in its way (counted" in words


def test_a_count_under_way_says_how_far_it_is_and_how_to_stop_it() -> None:
    look, counting = RollbackLook(undo=UNDO), replace(counted(users=Tally(delete=90, kept=3)), state=LookState.READING)
    assert "93 of 1,242 documents, 3 kept… esc stops" in next_line(done(), look, 0, USUAL, counting)
    assert "esc stops" in next_line(done(), look, 0, USUAL, Changes(LookState.CONNECTING, NOW))
    assert "93 of 1,242, waiting for 8s… esc stops" in next_line(done(), look, 8, USUAL, counting)
    assert "target, waiting for 8s… esc" in next_line(done(), look, 8, USUAL, Changes(LookState.CONNECTING, NOW))
    assert "deletes 1,205 documents" in "\n".join(sentences(done(), look, USUAL, counting))
    failed = Changes(LookState.FAILED, NOW, fault=Fault("gone"))
    assert "x tries again" in next_line(done(), look, 0, USUAL, failed)


def test_no_line_of_what_comes_next_is_wider_than_the_screen() -> None:
    large = Tally(delete=10**9 - 10**8, kept=10**7)
    many = replace(counted(), preview=RollbackPreview(10**9, {"users": large}))
    for state in LookState:
        for undo in (UNDO, None):
            assert len(next_line(done(), RollbackLook(undo=undo), 3_600, USUAL, replace(many, state=state))) <= 80
