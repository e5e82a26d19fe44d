"""Whole runs from the command line, between real servers."""

import getpass
import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import ENCODED, PASSWORD, Cli, Ends, copy
from tui_migrate.cli import passwords

HALF: list[dict[str, object]] = [{"_id": number, "age": number if number < 5 else -1} for number in range(10)]


pytestmark = pytest.mark.slow


def counts(document: dict[str, object]) -> list[int]:
    found = document["counts"]
    assert isinstance(found, dict)
    return [found[name] for name in ("inserted", "replaced", "unchanged", "skipped", "rejected")]


def test_lists_collections(cli: Cli, ends: Ends) -> None:
    done = cli("list-collections", "--url", ends.source)
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["name", "kind"],
        ["families", "collection"],
        ["grown", "view"],
        ["users", "collection"],
    ]
    rows = cli("list-collections", "--url", ends.source, "--json").document["collections"]
    assert isinstance(rows, list)
    assert rows[2] == {"name": "users", "kind": "collection", "documents": 30, "size": rows[2]["size"], "indexes": 1}
    server = ends.source.rpartition("/")[0]
    assert "users" in cli("list-collections", "--url", server, "--database", ends.database).out
    assert not cli.folder.exists()


def test_copies_shows_and_takes_back(cli: Cli, ends: Ends) -> None:
    ends.fill_target("users", HALF)
    done = cli(*copy(ends, "--conflict-resolution", "overwrite", "--description", "a note"))
    assert done.code == 0
    assert done.out.startswith("✓ completed  run 0001  copy  mongodb://")
    assert "inserted 25  replaced 5  unchanged 5  skipped 0  rejected 0" in done.out
    assert f"→ take it back: tui-migrate rollback 1 --confirm --home {cli.folder}" in done.out
    assert done.err.startswith("run 0001: started")
    assert len(ends.target_documents("users")) == 30

    status = cli("status", "0001", "--json").document
    assert (status["id"], status["state"], status["rollback_available"]) == (1, "completed", True)
    assert counts(status) == [25, 5, 5, 0, 0]
    assert status["description"] == "a note"
    assert "note: a note" in cli("status", "1").out
    assert cli("history", "--json").document == {"runs": [status], "total_count": 1}

    unconfirmed = cli("rollback", "1", "--json")
    assert (unconfirmed.code, unconfirmed.error["code"]) == (2, "confirmation_needed")
    assert "delete 25 documents and put 5 back" in unconfirmed.error["message"]
    assert len(ends.target_documents("users")) == 30

    back = cli("rollback", "1", "--confirm", "--json")
    assert (back.code, back.document["state"], back.document["rollback_of"]) == (0, "completed", 1)
    assert ends.target_documents("users") == HALF
    assert ends.target_client[ends.database].list_collection_names() == ["users"]
    assert cli("status", "1", "--json").document["state"] == "rolled_back"
    assert "rolled back by run 0002" in cli("status", "1").out
    assert [line.split()[0] for line in cli("history").out.splitlines()] == ["run", "0002", "0001"]
    assert [line.split()[0] for line in cli("history", "--limit", "1", "--offset", "1").out.splitlines()[1:]] == [
        "0001"
    ]


def test_exports_and_imports(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    done = cli("export", "--url", ends.source, "--output", "out", "--collections", "users", "families", "--json")
    assert (done.code, done.document["kind"], done.document["target"]) == (0, "export", str(tmp_path / "out"))
    assert (tmp_path / "out" / "manifest.json").exists()
    done = cli("import", "--url", ends.target, "--input", "out", "--exclude", "families", "--json")
    assert (done.code, counts(done.document)) == (0, [30, 0, 0, 0, 0])
    assert len(ends.target_documents("users")) == 30
    assert ends.target_documents("families") == []


def test_a_dry_run_counts_and_writes_nothing(cli: Cli, ends: Ends) -> None:
    ends.fill_target("users", HALF)
    done = cli(*copy(ends, "--dry-run", "--conflict-resolution", "skip", "--json"))
    assert done.code == 0
    total = done.document["total"]
    assert isinstance(total, dict)
    assert {name: total[name] for name in ("documents", "insert", "replace", "unchanged", "skip", "refuse")} == {
        "documents": 35,
        "insert": 25,
        "replace": 0,
        "unchanged": 5,
        "skip": 5,
        "refuse": 0,
    }
    quick = cli(*copy(ends, "--dry-run=quick", "--json")).document
    assert quick["total"] == {"documents": 35, "insert": 25, "present": 10, "reject": 0}
    refused = cli(*copy(ends, "--dry-run"))
    assert refused.code == 4
    assert re.search(r"^users +yes +30 +20 +5 +5 ", refused.out, re.MULTILINE)
    assert "nothing was written" in refused.out
    assert ends.target_documents("users") == HALF
    assert not cli.folder.exists()


def test_only_validating_writes_nothing(cli: Cli, ends: Ends) -> None:
    done = cli(*copy(ends, "--validate-only", "--json"))
    assert (done.code, done.document["valid"]) == (0, True)
    assert not cli.folder.exists()


def test_a_saved_plan_is_run(cli: Cli, ends: Ends) -> None:
    done = cli(*copy(ends, "--collections", "users", "--batch-documents", "7", "--save-plan", "plan.yaml"))
    assert done.code == 0
    assert "tui-migrate start plan.yaml" in done.out
    assert not cli.home.journal.exists()
    assert cli("start", "plan.yaml", "--json").document["state"] == "completed"
    assert len(ends.target_documents("users")) == 30


def test_a_detached_run_is_attached_to(cli: Cli, ends: Ends) -> None:
    done = cli(*copy(ends, "--detach"))
    assert (done.code, done.out) == (0, "0001\n")
    attached = cli("attach", "1", "--json")
    assert (attached.code, attached.document["state"]) == (0, "completed")


def test_a_later_run_is_named_before_a_rollback(cli: Cli, ends: Ends) -> None:
    assert cli(*copy(ends)).code == 0
    ends.source_client[ends.database]["users"].insert_one({"_id": 99})
    assert cli(*copy(ends)).code == 0
    for words in (("rollback", "1"), ("rollback", "1", "--confirm")):
        cli.refused(
            *words,
            code=4,
            said="run 0002 wrote to the same collections after run 0001",
            hint="rollback 2 --confirm",
            error="refused",
        )
    assert "run 0002 wrote to the same collections later" in cli("rollback", "1", "--despite-later").err
    done = cli("rollback", "1", "--despite-later", "--confirm")
    assert "warning: run 0002 wrote to the same collections later; what it changed is kept" in done.err
    assert done.code == 3
    assert ends.target_documents("users") == [{"_id": 99}]
    assert cli("rollback", "2", "--confirm").code == 0


def test_runs_are_taken_back_one_after_the_other_without_a_question(cli: Cli, ends: Ends) -> None:
    assert cli(*copy(ends)).code == 0
    ends.source_client[ends.database]["users"].insert_one({"_id": 99})
    for _ in range(2):  # the second of these writes nothing, and stands in nobody's way
        assert cli(*copy(ends)).code == 0
    assert cli("rollback", "2", "--confirm").code == 0
    assert cli("rollback", "1", "--confirm").code == 0
    assert ends.target_client[ends.database].list_collection_names() == []


def test_deletes_a_record_and_asks_where_it_is_the_only_way_back(cli: Cli, ends: Ends) -> None:
    assert cli(*copy(ends)).code == 0
    cli.refused("delete", "1", code=2, said="only way back", hint="delete 1 --confirm", error="confirmation_needed")
    assert cli.home.run(1).undo_log.exists()
    assert cli("delete", "1", "--confirm", "--json").document == {"deleted": 1}
    assert not cli.home.run(1).path.exists()
    assert cli("history").out == "there are no runs\n"
    assert cli("export", "--url", ends.source, "--output", "out").code == 0
    assert cli("delete", "2").out == "deleted run 0002\n"


@pytest.fixture
def password_variable(cli: Cli, guarded_url: str) -> str:
    """A connection `safe` to the guarded server, whose password stands in the environment variable named."""
    cli.home.prepare()
    entries = {"url": f"mongodb://writer@{guarded_url}", "password_env": "SAFE_PASSWORD"}
    cli.home.connections.write_text(json.dumps({"connections": {"safe": entries}}))
    return "SAFE_PASSWORD"


def test_a_password_comes_from_the_environment_and_shows_nowhere(
    cli: Cli, ends: Ends, password_variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(password_variable, PASSWORD)
    words = ("copy", "--source", "safe/shop", "--target", ends.target, "--collections", "users")
    assert cli(*words).code == 0
    monkeypatch.delenv(password_variable)
    without = ("copy", "--source", "safe", "--target", ends.target)
    cli.refused(*without, code=4, said=password_variable, hint="export", error="credentials_missing")


def test_a_typed_password_reaches_the_worker(cli: Cli, ends: Ends, guarded_url: str) -> None:
    source = f"mongodb://writer:{ENCODED}@{guarded_url}"
    words = ("copy", "--source", source, "--target", ends.target, "--collections", "users")
    done = cli(*words)
    assert done.code == 0
    assert "warning: a password" in done.err


def test_a_missing_password_is_asked_for_on_a_terminal(
    cli: Cli, guarded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(prompt: str, stream: object) -> str:
        asked.append(prompt)
        return PASSWORD

    monkeypatch.setattr(passwords, "may_ask", lambda: True)
    monkeypatch.setattr(getpass, "getpass", answer)
    done = cli("list-collections", "--url", f"mongodb://writer@{guarded_url}")
    assert (done.code, len(asked)) == (0, 1)
    assert "writer@" in asked[0]
