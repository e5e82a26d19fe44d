"""A mirror of a source that is seen through a scope: under other names, with other ids."""

from dataclasses import replace

import pytest
from bson import decode, encode

from tests.engine.scene import Scene, create, same, snapshot
from tests.engine.test_mapped_runs import held, planned
from tests.mapping.catalogs import WORKSHOP, changed
from tests.suites.documents import index
from tui_migrate.catalogs.model import Catalog
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.plan.model import Plan, PlannedCollection

HASHED = changed(
    "    owner: user_id\n", "    owner: user_id\n    sensitive:\n      - {field: user_id, redaction: hash}\n"
)
USERS = [{"_id": one, "mail": f"{one}@example.org"} for one in range(12)]
TARGET = [{"_id": one, "theirs": True} for one in (-1, 3, 90, 500)]


async def mirror_plan(scene: Scene, scope: Scope, catalog: Catalog = WORKSHOP) -> Plan:
    return replace(await planned(scene, scope, catalog=catalog), mirror=True)


async def fill(scene: Scene, name: str) -> None:
    await create(scene.source, "users", indexes=[index("mail", unique=True)])
    await scene.source.insert("users", list(map(encode, USERS)))
    await create(scene.source, "projects")
    await create(scene.target, name)
    await scene.target.insert(name, list(map(encode, TARGET)))


@pytest.mark.parametrize(
    ("scope", "catalog", "name"),
    [
        (Scope(renames=(Rename("users", "people"),)), WORKSHOP, "people"),
        (Scope(redact=True, redaction_key="ab" * 32), WORKSHOP, "users"),
        (Scope(redact=True, redaction_key="ab" * 32), HASHED, "users"),
    ],
    ids=["renamed", "redacted", "with hashed ids"],
)
async def test_what_only_the_target_has_is_told_by_what_the_source_becomes(
    scene: Scene, scope: Scope, catalog: Catalog, name: str
) -> None:
    await fill(scene, name)
    before = await snapshot(scene.target)
    ended = await scene.run(await mirror_plan(scene, scope, catalog))
    assert (ended.record.failure, ended.counts.inserted + ended.counts.replaced) == (None, 12)
    there = await held(scene, name)
    assert len(there) == 12
    assert not any("theirs" in one for one in there.values())
    assert (await scene.roll_back(ended.record.id)).exit_code == 0
    assert same(await snapshot(scene.target), before)


async def test_what_has_the_old_name_of_a_renamed_collection_can_be_taken_away(scene: Scene) -> None:
    await fill(scene, "users")
    plan = await mirror_plan(scene, Scope(renames=(Rename("users", "people"),)))
    plan = replace(plan, collections=(*plan.collections, PlannedCollection("users", remove=True)))
    before = await snapshot(scene.target)
    ended = await scene.run(plan)
    assert ended.record.failure is None
    assert [one.name for one in await scene.target.collections()] == ["people", "projects"]
    assert (await scene.roll_back(ended.record.id)).exit_code == 0
    assert same(await snapshot(scene.target), before)


@pytest.mark.parametrize(
    "scope", [Scope(filters=(Filter("users", '{"_id": 3}'),)), Scope(owner="3"), Scope(owner="3", owner_to="90")]
)
async def test_a_mirror_of_some_of_the_documents_is_refused(scene: Scene, scope: Scope) -> None:
    await fill(scene, "users")
    ended = await scene.run(await mirror_plan(scene, scope))
    assert (ended.exit_code, "mirror_unfit" in ended.codes) == (4, True)
    assert {decode(encode(one))["_id"] for one in TARGET} == set(await held(scene, "users"))


async def test_documents_of_another_owner_are_mirrored_with_their_new_ids(scene: Scene) -> None:
    for store, users in ((scene.source, USERS[3:4]), (scene.target, TARGET)):
        await create(store, "users")
        await store.insert("users", list(map(encode, users)))
    ended = await scene.run(await mirror_plan(scene, Scope(owner_from="3", owner_to="90")))
    assert ended.record.failure is None
    assert await held(scene, "users") == {90: {"_id": 90, "mail": "3@example.org"}}
