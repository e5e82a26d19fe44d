from dataclasses import replace

import pytest

from tests.ui.driving import NOW
from tests.ui.test_run_view import FAILURE, USERS, record
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.hindrance import Hindrance, hindrance_line
from tui_migrate.journal.records import (
    Control,
    ControlStatus,
    Event,
    Failure,
    RunRecord,
    RunSummary,
    Sample,
    Wish,
)
from tui_migrate.journal.retries import retry_line
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import RunKind
from tui_migrate.ui.keymap import USUAL
from tui_migrate.ui.run_rows import run_row
from tui_migrate.ui.screens.run_view import clock_time
from tui_migrate.ui.screens.run_words import ANSWER_SECONDS, last_request, status, wanted_value, wish_under_way
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.table import Tone

PENDING, ACCEPTED, REFUSED, SUPERSEDED = ControlStatus


def asked(
    number: int,
    wish: Wish,
    status: ControlStatus = PENDING,
    by: str = "anna@bastion",
    value: int = 0,
    answer: str = "",
) -> Control:
    return Control(number, 42, wish, value, by, NOW - 2, RunState.EXECUTING, status, answer)


def said(run: RunRecord, *controls: Control, at: float = NOW) -> str:
    return "\n".join(status(Snapshot(Subject(run_id=42), at, run=run, controls=controls), USUAL)[0])


def tone(run: RunRecord) -> Tone:
    return status(Snapshot(Subject(run_id=42), NOW, run=run), USUAL)[1]


def test_a_run_that_goes_well_says_nothing() -> None:
    assert said(record()) == ""
    assert tone(record()) is Tone.PLAIN


@pytest.mark.parametrize("answer", [PENDING, ACCEPTED])
@pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.CANCEL, Wish.STOP])
def test_a_request_is_under_way_until_the_batch_is_done(wish: Wish, answer: ControlStatus) -> None:
    words = f" {wish} asked by anna@bastion, worker finishing its batch"
    assert said(record(), asked(1, wish, answer)) == words


def test_a_paused_run_says_who_wanted_it_and_what_goes_on() -> None:
    run = record(RunState.PAUSED)
    assert said(run, asked(1, Wish.PAUSE, ACCEPTED)) == " ‖ paused by anna@bastion: p lets it go on, c ends it for good"
    both = (asked(1, Wish.PAUSE, ACCEPTED), asked(2, Wish.RESUME, PENDING, "bob@laptop"))
    assert said(run, *both) == " resume asked by bob@laptop, worker about to go on"
    assert wish_under_way((*both[:1], asked(2, Wish.RESUME, ACCEPTED)), RunState.EXECUTING) is None


def test_a_run_that_waits_for_an_end_says_for_which_since_when_and_which_try() -> None:
    fault = "live (127.0.0.1:1) does not answer (connecting): connection refused"
    lines = [retry_line(fault, 0.5, 1, 8), hindrance_line(Hindrance.TARGET, 0.9), retry_line(fault, 1.0, 2, 8)]
    events = tuple(Event(place, 42, NOW - 20 + 5 * place, "warning", line) for place, line in enumerate(lines))
    look = Snapshot(Subject(run_id=42), NOW, run=record(), events=events)
    words = f" ! waiting since {clock_time(NOW - 20)}, for 20s by now, try 2 of 8: {fault}"
    assert status(look, USUAL) == ([words], Tone.WARN)
    later = Event(9, 42, NOW - 1, "note", "users: starting")
    grown = (Sample(1, NOW - 30, 10, 100), Sample(1, NOW - 1, 20, 200))
    gone_on = (replace(look, events=(*events, later)), replace(look, samples=grown))
    for one in (*gone_on, replace(look, taken_at=NOW + ANSWER_SECONDS, run=replace(record(), last_heard_at=None))):
        assert status(one, USUAL)[0] == []
    assert status(replace(look, run=record(RunState.PAUSED)), USUAL)[0][0].startswith(" ‖ paused")


def test_checks_that_take_long_name_the_ends_that_they_ask() -> None:
    run = replace(record(RunState.VALIDATING), started_at=NOW - 12)
    assert said(run) == " ● the checks ask both ends, for 12s by now: prod/shop → staging/shop"
    assert said(replace(run, started_at=NOW - 4)) == ""


def test_a_request_that_took_the_place_of_another_names_whose() -> None:
    controls = (asked(1, Wish.PAUSE, SUPERSEDED), asked(2, Wish.RESUME, PENDING, "bob@laptop"))
    assert said(record(), *controls).endswith("worker about to go on (instead of the pause of anna@bastion)")
    mine = (asked(1, Wish.PAUSE, SUPERSEDED), asked(2, Wish.RESUME, PENDING))
    assert "instead" not in said(record(), *mine)


def test_a_request_that_was_refused_says_why_for_a_while() -> None:
    control = asked(1, Wish.PAUSE, REFUSED, answer="the run is ending")
    assert said(record(), control) == " pause asked by anna@bastion was refused: the run is ending"
    assert said(replace(record(), last_heard_at=NOW + 99), control, at=NOW + 100) == ""


def test_a_request_that_came_too_late_is_told_of_the_run_that_has_ended() -> None:
    control = asked(1, Wish.CANCEL, REFUSED, answer="too late: the run is completed")
    assert "cancel asked by anna@bastion was refused: too late" in said(record(RunState.COMPLETED), control)


def test_a_limit_that_was_asked_for_counts_before_it_is_answered() -> None:
    assert wanted_value((), Wish.RATE, 5_000) == 5_000
    assert wanted_value((asked(1, Wish.RATE, value=100),), Wish.RATE, 5_000) == 100
    assert wanted_value((asked(1, Wish.RATE, value=100),), Wish.PARALLEL, 2) == 2
    assert wanted_value((asked(1, Wish.RATE, ACCEPTED, value=100),), Wish.RATE, 5_000) == 5_000
    assert last_request((asked(1, Wish.RATE), asked(2, Wish.PAUSE)), Wish.RATE) == 1


def test_a_worker_that_is_not_heard_of_is_said_after_five_seconds() -> None:
    assert said(replace(record(), last_heard_at=NOW - 5)) == ""
    assert said(replace(record(), last_heard_at=NOW - 8)) == " ! worker last heard 8 s ago"
    assert tone(replace(record(), last_heard_at=NOW - 8)) is Tone.WARN


@pytest.mark.parametrize(
    ("state", "words", "keys"),
    [
        (RunState.PLANNED, " ○ planned, not started", "u starts it"),
        (RunState.COMPLETED, " ✓ completed: 1,248,310 documents of 3 collections in 1m 00s", "r shows"),
        (RunState.COMPLETED_WITH_FINDINGS, " ! completed with findings: ", "r shows"),
        (RunState.FAILED, " ✗ failed: no answer", "u resumes it"),
        (RunState.INTERRUPTED, " ~ interrupted: no answer", "u resumes it"),
        (RunState.CANCELLED, " ✗ cancelled: what it wrote stays", "r shows"),
    ],
)
def test_a_run_that_has_ended_says_how_and_what_next(state: RunState, words: str, keys: str) -> None:
    failed = state in (RunState.FAILED, RunState.INTERRUPTED)
    run = replace(record(state, stage=Stage.EXECUTE), failure=FAILURE if failed else None)
    text = said(run)
    assert text.startswith(words)
    assert keys in text
    assert ("→ check the line" in text) is failed


def test_a_hint_for_the_command_line_is_left_out() -> None:
    failure = replace(FAILURE, hint="tui-migrate resume 42")
    assert "tui-migrate" not in said(replace(record(RunState.INTERRUPTED), failure=failure))


def test_a_run_that_was_given_up_has_no_advice_of_its_failure() -> None:
    text = said(replace(record(RunState.CANCELLED), failure=FAILURE))
    assert text.startswith(" ✗ cancelled: what it wrote stays\n   next: ")
    assert "→" not in text


def test_a_run_that_asks_has_neither_failed_nor_been_interrupted() -> None:
    failure = Failure("undecided", "20 documents wait for your decision: both ends have them", "decide", 5)
    run = replace(record(RunState.INTERRUPTED), failure=failure, undecided=1)
    assert said(run).startswith(" ? 1 document waits for your decision: both ends have them, and they differ")
    assert "next: Q lists what waits for your decision;" in said(run)
    assert not [word for word in ("interrupted", "failed", "→", "u resumes") if word in said(run)]
    decided = said(replace(run, undecided=0))
    assert decided.startswith(" ? all that it asked about is decided, and waits to be written")
    assert "next: u has a worker write what is decided, with undo;" in decided


def test_one_document_is_one() -> None:
    one = replace(record(RunState.COMPLETED), collections=(replace(USERS, documents_done=1),))
    assert said(one).startswith(" ✓ completed: 1 document of 1 collection in")


def test_a_worker_that_is_gone_is_an_interrupted_run() -> None:
    assert said(replace(record(RunState.INTERRUPTED), failure=None)).startswith(" ~ interrupted: its worker is gone")


def test_a_run_that_was_rolled_back_names_by_which() -> None:
    run = replace(record(RunState.ROLLED_BACK), rolled_back_by=43)
    assert said(run) == " ↶ rolled back by run 0043\n   next: l shows what it did; esc goes back"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RunState.EXECUTING, "being rolled back by run 0043"),
        (RunState.PLANNED, "to be rolled back by run 0043, which is not started"),
        (RunState.PAUSED, "rolled back in part: run 0043, which does so, is paused"),
        (RunState.INTERRUPTED, "rolled back in part: run 0043, which does so, is interrupted"),
        (RunState.FAILED, "rolled back in part: run 0043, which does so, has failed"),
    ],
)
def test_a_run_that_is_being_rolled_back_says_so_first_and_leads_there(state: RunState, words: str) -> None:
    for own in (RunState.COMPLETED, RunState.FAILED):
        run = replace(record(own), rollback_run=43, rollback_state=state)
        lines = said(run).splitlines()
        assert lines[0] == f" ! {words}"
        assert lines[1].startswith(f"   before that: {'✓ completed' if own is RunState.COMPLETED else '✗ failed'}")
        assert "next: r shows run 0043" in lines[-1]
        assert "u resumes" not in lines[-1]
        assert tone(run) is Tone.WARN


def test_a_run_that_a_cancelled_rollback_left_half_taken_back_says_so_first_and_what_to_do() -> None:
    run = replace(record(RunState.COMPLETED), part_undone_by=43)
    lines = said(run).splitlines()
    assert lines[0] == " ! rolled back in part: run 0043, which did so, was cancelled"
    assert lines[1].startswith("   before that: ✓ completed")
    assert "next: r shows what rolling back the rest would do" in lines[-1]
    assert tone(run) is Tone.WARN
    row = run_row(RunSummary(run, 1), NOW, "Q")
    assert (row.cells[1], row.tone) == ("! part undone", Tone.WARN)
    assert (row.name or "").startswith("rolled back in part: run 0043, which did so, was cancelled · ")


def test_a_rollback_that_was_cancelled_says_what_stays_and_leads_to_its_run() -> None:
    run = replace(record(RunState.CANCELLED, kind=RunKind.ROLLBACK), rollback_of=41)
    assert said(run).startswith(" ✗ cancelled: what it took back stays taken back; the rest was left")
    assert "next: r shows run 0041, where the rest can be rolled back" in said(run)
    early = said(replace(run, writes_begun=False))
    assert early.startswith(" ✗ cancelled: nothing was taken back\n")
    assert "r shows run 0041, where it can be rolled back" in early


def test_a_rollback_says_what_is_taken_back_and_offers_no_rollback_of_its_own() -> None:
    run = replace(record(RunState.COMPLETED, kind=RunKind.ROLLBACK), rollback_of=41)
    assert "run 0041 is taken back" in said(run)
    assert "r shows" not in said(run)
    assert said(run).endswith("next: l shows what it did; esc goes back")


def test_a_finished_backup_is_restored_by_a_key_and_no_other_export_is() -> None:
    run = replace(record(RunState.COMPLETED, kind=RunKind.EXPORT), backup="shop-1")
    assert "next: Z restores it; esc goes back" in said(run)
    assert "Z restores" not in said(replace(run, backup=""))
    assert "Z restores" not in said(replace(run, state=RunState.INTERRUPTED))
    assert "Z restores" not in said(replace(run, kind=RunKind.IMPORT))


def test_what_was_refused_and_written_again_names_by_which_run() -> None:
    run = replace(record(RunState.COMPLETED_WITH_FINDINGS), retried_by=43, retried_whole=True)
    refused = f"; {run.counts.rejected} refused, "
    assert f"{refused}written by run 0043" in said(run)
    assert f"{refused}tried again by run 0043, which ended with findings" in said(replace(run, retried_whole=False))


def test_findings_are_counted_and_their_key_is_named() -> None:
    finding = Finding(Severity.WARNING, "spared", "users", "changed meanwhile")
    run = record(RunState.COMPLETED_WITH_FINDINGS)
    assert "e shows its 1 warning;" in said(replace(run, findings=(finding,)))
    more = (*(replace(finding, severity=one) for one in Severity), finding)
    assert "e shows its 1 error, 2 warnings and 1 note;" in said(replace(run, findings=more))
    assert "e shows what it found, 200 and more;" in said(replace(run, findings=(finding,) * 200))
