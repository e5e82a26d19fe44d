"""Runs of a part of a source from the command line, between real servers."""

import json
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests.cli.conftest import Cli, Ends
from tests.mapping.catalogs import TEXT


@pytest.fixture
def catalog(tmp_path: Path) -> str:
    path = tmp_path / "workshop.yaml"
    path.write_text(TEXT)
    return str(path)


@pytest.fixture
def filled(ends: Ends) -> Ends:
    source: MongoClient[dict[str, object]] = ends.source_client
    database = source[ends.database]
    database["users"].drop()
    database["users"].insert_many(
        {
            "_id": name,
            "password": "topsecret",
            "mail": f"{name}@example.org",
            "phones": [{"number": "0049123"}],
            "age": len(name),
        }
        for name in ("ann", "bob", "carol")
    )
    database["projects"].insert_many({"_id": one, "user_id": ("ann", "bob")[one % 2]} for one in range(10))
    return ends


@pytest.mark.slow
def test_a_part_is_copied_under_another_name(cli: Cli, filled: Ends) -> None:
    words = ("copy", "--source", filled.source, "--target", filled.target)
    scope = ("--filter", 'users={"age": {"$gte": 4}}', "--rename", "users=people", "--rename=grown=big")
    shown = cli(*words, *scope, "--dry-run", "--json")
    counted = {one["name"]: one["insert"] for one in shown.document["collections"]}  # type: ignore[attr-defined] # a list of objects
    assert counted["people"] == 1
    done = cli(*words, *scope)
    assert done.code == 0, done.err
    assert "users becomes people." in done.err
    assert 'Only documents of users that match {"age"' in done.err
    assert [one["_id"] for one in filled.target_documents("people")] == ["carol"]
    (view,) = filled.target_client[filled.database].list_collections(filter={"name": "big"})
    assert view["options"]["viewOn"] == "people"


@pytest.mark.slow
def test_one_user_is_exported_and_given_to_another(cli: Cli, filled: Ends, catalog: str, tmp_path: Path) -> None:
    package = str(tmp_path / "ann")
    done = cli("export", "--url", filled.source, "--output", package, "--catalog", catalog, "--owner", "ann")
    assert done.code == 0, done.err
    manifest = json.loads((tmp_path / "ann" / "manifest.json").read_text())
    assert manifest["part"] == {"filters": [], "owner": '"ann"', "redacted": False, "renames": []}
    words = ("import", "--url", filled.target, "--input", package, "--catalog", catalog)
    assert cli(*words, "--owner-to", "dora", "--redact").code == 0
    (user,) = filled.target_documents("users")
    assert (user["_id"], user["mail"], "password" in user) == ("dora", "***", False)
    assert {one["_id"]: one["user_id"] for one in filled.target_documents("projects")} == dict.fromkeys(
        range(0, 10, 2), "dora"
    )


def test_what_cannot_be_is_refused_with_a_hint(cli: Cli, ends: Ends) -> None:
    words = ("copy", "--source", ends.source, "--target", ends.target)
    for option, value, said in (
        ("--filter", "users", "COLLECTION={"),
        ("--filter", 'users={"a": {"$regex": "x"}}', "$regex"),
        ("--rename", "users", "OLD=NEW"),
        ("--owner", "ann", "catalog"),
    ):
        cli.refused(*words, option, value, code=2, said=said, hint="", error="usage")
    for option in ("--owner", "--owner-to", "--catalog"):
        cli.refused(*words, option, "", code=2, said=f"for {option}. Must not be empty", hint="help", error="usage")
    cli.refused(*words, "--rename", "users=families", code=4, said="both", hint="another", error="refused")
