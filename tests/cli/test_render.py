import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.runs import collection, run
from tui_migrate.cli.render import percentage, run_form, time_form
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import CollectionState, Counts, Failure
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind


def test_the_form_of_a_run() -> None:
    shown = run(
        RunState.EXECUTING,
        collection("users", CollectionState.DONE, 10, 10, Counts(7, 1, 1, 1)),
        collection("families", CollectionState.ACTIVE, 2, 8),
        last_heard_at=1_769_860_802.5,
        worker_pid=17,
        findings=(Finding(Severity.WARNING, "options_differ", "users", "they stay", "look", 2),),
    )
    form = run_form(shown)
    assert json.loads(json.dumps(form)) == form
    designed = {
        "id": 42,
        "kind": "copy",
        "state": "executing",
        "stage": "execute",
        "source": "prod/shop",
        "target": "staging/shop",
        "created_at": "2026-01-31T12:00:00.000Z",
        "created_by": "anna@bastion",
        "rollback_available": False,
        "progress": {
            "progress_percentage": 66.7,
            "current_collection": "families",
            "collections_completed": 1,
            "total_collections": 2,
            "documents_done": 12,
            "documents_total": 18,
            "bytes_done": 1_200,
            "bytes_total": 1_800,
        },
        "counts": {"inserted": 9, "replaced": 1, "unchanged": 1, "skipped": 1, "rejected": 0},
        "worker": {"pid": 17, "last_heard_at": "2026-01-31T12:00:02.500Z"},
        "findings": [
            {
                "severity": "warning",
                "code": "options_differ",
                "subject": "users",
                "message": "they stay",
                "hint": "look",
                "count": 2,
            }
        ],
    }
    assert (form["being_rolled_back_by"], form["partly_rolled_back_by"]) == (None, None)
    half = run_form(replace(shown, part_undone_by=43))
    assert (half["state"], half["partly_rolled_back_by"]) == ("executing", 43)
    assert list(form)[: len(designed)] == list(designed)
    assert {key: form[key] for key in designed} == designed


def test_a_run_without_a_worker_says_so() -> None:
    form = run_form(run(RunState.COMPLETED, collection("users", CollectionState.DONE, 1, 1)))
    assert form["worker"] is None
    assert form["rollback_available"] is True


def test_the_counts_of_a_rollback() -> None:
    counted = collection("users", CollectionState.DONE, 3, 3, Counts(restored=1, deleted=2, spared=3))
    counts = run_form(run(RunState.COMPLETED, counted, kind=RunKind.ROLLBACK))["counts"]
    assert isinstance(counts, dict)
    assert (counts["restored"], counts["deleted"], counts["spared"]) == (1, 2, 3)


def test_a_failure_shows_no_password() -> None:
    failure = Failure("unreachable", "mongodb://u:hunter2@h/db is away", "try mongodb://u:hunter2@i/db", 1)
    form = run_form(run(RunState.FAILED, failure=failure))
    assert form["failure"] == {
        "code": "unreachable",
        "message": "mongodb://u:***@h/db is away",
        "hint": "try mongodb://u:***@i/db",
    }


@given(st.lists(st.tuples(st.sampled_from(CollectionState), st.integers(0, 99), st.integers(0, 99)), max_size=4))
def test_a_hundred_per_cent_means_that_all_is_done(parts: list[tuple[CollectionState, int, int]]) -> None:
    shown = run(RunState.EXECUTING, *(collection(str(place), *part) for place, part in enumerate(parts)))
    assert 0 <= percentage(shown) <= 100
    assert (percentage(shown) == 100) is all(state is CollectionState.DONE for state, _, _ in parts)


@pytest.mark.parametrize(("at", "shown"), [(None, None), (0.0, "1970-01-01T00:00:00.000Z")])
def test_times(at: float | None, shown: str | None) -> None:
    assert time_form(at) == shown


def test_the_form_of_a_run_says_that_it_was_to_be_cancelled_and_taken_back() -> None:
    stopped = run_form(replace(run(RunState.INTERRUPTED), cancel_asked=True, rollback_asked=True))
    assert (stopped["cancel_asked"], stopped["rollback_asked"]) == (True, True)
    untouched = run_form(run(RunState.INTERRUPTED))
    assert (untouched["cancel_asked"], untouched["rollback_asked"]) == (False, False)
