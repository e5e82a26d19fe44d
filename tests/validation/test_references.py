"""References that lead to nothing: exactly those, through arrays and documents, whichever collection comes first."""

from collections.abc import Iterator
from typing import Any

import pytest
from bson import Int64, ObjectId
from hypothesis import given
from hypothesis import strategies as st

from tests.mapping.bson_values import Fields
from tests.validation.scene import World, catalog, codes, found_in
from tui_migrate.catalogs.model import Catalog
from tui_migrate.findings import Severity
from tui_migrate.mapping.model import Rename, Scope
from tui_migrate.validation.model import MOST_NAMED, Issue, findings_of
from tui_migrate.validation.rules import Wanted

GRAPH = catalog(
    "{a: {references: [{field: to, to: b}, {field: deep.list.id, to: c, to_field: keys.n, on_missing: warn}]},"
    " b: {references: [{field: up, to: b}, {field: back, to: a}]}, c: {references: [{field: to, to: missing}]},"
    " missing: {}}"
)

IDS = st.integers(0, 4)
VALUES = IDS | IDS.map(float) | IDS.map(Int64) | st.none()
MANY = VALUES | st.lists(VALUES, max_size=3) | st.lists(st.lists(VALUES, max_size=2), max_size=2)
NESTED = st.fixed_dictionaries({}, optional={"id": MANY})


def numbered(fields: st.SearchStrategy[Fields]) -> st.SearchStrategy[list[Fields]]:
    return st.dictionaries(IDS, fields, max_size=5).map(lambda some: [{"_id": key, **one} for key, one in some.items()])


WORLDS = st.fixed_dictionaries(
    {
        "a": numbered(
            st.fixed_dictionaries(
                {},
                optional={
                    "to": MANY,
                    "deep": st.fixed_dictionaries({"list": NESTED | st.lists(NESTED, max_size=2)}) | IDS,
                },
            )
        ),
        "b": numbered(st.fixed_dictionaries({}, optional={"up": MANY, "back": MANY})),
        "c": numbered(st.fixed_dictionaries({}, optional={"keys": st.lists(st.fixed_dictionaries({"n": IDS}))})),
    }
)


def reached(value: Any, path: list[str]) -> Iterator[Any]:
    """What stands at a path, through arrays."""
    if isinstance(value, list):
        for one in value:
            yield from reached(one, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from reached(value[path[0]], path[1:])


def expected(world: World, about: Catalog) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """The dangling references by collection and field: document and value."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for one in about.collections:
        for reference in one.references:
            there = {
                float(value)
                for document in world.get(reference.to, ())
                for value in reached(document, reference.to_field.split("."))
            }
            dangling = {
                (str(document["_id"]), f"{value:.0f}")
                for document in world.get(one.name, ())
                for value in reached(document, reference.field.split("."))
                if value not in there
            }
            if dangling:
                found[one.name, reference.field] = dangling
    return found


def said(issue: Issue) -> set[tuple[str, str]]:
    return {(one.document, one.about if one.about.isdigit() else number_of(one.about)) for one in issue.examples}


def number_of(shown: str) -> str:
    """The whole number that is shown as a double."""
    return f"{float(shown):.0f}"


@given(WORLDS)
async def test_exactly_the_dangling_references_are_found(world: World) -> None:
    dangling = [one for one in await found_in(world, GRAPH) if one.finding.code == "dangling_reference"]
    assert {(one.collection, one.field): said(one) for one in dangling} == expected(world, GRAPH)
    for one in dangling:
        assert one.finding.count == len(one.examples)
        warns = one.field == "deep.list.id"
        assert one.finding.severity is (Severity.WARNING if warns else Severity.ERROR)


@given(WORLDS, WORLDS)
async def test_what_is_elsewhere_is_found_too(world: World, other: World) -> None:
    both = {name: [*world[name], *other[name]] for name in world}
    wanted = {
        key: {one for one in some if one in missing}
        for key, some in expected(both, GRAPH).items()
        if (missing := expected(world, GRAPH).get(key, set())) and some & missing
    }
    dangling = [
        one for one in await found_in(world, GRAPH, elsewhere=other) if one.finding.code == "dangling_reference"
    ]
    assert {(one.collection, one.field): said(one) for one in dangling} == wanted


async def test_the_first_hundred_are_named_and_all_are_counted() -> None:
    about = catalog("{orders: {references: [{field: user, to: users}]}, users: {}}")
    lost = [{"_id": ObjectId(bytes([0, 1] * 5 + [place // 256, place % 256])), "user": place} for place in range(250)]
    (issue,) = await found_in({"orders": lost, "users": [{"_id": 0}]}, about)
    assert (issue.finding.count, len(issue.examples)) == (249, MOST_NAMED)
    assert issue.finding.subject == "orders.user"
    assert issue.finding.message.startswith("249 references lead to nothing among the users, in 249 documents, such as")
    assert issue.finding.hint
    first, *notes = findings_of(issue)
    assert (first, {one.severity for one in notes}) == (issue.finding, {Severity.NOTE})
    assert sum(one.count for one in notes) == MOST_NAMED
    assert all(len(one.message) < 2_000 for one in notes)
    text = " ".join(one.message for one in notes)
    assert all(f"{one['_id']} → {one['user']}" in text for one in lost[1 : MOST_NAMED + 1])
    assert len({one.subject for one in (first, *notes)}) == 1 + len(notes) > 2


async def test_collections_are_followed_under_their_new_names() -> None:
    about = catalog("{orders: {references: [{field: user, to: users}]}, users: {}}")
    scope = Scope(renames=(Rename("orders", "sales"), Rename("users", "people")))
    world: World = {
        "sales": [{"_id": 1, "user": 1}, {"_id": 2, "user": 2}],
        "people": [{"_id": 1}],
    }
    (issue,) = await found_in(world, about, Wanted(scope=scope), elsewhere={"users": [{"_id": 2}]})
    assert (issue.finding.subject, issue.finding.count) == ("sales.user", 1)
    assert "among the people" in issue.finding.message


@pytest.mark.parametrize("there", [True, False])
async def test_what_never_leaves_its_database_is_not_missed_elsewhere(there: bool) -> None:
    about = catalog("{users: {references: [{field: token, to: tokens}]}, tokens: {excluded: they open accounts}}")
    world: World = {"users": [{"_id": 1, "token": 7}]} | ({"tokens": [{"_id": 8}]} if there else {})
    assert await codes(world, about) == ({("dangling_reference", "users.token")} if there else set())


async def test_redacted_references_are_not_followed() -> None:
    about = catalog(
        "{orders: {references: [{field: user, to: users, to_field: mail}]},"
        " users: {sensitive: [{field: mail, redaction: mask}]}}"
    )
    world: World = {"orders": [{"_id": 1, "user": "a@b.c"}], "users": [{"_id": 1, "mail": "***"}]}
    assert await codes(world, about) == {("dangling_reference", "orders.user")}
    assert await codes(world, about, Wanted(scope=Scope(redact=True))) == set()
