"""Runs with a catalog: what is wrong by it keeps a run from starting, or is found again when it has ended."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bson import encode

from tests.engine.scene import Ended, Scene, new_scene
from tests.packages.json_forms.samples import DATA
from tests.packages.samples import write_package
from tests.validation.scene import World, put
from tui_migrate.catalogs.finding import shipped
from tui_migrate.findings import Severity
from tui_migrate.journal.states import RunState
from tui_migrate.mapping.model import Rename, Scope
from tui_migrate.packages.types.model import TypePlan
from tui_migrate.plan.model import PackageEnd, Plan, PlannedCollection, Policy, RunKind, Verify

SHOP = """
name: shop
title: A shop
version: "1"
collections:
  orders: {references: [{field: lines.user, to: users, on_missing: %s}]}
  users: {}
"""
WORLD: World = {
    "orders": [{"_id": 1, "lines": [{"user": 1}, {"user": 2}]}, {"_id": 2, "lines": [{"user": 3}]}],
    "users": [{"_id": 1}],
}


@pytest.fixture
def scene() -> Iterator[Scene]:
    with new_scene() as made:
        yield made


async def imported(scene: Scene, path: Path, on_missing: str, **changes: object) -> Ended:
    batches = {name: [[encode(one) for one in documents]] for name, documents in WORLD.items()}
    await write_package(path, batches)
    plan = await scene.plan(Policy.FAIL, source=PackageEnd(str(path)), kind=RunKind.IMPORT)
    return await scene.run(replace(plan, catalog=SHOP % on_missing, **changes))  # type: ignore[arg-type] # a test's own


async def test_an_import_with_a_dangling_reference_does_not_begin(scene: Scene, tmp_path: Path) -> None:
    ended = await imported(scene, tmp_path / "p", "error")
    assert (ended.exit_code, ended.record.state) == (4, RunState.FAILED)
    (found, *_) = [one for one in ended.record.findings if one.code == "dangling_reference"]
    assert (found.severity, found.subject, found.count) == (Severity.ERROR, "orders.lines.user", 2)
    assert await scene.target.collections() == ()


async def test_one_that_is_only_warned_of_goes_on_and_says_so_at_its_end(scene: Scene, tmp_path: Path) -> None:
    ended = await imported(scene, tmp_path / "p", "warn")
    assert (ended.exit_code, ended.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)
    found = [one for one in ended.record.findings if one.code == "dangling_reference"]
    assert [(one.severity, one.count) for one in found] == [(Severity.WARNING, 2)] * 2
    assert await scene.target.count("orders") == 2


async def test_a_reference_to_a_document_of_the_target_is_fine(scene: Scene, tmp_path: Path) -> None:
    await put(scene.target, {"users": [{"_id": 2}, {"_id": 3.0}]})
    ended = await imported(scene, tmp_path / "p", "error")
    assert (ended.exit_code, ended.codes & {"dangling_reference"}) == (0, set())


async def test_only_the_collections_of_the_plan_are_looked_at(scene: Scene, tmp_path: Path) -> None:
    ended = await imported(scene, tmp_path / "p", "error", collections=(PlannedCollection("users"),))
    assert ended.exit_code == 0


@pytest.mark.parametrize("verify", [Verify.CONTENT, Verify.COUNT])
async def test_what_becomes_dangling_in_the_target_is_a_warning_of_the_verify_stage(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, verify: Verify
) -> None:
    await put(scene.source, {"orders": [{"_id": 1, "lines": {"user": 9}}]})
    await put(scene.target, {"people": [{"_id": 9}]})
    plan = await copy_plan(scene, verify)
    taken = scene.target

    async def vanish(*_: object) -> None:
        await taken.drop_collection("people")

    monkeypatch.setattr("tui_migrate.engine.transfer.verify", with_before(vanish))
    ended = await scene.run(plan)
    found = [one for one in ended.record.findings if one.code == "dangling_reference"]
    assert [one.severity for one in found] == ([Severity.WARNING] if verify is Verify.CONTENT else [])
    assert ended.exit_code == 3


async def copy_plan(scene: Scene, verify: Verify) -> Plan:
    plan = await scene.plan(Policy.FAIL, verify=verify)
    return replace(plan, catalog=(SHOP % "error").replace("users", "people"))


def with_before(first: object) -> object:
    """The verify stage, with something that happens right before it."""
    from tui_migrate.engine.verify import verify

    async def both(migration: object) -> None:
        await first()  # type: ignore[operator] # a coroutine function of this test
        await verify(migration)  # type: ignore[arg-type] # what the engine gives

    return both


async def test_a_package_of_another_system_tells_of_its_references_once(scene: Scene) -> None:
    end = PackageEnd(str(DATA / "xcodereviewer.json"), types=TypePlan(()))
    plan = await scene.plan(Policy.FAIL, source=end, kind=RunKind.IMPORT)
    about = shipped("xcodereviewer")
    assert about is not None
    ended = await scene.run(replace(plan, catalog=about.text))
    assert "orphan" not in ended.codes
    found = {one.subject for one in ended.record.findings if one.code == "dangling_reference"}
    assert found == {"audit_tasks.project_id", "audit_issues.task_id"}


async def test_a_mirror_does_not_count_on_what_it_deletes(scene: Scene) -> None:
    await put(scene.source, WORLD)
    await put(scene.target, {"users": [{"_id": 2}, {"_id": 3}]})
    plan = replace(await scene.plan(Policy.OVERWRITE), catalog=SHOP % "error", mirror=True)
    ended = await scene.run(plan)
    assert (ended.exit_code, "dangling_reference" in ended.codes) == (4, True)
    assert (await scene.run(replace(plan, mirror=False))).exit_code == 0


async def test_a_renamed_collection_is_known_to_the_catalog_by_its_own_name(scene: Scene) -> None:
    await put(scene.source, WORLD)
    plan = await scene.plan(Policy.FAIL)
    names = tuple(replace(one, name="sales" if one.name == "orders" else one.name) for one in plan.collections)
    scope = Scope(renames=(Rename("orders", "sales"),))
    ended = await scene.run(replace(plan, catalog=SHOP % "warn", scope=scope, collections=names))
    found = [one for one in ended.record.findings if one.code == "dangling_reference"]
    assert [one.subject for one in found] == ["sales.lines.user"] * 2
