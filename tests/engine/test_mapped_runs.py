"""Whole runs of a part of a source: what arrives, what a run that dies leaves, and what a rollback takes back."""

import asyncio
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bson import decode, encode
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.dying import comparable, place_of, work_until
from tests.engine.scene import Scene, create, documents, new_scene, same, snapshot
from tests.mapping.bson_values import Fields
from tests.mapping.catalogs import WORKSHOP
from tests.packages.json_forms.samples import DATA
from tests.packages.json_forms.test_import import decided
from tests.suites.documents import as_value, options
from tests.suites.ids import text
from tui_migrate.catalogs.finding import shipped
from tui_migrate.catalogs.model import Catalog
from tui_migrate.documents import pack
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.manifest import parse
from tui_migrate.packages.part import Part, PartFilter, PartRename
from tui_migrate.plan import ends
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.model import End, PackageEnd, Plan, Policy, RunKind, Verify
from tui_migrate.worker import launch

USERS: list[Fields] = [
    {"_id": one, "mail": f"secret-{one}@example.org", "password": "hunter2", "phones": [{"number": f"0049-{one}"}]}
    for one in range(12)
]
PROJECTS: list[Fields] = [{"_id": one, "user_id": one % 4, "colour": "red" if one % 2 else "blue"} for one in range(40)]
COLOURS: list[Fields] = [{"_id": one, "name": one} for one in ("red", "blue", "green")]
GROWN = options(viewOn=text("users"), pipeline=as_value(pack(b""), 0x04))

YOUNG = Filter("users", '{"_id": {"$lt": 8}}')
SCOPE = Scope(renames=(Rename("users", "people"),), filters=(YOUNG,), redact=True)
OWNED = Scope(owner="1", owner_to="90")
SECRETS = (b"hunter2", b"secret-", b"0049-")


async def fill(scene: Scene) -> None:
    for name, held in (("users", USERS), ("projects", PROJECTS), ("colours", COLOURS)):
        await create(scene.source, name)
        assert await scene.source.insert(name, list(map(encode, held))) == ()
    await create(scene.source, "grown", options=GROWN)
    await create(scene.target, "people")
    await create(scene.target, "projects")
    await scene.target.insert("people", [encode({"_id": 3, "mine": True}), encode({"_id": 11, "mine": True})])
    await scene.target.insert("projects", [encode({"_id": 1, "user_id": "theirs"})])


async def planned(
    scene: Scene,
    scope: Scope,
    *,
    target: End | None = None,
    source: End | None = None,
    kind: RunKind = RunKind.COPY,
    verify: Verify = Verify.CONTENT,
    batch: int = 3,
    catalog: Catalog | None = WORKSHOP,
) -> Plan:
    request = PlanRequest(
        kind,
        source or scene.source_end,
        target or scene.target_end,
        policy=Policy.FAIL if kind is RunKind.EXPORT else Policy.OVERWRITE,
        verify=verify,
        batch_documents=batch,
        catalog=catalog,
        scope=scope,
    )
    opened = ends.open_source(request.source, scene.home, {})
    try:
        return await build_plan(request, opened)
    finally:
        await opened.close()


async def held(scene: Scene, name: str) -> dict[Any, Fields]:
    return {one["_id"]: one for one in map(decode, await documents(scene.target, name))}


async def test_a_part_arrives_under_its_new_name_and_redacted() -> None:
    with new_scene() as scene:
        await fill(scene)
        before = await snapshot(scene.target)
        ended = await scene.run(await planned(scene, SCOPE))
        assert ended.record.state in (RunState.COMPLETED, RunState.COMPLETED_WITH_FINDINGS)
        assert not ended.codes & {"source_moved", "target_differs", "end_untold"}
        people = await held(scene, "people")
        assert set(people) == {*range(8), 11}
        assert people[11] == {"_id": 11, "mine": True}
        assert all(people[one]["mail"] == "***" and "password" not in people[one] for one in range(8))
        assert len({people[one]["phones"][0]["number"] for one in range(8)}) == 8
        assert "users" not in {one.name for one in await scene.target.collections()}
        (view,) = await scene.target.collections(["grown"])
        assert decode(view.options)["viewOn"] == "people"
        assert ended.counts == Counts(inserted=7 + 39 + 3, replaced=2)
        undone = await scene.roll_back(ended.record.id)
        assert undone.record.state is RunState.COMPLETED
        assert await snapshot(scene.target) == before


@pytest.mark.parametrize("verify", Verify)
async def test_what_was_not_meant_is_no_difference(verify: Verify) -> None:
    with new_scene() as scene:
        await fill(scene)
        ended = await scene.run(await planned(scene, SCOPE, verify=verify))
        assert not ended.codes & {"source_moved", "target_differs", "end_untold"}
        (users,) = [one for one in ended.record.collections if one.name == "people"]
        assert users.documents_done == 8


async def test_a_second_run_finds_all_of_it_there() -> None:
    with new_scene() as scene:
        await fill(scene)
        plan = await planned(scene, SCOPE)
        await scene.run(plan)
        again = await scene.run(plan)
        assert again.counts == Counts(unchanged=8 + 40 + 3)


async def test_one_users_documents_become_anothers() -> None:
    with new_scene() as scene:
        await fill(scene)
        before = await snapshot(scene.target)
        ended = await scene.run(await planned(scene, OWNED))
        assert not ended.codes & {"source_moved", "target_differs", "end_untold"}
        assert (await held(scene, "users"))[90]["mail"] == "secret-1@example.org"
        assert {one["user_id"] for one in (await held(scene, "projects")).values()} == {90}
        assert set(await held(scene, "projects")) == {one["_id"] for one in PROJECTS if one["user_id"] == 1}
        assert set(await held(scene, "colours")) == {"red"}
        await scene.roll_back(ended.record.id)
        assert await snapshot(scene.target) == before


@given(st.sampled_from((SCOPE, OWNED)), st.lists(st.integers(0, 999), min_size=1, max_size=2))
@settings(max_examples=12, phases=[Phase.explicit, Phase.generate])
@pytest.mark.slow
def test_a_run_that_dies_anywhere_ends_like_one_that_was_left_alone(scope: Scope, crashes: list[int]) -> None:
    async def prove(calm: Scene, scene: Scene) -> None:
        await fill(calm)
        await fill(scene)
        before = await snapshot(scene.target)
        plan = await planned(calm, scope)
        with trapped(Trap()) as counter:
            undisturbed = await calm.run(plan)
        run_id = await launch.create_run(scene.home, replace(plan, source=scene.source_end, target=scene.target_end))
        for one in crashes:
            await work_until(scene, run_id, place_of(one, counter))
        if not (await scene.record(run_id)).state.is_final:
            await scene.work(run_id)
        assert comparable(await scene.record(run_id)) == comparable(undisturbed.record)
        assert same(await snapshot(scene.target), await snapshot(calm.target))
        assert (await scene.roll_back(run_id)).record.state is RunState.COMPLETED
        assert await snapshot(scene.target) == before

    with new_scene() as calm, new_scene() as scene:
        asyncio.run(prove(calm, scene))


async def test_a_package_says_that_it_is_a_part(tmp_path: Path) -> None:
    with new_scene() as scene:
        await fill(scene)
        target = PackageEnd(str(tmp_path / "part"))
        plan = await planned(scene, replace(SCOPE, owner="1"), target=target, kind=RunKind.EXPORT)
        await scene.run(plan)
        part = parse((tmp_path / "part" / "manifest.json").read_bytes(), "manifest.json").header.part
        assert part == Part(
            filters=(PartFilter("users", '{"_id": {"$lt": {"$numberInt": "8"}}}'),),
            owner='{"$numberInt": "1"}',
            redacted=True,
            renames=(PartRename("users", "people"),),
        )
        assert plan.scope.redaction_key not in (tmp_path / "part" / "manifest.json").read_text()


def contents(path: Path) -> bytes:
    """Every byte of a package, as it lies there and unpacked."""
    found = b""
    for file in [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file()):
        content = file.read_bytes()
        found += content
        begins = [one.start() for one in re.finditer(rb"\x1f\x8b\x08", content)]
        found += b"".join(zlib.decompressobj(31).decompress(content[one:]) for one in begins)
    return found


@pytest.mark.parametrize("form", [PackageForm.NATIVE, PackageForm.TAR, PackageForm.ARCHIVE])
async def test_no_secret_is_in_a_redacted_package(tmp_path: Path, form: PackageForm) -> None:
    with new_scene() as scene:
        await fill(scene)
        for name, scope in (("plain", Scope()), ("redacted", Scope(redact=True))):
            target = PackageEnd(str(tmp_path / name), form)
            ended = await scene.run(await planned(scene, scope, target=target, kind=RunKind.EXPORT))
            assert ended.record.state is RunState.COMPLETED
        plain, redacted = contents(tmp_path / "plain"), contents(tmp_path / "redacted")
        assert all(secret in plain for secret in SECRETS)
        assert b"***" in redacted
        assert not [secret for secret in SECRETS if secret in redacted]


async def test_an_export_that_dies_is_gone_on_with(tmp_path: Path) -> None:
    contents: list[Mapping[str, bytes]] = []
    for name in ("calm", "dying"):
        with new_scene() as scene:
            await fill(scene)
            target = PackageEnd(str(tmp_path / name))
            plan = await planned(scene, SCOPE, target=target, kind=RunKind.EXPORT)
            run_id = await launch.create_run(
                scene.home, replace(plan, scope=replace(plan.scope, redaction_key="ab" * 32))
            )
            if name == "dying":
                with trapped(Trap(name="export.after_checkpoint", times=3)), pytest.raises(Crash):
                    await scene.work(run_id)
            ended = await scene.work(run_id)
            assert ended.record.state is RunState.COMPLETED
            files = sorted((tmp_path / name).rglob("*.bson.gz"))
            contents.append({one.name: one.read_bytes() for one in files})
    assert set(contents[0]) == {"people.bson.gz", "projects.bson.gz", "colours.bson.gz"}
    assert contents[0] == contents[1]


async def test_a_package_of_one_user_goes_to_another(tmp_path: Path) -> None:
    with new_scene() as scene:
        await fill(scene)
        package = PackageEnd(str(tmp_path / "one"))
        export = await planned(scene, Scope(owner="2"), target=package, kind=RunKind.EXPORT)
        assert (await scene.run(export)).record.state is RunState.COMPLETED
        plan = await planned(scene, Scope(owner_to="91"), source=package, kind=RunKind.IMPORT)
        assert (plan.scope.owner, plan.scope.owner_from) == ("", '{"$numberInt": "2"}')
        ended = await scene.run(plan)
        assert not ended.codes & {"source_moved", "target_differs", "end_untold"}
        assert set(await held(scene, "users")) == {91}
        assert {one["user_id"] for one in (await held(scene, "projects")).values()} == {91, "theirs"}


async def test_an_export_of_xcodereviewer_goes_to_another_user() -> None:
    path = DATA / "xcodereviewer.json"
    package = PackageEnd(str(path), types=await decided(path, "decline"))
    old = json.loads(path.read_text())["user_id"]
    with new_scene() as scene:
        catalog = shipped("xcodereviewer")
        plan = await planned(scene, Scope(owner_to="u-2"), source=package, kind=RunKind.IMPORT, catalog=catalog)
        assert plan.scope.owner_from == json.dumps(old)
        ended = await scene.run(plan)
        assert not ended.codes & {"source_moved", "target_differs", "end_untold"}
        (user,) = (await held(scene, "user")).values()
        assert (user["_id"], user["id"]) == ("u-2", "u-2")
        assert set(await held(scene, "projects")) == {"p1", "p2"}
        assert set(await held(scene, "settings")) == {"u-2"}
        assert {one["project_id"] for one in (await held(scene, "audit_tasks")).values()} == {"p1", "gone"}
