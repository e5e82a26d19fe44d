"""Imports and exports of the JSON forms through the engine, between files and stores in memory."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import Decimal128, ObjectId

from tests.engine.scene import Ended, Scene, documents, new_scene, put, same, snapshot
from tests.packages.json_forms.samples import DATA, found_in
from tests.suites.documents import doc
from tests.suites.ids import int32
from tui_migrate.documents import pack
from tui_migrate.errors import PackageDamaged
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.states import RunState
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.packages.types import yaml_form
from tui_migrate.packages.types.choose import choose
from tui_migrate.packages.types.model import FieldType, TypePlan, ValueType
from tui_migrate.plan import ends, preflight
from tui_migrate.plan.model import PackageEnd, Plan, Policy, RunKind
from tui_migrate.worker import launch

ERROR = Severity.ERROR


@pytest.fixture
def scene() -> Iterator[Scene]:
    with new_scene() as made:
        yield made


async def planned(scene: Scene, path: Path, types: TypePlan | None = None, max_rejects: int = 0) -> Plan:
    source = PackageEnd(str(path), types=types)
    return await scene.plan(Policy.FAIL, source=source, kind=RunKind.IMPORT, max_rejects=max_rejects)


async def decided(path: Path, word: str) -> TypePlan:
    package = RecognisedPackage(path)
    try:
        return await choose(word, package)
    finally:
        await package.close()


async def run(scene: Scene, name: str, word: str, max_rejects: int = 0) -> Ended:
    types = await decided(DATA / name, word)
    return await scene.run(await planned(scene, DATA / name, types, max_rejects))


async def stored(scene: Scene, name: str) -> list[dict[str, Any]]:
    return [bson.decode(one) for one in await documents(scene.target, name)]


async def preflighted(scene: Scene, plan: Plan) -> list[Finding]:
    source = ends.open_source(plan.source, scene.home, {})
    to_package = isinstance(plan.target, PackageEnd)
    try:
        return list(await preflight.check(plan, source, None if to_package else scene.target))
    finally:
        await source.close()


async def test_types_that_nobody_decided_on_stop_the_run_before_it_writes(scene: Scene) -> None:
    plan = await planned(scene, DATA / "second_brain.json.gz")
    (error,) = [one for one in await preflighted(scene, plan) if one.severity is ERROR]
    assert error.code == "types_undecided"
    assert "10 fields in 2 collections" in error.message
    assert "--write-type-plan" in error.hint
    assert (await scene.run(plan)).exit_code == 4
    assert await scene.target.collections() == ()


async def test_second_brain_with_what_its_fields_look_like(scene: Scene) -> None:
    ended = await run(scene, "second_brain.json.gz", "accept")
    assert ended.record.state is RunState.COMPLETED
    user = (await stored(scene, "users"))[1]
    assert user["_id"] == ObjectId("6905d0a0c0ffee0000000001")
    assert user["created_at"] == datetime(2025, 11, 1, 11, 0, 0, 123000)  # noqa: DTZ001 -- as pymongo gives it
    assert user["avatar"] == b"\x00\x01'\\\xff\x01"
    assert user["balance"] == "12.50"
    assert user["homes"][0]["id"] == ObjectId("6905d0a0c0ffee0000000101")
    assert user["name"] == "Ada Łovelace"
    assert (await stored(scene, "families"))[0]["members"][3] == ObjectId("6905d0a0c0ffee0000000003")
    (users,) = await scene.target.collections(["users"])
    assert {bson.decode(one)["name"] for one in users.indexes} >= {"email_1", "newest"}


async def test_second_brain_as_it_is_written(scene: Scene) -> None:
    ended = await run(scene, "second_brain.json.gz", "decline")
    assert ended.record.state is RunState.COMPLETED
    assert (await stored(scene, "users"))[1]["created_at"] == "2025-11-01 11:00:00.123000"


async def test_second_brain_by_a_plan_that_was_edited(scene: Scene, tmp_path: Path) -> None:
    package = RecognisedPackage(DATA / "second_brain.json.gz")
    inference = await package.inference()
    await package.close()
    assert inference is not None
    path = tmp_path / "types.yaml"
    yaml_form.write(inference, path)
    text = path.read_text()
    assert '"balance": as_written' in text
    path.write_text(
        text.replace('"balance": as_written', '"balance": decimal').replace('"token": uuid', '"token": as_written')
    )
    ended = await run(scene, "second_brain.json.gz", str(path))
    assert ended.record.state is RunState.COMPLETED
    user = (await stored(scene, "users"))[1]
    assert (user["balance"], type(user["token"])) == (Decimal128("12.50"), str)


async def test_a_value_that_does_not_fit_is_found_before_anything_is_planned(scene: Scene) -> None:
    types = TypePlan((FieldType("users", "name", ValueType.DATE),))
    errors = [one for one in (await found_in(DATA / "second_brain.json.gz", types)).values() if one.severity is ERROR]
    assert [(one.code, one.subject, one.count) for one in errors] == [("type_misfit", "users.name", 4)]
    assert "user 0" in errors[0].message
    with pytest.raises(PackageDamaged, match=r"users.name: .*'user 0' cannot become date"):
        await planned(scene, DATA / "second_brain.json.gz", types)


async def test_gofannon_puts_documents_without_id_aside_and_imports_the_rest(scene: Scene) -> None:
    ended = await run(scene, "gofannon.json", "accept", max_rejects=1)
    assert ended.record.state is RunState.COMPLETED_WITH_FINDINGS
    assert (ended.counts.inserted, ended.counts.rejected) == (3, 1)
    assert {one["_id"] for one in await stored(scene, "agents")} == {"a1", "a2"}
    told = ended.finding("rejected")
    assert told.message == "this document has no _id and was not written"
    assert "retried" not in told.hint


async def test_preflight_says_how_many_documents_without_id_the_import_has_to_put_aside(scene: Scene) -> None:
    types = await decided(DATA / "gofannon.json", "accept")
    found = await preflighted(scene, await planned(scene, DATA / "gofannon.json", types))
    (missing,) = [one for one in found if one.code == "id_missing"]
    assert missing.hint.startswith("they are not written; --max-rejects 1, or more, ")


async def test_xcodereviewer_and_daemon_are_imported(scene: Scene) -> None:
    ended = await run(scene, "xcodereviewer.json", "accept")
    assert (ended.counts.inserted, ended.counts.rejected) == (8, 0)
    assert (await stored(scene, "settings"))[0]["_id"] == "u1"
    ended = await run(scene, "daemon.json", "accept")
    assert ended.counts.inserted == 3
    assert {one["_id"] for one in await stored(scene, "weather.daily")} == {1, 2, "x"}


@pytest.mark.parametrize("form", [PackageForm.SECOND_BRAIN, PackageForm.GOFANNON, PackageForm.XCODEREVIEWER])
async def test_what_is_exported_and_imported_is_what_was_there(scene: Scene, tmp_path: Path, form: PackageForm) -> None:
    await put(scene.source, bson.encode({"_id": "u1", "id": "u1", "email": "a@b"}), name="user")
    await put(scene.source, *(doc(int32(one), n=int32(one)) for one in range(10)), name="projects")
    target = PackageEnd(str(tmp_path / "out"), form)
    ended = await scene.work(await launch.create_run(scene.home, await scene.plan(target=target, kind=RunKind.EXPORT)))
    assert ended.record.state is RunState.COMPLETED
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600
    assert (await scene.run(await planned(scene, tmp_path / "out"))).record.state is RunState.COMPLETED
    if form is PackageForm.XCODEREVIEWER:  # its empty lists are collections
        for name in ("audit_issues", "audit_tasks"):
            await scene.target.drop_collection(name)
    assert same(await snapshot(scene.source), await snapshot(scene.target))


async def test_what_json_cannot_keep_is_found_before_the_export(scene: Scene, tmp_path: Path) -> None:
    await put(scene.source, bson.encode({"_id": 7, "v": {"$oid": "0" * 24}}), doc(int32(1)), name="agents")
    await put(scene.source, pack(b"\x10_id\x00\x01\x00\x00\x00\x08v\x00\x02"), name="users")
    target = PackageEnd(str(tmp_path / "out"), PackageForm.GOFANNON)
    plan = await scene.plan(target=target, kind=RunKind.EXPORT)
    found = await preflighted(scene, plan)
    assert [(one.code, one.subject, one.count) for one in found] == [
        ("not_kept", "agents", 1),
        ("not_kept", "users", 1),
    ]
    assert "_id 7: the field 'v'" in found[0].message
