"""Which privilege holds for which collection, and what is made of a server's list of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stores.mongodb.conftest import PASSWORD
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.stores.mongodb.privileges import (
    Access,
    Privilege,
    Resource,
    Scope,
    grants,
    parse_access,
)
from tui_migrate.stores.permissions import Action, Permission

BYPASS = Action.BYPASS_VALIDATION
EVERYTHING = Resource(Scope.EVERYTHING)
CLUSTER = Resource(Scope.CLUSTER)


def collections(database: str, collection: str) -> Resource:
    return Resource(Scope.COLLECTIONS, database, collection)


THINGS = collections("shop", "things")


@pytest.mark.parametrize(
    ("resource", "asked", "covers"),
    [
        (THINGS, THINGS, True),
        (collections("shop", "others"), THINGS, False),
        (collections("other", "things"), THINGS, False),
        (collections("shop", ""), THINGS, True),
        (collections("other", ""), THINGS, False),
        (collections("", "things"), THINGS, True),
        (collections("", "others"), THINGS, False),
        (collections("", ""), THINGS, True),
        (collections("Shop", ""), THINGS, False),
        (collections("sho", ""), THINGS, False),
        (EVERYTHING, THINGS, True),
        (CLUSTER, THINGS, False),
        (CLUSTER, CLUSTER, True),
        (EVERYTHING, CLUSTER, True),
        (collections("", ""), CLUSTER, False),
        (collections("shop", ""), collections("shop", ""), True),
        (collections("", ""), collections("shop", ""), True),
        (THINGS, collections("shop", ""), False),
        (collections("shop", ""), collections("shop", "system.js"), False),
        (collections("", ""), collections("shop", "system.js"), False),
        (collections("shop", "system.js"), collections("shop", "system.js"), True),
        (collections("", "system.js"), collections("shop", "system.js"), True),
        (EVERYTHING, collections("shop", "system.js"), True),
        (collections("shop", ""), collections("shop", "systems"), True),
        (collections("local", ""), collections("local", "replset.minvalid"), False),
        (collections("shop", ""), collections("shop", "replset.minvalid"), True),
        (collections("", ""), collections("config", "settings"), False),
        (collections("", ""), collections("local", "startup_log"), False),
        (collections("config", ""), collections("config", "settings"), True),
        (collections("", "settings"), collections("config", "settings"), True),
    ],
)
def test_which_resource_covers_which(resource: Resource, asked: Resource, covers: bool) -> None:
    assert resource.covers(asked) is covers
    assert grants([Privilege(resource, frozenset((BYPASS,)))], asked, BYPASS) is covers


@pytest.mark.parametrize(
    ("actions", "granted"),
    [({"find"}, False), (set(), False), ({"find", BYPASS}, True), ({"anyAction"}, True), ({"bypassdocument"}, False)],
)
def test_a_privilege_is_of_its_actions_alone(actions: set[str], granted: bool) -> None:
    assert grants([Privilege(THINGS, frozenset(actions))], THINGS, BYPASS) is granted


names = st.sampled_from(("", "shop", "config", "things", "system.js", "replset.one"))
resources = st.builds(Resource, st.sampled_from(Scope), names, names)
held = st.lists(st.builds(Privilege, resources, st.frozensets(st.sampled_from(("find", BYPASS, "anyAction")))))


@given(held, held, resources)
def test_one_privilege_more_takes_nothing_away(some: list[Privilege], more: list[Privilege], asked: Resource) -> None:
    assert grants(some + more, asked, BYPASS) == (grants(some, asked, BYPASS) or grants(more, asked, BYPASS))


words = st.text("abc.", min_size=1, max_size=5)


@given(words, words)
def test_a_collection_is_covered_by_its_names_and_by_all(database: str, collection: str) -> None:
    asked = collections(database, collection)
    for one in (asked, collections(database, ""), collections("", collection), collections("", ""), EVERYTHING):
        assert one.covers(asked)


@given(words, words, words, words)
def test_a_name_covers_no_other(database: str, collection: str, other_database: str, other: str) -> None:
    asked = collections(other_database, other)
    assert collections(database, collection).covers(asked) is ((database, collection) == (other_database, other))
    assert collections(database, "").covers(asked) is (database == other_database)
    assert collections("", collection).covers(asked) is (collection == other)


@given(words, words)
def test_a_collection_of_the_server_is_covered_by_its_name_alone(database: str, rest: str) -> None:
    asked = collections(database, f"system.{rest}")
    assert [one.covers(asked) for one in (asked, collections("", asked.collection), EVERYTHING)] == [True] * 3
    assert not collections(database, "").covers(asked)
    assert not collections("", "").covers(asked)


def reply(*privileges: object, users: object = ({"user": "ann", "db": "admin"},)) -> dict[str, Any]:
    listed = list(users) if isinstance(users, tuple) else users
    return {"authInfo": {"authenticatedUsers": listed, "authenticatedUserPrivileges": list(privileges)}, "ok": 1.0}


def listed(*actions: str, **resource: object) -> dict[str, object]:
    return {"resource": resource, "actions": list(actions)}


@pytest.mark.parametrize(
    ("answer", "permission"),
    [
        (reply(users=()), Permission.GRANTED),
        (reply(listed("find", db="shop", collection=""), users=()), Permission.GRANTED),
        (reply(listed("find", BYPASS, db="shop", collection="")), Permission.GRANTED),
        (reply(listed("anyAction", anyResource=True)), Permission.GRANTED),
        (reply(listed("find", db="", collection=""), listed(BYPASS, db="", collection="things")), Permission.GRANTED),
        (reply(listed("find", "update", db="shop", collection="")), Permission.DENIED),
        (reply(listed(BYPASS, db="shop", collection="others")), Permission.DENIED),
        (reply(listed("find", db="shop", collection=""), listed(BYPASS, cluster=True)), Permission.DENIED),
        (reply(listed("find", db="shop", collection=""), listed(BYPASS, db="shop", system_buckets="")),
         Permission.DENIED),
        (reply(listed("find", db="shop", collection=""), listed(BYPASS, anyResource=False)), Permission.DENIED),
        (reply(), Permission.UNTOLD),
        (reply("text", {"resource": 1, "actions": []}, {"resource": {"cluster": True}}), Permission.UNTOLD),
        (reply(users=None), Permission.UNTOLD),
        ({"authInfo": {"authenticatedUsers": [{"user": "ann"}]}}, Permission.UNTOLD),
        ({"authInfo": []}, Permission.UNTOLD),
        ({"ok": 1.0}, Permission.UNTOLD),
    ],
)  # fmt: skip
def test_what_is_made_of_a_server_s_answer(answer: dict[str, Any], permission: Permission) -> None:
    assert parse_access(answer).permission(THINGS, BYPASS) is permission


def test_who_need_not_say_who_they_are_may_do_everything() -> None:
    assert Access(is_open=True).permission(CLUSTER, BYPASS) is Permission.GRANTED


@pytest.mark.slow
@pytest.mark.usefixtures("lost_sockets")
async def test_a_server_that_lists_no_privileges_of_its_user_does_not_tell(guarded_url: str) -> None:
    store = MongoStore(guarded_url, "shop", PASSWORD)
    assert await store.permissions(BYPASS, ["things", "others"]) == {
        "things": Permission.UNTOLD,
        "others": Permission.UNTOLD,
    }
    await store.close()
