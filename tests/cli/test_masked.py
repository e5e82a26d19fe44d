"""A secret in a field that the catalog calls sensitive is in no report, no JSON and no line that a command prints."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Ends
from tests.packages.json_forms.samples import DATA

pytestmark = pytest.mark.slow

SECRET = "s3cr3t-Zq7"
CATALOG = """\
name: own
title: Own
collections:
  users:
    sensitive:
      - {field: email, redaction: keep}
      - {field: keys.secret, redaction: mask}
"""


@pytest.fixture
def filled(cli: Cli, ends: Ends, tmp_path: Path) -> Ends:
    """Both ends have users with the secret; some clash on the target's unique index, some differ."""
    (tmp_path / "own.yaml").write_text(CATALOG)
    users = ends.source_client[ends.database]["users"]
    users.update_many({}, [{"$set": {"email": {"$concat": [f"{SECRET}-", {"$toString": "$_id"}]}}}])
    users.update_one({"_id": 3}, {"$set": {"keys": [{"name": "shown-a", "secret": f"{SECRET}-a"}]}})
    target = ends.target_client[ends.database]["users"]
    target.create_index("email", unique=True)
    target.insert_many(
        [
            {"_id": 100, "email": f"{SECRET}-7"},
            {"_id": 3, "age": 3, "email": f"{SECRET}-x", "keys": [{"name": "shown-b", "secret": f"{SECRET}-b"}]},
        ]
    )
    return ends


def test_what_the_target_says_of_a_refused_document_has_no_value(cli: Cli, filled: Ends, tmp_path: Path) -> None:
    words = ("copy", "--source", filled.source, "--target", filled.target, "--catalog", "own.yaml")
    more = ("--conflict-resolution", "skip", "--max-rejects", "5")
    said = [cli(*words, *more, "--dry-run"), cli(*words, *more, "--json")]
    assert [one.code for one in said] == [0, 3], said[1].err
    run = str(said[1].document["id"])
    assert "E11000" in said[1].out
    said += [cli("status", run), cli("status", run, "--json"), cli("history", "--json"), cli("report", run, "--json")]
    said.append(cli(*words, "--conflict-resolution", "overwrite"))  # which fails for what it is not to put aside
    assert said[-1].code == 1
    for ending in ("json", "md", "html", "txt"):
        said.append(cli("report", run, "-o", f"r.{ending}"))
        text = (tmp_path / f"r.{ending}").read_text()
        assert SECRET not in text
        assert "rejected" in text
        assert "own" in text
    for one in said:
        assert SECRET not in one.out + one.err
    assert SECRET not in cli.home.run(int(run)).worker_log.read_text()
    for log in cli.home.runs.glob("*/worker.log"):
        assert SECRET not in log.read_text()


def test_a_package_goes_with_the_catalog_that_it_was_made_with(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    users = ends.source_client[ends.database]["users"]
    users.update_many({}, {"$set": {"hashed_password": SECRET, "email": f"{SECRET}@example.org"}})
    package = str(tmp_path / "package")
    words = ("--catalog", "second_brain_database", "--redact", "--collections", "users")
    assert cli("export", "--url", ends.source, "--output", package, *words).code == 0
    for two in ((ends.source, package), (package, ends.source)):
        done = cli("compare", *two, "--collections", "users")
        assert (done.code, SECRET in done.out, "hashed_password" in done.out) == (3, False, True)
        assert "second_brain_database calls sensitive" in done.err
    declined = cli("compare", ends.source, package, "--collections", "users", "--catalog", "none")
    assert SECRET in declined.out


def test_a_package_of_another_system_goes_with_its_own(cli: Cli, tmp_path: Path) -> None:
    text = (DATA / "xcodereviewer.json").read_text()
    assert "@" in text
    for name, at in (("one", "@"), ("other", "_at_")):
        (tmp_path / f"{name}.json").write_text(text.replace("@", at))
    done = cli("compare", "./one.json", "./other.json")
    assert done.code == 3
    assert "@" not in done.out
    assert "_at_" not in done.out


def test_a_comparison_shows_that_a_sensitive_field_differs_and_not_how(cli: Cli, filled: Ends, tmp_path: Path) -> None:
    words = ("compare", filled.source, filled.target, "--collections", "users", "--limit", "50")
    assert SECRET in cli(*words).out
    said = [cli(*words, "--catalog", "own.yaml"), cli(*words, "--catalog", "own.yaml", "--json")]
    for ending in ("json", "md", "html", "txt"):
        said.append(cli(*words, "--catalog", "own.yaml", "-o", f"c.{ending}"))
        text = (tmp_path / f"c.{ending}").read_text()
        assert SECRET not in text
        assert "email" in text
        assert "shown-a" in text
    for one in said:
        assert one.code == 3, one.err
        assert SECRET not in one.out + one.err


def test_a_run_is_drawn_with_what_it_did_to_each_collection(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    assert cli("copy", "--source", ends.source, "--target", ends.target).code == 0
    assert cli("report", "1", "-o", "r.html").code == 0
    html = (tmp_path / "r.html").read_text()
    assert html.count("<svg ") == 2
    assert "documents/s</text>" in html
    document = cli("report", "1", "--json").document
    assert document["schema"] == 2
    charts, tables = document["charts"], document["tables"]
    assert isinstance(charts, list)
    assert [one["unit"] for one in charts] == ["documents/s", "bytes/s"]
    assert isinstance(tables, list)
    assert tables[1]["rows"][:2] == [["families", 5, 0, 0, 0, 0, 0], ["users", 30, 0, 0, 0, 0, 0]]
    facts = document["facts"]
    assert isinstance(facts, list)
    assert {"policy", "undo", "verify"} <= {one["name"] for one in facts}
