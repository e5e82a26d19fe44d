"""Endings that are not green, from the command line and between real servers: refusals, failures, time limits."""

import time

import pytest

from tests.cli.conftest import Cli, Ends

AGED = {"$jsonSchema": {"required": ["age"]}}

pytestmark = pytest.mark.slow


def copy(ends: Ends, *words: str) -> tuple[str, ...]:
    return ("copy", "--source", ends.source, "--target", ends.target, "--collections", "users", *words)


def refusing(ends: Ends) -> None:
    """A target that refuses two of the source's documents."""
    ends.target_client[ends.database].create_collection("users", validator=AGED)
    ends.source_client[ends.database]["users"].update_many({"_id": {"$in": [7, 11]}}, {"$unset": {"age": ""}})


def rejected(document: dict[str, object]) -> int:
    counts = document["counts"]
    assert isinstance(counts, dict)
    found = counts["rejected"]
    assert isinstance(found, int)
    return found


def test_refused_documents_are_shown_kept_and_retried(cli: Cli, ends: Ends) -> None:
    refusing(ends)
    said = "2 documents will be refused and put aside (2 allowed)."
    assert said in cli(*copy(ends, "--max-rejects", "2", "--dry-run")).out
    done = cli(*copy(ends, "--max-rejects", "2"))
    assert done.code == 3
    assert done.out.startswith("! completed with findings")
    assert f"→ write what was refused again: tui-migrate retry 1 --home {cli.folder}" in done.out
    status = cli("status", "1").out
    for one in (7, 11):
        assert f"warning: users _id {one}: the target refused this document: age is missing" in status
    assert f"2 refused documents in {cli.home.run(1).rejects}" in status

    again = cli("retry", "1", "--json")
    assert (again.code, rejected(again.document), again.document["retry_of"]) == (3, 2, 1)
    assert "written again by run 0002" in cli("status", "1").out
    ends.target_client[ends.database].command({"collMod": "users", "validator": {}})
    done = cli("retry", "2")
    assert done.code == 0
    assert "inserted 2" in done.out
    assert len(ends.target_documents("users")) == 30
    assert cli("rollback", "3", "--confirm").code == 0
    assert len(ends.target_documents("users")) == 28


def test_a_run_without_refused_documents_has_nothing_to_retry(cli: Cli, ends: Ends) -> None:
    assert cli(*copy(ends)).code == 0
    cli.refused("retry", "1", code=4, said="has refused no documents of run 0001", hint="status 1", error="refused")


def test_the_first_document_too_many_fails_the_run(cli: Cli, ends: Ends) -> None:
    refusing(ends)
    done = cli(*copy(ends, "--max-rejects", "1", "--json"))
    assert (done.code, done.document["state"], rejected(done.document)) == (1, "failed", 2)
    cli.refused("retry", "1", code=4, said="run 0001 has not ended (failed)", hint="resume 1", error="refused")
    assert cli("resume", "1").code == 3


def test_documents_that_others_changed_are_taken_back_by_force_alone(cli: Cli, ends: Ends) -> None:
    ends.fill_target("users", [{"_id": 1, "age": "old"}])
    assert cli(*copy(ends, "--conflict-resolution", "overwrite")).code == 0
    users = ends.target_client[ends.database]["users"]
    users.update_many({"_id": {"$in": [1, 2]}}, {"$set": {"age": "somebody else's"}})
    would = cli("rollback", "1", "--force")
    assert would.code == 2
    assert "rollback 1 --confirm --force" in would.err
    done = cli("rollback", "1", "--confirm", "--force", "--json")
    assert done.code == 3
    findings = done.document["findings"]
    assert isinstance(findings, list)
    assert {(one["code"], one["subject"]) for one in findings} == {("forced", "users _id 1"), ("forced", "users _id 2")}
    assert ends.target_documents("users") == [{"_id": 1, "age": "old"}]
    cli.refused(
        "rollback", "1", "--confirm", code=4, said="rolled back already", hint="status 2", error="not_reversible"
    )


def test_a_run_that_fails_takes_itself_back_where_its_plan_says_so(cli: Cli, ends: Ends) -> None:
    refusing(ends)
    done = cli(*copy(ends, "--on-failure", "rollback", "--batch-documents", "5"))
    assert done.code == 1
    assert "rolled back  run 0001" in done.out
    assert "run 0001: warning: the run failed, and its plan wants it taken back: run 0002 does that" in done.err
    assert "tui-migrate: error: the target refuses documents of users" in done.err
    assert ends.target_documents("users") == []
    assert cli("status", "2", "--json").document["state"] == "completed"
    assert cli("attach", "1").code == 1


def test_a_run_that_takes_too_long_has_failed_by_name(cli: Cli, ends: Ends) -> None:
    ends.source_client.admin.command(
        {
            "configureFailPoint": "failCommand",
            "mode": "alwaysOn",
            "data": {"failCommands": ["find"], "blockConnection": True, "blockTimeMS": 15_000},
        }
    )
    began = time.monotonic()
    try:
        done = cli(*copy(ends, "--stage-timeout", "5", "--json"))
    finally:
        ends.source_client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
    failure = done.document["failure"]
    assert isinstance(failure, dict)
    assert (done.code, done.document["state"], failure["code"]) == (1, "failed", "timed_out")
    assert f"the stage {done.document['stage']} has worked for 5 s" in failure["message"]
    assert time.monotonic() - began < 30
    assert cli("resume", "1").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--timeout", "-1"), "--timeout"),
        (("--stage-timeout", "soon"), "--stage-timeout"),
        (("--on-failure", "retry"), "--on-failure"),
        (("--on-failure", "rollback", "--no-rollback"), "exclude each other"),
    ],
)
def test_options_that_make_no_sense(cli: Cli, ends: Ends, words: tuple[str, ...], said: str) -> None:
    done = cli(*copy(ends, *words))
    assert done.code == 2
    assert said in done.err


def test_the_plan_keeps_what_is_to_become_of_a_failure(cli: Cli, ends: Ends) -> None:
    limits = ("--timeout", "600", "--stage-timeout", "300", "--on-failure", "rollback")
    assert cli(*copy(ends, *limits, "--save-plan", "plan.yaml")).code == 0
    plan = (cli.folder.parent / "plan.yaml").read_text()
    assert "on_failure: rollback\ntimeout: 600\nstage_timeout: 300\n" in plan
    assert cli("start", "plan.yaml").code == 0
    (cli.folder.parent / "plan.yaml").write_text(plan.replace("retry_of: 0", "retry_of: 1"))
    cli.refused("start", "plan.yaml", code=2, said="the plan of a retry", hint="retry 1", error="usage")
