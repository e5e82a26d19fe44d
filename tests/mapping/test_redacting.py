from typing import Any

import pytest
from bson import encode
from bson.int64 import Int64

from tests.mapping.bson_values import plain
from tests.mapping.catalogs import WORKSHOP, changed
from tui_migrate.catalogs.model import Catalog, Redaction
from tui_migrate.errors import Refused
from tui_migrate.mapping.edit import edit, plan_edits
from tui_migrate.mapping.redacting import redacted_paths, redactions

KEY = "ab" * 32
NAMES = ("users", "projects", "tasks")


def redacted(catalog: Catalog, name: str, key: str = KEY, **fields: Any) -> dict[str, Any]:
    changes = redactions(catalog, NAMES, key).get(name, [])
    return plain(edit(encode(fields), plan_edits(changes)))


def test_fields_are_left_out_masked_and_hashed() -> None:
    user: dict[str, Any] = {
        "_id": 1,
        "password": "x",
        "mail": ["a", 1],
        "phones": [{"number": "1"}, {"number": "1"}],
        "n": 2,
    }
    found = redacted(WORKSHOP, "users", **user)
    assert "password" not in found
    assert (found["_id"], found["mail"], found["n"]) == (1, "***", 2)
    one, other = [phone["number"] for phone in found["phones"]]
    assert one == other
    assert len(one) == 32
    assert set(one) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "fields",
    [
        {"a.b.c": "secret"},
        {"a": {"b.c": "secret"}},
        {"a.b": [{"c": "secret"}, [{"c": "secret"}]]},
        {"a": [{"b": {"c": "secret"}}, {"b.c": "secret"}], "a.b": {"c": "secret"}},
    ],
)
@pytest.mark.parametrize("redaction", ["drop", "mask", "hash"])
def test_a_sensitive_field_is_found_however_its_path_is_written(fields: dict[str, Any], redaction: str) -> None:
    catalog = changed("{field: password, redaction: drop}", f"{{field: a.b.c, redaction: {redaction}}}")
    kept = {"a.b.d": "kept", "a.": "kept", ".a.b.c": "kept", "a..b": "kept"}
    found = redacted(catalog, "users", **fields, **kept)
    assert "secret" not in str(found)
    assert {name: found[name] for name in kept} == kept


def test_a_hash_depends_on_the_key_and_on_what_mongodb_holds_equal() -> None:
    def hashed(value: object, key: str = KEY) -> object:
        return redacted(WORKSHOP, "users", key, phones={"number": value})["phones"]["number"]

    assert hashed(1) == hashed(1.0) == hashed(Int64(1))
    assert len({hashed(one) for one in (1, "1", True, 2, b"1")}) == 5
    assert hashed(1) != hashed(1, "cd" * 32)
    assert hashed(None) is None


def test_the_hash_of_an_address_reads_as_one_and_no_two_meet() -> None:
    def hashed(value: object) -> Any:
        return redacted(WORKSHOP, "users", phones={"number": value})["phones"]["number"]

    name, at, host = hashed("anna@example.org").partition("@")
    assert (len(name), at, host) == (32, "@", "hash.invalid")
    assert hashed("anna@example.org") == hashed("anna@example.org") != hashed("berta@example.org")
    for other in ("anna", "@", "anna@", "a b@c", "a@b@c", "anna@example.org\n", b"anna@example.org", 7):
        assert "@" not in hashed(other)


def test_a_hashed_reference_and_what_it_leads_to_stay_equal() -> None:
    hashing = changed(
        "  projects:\n    owner: user_id\n",
        "  projects:\n    owner: user_id\n    sensitive: [{field: user_id, redaction: hash}]\n",
    )
    project = redacted(hashing, "projects", user_id=7)
    assert project["user_id"] == redacted(hashing, "users", _id=7)["_id"] != 7
    assert redacted(hashing, "tasks", helpers=[7, 8])["helpers"][0] == project["user_id"]


@pytest.mark.parametrize("rule", ["{field: user_id, redaction: drop}", "{field: colour, redaction: mask}"])
def test_a_redaction_that_would_break_a_reference_is_refused(rule: str) -> None:
    catalog = changed("    owner: user_id\n", f"    owner: user_id\n    sensitive: [{rule}]\n")
    with pytest.raises(Refused, match="break a reference"):
        redactions(catalog, NAMES, KEY)


@pytest.mark.parametrize("rule", ["{field: project, redaction: hash}", "{field: project.id.x, redaction: hash}"])
def test_so_is_one_around_or_within_it(rule: str) -> None:
    catalog = changed("    owner: projects.user_id\n", f"    owner: projects.user_id\n    sensitive: [{rule}]\n")
    with pytest.raises(Refused, match="break a reference"):
        redactions(catalog, NAMES, KEY)


def test_a_part_of_an_id_is_not_redacted() -> None:
    catalog = changed("{field: password, redaction: drop}", "{field: _id.mail, redaction: hash}")
    with pytest.raises(Refused, match="break a"):
        redactions(catalog, NAMES, KEY)


def test_which_fields_come_out_equal_in_all_documents() -> None:
    assert redacted_paths(WORKSHOP, "users") == {"password": Redaction.DROP, "mail": Redaction.MASK}
    assert redacted_paths(WORKSHOP, "unknown") == {}
