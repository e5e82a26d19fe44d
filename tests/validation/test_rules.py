"""Each rule finds what it is for and is silent where that is not; no value of a sensitive field is ever said."""

from typing import Any

import pytest
from bson import Decimal128, Int64, MaxKey, MinKey, encode

from tests.mapping.bson_values import Fields
from tests.suites.documents import EMPTY
from tests.validation.scene import World, catalog, codes, found_in
from tui_migrate.catalogs.loader import from_text
from tui_migrate.findings import Severity
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.validation import drift
from tui_migrate.validation.collection import CollectionLook
from tui_migrate.validation.evidence import Evidence
from tui_migrate.validation.model import findings_of
from tui_migrate.validation.required import lacks
from tui_migrate.validation.rules import Wanted, rules_of
from tui_migrate.validation.versions import version_finding


@pytest.mark.parametrize(
    ("fields", "path", "missing"),
    [
        ({"a": 1}, "a", False),
        ({"a": None}, "a", True),
        ({}, "a", True),
        ({"a": ""}, "a", False),
        ({"a": {"b": 0}}, "a.b", False),
        ({"a": {"c": 0}}, "a.b", True),
        ({"a": 5}, "a.b", True),
        ({"a": []}, "a.b", False),
        ({"a": []}, "a", False),
        ({"a": [{"b": 1}, {"b": 2}]}, "a.b", False),
        ({"a": [{"b": 1}, {"c": 2}]}, "a.b", True),
        ({"a": [{"b": 1}, 7]}, "a.b", True),
        ({"a": [[{"b": 1}], [{"b": None}]]}, "a.b", True),
    ],
)
def test_a_required_field_has_to_be_there_with_a_value(fields: Fields, path: str, missing: bool) -> None:
    assert lacks(encode(fields), tuple(path.encode().split(b"."))) is missing


async def test_documents_without_required_fields_are_counted_and_named() -> None:
    about = catalog("{users: {required: [mail, name.first]}}")
    whole: list[Fields] = [{"_id": 0, "mail": "a", "name": {"first": "b"}}]
    assert await codes({"users": whole}, about) == set()
    short = [{"_id": place, "name": {"first": "b"}} for place in range(1, 131)]
    (issue,) = await found_in({"users": [*whole, *short]}, about)
    finding = issue.finding
    assert (finding.severity, finding.code, finding.subject) == (Severity.ERROR, "required_missing", "users.mail")
    assert (finding.count, [one.document for one in issue.examples]) == (130, [str(one) for one in range(1, 101)])
    assert finding.message == "130 documents lack the required field mail, such as _id 1, 2, 3"


@pytest.mark.parametrize(
    ("values", "severity"),
    [
        ((1, 2), None),
        ((1, None), None),
        ((1, MinKey(), MaxKey()), None),
        ((1, Int64(2), 0.5), Severity.NOTE),
        ((1, "2"), Severity.WARNING),
        ((1, Decimal128("2")), Severity.WARNING),
        (({"a": 1}, {"a": "x"}), Severity.WARNING),
        (([1, 2], [3]), None),
        (([1, "2"],), Severity.WARNING),
        (([], 1), Severity.WARNING),
        (([[1]], [["a"]]), Severity.WARNING),
    ],
)
async def test_types_that_change_within_a_field_are_told(values: tuple[Any, ...], severity: Severity | None) -> None:
    world: World = {"things": [{"_id": place, "v": one} for place, one in enumerate(values)]}
    found = [one.finding for one in await found_in(world, catalog("{things: {}}"))]
    assert [one.severity for one in found] == ([severity] if severity else [])
    assert {one.code for one in found} <= {"type_drift"}


async def test_drift_names_path_types_counts_and_ids() -> None:
    world: World = {"things": [{"_id": place, "a": [{"b": "x" if place == 7 else place}]} for place in range(20)]}
    (issue,) = await found_in(world, catalog("{things: {}}"))
    assert issue.finding.subject == "things.a[].b"
    assert issue.finding.count == 1
    assert issue.finding.message == "its values have several types: 19 int32 (_id 0, 1, 2); 1 string (_id 7)"
    assert list(findings_of(issue)) == [issue.finding]


async def test_the_paths_that_are_looked_at_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "MOST_PATHS", 10)
    world: World = {"things": [{"_id": 1, **{f"k{place}": place for place in range(9)}}, {"_id": 2, "k0": ""}]}
    assert await codes(world, catalog("{things: {}}")) == {("type_drift", "things.k0")}
    more: World = {"things": [*world["things"], {"_id": 3, "new": 1}]}
    assert ("fields_unfollowed", "things") in await codes(more, catalog("{things: {}}"))


def info_with_index(**key: int) -> CollectionInfo:
    specification = encode({"v": 2, "key": key, "name": "by", "unique": True})
    return CollectionInfo("things", CollectionKind.PLAIN, EMPTY, (specification,))


def duplicates(documents: list[Fields], **key: int) -> list[str]:
    (rules,) = rules_of(catalog("{things: {}}"), [info_with_index(**key)], Wanted(is_package=True))
    evidence = Evidence()
    try:
        look = CollectionLook(rules, evidence)
        for one in documents:
            look.take([encode(one)])
        found = [one for one in look.issues() if one.finding.code == "value_duplicate"]
        return [example.document for one in found for example in one.examples]
    finally:
        evidence.close()


def test_values_that_a_unique_index_has_already_are_found() -> None:
    assert duplicates([{"_id": 1, "a": 1}, {"_id": 2, "a": 2}], a=1) == []
    assert duplicates([{"_id": 1, "a": 1}, {"_id": 2, "a": 1.0}, {"_id": 3, "a": 1}], a=1) == ["2", "3"]
    assert duplicates([{"_id": 1}, {"_id": 2, "a": None}], a=1) == ["2"]
    assert duplicates([{"_id": 1, "a": 1, "b": 1}, {"_id": 2, "a": 1, "b": 2}], a=1, b=1) == []
    assert duplicates([{"_id": 1, "a": [1, 1]}, {"_id": 2, "a": [3, 2]}, {"_id": 3, "a": 2}], a=1) == ["3"]


async def test_a_database_keeps_its_unique_indexes_itself() -> None:
    rules = rules_of(catalog("{things: {}}"), [info_with_index(a=1)])
    assert [one.unique for one in rules] == [()]


SECRET = "anna@example.org"


async def test_sensitive_values_are_never_said() -> None:
    about = catalog(
        "{users: {sensitive: [{field: _id, redaction: keep}, {field: card, redaction: drop}],"
        " references: [{field: friend, to: users}], required: [name]},"
        " orders: {references: [{field: mail, to: users}]}}"
    )
    world: World = {
        "users": [
            {"_id": SECRET, "friend": SECRET + "x", "card": {"number": 1}},
            {"_id": SECRET + "2", "friend": SECRET, "card": {"number": "1"}},
        ],
        "orders": [{"_id": 1, "mail": SECRET + "y"}],
    }
    found = await found_in(world, about)
    assert {(one.finding.code, one.finding.subject) for one in found} == {
        ("dangling_reference", "users.friend"),
        ("dangling_reference", "orders.mail"),
        ("required_missing", "users.name"),
    }
    assert "anna" not in repr([(one, *findings_of(one)) for one in found])
    assert "***" in repr(found)


VERSIONS = """
name: shop
title: A shop
version: "2.1"
versions:
  - {source: "2.*", target: "2.*"}
  - {source: "1.9", target: "2.*", note: prices were net}
collections: {things: {}}
"""


@pytest.mark.parametrize(
    ("made_with", "severity", "said"),
    [
        ("", None, ""),
        ("shop 2.1", None, ""),
        ("shop 2.0", Severity.WARNING, "version 2.0, and shop is described in version 2.1"),
        ("shop 1.9", Severity.WARNING, "1.9 goes to 2.1: prices were net"),
        ("shop 1.8", Severity.ERROR, "version 1.8 may not go to version 2.1"),
        ("other 2.1", Severity.WARNING, "made with the catalog other"),
    ],
)
def test_versions_are_held_against_the_rules(made_with: str, severity: Severity | None, said: str) -> None:
    found = version_finding(from_text(VERSIONS, "shop.yaml"), made_with, "the package")
    assert (found.severity if found else None) is severity
    assert said in (found.message if found else "")


def test_the_name_of_a_form_is_nobodys_choice() -> None:
    assert version_finding(from_text(VERSIONS, "shop.yaml"), "other 2.1", "the package", is_chosen=False) is None


async def test_long_ids_are_named_shortly() -> None:
    (issue,) = await found_in({"users": [{"_id": "x" * 500}]}, catalog("{users: {required: [name]}}"))
    assert [len(one.document) for one in issue.examples] == [81]
