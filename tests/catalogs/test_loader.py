from pathlib import Path

import pytest

from tui_migrate.catalogs import loader
from tui_migrate.catalogs.loader import from_text, load
from tui_migrate.catalogs.model import (
    Catalog,
    OnMissing,
    OwnerPath,
    Redaction,
    Reference,
    Sensitive,
    VersionRule,
)
from tui_migrate.errors import InvalidFile, UsageError

HEAD = "name: shop\ntitle: The shop\n"

WHOLE = """\
name: shop
title: The shop
version: "2.1"
description: What is sold to whom.
versions:
  - {source: "2.*", target: "2.*"}
  - {source: "1.*", target: "2.*", note: prices are new}
collections:
  users:
    description: People.
    owner: _id
    sensitive: [{field: card.number, redaction: drop, reason: money}]
  projects:
    order: 3
    references: [{field: user_id, to: users, on_missing: warn}]
    required: [user_id, name.first]
    owner: user_id
  audit_tasks:
    references: [{field: project_id, to: projects, to_field: id}]
    owner: projects.user_id
  audit_issues:
    references: [{field: task.id, to: audit_tasks}, {field: seen_by, to: users}]
    owner: audit_tasks.projects.user_id
  sessions: {timestamp: meta.at}
  tokens: {excluded: they open accounts}
  ipam_*:
"""


def by_name(catalog: Catalog, name: str) -> object:
    found = catalog.collection(name)
    assert found is not None
    return found.owner


def test_a_catalog_is_read_as_it_is_written() -> None:
    found = from_text(WHOLE, "shop.yaml")
    assert (found.name, found.title, found.version, found.text) == ("shop", "The shop", "2.1", WHOLE)
    assert found.versions == (VersionRule("2.*", "2.*"), VersionRule("1.*", "2.*", "prices are new"))
    users, projects, tasks, _, sessions, tokens, ipam = found.collections
    assert (sessions.timestamp, users.timestamp) == ("meta.at", "")
    assert users.sensitive == (Sensitive("card.number", Redaction.DROP, "money"),)
    assert (projects.order, projects.required) == (3, ("user_id", "name.first"))
    assert projects.references == (Reference("user_id", "users", "_id", OnMissing.WARN),)
    assert tasks.references == (Reference("project_id", "projects", "id", OnMissing.ERROR),)
    assert (tokens.excluded, ipam.name) == ("they open accounts", "ipam_*")


def test_owners_are_reached_through_references() -> None:
    found = from_text(WHOLE, "shop.yaml")
    to_projects = Reference("project_id", "projects", "id")
    assert by_name(found, "users") == OwnerPath("_id")
    assert by_name(found, "projects") == OwnerPath("user_id")
    assert by_name(found, "audit_tasks") == OwnerPath("user_id", (to_projects,))
    assert by_name(found, "audit_issues") == OwnerPath("user_id", (Reference("task.id", "audit_tasks"), to_projects))


def test_an_owner_is_named_by_fields_where_names_are_not_enough() -> None:
    text = HEAD + (
        "collections:\n"
        "  users: {owner: _id}\n"
        "  projects: {owner: user_id}\n"
        "  tasks:\n"
        "    references: [{field: from, to: projects}, {field: into, to: projects}]\n"
        "    owner: {through: [into], field: user_id}\n"
        "  notes: {owner: {through: [], field: projects.user_id}}\n"
        "  cards: {owner: users, required: [users]}\n"
    )
    found = from_text(text, "shop.yaml")
    assert by_name(found, "tasks") == OwnerPath("user_id", (Reference("into", "projects"),))
    assert by_name(found, "notes") == OwnerPath("projects.user_id")
    assert by_name(found, "cards") == OwnerPath("users")


def test_collections_may_stand_in_a_list() -> None:
    text = HEAD + "collections:\n  - name: a\n    references: [{field: b_id, to: b}]\n  - {name: b, order: 1}\n"
    assert [(one.name, one.order) for one in from_text(text, "f").collections] == [("a", 0), ("b", 1)]


def test_a_name_is_meant_exactly_before_a_pattern() -> None:
    text = HEAD + "collections: {'ipam_*': {excluded: all}, ipam_blocks: {}, '*_log': {excluded: logs}}\n"
    found = from_text(text, "f")
    reasons = {name: found.exclusion(name) for name in ("ipam_blocks", "ipam_x", "ipam_", "ipam", "a_log", "log")}
    assert reasons == {"ipam_blocks": "", "ipam_x": "all", "ipam_": "all", "ipam": "", "a_log": "logs", "log": ""}


def collections(*lines: str) -> str:
    return HEAD + "collections:\n" + "".join(f"  {line}\n" for line in lines)


FAULTS = [
    ("", 1, "", "empty"),
    ("name: shop\ncollections: {a: {}}\n", 1, "", "'title' is missing"),
    ("name: Shop\ntitle: x\ncollections: {a: {}}\n", 1, "name", "no name of a catalog"),
    ("name: ../x\ntitle: x\ncollections: {a: {}}\n", 1, "name", "no name of a catalog"),
    (HEAD + "version: ''\ncollections: {a: {}}\n", 3, "version", "something is wanted"),
    (HEAD + "colour: red\ncollections: {a: {}}\n", 3, "colour", "unknown"),
    (HEAD + "collections: {}\n", 3, "collections", "at least one"),
    (HEAD + "collections: 3\n", 3, "collections", "mapping"),
    (HEAD + "versions: [{source: 1.*.*, target: 2}]\ncollections: {a: {}}\n", 3, "versions[0].source", "more than one"),
    (HEAD + "versions: [{source: 1}]\ncollections: {a: {}}\n", 3, "versions[0]", "'target' is missing"),
    (collections("a: {}", "a: {}"), 5, "collections.a", "twice"),
    (HEAD + "collections:\n- name: a\n- name: a\n", 5, "collections[1].name", "twice"),
    (HEAD + "collections:\n- {order: 1}\n", 4, "collections[0]", "'name' is missing"),
    (collections("a: {colour: red}"), 4, "collections.a.colour", "unknown"),
    (collections("a: {order: -1}"), 4, "collections.a.order", "whole number"),
    (collections("a: {order: 1_000_001}"), 4, "collections.a.order", "whole number"),
    (collections("'a*b*': {}"), 4, "collections.a*b*", "more than one"),
    (collections("a$b: {}"), 4, "collections.a$b", "no name of a collection"),
    (collections("a: {excluded: true}"), 4, "collections.a.excluded", "reason"),
    (collections("a: {excluded: ''}"), 4, "collections.a.excluded", "reason"),
    (collections("a:", "  references: [{field: b, to: b}]"), 5, "collections.a.references[0].to", "no collection 'b'"),
    (collections("a: {references: [{field: b, to: 'b*'}]}", "'b*':"), 4, "collections.a.references[0].to", "pattern"),
    (collections("a: {references: [{field: b..c, to: a}]}"), 4, "collections.a.references[0].field", "no path"),
    (collections("a: {references: [{field: '', to: a}]}"), 4, "collections.a.references[0].field", "wanted here"),
    (collections("a: {references: [{field: 'b*', to: a}]}"), 4, "collections.a.references[0].field", "a pattern"),
    (collections("a: {references: [{to: a}]}"), 4, "collections.a.references[0]", "'field' is missing"),
    (
        collections("a: {references: [{field: x, to: a, on_missing: x}]}"),
        4,
        "collections.a.references[0].on_missing",
        "none",
    ),
    (
        collections("a:", "  references:", "  - {field: x, to: a}", "  - {field: x, to: a}"),
        7,
        "collections.a.references[1]",
        "twice",
    ),
    (collections("a: {required: [x, x]}"), 4, "collections.a.required[1]", "twice"),
    (collections("a: {required: [.x]}"), 4, "collections.a.required[0]", "no path"),
    (collections("a: {sensitive: [{field: x}]}"), 4, "collections.a.sensitive[0]", "'redaction' is missing"),
    (
        collections("a: {sensitive: [{field: x, redaction: burn}]}"),
        4,
        "collections.a.sensitive[0].redaction",
        "none of",
    ),
    (collections("a: {sensitive: [{field: _id, redaction: drop}]}"), 4, "collections.a.sensitive[0].field", "_id"),
    (collections("a: {owner: ''}"), 4, "collections.a.owner", "no path"),
    (collections("a: {owner: x.}"), 4, "collections.a.owner", "no path"),
    (collections("a: {owner: 'x*'}"), 4, "collections.a.owner", "no path"),
    (collections("b: {}", "a: {owner: b.user_id}"), 5, "collections.a.owner", "has no reference to 'b'"),
    (collections("b: {}", "a: {owner: b}"), 5, "collections.a.owner", "the field is missing"),
    (
        collections("b: {}", "a: {references: [{field: x, to: b}, {field: y, to: b}], owner: b.user_id}"),
        5,
        "collections.a.owner",
        "2 references to 'b'",
    ),
    (
        collections("a: {references: [{field: b, to: b}], owner: b.a.u}", "b: {references: [{field: a, to: a}]}"),
        4,
        "collections.a.owner",
        "circle",
    ),
    (collections("a: {references: [{field: x, to: a}], owner: a.u}"), 4, "collections.a.owner", "circle"),
    (collections("a: {owner: {through: [x], field: y}}"), 4, "collections.a.owner.through[0]", "no reference with"),
    (collections("a: {owner: {field: y}}"), 4, "collections.a.owner", "'through' is missing"),
]


@pytest.mark.parametrize(("text", "line", "key", "said"), FAULTS)
def test_a_fault_is_named_with_file_line_and_key(text: str, line: int, key: str, said: str) -> None:
    with pytest.raises(InvalidFile) as refused:
        from_text(text, "mine.yaml")
    assert (refused.value.path, refused.value.line, refused.value.key) == ("mine.yaml", line, key)
    assert said in refused.value.message
    assert refused.value.hint


def test_catalogs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidFile, match="at most 1,000 collections"):
        from_text(HEAD + "collections:\n" + "".join(f"  c{number}:\n" for number in range(1_001)), "f")
    with pytest.raises(InvalidFile, match="at most 500 entries"):
        from_text(collections(f"a: {{required: [{', '.join(f'f{number}' for number in range(501))}]}}"), "f")
    with pytest.raises(InvalidFile, match="at most 500 characters"):
        from_text(collections(f"a: {{required: [{'x' * 501}]}}"), "f")
    monkeypatch.setattr(loader, "MOST_CHARACTERS", 10)
    with pytest.raises(InvalidFile, match="longer than 10"):
        from_text(WHOLE, "f")


def test_a_file_is_loaded_and_a_missing_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(WHOLE)
    assert load(tmp_path / "shop.yaml").text == WHOLE
    with pytest.raises(UsageError, match="No such file"):
        load(tmp_path / "absent.yaml")
