"""What a server is asked beyond its documents, and what follows from the names of a user's roles."""

from collections.abc import Iterable
from typing import Any

import bson
import pytest
from pymongo import MongoClient

from tests.suites.documents import doc
from tests.suites.ids import OF_EVERY_TYPE, double, int32, int64, text
from tui_migrate.documents import RawId
from tui_migrate.errors import WriteRefused
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.stores.mongodb.roles import Role, parse_roles, permission
from tui_migrate.stores.permissions import Action, Permission

NULL = RawId(b"\x0a")


async def equal(store: MongoStore, fields: list[str], *rows: Iterable[RawId]) -> list[Any]:
    found = [bson.decode(one) async for one in store.equal("things", fields, [tuple(row) for row in rows])]
    return sorted(one["_id"] for one in found)


async def test_documents_are_found_by_values(store: MongoStore) -> None:
    await store.insert("things", [
        doc(int32(1), n=int32(1)), doc(int32(2), n=text("a"), m=int32(2)), doc(int32(3)), doc(int32(4), n=double(1.0)),
    ])  # fmt: skip
    assert await equal(store, ["n"], [int64(1)]) == [1, 4]
    assert await equal(store, ["n"], [text("a")], [NULL]) == [2, 3]
    assert await equal(store, ["n", "m"], [text("a"), int32(2)], [int32(1), int32(7)]) == [2]
    assert await equal(store, ["n"]) == []


async def test_values_of_every_type_can_be_asked_for(store: MongoStore) -> None:
    documents = [doc(int32(place), n=one) for place, one in enumerate(OF_EVERY_TYPE)]
    assert await store.insert("things", documents) == ()
    for place, one in enumerate(OF_EVERY_TYPE):
        assert place in await equal(store, ["n"], [one])


async def test_a_validator_is_tried_as_a_query(store: MongoStore) -> None:
    await store.insert("things", [doc(int32(one), n=int32(one)) for one in range(10)])
    small = bson.encode({"$jsonSchema": {"properties": {"n": {"maximum": 4}}}})
    found = [bson.decode(one)["_id"] async for one in store.failing("things", small, 3)]
    assert len(found) == 3
    assert min(found) > 4
    with pytest.raises(WriteRefused):
        _ = [one async for one in store.failing("things", bson.encode({"n": {"$nonsense": 1}}), 3)]


async def test_a_sample_has_each_document_once(store: MongoStore, mongodb_url: str, database: str) -> None:
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        client[database]["things"].insert_many({"_id": one} for one in range(50))
    found = [bson.decode(one)["_id"] async for one in store.sample("things", 20)]
    assert len(found) == len(set(found)) == 20
    assert len([one async for one in store.sample("things", 500)]) == 50


@pytest.mark.parametrize(
    ("roles", "action", "said"),
    [
        ([Role("read", "shop")], Action.FIND, Permission.GRANTED),
        ([Role("read", "shop")], Action.INSERT, Permission.DENIED),
        ([Role("read", "other")], Action.FIND, Permission.DENIED),
        ([Role("readWrite", "shop")], Action.RENAME_COLLECTION, Permission.GRANTED),
        ([Role("readWrite", "shop")], Action.BYPASS_VALIDATION, Permission.UNTOLD),
        ([Role("dbOwner", "shop")], Action.BYPASS_VALIDATION, Permission.GRANTED),
        ([Role("readWriteAnyDatabase", "admin")], Action.REMOVE, Permission.GRANTED),
        ([Role("readWriteAnyDatabase", "shop")], Action.REMOVE, Permission.UNTOLD),
        ([Role("root", "admin")], Action.BYPASS_VALIDATION, Permission.GRANTED),
        ([Role("read", "shop"), Role("ours", "shop")], Action.INSERT, Permission.UNTOLD),
        ([Role("ours", "shop"), Role("readWrite", "shop")], Action.INSERT, Permission.GRANTED),
        ([], Action.FIND, Permission.UNTOLD),
    ],
)
def test_what_follows_from_roles(roles: list[Role], action: Action, said: Permission) -> None:
    assert permission(roles, "shop", action) is said


def test_roles_of_another_form_say_nothing() -> None:
    listed = [{"role": "read", "db": "shop"}, "read", {"role": 1, "db": "shop"}]
    assert list(parse_roles(listed)) == [Role("read", "shop"), Role("", ""), Role("", "")]
    assert list(parse_roles(None)) == []
