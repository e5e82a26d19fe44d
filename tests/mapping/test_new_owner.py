from typing import Any

import pytest
from bson import encode
from bson.objectid import ObjectId

from tests.mapping.bson_values import plain, raw
from tests.mapping.catalogs import WORKSHOP, changed
from tui_migrate.catalogs.finding import shipped
from tui_migrate.catalogs.model import Catalog
from tui_migrate.mapping.edit import edit, plan_edits
from tui_migrate.mapping.new_owner import new_owner, own_id_field, users_collection

OLD, NEW = ObjectId("0" * 24), ObjectId("1" * 24)
NAMES = ("users", "projects", "tasks", "comments", "colours")


def given(catalog: Catalog, name: str, document: dict[str, Any], old: Any = OLD, new: Any = NEW) -> dict[str, Any]:
    changes = new_owner(catalog, [name], raw(old), raw(new))
    return plain(edit(encode(document), plan_edits(changes[name])))


def test_the_id_is_exchanged_wherever_the_catalog_says_that_it_stands() -> None:
    assert given(WORKSHOP, "users", {"_id": OLD, "friend": OLD}) == {"_id": NEW, "friend": OLD}
    assert given(WORKSHOP, "projects", {"_id": OLD, "user_id": OLD}) == {"_id": OLD, "user_id": NEW}
    assert given(WORKSHOP, "tasks", {"_id": 1, "helpers": [OLD, 5, [OLD]]}) == {"_id": 1, "helpers": [NEW, 5, [NEW]]}
    assert given(WORKSHOP, "colours", {"_id": OLD, "user_id": OLD}) == {"_id": OLD, "user_id": OLD}


def test_another_users_id_stays() -> None:
    other = ObjectId("2" * 24)
    assert given(WORKSHOP, "projects", {"user_id": other}) == {"user_id": other}
    assert given(WORKSHOP, "projects", {"user_id": str(OLD)}) == {"user_id": str(OLD)}


def test_nested_paths_and_arrays_of_documents() -> None:
    catalog = changed("{field: helpers, to: users", "{field: steps.by.user, to: users")
    document = {"steps": [{"by": {"user": OLD, "at": 1}}, {"by": [{"user": OLD}]}]}
    assert given(catalog, "tasks", document) == {"steps": [{"by": {"user": NEW, "at": 1}}, {"by": [{"user": NEW}]}]}


def test_the_users_are_those_that_owner_fields_refer_to() -> None:
    assert (users_collection(WORKSHOP), own_id_field(WORKSHOP)) == ("users", "_id")
    alone = changed("      - {field: user_id, to: users}\n", "")
    assert users_collection(alone) == "users"
    nobody = changed("  users:\n    owner: _id\n", "  users:\n    owner: name\n")
    assert (users_collection(nobody), own_id_field(nobody)) == ("users", "name")


@pytest.mark.parametrize(
    ("name", "document", "after"),
    [
        ("user", {"_id": "u1", "id": "u1", "email": "u1"}, {"_id": "u2", "id": "u2", "email": "u1"}),
        ("projects", {"_id": "p", "id": "p", "user_id": "u1"}, {"_id": "p", "id": "p", "user_id": "u2"}),
        ("settings", {"_id": "u1", "theme": "dark"}, {"_id": "u2", "theme": "dark"}),
        ("audit_tasks", {"_id": "t", "project_id": "p"}, {"_id": "t", "project_id": "p"}),
    ],
)
def test_the_catalog_of_xcodereviewer(name: str, document: dict[str, Any], after: dict[str, Any]) -> None:
    catalog = shipped("xcodereviewer")
    assert catalog is not None
    assert given(catalog, name, document, "u1", "u2") == after
