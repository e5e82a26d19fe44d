"""What a user gets who asks for what cannot be: one line, a hint, an exit code, and nothing half written."""

import asyncio
import json
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import ENCODED, PASSWORD, Cli, Ends
from tui_migrate.journal.schema import VERSION
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.plan.model import Plan, PlannedCollection, RunKind, StoreEnd
from tui_migrate.plan.yaml_form import to_yaml

AWAY = "serverSelectionTimeoutMS=200&connectTimeoutMS=200"


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    ("url", "said", "hint"),
    [
        ("mongodb://127.0.0.1:27017", "names no database", "/DATABASE"),
        ("mongodb://127.0.0.1:x/shop", "port", "mongodb://user@host"),
        ("postgres://h/shop", "no store serves the scheme 'postgres'", "mongodb://"),
        (f"mongodb://u:{PASSWORD}@h/shop", "not percent-encoded", "percent-encode"),
        ("mongodb://h/shop?frobnicate=1", "frobnicate", ""),
        ("nowhere", "no connection nowhere", "has none"),
    ],
)
def test_a_wrong_url(cli: Cli, url: str, said: str, hint: str) -> None:
    cli.refused("list-collections", "--url", url, code=2, said=said, hint=hint, error="usage")


@pytest.mark.slow
def test_a_server_that_is_away(cli: Cli, closed_port: int, tmp_path: Path) -> None:
    url = f"mongodb://u:{ENCODED}@127.0.0.1:{closed_port}/shop?{AWAY}"
    said = f"127.0.0.1:{closed_port} does not answer"
    words = ("export", "--url", url, "--output", str(tmp_path / "out"))
    # In processes of their own: pymongo leaves a socket to the collector when it is closed while it connects.
    cli.refused(*words, code=1, said=said, hint="", error="unreachable", apart=True)
    assert not (tmp_path / "out").exists()
    assert not cli.home.journal.exists()


@pytest.mark.slow
@pytest.mark.parametrize("password", ["", f":{ENCODED}x"])
def test_wrong_credentials(cli: Cli, guarded_url: str, password: str) -> None:
    url = f"mongodb://reader{password}@{guarded_url}"
    if password:
        cli.refused(
            "list-collections", "--url", url, code=1, said="does not accept", hint="", error="authentication_failed"
        )
    else:
        said = "no password for the user reader of mongodb://reader@127"
        cli.refused("list-collections", "--url", url, code=4, said=said, hint="pass", error="credentials_missing")


@pytest.mark.slow
def test_no_privilege(cli: Cli, ends: Ends, guarded_url: str) -> None:
    target = f"mongodb://reader:{ENCODED}@{guarded_url}"
    done = cli("copy", "--source", ends.source, "--target", target, "--collections", "families")
    assert done.code == 4
    assert "not" in done.err
    assert "→" in done.err


def test_an_unknown_collection(cli: Cli, ends: Ends) -> None:
    words = ("copy", "--source", ends.source, "--target", ends.target, "--collections", "users", "user\x1b[2Js")
    cli.refused(*words, code=2, said=r"no collection user\x1b[2Js", hint="list-collections", error="usage")


def test_an_empty_selection(cli: Cli, ends: Ends) -> None:
    words = ("copy", "--source", ends.source, "--target", ends.target, "--exclude", "users", "families", "grown")
    cli.refused(*words, code=2, said="no collection", hint="--collections", error="usage")


def test_an_output_that_exists(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    words = ("export", "--url", ends.source, "--output", "out")
    cli.refused(*words, code=4, said=f"{tmp_path}/out: the output exists", hint="", error="output_exists")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("alias", ["127.0.0.1", "localhost"])
def test_source_equal_to_target(cli: Cli, ends: Ends, alias: str) -> None:
    other = ends.source.replace("127.0.0.1", alias)
    words = ("copy", "--source", ends.source, "--target", other)
    cli.refused(*words, code=4, said="source and target are", hint="", error="source_is_target")


def test_a_conflict_under_fail(cli: Cli, ends: Ends) -> None:
    ends.fill_target("users", [{"_id": 3, "age": 99}])
    words = ("copy", "--source", ends.source, "--target", ends.target)
    cli.refused(*words, code=4, said="users: 1 document differs", hint="--conflict-resolution", error="conflict")
    assert ends.target_documents("users") == [{"_id": 3, "age": 99}]
    assert ends.target_documents("families") == []


def test_a_plan_with_an_unknown_key(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    assert cli("copy", "--source", ends.source, "--target", ends.target, "--save-plan", "plan.yaml").code == 0
    path = tmp_path / "plan.yaml"
    path.write_text(path.read_text().replace("policy:", "polizy:"))
    said = "plan.yaml, line 11, key 'polizy': this key is unknown"
    cli.refused("start", "plan.yaml", code=2, said=said, hint="known: ", error="invalid_file")


def test_a_plan_that_is_there_already(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("mine")
    words = ("copy", "--source", ends.source, "--target", ends.target, "--save-plan", "plan.yaml")
    cli.refused(*words, code=2, said="plan.yaml exists", hint="another", error="usage")
    assert (tmp_path / "plan.yaml").read_text() == "mine"


def test_the_plan_of_a_rollback_is_not_started_by_hand(cli: Cli, tmp_path: Path) -> None:
    end = StoreEnd("shop", url="mongodb://h/shop")
    plan = Plan(RunKind.ROLLBACK, end, end, (PlannedCollection("users"),), rollback_of=7)
    (tmp_path / "plan.yaml").write_text(to_yaml(plan))
    cli.refused("start", "plan.yaml", code=2, said="rollback", hint="rollback 7 --confirm", error="usage")


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["cut", "flip", "manifest away"])
def test_a_damaged_package(cli: Cli, ends: Ends, tmp_path: Path, harm: str) -> None:
    assert cli("export", "--url", ends.source, "--output", "out").code == 0
    data = tmp_path / "out" / ends.database / "users.bson.gz"
    content = data.read_bytes()
    if harm == "cut":
        data.write_bytes(content[:-1])
    elif harm == "flip":
        data.write_bytes(content[:40] + bytes((content[40] ^ 1,)) + content[41:])
    else:
        (tmp_path / "out" / "manifest.json").write_text("{}")
    done = cli("import", "--url", ends.target, "--input", "out")
    assert done.code == 4
    assert done.out == ""
    assert "tui-migrate: error: " in done.err
    assert ends.target_client.list_database_names().count(ends.database) == 0
    assert not any(path.name == "0002" for path in cli.home.state.glob("runs/*"))


def test_a_package_that_is_not_there(cli: Cli, ends: Ends) -> None:
    done = cli("import", "--url", ends.target, "--input", "absent")
    assert done.code in (2, 4)
    assert "absent" in done.err
    assert "→" in done.err


def make_journal(cli: Cli, version: int) -> None:
    make_empty_journal(cli)
    with closing(sqlite3.connect(cli.home.journal)) as journal:
        journal.execute(f"PRAGMA user_version={version}")
        journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def make_empty_journal(cli: Cli) -> None:
    async def make() -> None:
        await (await JournalWriter.open(cli.home.journal)).close()

    cli.home.prepare()
    asyncio.run(make())


@pytest.mark.parametrize("words", [("history",), ("status", "1"), ("attach", "1"), ("rollback", "1"), ("delete", "1")])
def test_a_journal_from_a_newer_version(cli: Cli, words: tuple[str, ...]) -> None:
    make_journal(cli, VERSION + 1)
    before = cli.home.journal.read_bytes()
    cli.refused(*words, code=1, said="newer version", hint="update tui-migrate", error="journal_too_new")
    assert cli.home.journal.read_bytes() == before


def test_a_newer_journal_takes_no_run(cli: Cli, ends: Ends) -> None:
    make_journal(cli, VERSION + 1)
    words = ("copy", "--source", ends.source, "--target", ends.target)
    cli.refused(*words, code=1, said="newer version", hint="update tui-migrate", error="journal_too_new")
    assert ends.target_documents("users") == []


@pytest.mark.parametrize("command", ["status", "attach", "pause", "resume", "cancel", "rollback", "delete", "worker"])
@pytest.mark.parametrize("there_is_a_journal", [False, True])
def test_a_run_that_is_not_there(cli: Cli, command: str, there_is_a_journal: bool) -> None:
    if there_is_a_journal:
        make_empty_journal(cli)
    cli.refused(command, "7", code=2, said="there is no run 0007", hint="", error="run_not_found")


@pytest.mark.parametrize("text", ["x", "-1", "1.0", "٣", "0x1", "1" * 19, "1 OR 1"])
def test_a_run_id_that_is_none(cli: Cli, text: str) -> None:
    done = cli("status", "--json", "--", text)
    assert done.code == 2
    assert done.error["code"] == "usage"


@pytest.mark.slow
def test_a_rollback_of_what_cannot_be_rolled_back(cli: Cli, ends: Ends) -> None:
    assert cli("export", "--url", ends.source, "--output", "out").code == 0
    for words in (("rollback", "1"), ("rollback", "1", "--confirm")):
        cli.refused(*words, code=4, said="run 0001", hint="", error="not_reversible")
    assert cli("copy", "--source", ends.source, "--target", ends.target, "--no-rollback").code == 0
    for words in (("rollback", "2"), ("rollback", "2", "--confirm")):
        cli.refused(*words, code=4, said="run 0002", hint="", error="not_reversible")
    assert len(ends.target_documents("users")) == 30


def test_a_home_that_is_a_file(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")
    words = ("copy", "--source", ends.source, "--target", ends.target)
    for asked in (words, ("history",), ("status", "1")):
        cli.refused(*asked, code=2, said=f"{tmp_path / 'home'} is no folder", hint="--home", error="usage")
    assert ends.target_documents("users") == []
    (tmp_path / "home").unlink()


@pytest.mark.slow
def test_a_read_only_folder(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    done = cli.process("export", "--url", ends.source, "--output", str(locked / "out"), modes_hold=True)
    assert done.code == 4
    assert f"{locked}: the folder cannot be written to" in done.err
    assert list(locked.iterdir()) == []


@pytest.mark.slow
def test_a_password_on_the_command_line_is_warned_about_and_goes_no_further(cli: Cli, closed_port: int) -> None:
    done = cli.process("list-collections", "--url", f"mongodb://u:{ENCODED}@127.0.0.1:{closed_port}/shop?{AWAY}")
    assert "warning: a password on the command line is visible to others" in done.err


def test_dry_run_and_validate_only_exclude_each_other(cli: Cli, ends: Ends) -> None:
    words = ("copy", "--source", ends.source, "--target", ends.target, "--dry-run", "--validate-only")
    cli.refused(*words, code=2, said="exclude each other", hint="dry run", error="usage")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("copy", "--source", "a"), "--target"),
        (("copy", "--source", "a", "--target", "b", "--conflict-resolution", "guess"), "guess"),
        (("copy", "--source", "a", "--target", "b", "--collections"), "--collections"),
        (("copy", "--source", "a", "--target", "b", "--batch-documents", "0"), "--batch-documents"),
        (("copy", "--source", "a", "--target", "b", "--max-rejects", "-1"), "--max-rejects"),
        (("copy", "--source", "a", "--target", "b", "--dry-run=maybe"), "maybe"),
        (("history", "--limit", "many"), "many"),
        (("status",), "RUN"),
        (("status", "1", f"mongodb://u:{PASSWORD}@h/db"), "Unused"),
    ],
)
def test_words_that_make_no_command(cli: Cli, words: tuple[str, ...], said: str) -> None:
    cli.refused(*words, code=2, said=said, hint="--help", error="usage")


def test_an_unknown_command(cli: Cli) -> None:
    cli.refused("sttus", code=2, said='Did you mean "status"', hint="tui-migrate --help", error="usage")


def test_json_errors_are_one_document_and_nothing_else(cli: Cli) -> None:
    done = cli("status", "7", "--json")
    assert json.loads(done.out) == {"error": done.error}
    assert set(done.error) == {"code", "message", "hint"}
    assert done.err == ""
