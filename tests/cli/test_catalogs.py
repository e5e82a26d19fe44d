"""The catalog commands, and runs with a catalog, from the command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Ends
from tui_migrate.catalogs.finding import own_folder
from tui_migrate.catalogs.loader import from_text

SHOP = """\
name: shop
title: Shop
version: "3"
collections:
  users: {references: [{field: family, to: families}]}
  families: {excluded: nobody's business}
"""


def own(cli: Cli, text: str) -> Path:
    path = own_folder(cli.home) / "shop.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_catalogs_are_listed_with_ones_own_and_broken_ones(cli: Cli) -> None:
    path = own(cli, SHOP)
    done = cli("catalog", "list")
    assert (done.code, done.err) == (0, "")
    assert f"shop                   3        Shop                   {path}" in done.out
    assert "gofannon                        Gofannon               came with the program" in done.out
    path.write_text(SHOP + "colour: red\n")
    done = cli("catalog", "list")
    assert "cannot be read" in done.out
    assert f"{path}, line 7, key 'colour'" in done.err
    rows = cli("catalog", "list", "--json").document["catalogs"]
    assert isinstance(rows, list)
    by_name = {one["name"]: one for one in rows}
    assert "line 7" in by_name["shop"]["error"]
    assert by_name["xcodereviewer"] == {
        "name": "xcodereviewer",
        "path": None,
        "version": "2.0.0",
        "title": "XCodeReviewer",
        "description": by_name["xcodereviewer"]["description"],
        "collections": 5,
        "error": None,
    }


def test_what_is_shown_can_be_ones_own(cli: Cli) -> None:
    shown = cli("catalog", "show", "xcodereviewer")
    assert from_text(shown.out, "copy.yaml").collections
    form = cli("catalog", "show", "xcodereviewer", "--json").document
    assert form["text"] == shown.out
    assert form["import_order"] == ["user", "projects", "audit_tasks", "audit_issues", "settings"]


def test_a_file_is_checked(cli: Cli) -> None:
    path = own(cli, SHOP)
    done = cli("catalog", "check", str(path))
    assert done.code == 0
    assert done.out.splitlines() == [
        "shop 3: Shop",
        "  2 collections, 1 reference, 0 sensitive fields, 0 collections with an owner",
        "  order of import: users",
        "  never leave their database: families",
    ]
    path.write_text(SHOP.replace("to: families", "to: family"))
    said = f"{path}, line 5, key 'collections.users.references[0].to': the catalog has no collection 'family'"
    cli.refused("catalog", "check", str(path), code=2, said=said, hint="name it", error="invalid_file")


def test_a_catalog_that_is_not_there_is_said(cli: Cli) -> None:
    words = ("export", "--url", "mongodb://127.0.0.1:1/x", "--output", "p", "--catalog", "nothing")
    cli.refused(*words, code=2, said="there is no catalog nothing", hint="catalog list", error="usage")
    cli.refused("catalog", "show", "nothing", code=2, said="there is no catalog", hint="catalog list", error="usage")


@pytest.mark.slow
def test_a_draft_is_shown_or_written_and_used(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    ends.source_client[ends.database]["orders"].insert_many({"_id": -1 - one, "user_id": one} for one in range(20))
    shown = cli("catalog", "infer", "--url", ends.source)
    assert shown.code == 0
    assert "# 20 of 20 distinct sampled values were found in users" in shown.out
    assert from_text(shown.out, "draft").name == ends.database
    done = cli("catalog", "infer", "--url", ends.source, "--output", "shop.yaml", "--sample", "5", "--json")
    assert done.document["name"] == "shop"
    text = (tmp_path / "shop.yaml").read_text()
    assert text == done.document["text"]
    assert "looked at the first 5 documents" in text
    assert (tmp_path / "shop.yaml").stat().st_mode & 0o777 == 0o600
    again = ("catalog", "infer", "--url", ends.source, "--output", "shop.yaml")
    cli.refused(*again, code=2, said="is there already", hint="another", error="usage")
    assert (tmp_path / "shop.yaml").read_text() == text
    assert cli("copy", "--source", ends.source, "--target", ends.target, "--catalog", "./shop.yaml").code == 0
    assert len(ends.target_documents("orders")) == 20


@pytest.mark.slow
def test_a_run_with_a_catalog_leaves_out_what_it_excludes(cli: Cli, ends: Ends) -> None:
    own(cli, SHOP)
    words = ("copy", "--source", ends.source, "--target", ends.target, "--catalog", "shop")
    done = cli(*words)
    assert done.code == 0
    assert len(ends.target_documents("users")) == 30
    assert ends.target_documents("families") == []
    asked = cli(*words, "--collections", "families", "--validate-only")
    assert asked.code == 4
    assert "the catalog shop excludes this collection: nobody's business" in asked.out + asked.err
    assert ends.target_documents("families") == []


@pytest.mark.slow
def test_a_package_says_its_catalog_when_it_is_checked(cli: Cli, ends: Ends) -> None:
    own(cli, SHOP)
    assert cli("export", "--url", ends.source, "--output", "p", "--catalog", "shop").code == 0
    done = cli("validate", "--input", "p")
    assert done.code == 0
    assert "catalog      shop 3\n" in done.out
    assert cli("import", "--url", ends.target, "--input", "p", "--catalog", "shop").code == 0
