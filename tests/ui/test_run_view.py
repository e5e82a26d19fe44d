from dataclasses import replace
from datetime import UTC

import pytest
from rich.cells import cell_len

from tests.ui.driving import NOW, copy_plan, store_end
from tui_migrate.journal.records import CollectionProgress, CollectionState, Counts, Event, Failure, RunRecord
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.mapping.model import Filter, Scope
from tui_migrate.plan.model import Environment, PackageEnd, Plan, PlannedCollection, RunKind
from tui_migrate.ui.screens.base import environment_words
from tui_migrate.ui.screens.run_pace import RunPace
from tui_migrate.ui.screens.run_table import CollectionRows, size_pair
from tui_migrate.ui.screens.run_view import (
    bar_line,
    counts_lines,
    event_lines,
    figures_line,
    head_words,
    more_line,
    rounded_number,
    stages_line,
)
from tui_migrate.ui.widgets.table import Tone


def one(name: str, state: CollectionState, done: int, total: int, counts: Counts | None = None) -> CollectionProgress:
    return CollectionProgress(name, state, total, done, total * 1_050, done * 1_050, counts or Counts(inserted=done))


ORDERS = one("orders", CollectionState.ACTIVE, 1_128_310, 1_800_000, Counts(1_120_904, 394, 7_000, 12))
AUDIT = one("audit_log", CollectionState.WAITING, 0, 80_120)
USERS = one("users", CollectionState.DONE, 120_000, 120_000)
FAILURE = Failure("unreachable", "no answer", "check the line", 1)


def record(
    state: RunState = RunState.EXECUTING,
    *collections: CollectionProgress,
    stage: Stage = Stage.EXECUTE,
    kind: RunKind = RunKind.COPY,
    environment: Environment = Environment.STAGING,
) -> RunRecord:
    return RunRecord(
        id=42,
        kind=kind,
        state=state,
        stage=stage,
        plan="",
        source="prod/shop",
        target="staging/shop",
        environment=environment,
        created_at=NOW - 70,
        created_by="anna@bastion",
        description="",
        undo=True,
        writes_begun=True,
        attempt=1,
        started_at=NOW - 68,
        ended_at=None if state.is_active else NOW - 8,
        last_heard_at=NOW - 1,
        collections=collections or (ORDERS, AUDIT, USERS),
    )


def paced(run: RunRecord, rate: int = 18_450) -> RunPace:
    """A pace measured at a rate until this run."""
    pace = RunPace()
    for step in range(31):
        before = (30 - step) * rate // 2
        collections = tuple(
            replace(part, documents_done=part.documents_done - before) if part.name == "orders" else part
            for part in run.collections
        )
        pace.note(NOW - (30 - step) / 2, replace(run, collections=collections))
    return pace


def test_of_a_collection_that_is_done_no_bytes_are_left_over() -> None:
    retried = CollectionProgress("users", CollectionState.DONE, 2, 2, 279, 111, Counts(inserted=2))
    run = record(RunState.COMPLETED, retried, stage=Stage.COMMIT)
    assert "2 / 2 docs   111 / 111 Bytes" in figures_line(run, RunPace(), 80)
    assert CollectionRows().of(run, RunPace())[0].cells[2] == "111 / 111 Bytes"


def test_of_a_collection_that_is_done_no_documents_are_left_over() -> None:
    run = record(RunState.COMPLETED, one("notes", CollectionState.DONE, 1, 600), stage=Stage.COMMIT)
    part = replace(copy_plan(), scope=Scope(filters=(Filter("notes", "{}"),)))
    assert figures_line(run, RunPace(), 80, part).startswith(" 1 / 1 doc ")
    assert CollectionRows().of(run, RunPace())[0].cells[1] == "1 / 1"


def test_a_run_that_only_asks_has_a_mark_of_its_own() -> None:
    run = record(RunState.INTERRUPTED, USERS)
    assert "? execute" in stages_line(replace(run, failure=Failure("undecided", "3 wait", "decide", 5)))
    assert "~ execute" in stages_line(replace(run, failure=FAILURE))


def test_a_verification_says_how_many_documents_it_is_through_with() -> None:
    run = record(RunState.VERIFYING, USERS, stage=Stage.VERIFY)
    assert figures_line(run, RunPace(), 80, None, 61_000).endswith("   61,000 verified")
    assert "ETA" not in figures_line(run, RunPace(), 80, None, 61_000)


def test_what_is_written_stays_marked_while_it_is_prepared_again() -> None:
    run = record(RunState.PREPARING, USERS, stage=Stage.PREPARE)
    assert stages_line(run) == " ✓ validate   ● prepare   ✓ execute   ○ verify   ○ commit"
    run = record(RunState.PREPARING, USERS, AUDIT, stage=Stage.PREPARE)
    assert "○ execute" in stages_line(run)


def test_the_time_before_a_resume_has_no_pace() -> None:
    pace, begun = RunPace(), record(RunState.EXECUTING, one("users", CollectionState.ACTIVE, 0, 9_000))
    for second in range(5):
        run = replace(begun, collections=(one("users", CollectionState.ACTIVE, second * 100, 9_000),))
        pace.note(NOW + second, run)
    pace.note(NOW + 5, replace(run, state=RunState.INTERRUPTED))
    resumed = replace(begun, attempt=2, collections=(one("users", CollectionState.ACTIVE, 900, 9_000),))
    pace.note(NOW + 65, resumed)
    pace.note(NOW + 67, resumed)
    assert pace.history[-1] == 500, "what the new attempt did"
    assert set(pace.history[:-1]) == {0}, "and nothing while nobody was at work"


def test_a_run_looks_as_drawn() -> None:
    run = record()
    pace = paced(run)
    assert stages_line(run) == " ✓ validate   ✓ prepare   ● execute   ○ verify   ○ commit"
    assert bar_line(run, NOW, 80) == f" {'█' * 26}▊{'░' * 16}  62.4 %   elapsed 1m 08s"
    assert figures_line(run, pace, 80) == (" 1,248,310 / 2,000,120 docs   1.31 / 2.10 GB    18,450 docs/s   ETA ~45s")
    part = replace(copy_plan(), scope=Scope(filters=(Filter("orders", "{}"),)))
    assert figures_line(run, pace, 80, part).startswith(" 1,248,310 of at most 2,000,120 docs")
    first, second = counts_lines(run, pace, 1, 80)
    assert first.endswith(" limit none   inserted 1,240,904  replaced 394  unchanged 7,000")
    assert second == " " * 29 + "skipped 12  rejected 0  retried 1"
    assert max(map(cell_len, (first, second))) <= 80
    assert [row.cells for row in CollectionRows().of(run, pace)] == [
        ("● orders", "1,128,310 / 1,800,000", "1.18 / 1.89 GB", "0", "62 %", "18,450"),
        ("○ audit_log", "0 / 80,120", "0.0 / 84.1 MB", "0", "0 %", "—"),
        ("✓ users", "120,000 / 120,000", "126.0 / 126.0 MB", "0", "100 %", "—"),
    ]


@pytest.mark.parametrize(
    ("state", "stage", "line"),
    [
        (RunState.PLANNED, Stage.VALIDATE, "○ validate   ○ prepare   ○ execute   ○ verify   ○ commit"),
        (RunState.VALIDATING, Stage.VALIDATE, "● validate   ○ prepare   ○ execute   ○ verify   ○ commit"),
        (RunState.READY, Stage.VALIDATE, "✓ validate   ○ prepare   ○ execute   ○ verify   ○ commit"),
        (RunState.PAUSED, Stage.EXECUTE, "✓ validate   ✓ prepare   ‖ execute   ○ verify   ○ commit"),
        (RunState.INTERRUPTED, Stage.VERIFY, "✓ validate   ✓ prepare   ✓ execute   ~ verify   ○ commit"),
        (RunState.FAILED, Stage.PREPARE, "✓ validate   ✗ prepare   ○ execute   ○ verify   ○ commit"),
        (RunState.CANCELLED, Stage.EXECUTE, "✓ validate   ✓ prepare   ✗ execute   ○ verify   ○ commit"),
        (RunState.COMPLETED, Stage.COMMIT, "✓ validate   ✓ prepare   ✓ execute   ✓ verify   ✓ commit"),
        (RunState.COMPLETED_WITH_FINDINGS, Stage.COMMIT, "✓ validate   ✓ prepare   ✓ execute   ✓ verify   ✓ commit"),
        (RunState.ROLLED_BACK, Stage.EXECUTE, "✓ validate   ✓ prepare   ○ execute   ○ verify   ○ commit"),
    ],
)
def test_each_state_has_its_mark_at_its_stage(state: RunState, stage: Stage, line: str) -> None:
    assert stages_line(record(state, stage=stage)) == f" {line}"


def test_what_is_not_known_is_a_dash() -> None:
    assert figures_line(record(), RunPace(), 80).endswith("— docs/s   ETA —")
    paused = record(RunState.PAUSED)
    pace = paced(record())
    pace.note(NOW + 1, paused)
    assert figures_line(paused, pace, 80).endswith("— docs/s   ETA —")
    planned = replace(record(RunState.PLANNED), started_at=None)
    assert bar_line(planned, NOW, 80).endswith("took —")


def test_a_run_that_has_ended_shows_its_mean_rate_but_not_across_attempts() -> None:
    done = record(RunState.COMPLETED, one("users", CollectionState.DONE, 600, 600), stage=Stage.COMMIT)
    assert figures_line(done, RunPace(), 80) == " 600 / 600 docs   630.0 / 630.0 kB    10 docs/s on average"
    assert "average" not in figures_line(replace(done, attempt=2), RunPace(), 80)
    assert bar_line(done, NOW, 80).endswith("100.0 %   took 1m 00s")


def test_an_interrupted_run_took_as_long_as_its_worker_was_heard() -> None:
    gone = replace(record(RunState.INTERRUPTED), ended_at=None)
    assert bar_line(gone, NOW + 10_000, 80).endswith("took 1m 07s")


def test_it_is_never_at_the_end_before_every_collection_is() -> None:
    over = record(RunState.EXECUTING, one("users", CollectionState.ACTIVE, 120, 100))
    assert " 99.9 %" in bar_line(over, NOW, 80)
    assert CollectionRows().of(over, RunPace())[0].cells[4] == "99 %"


def test_a_rollback_has_its_own_counts_and_knows_its_collections_by_them() -> None:
    run = record(
        RunState.EXECUTING,
        one("a", CollectionState.WAITING, 0, 5, Counts()),
        one("b", CollectionState.WAITING, 3, 9, Counts(restored=2, deleted=1)),
        one("c", CollectionState.WAITING, 4, 4, Counts(spared=1, deleted=3)),
        kind=RunKind.ROLLBACK,
    )
    first, second = counts_lines(run, RunPace(), 0, 80)
    assert first.endswith("restored 2  deleted 4  kept 1")
    assert second.strip() == "retried 0"
    assert [row.cells[0] for row in CollectionRows().of(run, RunPace())] == ["● b", "! c", "○ a"]


def test_what_a_collection_was_thought_to_have_is_not_said_once_it_is_done() -> None:
    removed = CollectionProgress("junk", CollectionState.DONE, 1, 0, 10, 0, Counts(deleted=1))
    part = CollectionProgress("users", CollectionState.DONE, 600, 1, 10, 10, Counts(inserted=1))
    run = record(RunState.COMPLETED, removed, part, stage=Stage.COMMIT)
    scoped = replace(copy_plan(), scope=Scope(filters=(Filter("users", "{}"),)))
    assert figures_line(run, RunPace(), 80, scoped).startswith(" 1 / 1 doc ")
    assert [row.cells[1] for row in CollectionRows().of(run, RunPace())] == ["1 deleted", "1 / 1"]


def test_a_line_of_the_log_that_is_too_long_keeps_both_its_ends() -> None:
    (line,) = event_lines([Event(1, 42, 51_131.0, "note", f"{'long_' * 20}name: starting")], UTC, 80)
    assert cell_len(line) == 80
    assert line.startswith(" 14:12:11  long_long")
    assert line.endswith("name: starting")


def test_an_export_counts_what_it_has_written_and_has_no_target_in_production() -> None:
    plan = Plan(
        RunKind.EXPORT,
        store_end("prod", Environment.PRODUCTION),
        PackageEnd("/backups/shop"),
        (PlannedCollection("users"),),
    )
    run = replace(record(kind=RunKind.EXPORT, environment=Environment.PRODUCTION), target="/backups/shop")
    first, _ = counts_lines(run, RunPace(), 0, 80, plan)
    assert first.endswith("written 1,248,310")
    assert head_words(run, plan, 81) == ("run 0042   export   prod/shop → /backups/shop", None, "SOURCE: PRODUCTION")


def test_the_head_names_a_backup_by_its_name() -> None:
    made = replace(record(kind=RunKind.EXPORT), target="/backups/of/the/shop.tar", backup="before-my-change")
    assert head_words(made, None, 80)[0] == "run 0042   backup   prod/shop → before-my-change"
    read = replace(record(kind=RunKind.IMPORT), source="/backups/of/the/shop.tar", backup="before-my-change")
    assert head_words(read, None, 80)[0] == "run 0042   restore   before-my-change → staging/shop"


def test_no_number_is_cut_however_large_they_are() -> None:
    run = record(RunState.EXECUTING, one("a", CollectionState.ACTIVE, 20, 40, Counts(12_345_678, 1_234_567, 7_654_321)))
    first, second = counts_lines(run, paced(run), 0, 80)
    assert first == " limit none  inserted 12,345,678  replaced 1,234,567  unchanged 7,654,321"
    assert second == " " * 29 + "skipped 0  rejected 0  retried 0"
    assert counts_lines(run, paced(run), 0, 120)[0].endswith("limit none   " + first.removeprefix(" limit none  "))
    many = Counts(123_456_789_012, 98_765_432, 87_654_321, 76_543_210, 65_432_109, deleted=54_321_098)
    run = replace(record(RunState.EXECUTING, one("a", CollectionState.ACTIVE, 1, 2, many)), parallel=3)
    first, second = counts_lines(replace(run, rate_limit=500_000), RunPace(), 0, 80, copy_plan())
    assert first == " limit 500,000/s  inserted 123 G  replaced 98 M  unchanged 87 M"
    assert second == " SOURCE: PRODUCTION  3 at once deleted 54 M skipped 76 M rejected 65 M retried 0"
    assert counts_lines(run, RunPace(), 0, 60, copy_plan())[1].endswith("…")


def test_a_rounded_number_says_no_more_than_there_is() -> None:
    shown = [rounded_number(one) for one in (0, 999_999, 1_000_000, 1_999_999, 99_999_999, 999_999_999, 10**9, 10**13)]
    assert shown == ["0", "999,999", "1.0 M", "1.9 M", "99 M", "999 M", "1.0 G", "10,000 G"]


def test_the_head_names_a_target_in_production_and_the_lines_a_source_there() -> None:
    plan = copy_plan()
    staging = record()
    assert head_words(staging, plan, 80) == ("run 0042   copy   prod/shop → staging/shop", None, "STAGING")
    assert counts_lines(staging, RunPace(), 0, 80, plan)[1].startswith(" SOURCE: PRODUCTION  ")
    live = replace(record(environment=Environment.PRODUCTION), target="live/shop")
    to_production = copy_plan(store_end("staging"), store_end("live", Environment.PRODUCTION))
    assert head_words(live, to_production, 80)[1:] == (Environment.PRODUCTION, "live")
    assert counts_lines(live, RunPace(), 0, 80, to_production)[1].startswith("  ")


def test_of_a_long_head_only_the_ends_are_cut() -> None:
    url = replace(
        store_end("", Environment.PRODUCTION), connection="", url="mongodb://u@db1.example:27017/shop?tls=true"
    )
    run = replace(record(environment=Environment.PRODUCTION), source="prod/shop", target=url.label)
    wide, environment, right = head_words(run, copy_plan(target=url), 120)
    assert wide == "run 0042   copy   prod/shop → db1.example:27017/shop"
    assert (environment, right) == (Environment.PRODUCTION, "db1.example:27017")
    left = head_words(run, copy_plan(target=url), 80)[0]
    assert left == "run 0042   copy   prod…shop"
    words = environment_words(Environment.PRODUCTION, right)
    assert cell_len(f" tui-migrate   {left}   {words}") <= 80


def test_collections_come_by_what_they_need_of_the_operator() -> None:
    run = record(
        RunState.FAILED,
        one("done", CollectionState.DONE, 5, 5),
        one("waiting", CollectionState.WAITING, 0, 5),
        one("refused", CollectionState.DONE, 5, 5, Counts(inserted=3, rejected=2)),
        one("broken", CollectionState.ACTIVE, 2, 5),
    )
    rows = CollectionRows().of(run, RunPace())
    assert [row.cells[0] for row in rows] == ["✗ broken", "! refused", "○ waiting", "✓ done"]
    assert [row.tone for row in rows] == [Tone.BAD, Tone.WARN, Tone.DIM, Tone.GOOD]


def test_what_there_is_no_room_for_is_counted() -> None:
    assert more_line(200, 12, 80) == " ─── +188 more " + "─" * 64
    assert set(more_line(12, 12, 80)) == {" ", "─"}
    assert cell_len(more_line(200, 12, 80)) == cell_len(more_line(1, 12, 80)) == 79
    assert more_line(5, 1, 0)


@pytest.mark.parametrize(
    ("done", "total", "words"),
    [
        (0, 0, ""),
        (5, 999, "5 / 999 Bytes"),
        (1_310_000_000, 2_100_000_000, "1.31 / 2.10 GB"),
        (1_500, 0, "1.5 kB"),
        (0, 2_500_000, "0.0 / 2.5 MB"),
        (10**13, 2 * 10**13, "10.00 / 20.00 TB"),
    ],
)
def test_sizes_share_a_unit(done: int, total: int, words: str) -> None:
    assert size_pair(done, total) == words


def test_names_and_lines_from_outside_are_shown_as_they_are_not_as_what_they_do() -> None:
    hostile = "a[red]\x1b[2J\u202e漢"
    run = record(RunState.EXECUTING, one(hostile, CollectionState.ACTIVE, 1, 5))
    row = CollectionRows().of(run, RunPace())[0]
    assert row.key == hostile
    assert row.cells[0] == "● a[red]\\x1b[2J\\u202e漢"
    assert event_lines([Event(1, 42, 51_131.0, "note", hostile)], UTC) == [" 14:12:11  a[red]\\x1b[2J\\u202e漢"]


def test_only_the_row_that_changed_is_another_one() -> None:
    run = record()
    later = replace(run, collections=(replace(ORDERS, documents_done=ORDERS.documents_done + 1_000), AUDIT, USERS))
    pairs = zip(CollectionRows().of(run, RunPace()), CollectionRows().of(later, RunPace()), strict=True)
    assert [before == after for before, after in pairs] == [False, True, True]
