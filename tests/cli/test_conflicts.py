"""The policy `ask` on the command line."""

import asyncio

from tests.cli.conftest import Cli, Ends
from tests.suites.ids import text
from tui_migrate.catalogs.model import Catalog, CatalogCollection, Redaction, Sensitive
from tui_migrate.cli.conflicts import conflict_form
from tui_migrate.journal.records import ConflictRecord, ConflictState
from tui_migrate.reports.masking import NOTHING, Mask
from tui_migrate.worker import control


def fill(ends: Ends) -> None:
    ends.source_client[ends.database]["notes"].insert_many([{"_id": one, "n": "ours"} for one in range(1, 5)])
    ends.fill_target("notes", [{"_id": one, "n": "theirs"} for one in range(1, 4)])


def asked(cli: Cli, ends: Ends) -> None:
    fill(ends)
    done = cli(
        "copy",
        "--source",
        ends.source,
        "--target",
        ends.target,
        "--conflict-resolution",
        "ask",
        "--collections",
        "notes",
        "--json",
    )
    assert (done.code, done.document["state"], done.document["undecided"]) == (5, "interrupted", 3)


def held(ends: Ends) -> list[object]:
    return [one["n"] for one in ends.target_documents("notes")]


def test_a_queue_is_listed_and_decided(cli: Cli, ends: Ends) -> None:
    asked(cli, ends)
    listed = cli("conflicts", "1", "--json").document
    assert (listed["open"], listed["total_count"]) == (3, 3)
    rows = listed["conflicts"]
    assert isinstance(rows, list)
    assert [(one["id"], one["fields"], one["state"]) for one in rows] == [(str(n), ["n"], "open") for n in (1, 2, 3)]
    text = cli("conflicts", "1")
    assert "differs in" in text.out
    assert "decide 1 --keep --all" in text.err
    one = cli("decide", "1", "--replace", "--collection", "notes", "--id", "2", "--json")
    assert (one.code, one.document["undecided"]) == (5, 2)
    assert held(ends) == ["theirs", "ours", "theirs", "ours"]
    by_number = cli("decide", "1", "--keep", "--number", "1", "--json")
    assert (by_number.code, by_number.document["undecided"]) == (5, 1)
    rest = cli("decide", "1", "--keep", "--all", "--json")
    assert (rest.code, rest.document["state"]) == (0, "completed")
    assert held(ends) == ["theirs", "ours", "theirs", "ours"]
    states = cli("conflicts", "1", "--json").document["conflicts"]
    assert isinstance(states, list)
    assert [one["state"] for one in states] == ["kept", "replaced", "kept"]
    assert cli("rollback", "1", "--confirm").code == 0
    assert held(ends) == ["theirs"] * 3


def test_what_cannot_be_decided(cli: Cli, ends: Ends) -> None:
    asked(cli, ends)
    for words, said in (
        (("--all",), "--keep or --replace"),
        (("--keep", "--replace", "--all"), "--keep or --replace"),
        (("--keep",), "--id, --number or --all"),
        (("--keep", "--id", "1", "--all"), "--id, --number or --all"),
        (("--keep", "--number", "1", "--id", "1"), "--id, --number or --all"),
        (("--keep", "--number", "1", "--overrule"), "--overrule goes with --all"),
    ):
        cli.refused("decide", "1", *words, code=2, said=said, hint="--", error="usage")
    for which in (("--id", "77"), ("--all", "--collection", "others")):
        cli.refused("decide", "1", "--keep", *which, code=4, said="nothing there", hint="conflicts 1", error="refused")
    asyncio.run(control.decide(cli.home, 1, ConflictState.REPLACE))
    cli.refused("decide", "1", "--keep", "--all", code=4, said="nothing there", hint="--overrule", error="refused")
    cli("cancel", "1")
    cli.refused("decide", "1", "--keep", "--all", code=4, said="has ended", hint="start a new run", error="refused")
    cli.refused("conflicts", "9", code=2, said="there is no run 0009", hint="history", error="run_not_found")


def test_a_run_without_a_queue_says_so(cli: Cli, ends: Ends) -> None:
    fill(ends)
    assert cli("copy", "--source", ends.source, "--target", ends.target, "--conflict-resolution", "skip").code == 0
    assert cli("conflicts", "1").out == "run 0001 has no conflicts\n"


def test_an_id_that_is_sensitive_is_not_listed() -> None:
    mask = Mask(
        Catalog("c", "C", "", (CatalogCollection("notes", sensitive=(Sensitive("_id.mail", Redaction.MASK),)),))
    )
    one = ConflictRecord("notes", text("secret"), b"", b"", ("n",), number=7)
    assert (conflict_form(one, mask)["id"], conflict_form(one, NOTHING)["id"]) == ("***", "'secret'")
