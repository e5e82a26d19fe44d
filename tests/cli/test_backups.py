"""Backups: made, listed, checked, restored to what was then, and removed when they are old."""

from pathlib import Path
from typing import Any

import pytest
from bson import encode, raw_bson
from pymongo import MongoClient

from tests.cli.conftest import Cli, Done, Ends
from tui_migrate.cli import backing_up
from tui_migrate.cli.app import main
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import Wish
from tui_migrate.paths import Home
from tui_migrate.reports.package import Examined
from tui_migrate.worker import control, launch

pytestmark = pytest.mark.slow


def snapshot(client: "MongoClient[Any]", database: str) -> dict[str, object]:
    """All that a database has, its documents as bytes."""
    options = client.get_database(database).codec_options.with_options(document_class=raw_bson.RawBSONDocument)
    raw = client.get_database(database, codec_options=options)
    found: dict[str, object] = {}
    for info in client[database].list_collections():
        name, kept = info["name"], {key: value for key, value in info.items() if key not in ("info", "idIndex")}
        if info["type"] == "view":
            found[name] = kept
            continue
        documents = [one.raw for one in raw[name].find(sort=[("_id", 1)])]
        indexes = sorted(encode(one) for one in client[database][name].list_indexes())
        found[name] = (kept, documents, indexes)
    return found


def made(cli: Cli, url: str, name: str, *words: str) -> Done:
    done = cli("backup", "--url", url, "-n", name, *words)
    assert done.code == 0, done.err
    return done


def listed(cli: Cli, *words: str) -> list[dict[str, Any]]:
    done = cli("backups", "list", "--json", *words)
    assert (done.code, done.err) == (0, "")
    found = done.document["backups"]
    assert isinstance(found, list)
    return found


def test_a_backup_is_made_listed_and_checked(cli: Cli, ends: Ends) -> None:
    assert cli("backups", "list").out == "there are no backups\n"
    made(cli, ends.source, "first")
    (one,) = listed(cli)
    assert (one["name"], one["status"], one["good"], one["whole"]) == ("first", "complete", True, True)
    assert "when made" in cli("backups", "list").out
    assert (one["documents"], one["collections"]) == (35, ["families", "users", "grown"])
    assert (one["verified_at"], one["verdict"], one["before_run"], one["owner"]) == (None, None, None, None)
    path = Path(one["path"])
    assert path == cli.home.backups / "first.tar"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert one["disk_bytes"] == path.stat().st_size
    checked = cli("backups", "verify", "first")
    assert (checked.code, checked.err) == (0, "")
    assert "Check of the backup first: no finding" in checked.out
    assert (listed(cli)[0]["status"], listed(cli)[0]["verdict"]) == ("good", "good")
    assert cli("backups", "list").out.splitlines()[1].split()[:3] == ["first", "good", "all"]


def test_a_backup_that_was_damaged_is_found_and_is_not_good(cli: Cli, ends: Ends) -> None:
    made(cli, ends.source, "first")
    path = cli.home.backups / "first.tar"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert cli("backups", "verify", "first").code == 4
    (one,) = listed(cli)
    assert (one["status"], one["good"], one["verdict"]) == ("damaged", False, "errors")
    path.unlink()
    assert listed(cli)[0]["status"] == "missing"
    cli.refused("backups", "verify", "first", code=4, said="it is missing", hint="should lie at", error="refused")
    path.symlink_to("/etc/passwd")
    assert listed(cli)[0]["status"] == "missing"


@pytest.mark.parametrize("name", ["../x", ".hidden", "a/b", "-n", "a b", "ä", "x" * 121, "a\n"])
def test_a_name_stays_in_its_folder(cli: Cli, name: str) -> None:
    for words in (("backup", "--url", "mongodb://127.0.0.1:1/x", f"--name={name}"), ("backups", "verify", "--", name)):
        done = cli(*words)
        assert (done.code, done.out) == (2, ""), words
        assert "is no name of a backup" in done.err


def test_a_name_is_given_once(cli: Cli, ends: Ends) -> None:
    made(cli, ends.source, "first")
    done = cli("backup", "--url", ends.source, "-n", "first")
    assert done.code == 2
    assert "there is a backup first already (complete)" in done.err
    assert len(listed(cli)) == 1


def test_a_backup_has_a_name_of_its_own_where_none_is_given(cli: Cli, ends: Ends) -> None:
    assert cli("backup", "--url", ends.source).code == 0
    (one,) = listed(cli)
    assert one["name"].startswith(f"{ends.database}-2")
    assert one["name"].endswith("Z")


def test_another_folder_and_some_collections(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    made(cli, ends.source, "some", "--output", "elsewhere", "--collections", "users")
    (one,) = listed(cli)
    assert (one["path"], one["whole"]) == (str(tmp_path / "elsewhere" / "some.tar"), False)
    cli.refused(
        "backup", "--url", ends.source, "--output", "no", code=2, said="no folder no", hint="make it", error="usage"
    )


def test_an_encrypted_backup_is_checked_and_restored(
    cli: Cli, ends: Ends, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TUI_MIGRATE_PASSPHRASE", "hunter2")
    made(cli, ends.source, "sealed", "--passphrase")
    before = snapshot(ends.source_client, ends.database)
    assert listed(cli)[0]["path"].endswith("/sealed.age")
    assert cli("backups", "verify", "sealed").code == 0
    file = tmp_path / "its passphrase"
    file.touch(0o600)
    file.write_text("hunter2")
    words = ("backups", "restore", "sealed", "--url", ends.target, "--passphrase-file", str(file))
    preview = cli(*words)
    assert f"restore sealed --url {ends.target} --passphrase-file '{file}' --confirm" in preview.out
    assert cli(*words, "--confirm").code == 0
    assert snapshot(ends.target_client, ends.database) == before


def damage(client: "MongoClient[Any]", database: str) -> None:
    """Change a bit of everything."""
    users, families = client[database]["users"], client[database]["families"]
    users.delete_many({"_id": {"$lt": 10}})
    users.update_one({"_id": 20}, {"$set": {"age": 99}})
    users.insert_many([{"_id": 100, "age": 1}, {"_id": "x"}])
    users.create_index("age")
    families.drop()
    client[database]["strays"].insert_many([{"_id": 1}, {"_id": 2}])
    client[database].drop_collection("grown")
    client[database].command({"create": "grown", "viewOn": "users", "pipeline": []})


def test_restoring_makes_it_what_it_was_then_and_a_rollback_takes_that_back(cli: Cli, ends: Ends) -> None:
    client, database = ends.source_client, ends.database
    client[database]["users"].create_index("age", name="by_age", unique=True)
    client[database]["users"].drop_index("by_age")
    then = snapshot(client, database)
    made(cli, ends.source, "first")
    damage(client, database)
    damaged = snapshot(client, database)
    preview = cli("backups", "restore", "first", "--json")
    assert preview.code == 0
    document = preview.document
    assert document["written"] is False
    assert document["total"] == {"added": 15, "replaced": 1, "deleted": 4, "unchanged": 19, "definitions": 2}
    found = document["collections"]
    assert isinstance(found, list)
    by_name = {one["name"]: one for one in found}
    assert {name: one["fate"] for name, one in by_name.items()} == {
        "users": "kept",
        "families": "created",
        "grown": "kept",
        "strays": "removed",
    }
    assert by_name["users"] == {
        "name": "users",
        "fate": "kept",
        "added": 10,
        "replaced": 1,
        "deleted": 2,
        "unchanged": 19,
        "definitions": 1,
    }
    changed = document["definitions"]
    assert isinstance(changed, list)
    assert [(one["collection"], one["thing"], one["change"]) for one in changed] == [
        ("grown", "view", "the view goes back to the backup's definition"),
        ("users", "index", "index age_1 is dropped: the backup does not have it"),
    ]
    assert changed[1]["versions"][0]["then"] is None
    text = cli("backups", "restore", "first", "--dry-run", "--confirm").out
    assert "nothing was written" in text
    assert "users: index age_1 is dropped: the backup does not have it\n    - {" in text
    assert snapshot(client, database) == damaged
    done = cli("backups", "restore", "first", "--confirm", "--json")
    assert done.code == 0, done.err
    assert snapshot(client, database) == then
    assert cli("rollback", f"{done.document['id']}", "--confirm").code == 0
    assert snapshot(client, database) == damaged


def test_a_backup_of_some_collections_leaves_the_others(cli: Cli, ends: Ends) -> None:
    client, database = ends.source_client, ends.database
    made(cli, ends.source, "some", "--collections", "users", "grown")
    made(cli, ends.source, "all")
    then = snapshot(client, database)
    damage(client, database)
    left = snapshot(client, database)
    assert cli("backups", "restore", "some", "--confirm").code == 0
    after = snapshot(client, database)
    assert (after["users"], after["grown"], after["strays"]) == (then["users"], then["grown"], left["strays"])
    assert "families" not in after
    assert cli("backups", "restore", "all", "--collections", "families", "--confirm").code == 0
    assert snapshot(client, database) == {**then, "strays": left["strays"]}


CATALOG = """\
name: own
title: Own
collections:
  users:
    owner: _id
  notes:
    references:
      - {field: user_id, to: users}
    owner: user_id
"""


def test_a_backup_of_one_user_deletes_nothing_and_can_go_to_another(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(CATALOG)
    client, database = ends.source_client, ends.database
    client[database]["notes"].insert_many({"_id": number, "user_id": number % 3, "text": "a"} for number in range(9))
    made(cli, ends.source, "of-one", "--catalog", "own.yaml", "--owner", "1", "--collections", "users", "notes")
    (one,) = listed(cli, "--owner", "1")
    assert (one["documents"], one["whole"]) == (4, False)
    assert listed(cli, "--owner", "2") == []
    client[database]["notes"].update_one({"_id": 1}, {"$set": {"text": "b"}})
    client[database]["notes"].delete_one({"_id": 4})
    client[database]["notes"].insert_one({"_id": 10, "user_id": 1, "text": "new"})
    preview = cli("backups", "restore", "of-one")
    assert preview.code == 0
    assert "nothing is deleted" in preview.err
    client[database].command({"collMod": "notes", "validator": {"text": {"$ne": "a"}}})
    aside = ("backups", "restore", "of-one", "--max-rejects", "2")
    assert "to do it: tui-migrate backups restore of-one --max-rejects 2 --confirm" in cli(*aside).out
    done = cli(*aside, "--confirm")
    assert (done.code, "rejected 2" in done.out) == (3, True)
    client[database].command({"collMod": "notes", "validator": {}})
    assert cli("backups", "restore", "of-one", "--confirm").code == 0
    texts = {one["_id"]: one["text"] for one in client[database]["notes"].find()}
    assert texts == {**dict.fromkeys(range(9), "a"), 10: "new"}
    assert client[database]["users"].count_documents({}) == 30
    words = ("backups", "restore", "of-one", "--url", ends.target, "--owner-to", "77", "--confirm")
    assert cli(*words).code == 0
    assert {one["user_id"] for one in ends.target_documents("notes")} == {77}
    assert [one["_id"] for one in ends.target_documents("users")] == [77]


def test_a_run_backs_its_target_up_first(cli: Cli, ends: Ends) -> None:
    ends.fill_target("users", [{"_id": 1, "age": "old"}])
    before = snapshot(ends.target_client, ends.database)
    words = ("copy", "--source", ends.source, "--target", ends.target, "--conflict-resolution", "overwrite")
    done = cli(*words, "--backup-first", "--json")
    assert done.code == 0, done.err
    (one,) = listed(cli)
    assert (one["status"], one["verdict"], one["documents"], one["whole"]) == ("good", "good", 1, True)
    assert one["before_run"] == done.document["id"] == 2
    assert ends.target_client[ends.database]["users"].count_documents({}) == 30
    assert cli("backups", "restore", one["name"], "--confirm").code == 0
    assert snapshot(ends.target_client, ends.database) == before


def test_a_run_does_not_begin_where_the_backup_cannot_be_made(cli: Cli, ends: Ends) -> None:
    ends.fill_target("users", [{"_id": 1, "age": "old"}])
    cli.home.state.mkdir(parents=True)
    cli.home.backups.write_text("in the way")
    words = ("copy", "--source", ends.source, "--target", ends.target, "--conflict-resolution", "skip")
    done = cli(*words, "--backup-first")
    assert (done.code, done.out) == (1, "")
    assert ends.target_client[ends.database]["users"].count_documents({}) == 1
    empty = cli("copy", "--source", ends.source, "--target", f"{ends.target}_empty", "--backup-first", "--dry-run")
    assert empty.code == 0


def test_old_backups_are_removed_once_that_is_confirmed(cli: Cli, ends: Ends) -> None:
    for name in ("a", "b", "c"):
        made(cli, ends.source, name)
    preview = cli("backups", "prune", "--days", "0", "--keep-minimum", "1")
    assert preview.code == 0
    assert "nothing was removed; what goes: 2 of 3 backups" in preview.out
    assert len(listed(cli)) == 3
    done = cli("backups", "prune", "--days", "0", "--keep-minimum", "1", "--confirm", "--json")
    assert done.code == 0
    assert done.document["removed"] is True
    assert [one["name"] for one in listed(cli)] == ["c"]
    assert sorted(one.name for one in cli.home.backups.iterdir()) == ["c.tar"]


def begin_over(ends: Ends) -> tuple[str, ...]:
    ends.fill_target("users", [{"_id": 1, "age": "old"}])
    words = ("copy", "--source", ends.source, "--target", ends.target, "--conflict-resolution", "overwrite")
    return (*words, "--backup-first")


def test_a_run_does_not_begin_where_the_backup_does_not_complete(
    cli: Cli, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def given_up(home: Home, run_id: int, _passwords: object) -> str:
        await control.ask(home, run_id, Wish.CANCEL)
        return ""

    words = begin_over(ends)
    monkeypatch.setattr(launch, "start", given_up)
    done = cli(*words)
    assert done.code == 4
    assert "has not completed (run 0001: cancelled), so nothing was written to the target" in done.err
    assert ends.target_documents("users") == [{"_id": 1, "age": "old"}]
    assert cli("history", "--json").document["total_count"] == 1
    assert listed(cli)[0]["status"] == "given up"


def test_a_run_does_not_begin_where_the_backup_is_not_whole(
    cli: Cli, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def damaged(_end: object, _passwords: object) -> Examined:
        return Examined(None, (Finding(Severity.ERROR, "digest_differs", "users", "damaged"),))

    words = begin_over(ends)
    monkeypatch.setattr(backing_up, "examined", damaged)
    done = cli(*words)
    assert done.code == 4
    assert "is not whole, so nothing was written to the target" in done.err
    assert ends.target_documents("users") == [{"_id": 1, "age": "old"}]
    assert listed(cli)[0]["status"] == "damaged"


def test_an_export_has_no_target_to_be_backed_up(cli: Cli, ends: Ends) -> None:
    words = ("export", "--url", ends.source, "--output", "p", "--backup-first")
    cli.refused(*words, code=2, said="for a run into a database", hint="leave --backup-first away", error="usage")


@pytest.mark.parametrize(
    "command",
    [
        "backup --url shop --owner=",
        "backup --url shop --name=",
        "backups list --connection=",
        "backups restore friday --url=",
        "backups restore friday --owner-to=",
        "backups restore friday --catalog=",
        "backups prune --connection=",
    ],
)
def test_an_option_that_a_script_left_empty_is_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command.split()) == 2
    assert "Must not be empty" in capsys.readouterr().err
