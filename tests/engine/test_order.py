"""In which order a run writes to its target."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Scene, create, put, snapshot
from tests.suites.documents import MUST_HAVE_N, as_value, doc, index, options
from tests.suites.ids import int32, int64, text
from tui_migrate.definitions import index_name
from tui_migrate.documents import RawId, id_field, pack
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.verify import verify
from tui_migrate.plan.model import Policy
from tui_migrate.stores.base import Capabilities
from tui_migrate.stores.memory import MemoryStore

TTL = pack(index("at")[4:-1] + id_field(b"expireAfterSeconds", int64(3_600)))
CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(65_536))
VIEW = options(viewOn=text("things"), pipeline=as_value(pack(b""), 0x04))


@pytest.fixture
def order(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done to the target, in words."""
    done: list[str] = []

    def noted(method: str, say: Callable[..., list[str]]) -> None:
        real = getattr(MemoryStore, method)

        async def call(store: MemoryStore, *values: Any, **named: Any) -> Any:
            if store._server == scene.target._server:
                done.extend(say(*values))
            return await real(store, *values, **named)

        monkeypatch.setattr(MemoryStore, method, call)

    noted("create_collection", lambda info, _: [f"create {info.name}"])
    noted("create_indexes", lambda _, indexes: [f"index {index_name(one)}" for one in indexes])
    noted("insert", lambda _, documents: ["insert"] if documents else [])
    noted("set_validator", lambda *_: ["validator"])

    async def verify_noted(migration: Migration) -> None:
        done.append("verify")
        await verify(migration)

    monkeypatch.setattr("tui_migrate.engine.transfer.verify", verify_noted)
    return done


@pytest.mark.rule(17, "unique indexes first, other indexes after the documents, then the validator, TTL after verify")
@pytest.mark.rule(15, "views after all collections")
async def test_a_collection_of_the_run_gets_what_its_documents_need_not_meet_after_them(
    scene: Scene, order: list[str]
) -> None:
    await create(scene.source, "a view", options=VIEW)
    await create(scene.source, "things", options=MUST_HAVE_N, indexes=[index("m"), index("n", unique=True), TTL])
    await put(scene.source, doc(int32(1), n=int32(1)))
    order.clear()
    ended = await scene.copy(Policy.FAIL)
    assert ended.exit_code == 0
    assert order == [
        "create things",
        "index n_1",
        "insert",
        "index m_1",
        "validator",
        "create a view",
        "verify",
        "index at_1",
    ]


@pytest.mark.rule(17, "the source's validator is added after its documents: old ones may not meet it")
async def test_documents_older_than_their_validator_go_along(scene: Scene) -> None:
    await put(scene.source, doc(int32(1)))
    await scene.source.set_validator("things", MUST_HAVE_N)
    assert (await scene.copy(Policy.FAIL)).exit_code == 0
    assert await snapshot(scene.target) == await snapshot(scene.source)


@pytest.mark.rule(17, "an existing target's validator holds: refused documents are rejects")
@pytest.mark.rule(16, "options of what was there are not changed")
async def test_an_existing_collection_keeps_its_validator_and_refuses_by_it(scene: Scene, order: list[str]) -> None:
    await put(scene.source, doc(int32(1)), doc(int32(2), n=int32(2)))
    await create(scene.target, "things", options=MUST_HAVE_N)
    order.clear()
    ended = await scene.copy(Policy.FAIL, max_rejects=1)
    assert ended.counts.rejected == 1
    assert "validator" not in order
    assert (await snapshot(scene.target))["things"][0] == MUST_HAVE_N


@pytest.mark.rule(16, "never drops, recreates or changes what was there before")
@pytest.mark.parametrize("policy", [Policy.OVERWRITE, Policy.SKIP])
async def test_nothing_is_dropped_renamed_or_changed_in_a_target_that_has_all_of_it(
    scene: Scene, policy: Policy
) -> None:
    await create(scene.source, "things", options=MUST_HAVE_N, indexes=[index("m", unique=True), TTL])
    await put(scene.source, doc(int32(1), n=int32(1), m=int32(1)))
    await create(scene.target, "things", options=options(comment=text("mine")), indexes=[index("m")])
    await put(scene.target, doc(int32(1)))
    before = await snapshot(scene.target)
    with trapped(Trap(), within=False) as trap:
        await scene.copy(policy)
    defined = {one for one in trap.passed if one.startswith("before ")} - {"before insert", "before change"}
    assert defined <= {"before create_indexes"}
    after = await snapshot(scene.target)
    assert after["things"][0] == before["things"][0]
    assert set(before["things"][1]) <= set(after["things"][1])


@pytest.mark.rule(10, "where empty timestamps are filled, that is a finding, for inserts and for replaces")
async def test_a_server_that_fills_empty_timestamps_is_told_of_for_each_document(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = RawId(b"\x11" + bytes(8))
    capable = Capabilities(ordered=True, lookup=True, keeps_empty_timestamps=False)
    await put(scene.source, doc(int32(1), at=empty), doc(int32(2), at=empty), doc(int32(3)))
    await put(scene.target, doc(int32(2)), name="things")
    monkeypatch.setattr(MemoryStore, "capabilities", property(lambda _: capable))
    ended = await scene.copy(Policy.OVERWRITE)
    assert ended.codes == {"empty_timestamps", "timestamp_filled"}
    assert ended.finding("timestamp_filled").count == 2


@pytest.mark.rule(12, "resume from empty")
@pytest.mark.parametrize("place", ["execute.after_index", "batch.after_checkpoint"])
async def test_a_capped_collection_that_is_filled_again_gets_its_indexes_again(scene: Scene, place: str) -> None:
    await create(scene.source, "things", options=CAPPED, indexes=[index("n", unique=True), index("m")])
    await put(scene.source, *(doc(int32(one), n=int32(one)) for one in range(4)))
    with trapped(Trap(name=place)), pytest.raises(Crash):
        await scene.run(await scene.plan())
    assert (await scene.work(1)).exit_code == 0
    assert await snapshot(scene.target) == await snapshot(scene.source)


@pytest.mark.rule(12, "but not over what others have put there meanwhile")
@pytest.mark.rule(16, "nor where somebody has made the collection anew")
@pytest.mark.parametrize("is_made_anew", [False, True], ids=["written to", "made anew"])
async def test_a_capped_collection_with_somebody_else_s_documents_is_not_filled_again(
    scene: Scene, is_made_anew: bool
) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *(doc(int32(one)) for one in range(4)))
    with trapped(Trap(name="batch.after_checkpoint")), pytest.raises(Crash):
        await scene.run(await scene.plan())
    if is_made_anew:
        await scene.target.drop_collection("things")
        await create(scene.target, "things", options=CAPPED)
    await put(scene.target, doc(int32(9)))
    before = await snapshot(scene.target)
    ended = await scene.work(1)
    assert ended.exit_code == 4
    assert ended.record.failure is not None
    assert (
        "made another in its place" if is_made_anew else "others have put documents"
    ) in ended.record.failure.message
    assert await snapshot(scene.target) == before
