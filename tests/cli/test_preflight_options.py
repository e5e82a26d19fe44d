"""What is said before a run: dry runs and checks that write nothing, strictness, quick looks, and the pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient, monitoring

from tests.cli.conftest import PASSWORD, Cli, Ends, copy
from tui_migrate.cli import passwords
from tui_migrate.plan.checks.paging import page_codes

WRITING = frozenset((
    *("insert", "update", "delete", "bulkWrite", "findAndModify", "create", "drop", "createIndexes", "dropIndexes"),
    *("collMod", "renameCollection", "dropDatabase", "killSessions", "killOp", "convertToCapped", "mapReduce"),
))  # fmt: skip


class Heard(monitoring.CommandListener):
    """Takes down the commands of every client that is made while it listens."""

    def __init__(self) -> None:
        self.is_listening = False
        self.commands: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.is_listening:
            stages = event.command.get("pipeline", ())
            writes = any(next(iter(one), "") in ("$out", "$merge") for one in stages)
            self.commands.append("$out" if writes else event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing is of interest but what was sent."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing is of interest but what was sent."""


HEARD = Heard()
monitoring.register(HEARD)


@contextmanager
def heard() -> Iterator[list[str]]:
    HEARD.commands = []
    HEARD.is_listening = True
    try:
        yield HEARD.commands
    finally:
        HEARD.is_listening = False


def raw_state(client: "MongoClient[dict[str, Any]]", database: str) -> object:
    """All that is in a database: names, options, indexes and documents, and which databases the server has."""
    there = client[database]
    return (
        sorted(client.list_database_names()),
        sorted((str(one) for one in there.list_collections()), key=str),
        {
            one["name"]: (list(there[one["name"]].find()), list(there[one["name"]].list_indexes()))
            for one in there.list_collections(filter={"type": "collection"})
        },
    )


def written(client: "MongoClient[dict[str, Any]]") -> dict[str, int]:
    counted = client.admin.command("serverStatus")["opcounters"]
    return {name: counted[name] for name in ("insert", "update", "delete")}


@pytest.mark.parametrize("policy", ["fail", "skip", "overwrite"])
@pytest.mark.parametrize("words", [["--dry-run"], ["--dry-run=quick"], ["--dry-run", "--quick"], ["--validate-only"]])
def test_what_only_looks_writes_nothing(cli: Cli, ends: Ends, words: list[str], policy: str) -> None:
    ends.source_client[ends.database]["users"].create_index("age")
    ends.target_client[ends.database].command({"create": "users", "validator": {"age": {"$lt": 20}}})
    ends.target_client[ends.database]["users"].create_index("name", unique=True, sparse=True)
    ends.fill_target("users", [{"_id": number, "age": number % 3} for number in range(10)])
    clients = ends.source_client, ends.target_client
    before = [(raw_state(one, ends.database), written(one)) for one in clients]
    with heard() as commands:
        done = cli(*copy(ends, *words, "--conflict-resolution", policy))
    assert done.code == (4 if policy == "fail" and words != ["--dry-run=quick"] else 0), done
    assert [(raw_state(one, ends.database), written(one)) for one in clients] == before
    assert "find" in commands
    assert WRITING.isdisjoint(commands)
    assert "$out" not in commands
    assert not cli.folder.exists()


def test_the_listener_hears_what_a_run_writes(ends: Ends) -> None:
    with heard() as commands, MongoClient[dict[str, Any]](ends.target) as client:
        client[ends.database]["users"].insert_one({})
    assert "insert" in commands


def warned(ends: Ends) -> None:
    ends.source_client[ends.database]["users"].create_index("age", name="x")
    ends.target_client[ends.database]["users"].create_index("name", name="x")


@pytest.mark.parametrize("words", [["--dry-run"], ["--validate-only"], []])
def test_strict_refuses_what_is_warned_about(cli: Cli, ends: Ends, words: list[str]) -> None:
    warned(ends)
    done = cli(*copy(ends, *words, "--strict", "--json"))
    assert (done.code, done.error["code"]) == (4, "index_differs")
    findings = done.document["findings"]
    assert isinstance(findings, list)
    assert [one["severity"] for one in findings if one["code"] == "index_differs"] == ["warning"]
    assert ends.target_documents("users") == []


@pytest.mark.slow
def test_a_strict_plan_is_strict_when_it_is_run(cli: Cli, ends: Ends) -> None:
    assert cli(*copy(ends, "--strict", "--save-plan", "plan.yaml")).code == 0
    warned(ends)
    assert cli("start", "plan.yaml", "--dry-run").code == 4
    assert cli(*copy(ends, "--save-plan", "lax.yaml")).code == 0
    assert cli("start", "lax.yaml", "--strict", "--validate-only").code == 4
    assert cli("start", "lax.yaml").code == 3


def test_a_dry_run_says_about_how_long_it_takes(cli: Cli, ends: Ends) -> None:
    done = cli(*copy(ends, "--dry-run"))
    assert "the run takes about 0." in done.out
    assert "as assumed" in done.out
    total = cli(*copy(ends, "--dry-run", "--json")).document["total"]
    assert isinstance(total, dict)
    assert total["seconds"] >= 0


@pytest.mark.slow
def test_a_quick_look_is_an_estimate_and_says_how_far_it_may_be_off(
    cli: Cli, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_migrate.cli.launching.SAMPLE", 20)
    ends.fill_target("users", [{"_id": number, "age": -1} for number in range(30)])
    done = cli(*copy(ends, "--validate-only", "--quick", "--json"))
    assert done.code == 4
    assert "about 30 documents differ" in done.error["message"]
    assert "95 % sure, from a sample of 20 of 30 documents" in done.error["message"]
    found = cli(*copy(ends, "--dry-run", "--quick", "--conflict-resolution", "skip", "--json")).document
    assert found["sample"] == 20
    total = found["total"]
    assert isinstance(total, dict)
    assert (total["skip"], total["insert"]) == (30, 5)
    assert total["margin"] > 0


def test_a_report_names_the_pages_once(cli: Cli, ends: Ends) -> None:
    warned(ends)
    done = cli(*copy(ends, "--dry-run"))
    assert done.out.count("tui-migrate explain") == 1
    assert "index_differs" in done.out


def test_a_page_is_shown_and_all_are_listed(cli: Cli) -> None:
    done = cli("explain", "conflict")
    assert done.code == 0
    assert done.out.startswith("conflict: Documents differ in the target\n\n")
    assert "What to do: " in done.out
    assert cli("explain", "conflict", "--json").document["severity"] == "error"
    pages = cli("explain", "--json").document["pages"]
    assert isinstance(pages, list)
    assert [one["code"] for one in pages] == list(page_codes())
    cli.refused("explain", "nonsense", code=2, said="'nonsense'", hint="tui-migrate explain lists", error="usage")


@pytest.mark.slow
@pytest.mark.parametrize(("user", "code"), [("reader", 4), ("writer", 0)])
def test_a_user_who_may_not_write_is_told_what_is_missing(
    cli: Cli, ends: Ends, guarded_url: str, monkeypatch: pytest.MonkeyPatch, user: str, code: int
) -> None:
    monkeypatch.setattr(passwords, "ask_password", lambda *_: PASSWORD, raising=False)
    target = f"mongodb://{user}:{'hunter2%2F%40%3Ax'}@{guarded_url}"
    words = ("copy", "--source", ends.source, "--target", target, "--collections", "families", "--validate-only")
    done = cli(*words, "--json")
    assert done.code == code, done
    if code:
        assert done.error["code"] == "privilege_missing"
        assert "shop.families: createCollection, insert, dropCollection, remove, renameCollectionSameDB" in (
            done.error["message"].replace("find, ", "")
        )
        assert "readWrite on shop" in done.error["hint"]


@pytest.mark.slow
def test_a_dry_run_names_few_of_the_documents_that_a_finding_is_about(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    ends.source_client[ends.database]["orders"].insert_many({"_id": place, "user": 900 + place} for place in range(90))
    (tmp_path / "own.yaml").write_text(
        "name: own\ntitle: t\ncollections:\n  users: {}\n"
        "  orders: {references: [{field: user, to: users, on_missing: warn}]}\n"
    )
    asked = copy(ends, "--catalog", str(tmp_path / "own.yaml"), "--dry-run")
    told, full = cli(*asked), cli(*asked, "--json")
    assert "by _id: 0 " in full.out
    assert "by _id: " not in told.out
    assert "warning: orders.user" in told.out
    assert "--json names more of the documents" in told.out
    assert "--json" not in cli(*copy(ends, "--dry-run")).out
