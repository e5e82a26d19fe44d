"""Drafts of catalogs from the data of a real server."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from bson import Binary, Int64, ObjectId
from pymongo import MongoClient

from tests.stores.mongodb.conftest import lost_sockets as lost_sockets
from tui_migrate.catalogs.drafting import draft, name_for
from tui_migrate.catalogs.infer import SAMPLE, gather
from tui_migrate.catalogs.loader import NAME_FORM
from tui_migrate.catalogs.model import Catalog, CatalogCollection, OnMissing, OwnerPath, Redaction
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.stores.readonly import ReadOnly

USERS = [ObjectId() for _ in range(60)]
PROJECTS = [ObjectId() for _ in range(30)]
ACCOUNTS = [Binary(bytes([number]) * 16, 4) for number in range(10)]


@dataclass
class Place:
    url: str
    database: str
    client: "MongoClient[dict[str, Any]]"

    def fill(self, collection: str, documents: Iterator[dict[str, Any]]) -> None:
        self.client[self.database][collection].insert_many(documents)

    async def draft(self, size: int = SAMPLE) -> Catalog:
        store = MongoStore(self.url, self.database)
        try:
            return draft("shop", *await gather(ReadOnly(store), size))
        finally:
            await store.close()


@pytest.fixture
def place(mongodb_url: str, database: str, lost_sockets: None) -> Iterator[Place]:
    client = MongoClient[dict[str, Any]](mongodb_url)
    yield Place(mongodb_url, database, client)
    client.drop_database(database)
    client.close()


def about(catalog: Catalog, name: str) -> CatalogCollection:
    found = catalog.collection(name)
    assert found is not None
    return found


def references(catalog: Catalog) -> set[tuple[str, str, str]]:
    return {(one.name, to.field, to.to) for one in catalog.collections for to in one.references}


async def test_true_references_are_found_and_what_meets_ids_by_chance_is_not(place: Place) -> None:
    place.fill("users", ({"_id": one, "age": number} for number, one in enumerate(USERS)))
    place.fill(
        "projects",
        (
            {
                "_id": one,
                "made_for": USERS[number],
                "team": {"members": [{"who": USERS[number + 1], "hours": number}]},
                "likes": [USERS[number], USERS[number + 2]],
                "trace": ObjectId(),
            }
            for number, one in enumerate(PROJECTS)
        ),
    )
    # Ids that count from one: ages and line numbers meet them all, and are none of them.
    place.fill("audit_tasks", ({"_id": number, "project_id": PROJECTS[number % 30]} for number in range(60)))
    place.fill(
        "audit_issues",
        ({"_id": Int64(number), "task_id": number // 2, "line": number % 7, "state": "open"} for number in range(80)),
    )
    place.fill("states", ({"_id": one} for one in ("open", "shut")))
    place.fill("accounts", ({"_id": one, "parent_id": ACCOUNTS[0]} for one in ACCOUNTS))
    made = await place.draft()
    assert references(made) == {
        ("projects", "made_for", "users"),
        ("projects", "team.members.who", "users"),
        ("projects", "likes", "users"),
        ("audit_tasks", "project_id", "projects"),
        ("audit_issues", "task_id", "audit_tasks"),
        ("audit_issues", "state", "states"),
        ("accounts", "parent_id", "accounts"),
    }
    assert "# 30 of 30 distinct sampled values were found in users" in made.text
    assert "# not proposed: line → audit_tasks: 7 of 7 distinct sampled values were found" in made.text
    assert "trace" not in {to.field for one in made.collections for to in one.references}


async def test_of_several_collections_with_such_ids_the_name_decides(place: Place) -> None:
    for name in ("accounts", "users", "profiles"):
        place.fill(name, ({"_id": one} for one in USERS))
    place.fill("orders", ({"_id": number, "user_id": one} for number, one in enumerate(USERS)))
    made = await place.draft()
    assert references(made) == {("orders", "user_id", "users")}
    assert "# not proposed: user_id → accounts: 60 of 60 distinct sampled values were found; users fits better" in (
        made.text
    )
    assert "# not proposed: _id → users: 60 of 60" in made.text


@pytest.mark.parametrize(("dangling", "expected"), [(0, OnMissing.ERROR), (20, OnMissing.WARN), (59, None)])
async def test_what_is_missing_is_counted(place: Place, dangling: int, expected: OnMissing | None) -> None:
    place.fill("users", ({"_id": one} for one in USERS))
    given = [ObjectId() if number < dangling else one for number, one in enumerate(USERS)]
    place.fill("notes", ({"_id": number, "by": one, "owner": "x"} for number, one in enumerate(given)))
    made = await place.draft()
    found = about(made, "notes").references
    assert [one.on_missing for one in found] == ([expected] if expected else [])
    if dangling == 20:
        assert "40 of 60 distinct sampled values" in made.text


async def test_fields_are_required_sensitive_and_ways_to_an_owner(place: Place) -> None:
    place.fill(
        "users",
        (
            {"_id": one, "email": "a@b", "hashed_password": "x", "tokens": number, "auth": {"apiKey": "k"}}
            for number, one in enumerate(USERS)
        ),
    )
    place.fill("projects", ({"_id": one, "owner_id": USERS[3], "name": "n"} for one in PROJECTS))
    place.fill("tasks", ({"_id": f"task-number-{number}", "project_id": one} for number, one in enumerate(PROJECTS)))
    place.fill("issues", ({"_id": number, "task_id": f"task-number-{number}", "note": None} for number in range(20)))
    place.fill("issues", ({"_id": number, "task_id": f"task-number-{number}", "note": "n"} for number in range(20, 30)))
    made = await place.draft()
    sensitive = {(one.field, one.redaction) for one in about(made, "users").sensitive}
    assert sensitive == {
        ("email", Redaction.MASK),
        ("hashed_password", Redaction.DROP),
        ("auth.apiKey", Redaction.DROP),
    }
    assert about(made, "users").required == ("auth", "email", "hashed_password", "tokens")
    assert about(made, "issues").required == ("task_id",)
    owners = {one.name: one.owner for one in made.collections}
    assert owners["users"] == OwnerPath("_id")
    assert owners["projects"] == OwnerPath("owner_id")
    issues = owners["issues"]
    assert issues is not None
    assert (issues.field, [one.field for one in issues.steps]) == ("owner_id", ["task_id", "project_id"])


async def test_a_list_of_users_is_no_owner_and_a_list_that_is_always_there_is_required(place: Place) -> None:
    place.fill("users", ({"_id": one} for one in USERS))
    place.fill("rooms", ({"_id": number, "owner_ids": [one, USERS[0]]} for number, one in enumerate(USERS)))
    rooms = about(await place.draft(), "rooms")
    assert [(one.field, one.to) for one in rooms.references] == [("owner_ids", "users")]
    assert (rooms.owner, rooms.required) == (None, ("owner_ids",))


async def test_the_sample_is_bounded_and_says_so(place: Place) -> None:
    place.fill("things", ({"_id": number, "late" if number else "early": 1} for number in range(30)))
    assert "looked at the first 1 documents" in (await place.draft(1)).text
    assert about(await place.draft(1), "things").required == ("early",)
    whole = await place.draft(30)
    assert "looked at all 30 documents" in whole.text
    assert about(whole, "things").required == ()


async def test_names_of_any_kind_end_in_a_catalog_that_loads(place: Place) -> None:
    odd = 'a: "b" # c\u202e\n'
    place.fill(odd, (dict[str, Any]({"_id": number, "x\ty": 1, "": 2, "a*": 3, "é 😀": "x"}) for number in range(3)))
    place.client[place.database].command({"create": "seen", "viewOn": odd, "pipeline": []})
    made = await place.draft()
    assert [one.name for one in made.collections] == [odd]
    assert about(made, odd).required == ("é 😀",)
    assert "\u202e" not in made.text


@pytest.mark.parametrize("word", ["shop", "My Shop!", "", "---", "ä", "x" * 300, "../etc"])
def test_a_name_is_made_of_any_word(word: str) -> None:
    assert NAME_FORM.fullmatch(name_for(word))
