"""`validate` with a catalog, of packages and of databases of real servers."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Ends
from tests.packages.json_forms.samples import DATA
from tests.packages.samples import small_package
from tui_migrate.findings import Severity
from tui_migrate.reports.json_form import parse
from tui_migrate.reports.model import Report

SHOP = """
name: shop
title: A shop
collections:
  orders:
    references: [{field: lines.user, to: users, on_missing: warn}, {field: mail, to: users, to_field: mail}]
    sensitive: [{field: mail, redaction: mask}]
  users:
    required: [age]
"""


def report_of(cli: Cli, *words: str, code: int) -> Report:
    done = cli("validate", *words, "--json")
    assert done.code == code, done
    return parse(done.out)


def found_in(report: Report) -> list[tuple[str, str, int]]:
    return [(one.finding.code, one.finding.subject, one.finding.count) for one in report.findings]


def facts(report: Report) -> dict[str, object]:
    return {one.name: one.value for one in report.facts}


def xcodereviewer(path: Path, **changes: object) -> str:
    path.write_text(json.dumps(json.loads((DATA / "xcodereviewer.json").read_text()) | changes))
    return path.name


DANGLING = [
    ("dangling_reference", "audit_tasks.project_id", 1),
    ("dangling_reference", "audit_issues.task_id", 1),
]


def test_a_package_of_another_system_goes_with_its_own_catalog(cli: Cli, tmp_path: Path) -> None:
    name = xcodereviewer(tmp_path / "x.json")
    report = report_of(cli, "--input", name, code=3)
    assert found_in(report) == [*DANGLING, ("type_drift", "audit_tasks.result_summary.a[]", 1)]
    assert facts(report)["validated with"] == (
        "xcodereviewer 2.0.0, which goes with this form of package; --catalog none leaves it aside"
    )
    table = report.tables[-1]
    assert table.title == "Documents by their ids"
    assert ("dangling_reference", "audit_tasks", "project_id", "'t2'", "'gone'") in table.rows
    declined = report_of(cli, "--input", name, "--catalog", "none", code=3)
    assert {code for code, _, _ in found_in(declined)} == {"orphan"}
    assert "validated with" not in facts(declined)


def test_another_version_of_an_application_is_told(cli: Cli, tmp_path: Path) -> None:
    report = report_of(cli, "--input", xcodereviewer(tmp_path / "x.json", schema_version="2.1.0"), code=3)
    (found,) = [one.finding for one in report.findings if one.finding.code == "catalog_version"]
    assert found.severity is Severity.WARNING
    assert "version 2.1.0, and xcodereviewer is described in version 2.0.0" in found.message
    old = report_of(cli, "--input", xcodereviewer(tmp_path / "y.json", schema_version="1.4"), code=4)
    assert "schema_unsupported" in {code for code, _, _ in found_in(old)}


def test_a_package_is_held_against_a_catalog_that_is_named(cli: Cli, tmp_path: Path) -> None:
    small_package(tmp_path / "p")
    (tmp_path / "shop.yaml").write_text(SHOP)
    report = report_of(cli, "--input", "p", "--catalog", "shop.yaml", "-o", "r.html", code=4)
    assert ("required_missing", "users.age") in [one[:2] for one in found_in(report)]
    assert facts(report)["validated with"] == "shop"
    assert "required_missing" in (tmp_path / "r.html").read_text()
    assert report_of(cli, "--input", "p", "--catalog", "gofannon", code=0).findings == ()


def test_one_that_has_errors_is_not_read_again(cli: Cli, tmp_path: Path) -> None:
    small_package(tmp_path / "p")
    (tmp_path / "p" / "shop" / "users.bson.gz").write_bytes(b"")
    (tmp_path / "shop.yaml").write_text(SHOP)
    report = report_of(cli, "--input", "p", "--catalog", "./shop.yaml", code=4)
    assert "validated with" not in facts(report)


def test_a_database_is_read_and_left_as_it_is(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    words = ("--url", ends.source, "--catalog", "shop.yaml")
    whole = report_of(cli, *words, code=0)
    assert (whole.title, whole.findings) == ("Check of a database", ())
    orders = ends.source_client[ends.database]["orders"]
    orders.insert_many({"_id": one, "lines": [{"user": one}, {"user": 0}]} for one in range(150))
    warned = report_of(cli, *words, "-o", "r.json", code=3)
    assert found_in(warned) == [("dangling_reference", "orders.lines.user", 120)]
    rows = [row for row in warned.tables[-1].rows if row[0] == "dangling_reference"]
    assert rows[0][1:] == ("orders", "lines.user", "30", "30")
    assert len(rows) == 100
    assert parse((tmp_path / "r.json").read_text()).findings == warned.findings
    orders.insert_one({"_id": 999, "mail": "anna@example.org"})
    ends.source_client[ends.database]["users"].insert_one({"_id": 900})
    faulty = cli("validate", *words)
    assert faulty.code == 4
    assert "users.age" in faulty.out
    assert "orders.mail" in faulty.out
    assert "anna" not in faulty.out
    assert not list(cli.folder.glob("state/*"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "either --input or --url"),
        (("--input", "p", "--url", "mongodb://127.0.0.1:1/x"), "not both"),
        (("--url", "mongodb://127.0.0.1:1/x"), "none is named"),
        (("--url", "mongodb://127.0.0.1:1/x", "--catalog", "none"), "none is named"),
        (("--url", "mongodb://127.0.0.1:1/x", "--catalog", "gofannon", "--write-type-plan", "t"), "has its types"),
        (("--input", "p", "--catalog", "nothing"), "there is no catalog nothing"),
    ],
)
def test_what_cannot_be_meant_is_said(cli: Cli, words: tuple[str, ...], said: str) -> None:
    cli.refused("validate", *words, code=2, said=said, hint="", error="usage")
