import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.scene import Scene, create, put, snapshot
from tests.packages.samples import small_package
from tests.suites.documents import EMPTY, MUST_HAVE_N, as_value, doc, index, options
from tests.suites.ids import double, int32, text
from tui_migrate.documents import RawId, id_field, pack
from tui_migrate.findings import Finding, Severity
from tui_migrate.mapping.model import Rename, Scope
from tui_migrate.plan import ends, preflight
from tui_migrate.plan.model import PackageEnd, Plan, PlannedCollection, Policy, RunKind
from tui_migrate.stores.base import Capabilities, CollectionInfo
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.stores.permissions import Action, Permission
from tui_migrate.stores.readonly import ReadOnly

CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(65_536))
SERIES = options(timeseries=as_value(options(timeField=text("at"))))
ON_THINGS = options(viewOn=text("things"), pipeline=as_value(EMPTY, 0x04))
ON_OTHERS = options(viewOn=text("others"), pipeline=as_value(EMPTY, 0x04))
GERMAN = options(collation=as_value(options(locale=text("de"))))


async def check(scene: Scene, plan: Plan, *, read_documents: bool = True) -> tuple[Finding, ...]:
    source = ends.open_source(plan.source, scene.home, {})
    target = None if isinstance(plan.target, PackageEnd) else ReadOnly(scene.target)
    return await preflight.check(plan, source, target, read_documents=read_documents)


async def checked(scene: Scene, policy: Policy = Policy.OVERWRITE) -> set[tuple[Severity, str, str]]:
    found = await check(scene, await scene.plan(policy))
    assert all(one.message and (one.hint or one.severity is not Severity.ERROR) for one in found)
    return {(one.severity, one.code, one.subject) for one in found}


async def test_nothing_is_found_where_nothing_is_wrong(scene: Scene) -> None:
    await create(scene.source, "things", options=MUST_HAVE_N, indexes=[index("n")])
    await put(scene.source, doc(int32(1), n=int32(1)))
    assert await checked(scene, Policy.FAIL) == set()


@pytest.mark.parametrize("policy", Policy)
async def test_documents_that_differ_are_an_error_where_none_may_be_replaced(scene: Scene, policy: Policy) -> None:
    await put(scene.source, doc(int32(1), n=int32(1)), doc(int32(2)), doc(int32(3)), doc(int32(4), n=int32(4)))
    await put(scene.target, doc(int32(1)), doc(double(2.0)), doc(int32(4)))
    plan = await scene.plan(policy)
    found = await check(scene, plan)
    if policy is not Policy.FAIL:
        # No document of the target has the field by which `newer` compares.
        assert [one.code for one in found] == (["newer_field_missing"] if policy is Policy.NEWER else [])
        return
    (conflict,) = found
    assert (conflict.severity, conflict.code, conflict.subject, conflict.count) == (
        Severity.ERROR,
        "conflict",
        "things",
        2,
    )
    assert await check(scene, plan, read_documents=False) == ()


async def test_a_collection_that_is_gone(scene: Scene) -> None:
    await create(scene.source, "things")
    plan = await scene.plan()
    await scene.source.drop_collection("things")
    assert [one.code for one in await check(scene, plan)] == ["collection_missing"]


@pytest.mark.rule(14, "admin, config, local")
@pytest.mark.parametrize("database", ["admin", "config", "local"])
async def test_databases_of_the_server_are_no_ends(scene: Scene, database: str) -> None:
    await create(scene.source, "things")
    plan = await scene.plan()
    for wrong in (
        replace(plan, source=replace(scene.source_end, database=database)),
        replace(plan, target=replace(scene.target_end, database=database)),
    ):
        codes = [one.code for one in await preflight.check(wrong, scene.source, ReadOnly(scene.target))]
        assert "reserved_database" in codes


@pytest.mark.rule(14, "again in the checks")
@pytest.mark.parametrize("name", ["system.users", "enxcol_.things.esc"])
async def test_collections_of_the_server_are_refused_by_name(scene: Scene, name: str) -> None:
    await create(scene.source, name)
    assert (Severity.ERROR, "reserved_collection", name) in await checked(scene)


@pytest.mark.rule(14, "GridFS buckets go as two collections")
@pytest.mark.parametrize("half", ["fs.files", "fs.chunks"])
async def test_a_gridfs_bucket_goes_whole(scene: Scene, half: str) -> None:
    await create(scene.source, "fs.files")
    await create(scene.source, "fs.chunks")
    assert await checked(scene) == set()
    plan = replace(await scene.plan(), collections=(PlannedCollection(half),))
    assert [(one.code, one.subject) for one in await check(scene, plan)] == [("gridfs_half", half)]


async def test_a_lone_collection_named_like_half_a_bucket_may_go(scene: Scene) -> None:
    await create(scene.source, "my.files")
    assert await checked(scene) == set()


async def test_collections_whose_files_would_be_one_go_into_no_package(scene: Scene, tmp_path: Path) -> None:
    for name in ("Things", "things", "others"):
        await create(scene.source, name)
    plan = await scene.plan(target=PackageEnd(str(tmp_path / "new")), kind=RunKind.EXPORT)
    found = await check(scene, plan)
    assert [(one.severity, one.code, one.subject) for one in found] == [(Severity.ERROR, "names_clash", "things")]
    assert await checked(scene) == set()


async def test_an_export_needs_a_place(scene: Scene, tmp_path: Path) -> None:
    await create(scene.source, "things")
    free = await scene.plan(target=PackageEnd(str(tmp_path / "new")), kind=RunKind.EXPORT)
    assert await check(scene, free) == ()
    taken = replace(free, target=PackageEnd(str(tmp_path)))
    assert [(one.severity, one.code) for one in await check(scene, taken)] == [(Severity.ERROR, "output_exists")]


@pytest.mark.rule(15, "a name clash is refused")
@pytest.mark.parametrize(("mine", "theirs"), [
    (EMPTY, CAPPED), (CAPPED, EMPTY), (EMPTY, ON_OTHERS), (ON_OTHERS, EMPTY),
])  # fmt: skip
async def test_a_name_that_is_something_else_in_the_target(scene: Scene, mine: bytes, theirs: bytes) -> None:
    await create(scene.source, "things", options=mine)
    await create(scene.target, "things", options=theirs)
    assert (Severity.ERROR, "kind_differs", "things") in await checked(scene)


@pytest.mark.rule(12, "refused otherwise, in preflight, by name")
@pytest.mark.parametrize("options", [CAPPED, SERIES], ids=["capped", "time series"])
async def test_what_takes_no_deletes_is_only_written_where_there_is_none(scene: Scene, options: bytes) -> None:
    await create(scene.source, "things", options=options)
    assert await checked(scene) == set()
    await create(scene.target, "things", options=options)
    assert await checked(scene) == {(Severity.ERROR, "exists_already", "things")}


@pytest.mark.rule(15, "a different view is refused")
async def test_a_view_that_is_there_is_the_same_or_refused(scene: Scene) -> None:
    for store in (scene.source, scene.target):
        await create(store, "things")
    await create(scene.source, "view", options=ON_THINGS)
    await create(scene.target, "view", options=ON_THINGS)
    assert await checked(scene) == set()
    await scene.target.drop_collection("view")
    await create(scene.target, "view", options=ON_OTHERS)
    assert (Severity.ERROR, "view_differs", "view") in await checked(scene)


async def test_a_view_whose_collection_the_target_will_not_have_is_warned_about(scene: Scene) -> None:
    await create(scene.source, "view", options=ON_OTHERS)
    assert await checked(scene) == {(Severity.WARNING, "view_without_source", "view")}
    await create(scene.target, "others")
    assert await checked(scene) == set()


class Sharded(MemoryStore):
    """A target whose collections are sharded."""

    key = EMPTY

    async def collections(self, names: object = None) -> tuple[CollectionInfo, ...]:
        return tuple(replace(one, shard_key=self.key) for one in await super().collections())


@pytest.mark.rule(13, "refused")
@pytest.mark.parametrize(("key", "refused"), [
    (options(region=int32(1), _id=int32(1)), True),
    (options(_id=int32(1)), False),
    (options(_id=text("hashed")), False),
    (options(_id2=int32(1)), True),
    (options(_id=int32(1), region=int32(1)), True),
])  # fmt: skip
async def test_a_target_that_is_sharded_by_another_key_is_refused(scene: Scene, key: bytes, refused: bool) -> None:
    await create(scene.source, "things")
    await create(scene.target, "things")
    target = Sharded(scene.target._server, "db")
    target.key = key
    found = await preflight.check(await scene.plan(), scene.source, ReadOnly(target))
    assert [one.code for one in found] == (["shard_key"] if refused else [])


@pytest.mark.rule(17, "an index of the same name with other options is a finding")
@pytest.mark.rule(16, "an index of the same name is a finding, not replaced")
async def test_definitions_that_differ_stay_and_are_warned_about(scene: Scene) -> None:
    await create(scene.source, "things", options=MUST_HAVE_N, indexes=[index("n", unique=True), index("m")])
    await create(scene.target, "things", indexes=[index("n"), index("z")])
    assert await checked(scene) == {
        (Severity.WARNING, "options_differ", "things"),
        (Severity.WARNING, "index_differs", "things.n_1"),
    }
    found = await preflight.check(await scene.plan(), scene.source, scene.target)
    said = next(one.message for one in found if one.code == "options_differ")
    both = 'source {"n": { "$exists": true }}, target none'
    assert said == f"validator differs: {both}; the target's stay as they are"


def answer(monkeypatch: pytest.MonkeyPatch, permission: Permission) -> None:
    """Let the stores say this of who wants to bypass a validator."""

    async def permissions(_: MemoryStore, action: Action, names: list[str]) -> dict[str, Permission]:
        assert names
        return dict.fromkeys(names, permission if action is Action.BYPASS_VALIDATION else Permission.GRANTED)

    monkeypatch.setattr(MemoryStore, "permissions", permissions)


@pytest.mark.rule(20, "the privilege checked in preflight")
@pytest.mark.parametrize(
    ("permission", "severity"),
    [(Permission.DENIED, Severity.ERROR), (Permission.UNTOLD, Severity.WARNING), (Permission.GRANTED, None)],
)
async def test_a_validator_that_a_rollback_may_not_bypass(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, permission: Permission, severity: Severity | None
) -> None:
    answer(monkeypatch, permission)
    await create(scene.source, "things", options=MUST_HAVE_N)
    assert await checked(scene) == set()
    await create(scene.target, "things", options=MUST_HAVE_N)
    assert await checked(scene) == ({(severity, "validation_bypass", "things")} if severity else set())
    for found in await check(scene, await scene.plan()):
        assert "bypassDocumentValidation" in found.hint
        assert "--no-rollback" in found.hint


@pytest.mark.rule(20, "the privilege checked in preflight, where there is something to put back")
async def test_a_validator_counts_only_where_documents_would_be_put_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, Permission.DENIED)
    warns = pack(MUST_HAVE_N[4:-1] + id_field(b"validationAction", text("warn")))
    for store in (scene.source, scene.target):
        await create(store, "things", options=MUST_HAVE_N)
        await create(store, "others", options=warns)
    assert [one.subject for one in await check(scene, await scene.plan())] == ["things"]
    assert await check(scene, await scene.plan(undo=False)) == ()
    for policy in (Policy.FAIL, Policy.SKIP):
        assert await check(scene, await scene.plan(policy)) == ()


@pytest.mark.rule(8, "a target's collation makes several ids one: refused")
async def test_a_target_that_orders_its_ids_by_a_collation_is_refused(scene: Scene) -> None:
    await create(scene.source, "things", options=GERMAN)
    assert await checked(scene) == set()
    await create(scene.target, "things", options=GERMAN)
    assert await checked(scene) == {(Severity.ERROR, "collation", "things")}


@pytest.mark.rule(10, "else a finding")
async def test_a_server_that_fills_empty_timestamps_is_noted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await create(scene.source, "things")
    capabilities = Capabilities(ordered=True, lookup=True, keeps_empty_timestamps=False)
    monkeypatch.setattr(MemoryStore, "capabilities", capabilities)
    assert await checked(scene) == {(Severity.NOTE, "empty_timestamps", "target")}


@pytest.mark.rule(22, "same endpoint and namespace")
async def test_one_database_is_not_source_and_target(scene: Scene) -> None:
    await create(scene.source, "things")
    found = await preflight.check(await scene.plan(), scene.source, ReadOnly(scene.source))
    assert [(one.severity, one.code) for one in found] == [(Severity.ERROR, "source_is_target")]


@pytest.mark.rule(22, "whatever the collections are called in the target")
async def test_one_database_is_not_source_and_target_under_other_names_either(scene: Scene) -> None:
    await create(scene.source, "things")
    plan = replace(await scene.plan(), target=scene.source_end, scope=Scope(renames=(Rename("things", "copies"),)))
    plan = replace(plan, collections=(PlannedCollection("copies"),))
    found = await preflight.check(plan, ends.planned_source(plan, scene.source), ReadOnly(scene.source))
    assert [(one.severity, one.code) for one in found] == [(Severity.ERROR, "source_is_target")]


@pytest.mark.rule(22, "or the collection uuids are")
async def test_one_collection_by_two_addresses_is_not_source_and_target(scene: Scene) -> None:
    await create(scene.source, "things")
    await create(scene.source, "others")
    alias = MemoryStore(scene.target._server, "db")
    alias._collections = scene.source._collections
    found = await preflight.check(await scene.plan(), scene.source, ReadOnly(alias))
    assert [(one.code, one.subject) for one in found] == [
        ("source_is_target", "others"),
        ("source_is_target", "things"),
    ]


@pytest.mark.rule(22, "two databases on one server are fine")
async def test_two_databases_of_one_server_are_two_places(scene: Scene) -> None:
    await create(scene.source, "things")
    beside = MemoryStore(scene.source._server, "another")
    assert await preflight.check(await scene.plan(), scene.source, ReadOnly(beside)) == ()


def test_a_damaged_package_is_found_before_anything_else(scene: Scene, tmp_path: Path) -> None:
    small_package(tmp_path / "package")
    plan = asyncio.run(scene.plan(source=PackageEnd(str(tmp_path / "package")), kind=RunKind.IMPORT))
    assert asyncio.run(check(scene, plan)) == ()
    file = next((tmp_path / "package").rglob("users.bson.gz"))
    file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    found = asyncio.run(check(scene, plan))
    assert found
    assert all(one.severity is Severity.ERROR for one in found)
    assert asyncio.run(snapshot(scene.target)) == {}


async def test_names_with_control_characters_are_shown_without(scene: Scene) -> None:
    await create(scene.source, "a\x1b[2J", options=ON_OTHERS)
    (found,) = await check(scene, await scene.plan())
    assert "\x1b" not in found.subject + found.message


@pytest.mark.rule(19, "a TTL index on the target, or an age of the collection itself, is a preflight warning")
async def test_what_will_delete_documents_by_age_is_warned_about(scene: Scene) -> None:
    ttl = pack(index("at")[4:-1] + id_field(b"expireAfterSeconds", int32(60)))
    clustered = options(clusteredIndex=as_value(EMPTY), expireAfterSeconds=int32(60))
    for name, indexes in (("things", [ttl]), ("others", [index("at")])):
        await create(scene.source, name)
        await create(scene.target, name, indexes=indexes)
    await create(scene.source, "events", options=clustered)
    assert await checked(scene) == {
        (Severity.WARNING, "ttl_index", "things.at_1"),
        (Severity.WARNING, "ttl_index", "events"),
    }
    told = [one.message for one in await check(scene, await scene.plan(Policy.OVERWRITE))]
    assert "the target's index at_1 deletes documents by age, also those that the run writes" in told
    exported = await check(scene, replace(await scene.plan(), target=PackageEnd(str(scene.home.state / "package"))))
    assert "ttl_index" not in [one.code for one in exported]
