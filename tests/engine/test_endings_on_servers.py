"""Refusals and their retry, forced rollbacks and verifications that go on, between real MongoDB servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import create, documents, put
from tests.engine.servers import Pair, pair
from tests.suites.documents import EMPTY, as_value, doc, index, options
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId, pack
from tui_migrate.engine import verify_content
from tui_migrate.journal.records import Counts
from tui_migrate.stores.base import Change
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.worker import launch

N_IS_INT = options(validator=as_value(pack(b"\x03n\x00" + pack(b"\x10$type\x00\x10\x00\x00\x00"))))

pytestmark = pytest.mark.slow


@pytest.fixture(params=["replica set", "standalone"])
async def ends(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    mongodb_pair: tuple[str, str],
    mongodb_standalone_url: str,
    database: str,
) -> AsyncIterator[Pair]:
    urls = mongodb_pair if request.param == "replica set" else (mongodb_pair[0], mongodb_standalone_url)
    async with pair(tmp_path, urls, database) as made:
        yield made


async def replace_by(store: MongoStore, *some: bytes) -> None:
    """Put documents in the place of those of their ids, as somebody else would."""
    for one in some:
        identifier = RawId(b"\x10" + one[9:13])
        await remove(store, identifier)
        await put(store, one)


async def remove(store: MongoStore, identifier: RawId) -> None:
    async def decide(ids: object, seen: "dict[object, bytes]") -> list[Change]:
        return [Change(identifier, one, None) for one in seen.values()]

    await store.change("things", [identifier], decide)  # type: ignore[arg-type] # takes what comes


async def test_what_validator_type_and_unique_index_refuse_is_kept_with_its_reason_and_retried(ends: Pair) -> None:
    good = [doc(int32(1), n=int32(1)), doc(int32(5), n=int32(5))]
    bad = [doc(int32(2)), doc(int32(3), n=text("no number")), doc(int32(4), n=int32(9))]
    holder = doc(int32(100), n=int32(9))
    await put(ends.source, *good, *bad)
    await create(ends.target, "things", options=N_IS_INT, indexes=[index("n", unique=True)])
    await put(ends.target, holder)
    before = await ends.look()
    first = await ends.copy(max_rejects=3)
    assert (first.exit_code, first.counts) == (3, Counts(inserted=2, rejected=3))
    reasons = {one.subject: one.message for one in first.record.findings if one.code == "rejected"}
    assert set(reasons) == {"things _id 2", "things _id 3", "things _id 4"}
    assert "n is missing" in reasons["things _id 2"]
    assert "duplicate key" in reasons["things _id 4"]
    await ends.target.set_validator("things", EMPTY)
    second = await ends.retry(1)
    assert (second.exit_code, second.counts) == (3, Counts(inserted=2, rejected=1))
    await remove(ends.target, int32(100))
    third = await ends.retry(2)
    assert (third.exit_code, third.counts) == (0, Counts(inserted=1))
    assert set(await documents(ends.target)) == {*good, *bad}
    await put(ends.target, doc(int32(200), n=int32(200)))
    for one in (3, 2, 1):
        assert (await ends.roll_back(one)).exit_code == 0
    await remove(ends.target, int32(200))
    await put(ends.target, holder)
    await ends.target.set_validator("things", N_IS_INT)
    assert (await ends.look())["things"][1:] == before["things"][1:]


async def test_a_forced_rollback_takes_back_what_others_changed_and_deleted(ends: Pair) -> None:
    new = [doc(int32(one), n=int32(one)) for one in range(1, 7)]
    old = [doc(int32(one), n=text("old")) for one in (4, 5, 6)]
    await put(ends.source, *new)
    await create(ends.target, "things")
    await put(ends.target, *old)
    before = await ends.look()
    run = await ends.copy()
    await replace_by(ends.target, doc(int32(1), n=text("x")), doc(int32(4), n=text("x")))
    await remove(ends.target, int32(2))
    await remove(ends.target, int32(5))
    undone = await ends.roll_back(run.record.id, force=True)
    assert (undone.exit_code, undone.codes, undone.counts.spared) == (3, {"forced"}, 0)
    assert {one.subject for one in undone.record.findings} == {f"things _id {one}" for one in (1, 4, 5)}
    assert await ends.look() == before


@pytest.mark.parametrize("times", [1, 7])
async def test_a_verification_goes_on_behind_its_mark(ends: Pair, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(verify_content, "MARK_SECONDS", 0.0)
    await put(ends.source, *(doc(int32(one), n=int32(one)) for one in range(20)))
    run_id = await launch.create_run(ends.home, await ends.plan(batch=2))
    with trapped(Trap(name="verify.after_batch", times=times)), pytest.raises(Crash):
        await ends.work(run_id)
    await replace_by(ends.target, doc(int32(0), n=text("x")), doc(int32(19), n=text("x")))
    with trapped(Trap()) as trap:
        ended = await ends.work(run_id)
    # What was changed before the mark, behind the back of the verification, is as unseen as behind a whole one.
    assert ended.finding("target_differs").count == 1
    assert trap.passed.count("verify.after_batch") == 10 - times
