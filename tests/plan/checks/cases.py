"""For each code of the registry a case in which its check finds something and one in which it is silent."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import bson
import pytest
from pymongo.synchronous.database import Database

from tests.mapping.catalogs import TEXT as WORKSHOP
from tests.packages.json_forms.samples import DATA
from tests.packages.json_forms.test_import import decided
from tests.packages.samples import NO_OPTIONS, small_package, write_package
from tests.plan.checks.ground import FOR_PEOPLE, Altered, Ground, index
from tui_migrate.findings import Finding
from tui_migrate.mapping.model import Scope
from tui_migrate.packages.forms import PackageForm
from tui_migrate.plan import ends
from tui_migrate.plan.checks import disk, uniqueness
from tui_migrate.plan.model import Environment, PackageEnd, PlannedCollection, Policy, RunKind
from tui_migrate.plan.preflight import Circumstances, Rival
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.stores.permissions import Action, Permission
from tui_migrate.stores.probe import Pulse

Found = Awaitable[Sequence[Finding]]
Make = Callable[[Ground, bool], Found]

CASES: Final[dict[str, Make]] = {}
"""By code; called with whether there is something to be found."""

CATALOG = """\
name: shop
title: A shop
version: "2.0"
versions:
  - {source: "2.*", target: "2.*"}
  - {source: "1.5", target: "2.*", note: prices were net}
collections:
  things:
    references: [{field: maker, to: makers}]
    sensitive: [{field: name, redaction: mask, reason: a person's name}]
  makers:
    references: [{field: best, to: things}]
  tokens:
    excluded: tokens open accounts
"""
NEEDS_N: Final = {"n": {"$exists": True}}


def guard(database: "Database[dict[str, Any]]", name: str, validator: dict[str, Any]) -> None:
    database.command({"create": name, **({"validator": validator} if validator else {})})


def case(code: str) -> Callable[[Make], Make]:
    def made(make: Make) -> Make:
        assert code not in CASES
        CASES[code] = make
        return make

    return made


@case("types_undecided")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    path = DATA / "second_brain.json.gz"
    end = PackageEnd(str(path), types=None if bad else await decided(path, "accept"))
    return await ground.checked(source=end, kind=RunKind.IMPORT)


@case("collection_missing")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    plan = await ground.plan()
    if bad:
        ground.source.drop_collection("things")
    return await ground.check(plan)


@case("collection_gone")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    if not bad:
        ground.target.create_collection("things")
    return await ground.checked(retry_of=1)


@case("kind_differs")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    if bad:
        ground.target.command({"create": "things", "viewOn": "others", "pipeline": []})
    return await ground.checked()


@case("reserved_database")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    plan = await ground.plan()
    return await ground.check(
        replace(plan, target=replace(ground.pair.target_end, database="local" if bad else "shop"))
    )


@case("reserved_collection")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    plan = await ground.plan()
    return await ground.check(replace(plan, collections=(PlannedCollection("system.js" if bad else "things"),)))


@case("gridfs_half")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    for name in ("fs.files", "fs.chunks"):
        ground.source[name].insert_one({})
    return await ground.checked(*(["fs.files"] if bad else []))


@case("output_exists")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    if bad:
        (ground.folder / "new").mkdir()
    return await ground.checked(target=ground.package())


@case("output_folder")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    path = ground.folder / ("none" if bad else ".") / "new"
    return await ground.checked(target=PackageEnd(str(path)))


@case("output_unwritable")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    with pytest.MonkeyPatch.context() as patch:
        if bad:  # whoever runs the tests may be allowed to write anywhere
            patch.setattr(os, "access", lambda *_: False)
        return await ground.checked(target=ground.package())


@case("output_space")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    plan = await ground.plan(target=ground.package())
    return await ground.check(replace(plan, collections=(PlannedCollection("things", 1, 10**18 if bad else 1),)))


@case("encryption")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    form = PackageForm.NATIVE if bad else PackageForm.ARCHIVE
    return await ground.checked(target=replace(ground.package(form), with_passphrase=True))


@case("names_clash")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["Things" if bad else "others"].insert_one({})
    return await ground.checked(target=ground.package())


@case("excluded")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["tokens" if bad else "others"].insert_one({})
    return await ground.checked(catalog=CATALOG)


@case("catalog_version")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    await asyncio.to_thread(small_package, ground.folder / "package")
    end = PackageEnd(str(ground.folder / "package"))
    plan = await ground.plan(source=end, kind=RunKind.IMPORT, catalog=CATALOG)
    package = ends.open_source(end, ground.pair.home, {})

    async def catalog() -> str:
        return "shop 1.4" if bad else "shop 2.0"

    package.catalog = catalog  # type: ignore[attr-defined] # the sample was made without a catalog
    return await ground.check(plan, source=package)


@case("source_is_target")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await ground.check(await ground.plan(), target=ground.pair.source if bad else None)


@case("target_in_use")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    async def rivals(places: Sequence[str], names: Sequence[str]) -> Sequence[Rival]:
        assert any(place.startswith("mongodb:") for place in places)
        assert list(names) == ["things"]
        return [Rival(7, "things", is_active=True)] if bad else []

    return await ground.checked(about=Circumstances(rivals=rivals))


@case("latency")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await ground.checked(about=FOR_PEOPLE if bad else None)


@case("clock_differs")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await ground.altered(pulse=Pulse(0.01, -6.0 if bad else 4.0))


@case("version_older")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await ground.altered(server_version="7.0.5" if bad else "8.0.1")


@case("feature_missing")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source.command({"create": "view", "viewOn": "things", "pipeline": []})
    return await ground.altered(server_version="3.2.1" if bad else "3.4.0")


@case("privilege_missing")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await with_permission(ground, Permission.DENIED if bad else Permission.GRANTED, Action.INSERT)


@case("privilege_untold")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await with_permission(ground, Permission.UNTOLD if bad else Permission.GRANTED, Action.INSERT)


@case("validation_bypass")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.target.create_collection("things", validator=NEEDS_N)
    return await with_permission(ground, Permission.DENIED if bad else Permission.GRANTED, Action.BYPASS_VALIDATION)


async def with_permission(ground: Ground, permission: Permission, of: Action) -> Sequence[Finding]:
    """Check a copy where the target's user has this permission; users of real servers are tried elsewhere."""

    class Asked(Altered):
        __slots__ = ()

        async def permissions(self, action: Action, collections: Any) -> dict[str, Permission]:
            return dict.fromkeys(collections, permission if action is of else Permission.GRANTED)

    return await ground.check(await ground.plan(), target=Asked(ground.pair.target), about=FOR_PEOPLE)


@case("mirror_unfit")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await ground.checked(mirror=True, policy=Policy.SKIP if bad else Policy.OVERWRITE)


@case("removed_whole")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.target["old"].insert_one({})
    plan = await ground.plan(mirror=True)
    old = (PlannedCollection("old", remove=True),) if bad else ()
    return await ground.check(replace(plan, collections=(*plan.collections, *old)))


@case("exists_already")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source.create_collection("last", capped=True, size=4096)
    if bad:
        ground.target.create_collection("last", capped=True, size=4096)
    return await ground.checked()


@case("view_differs")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    for database, on in ((ground.source, "things"), (ground.target, "others" if bad else "things")):
        database.command({"create": "view", "viewOn": on, "pipeline": []})
    return await ground.checked()


@case("view_without_source")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source.command({"create": "view", "viewOn": "others" if bad else "things", "pipeline": []})
    return await ground.checked()


@case("view_depends")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.target.create_collection("things")
    ground.target.command({"create": "view", "viewOn": "things" if bad else "others", "pipeline": []})
    return await ground.checked()


@case("shard_key")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.target.create_collection("things")
    return await ground.altered(infos={"shard_key": bson.encode({"region" if bad else "_id": 1})})


@case("collation")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.target.create_collection("things")
    return await ground.altered(infos={"simple_order": not bad})


@case("options_differ")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    guard(ground.target, "things", NEEDS_N if bad else {})
    return await ground.checked()


@case("index_differs")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["things"].create_index("n", name="x")
    ground.target["things"].create_index("m" if bad else "n", name="x")
    return await ground.checked()


@case("ttl_index")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    indexes = [{"key": {"at": 1}, "name": "at", **({"expireAfterSeconds": 9_999_999} if bad else {})}]
    ground.target.command({"createIndexes": "things", "indexes": indexes})
    return await ground.checked()


@case("reference_missing")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    if not bad:
        ground.target.create_collection("makers")
    return await ground.checked(catalog=CATALOG)


@case("reference_cycle")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["makers"].insert_one({"_id": 1})
    return await ground.checked(*([] if bad else ["things"]), catalog=CATALOG)


@case("sensitive_fields")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    plan = await ground.plan(catalog=CATALOG)
    return await ground.check(replace(plan, scope=replace(plan.scope, redact=not bad)))


@case("no_owner")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    for name in ("users", "projects", *(["logs"] if bad else [])):
        ground.source[name].insert_one({"_id": 1})
    ground.source.drop_collection("things")
    plan = await ground.plan("users", "projects", catalog=WORKSHOP)
    return await ground.check(replace(plan, scope=Scope(owner='{"$numberInt": "1"}')))


@case("unique_redacted")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["things"].insert_one({"_id": "one more", "name": "b"})
    ground.source["things"].create_index("name", unique=True)
    if not bad:
        ground.source["things"].create_index([("name", 1), ("n", 1)], unique=True)
        ground.source["things"].drop_index("name_1")
    plan = await ground.plan("things", catalog=CATALOG)
    return await ground.check(replace(plan, scope=Scope(redact=True, redaction_key="ab" * 32)))


@case("collection_not_kept")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["user"].insert_one({"_id": "u"})
    return await ground.checked(*([] if bad else ["user"]), target=ground.package(PackageForm.XCODEREVIEWER))


@case("kind_not_kept")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source.command({"create": "view", "viewOn": "things", "pipeline": []})
    return await ground.checked(*([] if bad else ["things"]), target=ground.package(PackageForm.GOFANNON))


@case("options_not_kept")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    guard(ground.source, "others", NEEDS_N if bad else {})
    return await ground.checked(target=ground.package(PackageForm.GOFANNON))


@case("indexes_not_kept")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["things"].create_index("n")
    return await ground.checked(target=ground.package(PackageForm.GOFANNON if bad else PackageForm.SECOND_BRAIN))


@case("index_not_kept")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    value = {"$oid": "0" * 24} if bad else {"$gt": 1}
    spec = index(key={"n": 1}, name="n_1", partialFilterExpression={"n": value})
    plan = await ground.plan(target=ground.package(PackageForm.SECOND_BRAIN))
    return await ground.check(plan, source=Altered(ground.pair.source, infos={"indexes": (spec,)}))


@case("not_kept")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["things"].insert_one({"_id": 2, "n": {"$oid" if bad else "oid": "0" * 24}})
    return await ground.checked(target=ground.package(PackageForm.GOFANNON))


@case("document_too_large")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["things"].insert_one({"_id": 2, "n": "x" * (2_000 if bad else 500)})
    return await ground.altered(max_document=1_000)


@case("batch_too_large")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await ground.altered(max_batch=100 if bad else 1_000)


@case("conflict")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.target["things"].insert_one({"_id": 1, "n": 2 if bad else 1})
    return await ground.checked(policy=Policy.FAIL)


@case("newer_without_field")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.target["things"].insert_one({"_id": 1, "n": 2})
    return await ground.checked(policy=Policy.NEWER, newer_by="" if bad else "n")


@case("newer_field_missing")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.target["things"].insert_one({"_id": 1, "meta": {} if bad else {"at": 2}})
    ground.source["things"].insert_one({"_id": 2, "meta": {"at": 1}})
    return await ground.checked(policy=Policy.NEWER, newer_by="meta.at")


@case("conflict_estimate")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["things"].insert_many({"_id": one} for one in range(2, 30))
    ground.target.create_collection("things")
    return await ground.checked(policy=Policy.FAIL, about=Circumstances(sample=10 if bad else 0))


@case("unique_clash")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.target["things"].create_index("n", unique=True)
    ground.target["things"].insert_one({"_id": 2, "n": 1 if bad else 2})
    return await ground.checked()


@case("unique_unchecked")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["things"].insert_many({"_id": one, "n": one} for one in range(2, 10))
    ground.target["things"].create_index("n", unique=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uniqueness, "MOST_REMEMBERED", 5 if bad else 9)
        return await ground.checked()


@case("validator_rejects")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.target.create_collection("things", validator={"$jsonSchema": {"required": ["m" if bad else "n"]}})
    return await ground.checked()


@case("validator_untried")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    await asyncio.to_thread(small_package, ground.folder / "package")
    guard(ground.target, "users", NEEDS_N if bad else {})
    end = PackageEnd(str(ground.folder / "package"))
    return await ground.checked(source=end, kind=RunKind.IMPORT, about=FOR_PEOPLE)


async def with_rules(ground: Ground, rules: str, about: Circumstances | None = None) -> Sequence[Finding]:
    """Check a copy with a catalog that says this of `things`."""
    catalog = f"name: shop\ntitle: A shop\ncollections: {{things: {{{rules}}}, makers: {{}}}}\n"
    return await ground.checked(catalog=catalog, about=about)


@case("dangling_reference")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["things"].insert_many([{"_id": 2, "maker": [7]}, {"_id": 3, "maker": {"_id": 1}}])
    ground.source["makers"].insert_one({"_id": {"_id": 1}})
    ground.target["makers"].insert_one({"_id": 8 if bad else 7})
    return await with_rules(ground, "references: [{field: maker, to: makers}]")


@case("required_missing")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await with_rules(ground, f"required: [{'m' if bad else 'n'}]")


@case("type_drift")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["things"].insert_one({"_id": 2, "n": "2" if bad else 2})
    return await with_rules(ground, "")


@case("fields_unfollowed")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    ground.source["things"].insert_one({"_id": 2, "x" * (201 if bad else 200): 1})
    return await with_rules(ground, "")


@case("value_duplicate")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    documents = [bson.encode({"_id": 1, "n": 1}), bson.encode({"_id": 2, "n": 1 if bad else 2})]
    unique = index(key={"n": 1}, name="n", unique=True)
    info = CollectionInfo("things", CollectionKind.PLAIN, NO_OPTIONS, (unique,))
    await write_package(ground.folder / "package", {"things": [documents]}, infos={"things": info})
    end = PackageEnd(str(ground.folder / "package"))
    return await ground.checked(source=end, kind=RunKind.IMPORT, catalog=CATALOG)


@case("contents_unchecked")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await with_rules(ground, "", about=Circumstances(sample=10 if bad else 0))


@case("undo_space")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "UNDO_RESERVE", 10**18 if bad else 1)
        return await ground.checked(about=Circumstances(folder=ground.folder / "home" / "runs"))


@case("empty_timestamps")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    return await ground.altered(keeps_empty_timestamps=not bad)


@case("target_production")
async def _(ground: Ground, bad: bool) -> Sequence[Finding]:
    environment = Environment.PRODUCTION if bad else Environment.STAGING
    return await ground.checked(target=replace(ground.pair.target_end, environment=environment), about=FOR_PEOPLE)
