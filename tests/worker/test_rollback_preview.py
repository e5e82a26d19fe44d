"""What a preview says of a rollback, held against what the rollback then does."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.crash.world import mirrored_world
from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.mirrors import fill, mirror_plan
from tests.engine.scene import Ended, Scene, create, new_scene, put
from tests.suites.documents import doc, options
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId
from tui_migrate.engine.repeated import Repeated
from tui_migrate.errors import StorageFailed
from tui_migrate.journal.records import Counts
from tui_migrate.ordering import order_key
from tui_migrate.worker import rollback_preview
from tui_migrate.worker.rollback_preview import Reason, RollbackPreview, Tally, Wanted, preview_rollback

IDS = range(1, 7)
PLACES = ("", "batch.after_insert", "batch.after_replace", "batch.before_checkpoint", "undo.before_outcome")
CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(65_536))


@pytest.fixture
def scene() -> Iterator[Scene]:
    with new_scene() as made:
        yield made


class There(Enum):
    """What the target has of a document before the run."""

    NOTHING = 0
    OLD = 1
    EQUAL = 2


class Deed(Enum):
    """What a stranger does to a document."""

    NOTHING = 0
    CHANGE = 1
    DELETE = 2
    PUT_OLD = 3
    PUT_NEW = 4


class Fate(Enum):
    """What a stranger does to the whole collection."""

    STAYS = 0
    DROPPED = 1
    MADE_ANEW = 2


def new(number: int) -> bytes:
    return doc(int32(number), n=int32(number))


def old(number: int) -> bytes:
    return doc(int32(number), n=text("old"))


def by(number: int) -> bytes:
    return doc(int32(number), n=text("somebody else"))


async def do(scene: Scene, deeds: Mapping[int, Deed]) -> None:
    made = {Deed.CHANGE: by, Deed.PUT_OLD: old, Deed.PUT_NEW: new}
    for number, deed in deeds.items():
        if deed is not Deed.NOTHING:
            await strangers.remove(scene.target, new(number))
        if deed in made:
            await put(scene.target, made[deed](number))


async def looked(scene: Scene, run_id: int = 1) -> RollbackPreview:
    plan = await scene.plan()
    return await preview_rollback(scene.home, run_id, plan, {}, lambda _: None)


def said(one: RollbackPreview) -> Counter[str]:
    return Counter(f"{kept.collection} _id {kept.shown_id}" for kept in one.kept)


def spared(ended: Ended) -> Counter[str]:
    found = Counter[str]()
    for one in ended.record.findings:
        if one.code == "changed_since":
            found[one.subject] += one.count
    return found


def agree(preview: RollbackPreview, undone: Ended) -> None:
    found = preview.sum
    assert Counts(deleted=found.delete, restored=found.restore, spared=found.kept) == undone.counts
    assert said(preview) == spared(undone)
    assert found.looked == preview.total


deeds = st.fixed_dictionaries(dict.fromkeys(IDS, st.sampled_from(Deed)))


@pytest.mark.slow
@given(
    there=st.none() | st.fixed_dictionaries(dict.fromkeys(IDS, st.sampled_from(There))),
    crash=st.sampled_from(PLACES),
    times=st.integers(1, 3),
    between=deeds,
    after=deeds,
    fate=st.sampled_from((Fate.STAYS, Fate.STAYS, Fate.STAYS, Fate.DROPPED, Fate.MADE_ANEW)),
)
@settings(max_examples=40)
def test_a_rollback_does_what_its_preview_said(
    there: Mapping[int, There] | None,
    crash: str,
    times: int,
    between: Mapping[int, Deed],
    after: Mapping[int, Deed],
    fate: Fate,
) -> None:
    async def prove(scene: Scene) -> None:
        await put(scene.source, *map(new, IDS))
        if there is not None:
            await create(scene.target, "things")
            await put(scene.target, *(old(one) for one in IDS if there[one] is There.OLD))
            await put(scene.target, *(new(one) for one in IDS if there[one] is There.EQUAL))
        plan = await scene.plan(batch=2)
        try:
            with trapped(Trap(name=crash, times=times)):
                await scene.run(plan)
        except Crash:
            await do(scene, between)
            await scene.work(1)
        await do(scene, after)
        if fate is not Fate.STAYS:
            await scene.target.drop_collection("things")
        if fate is Fate.MADE_ANEW:
            await put(scene.target, new(1), by(2), name="things")
        if (await scene.record(1)).counts == Counts(unchanged=6):
            return
        preview = await looked(scene)
        agree(preview, await scene.roll_back(1))

    with new_scene() as made:
        asyncio.run(prove(made))


async def copied(scene: Scene) -> Ended:
    """Copy 1 to 6 onto older 4, 5 and 6."""
    await put(scene.source, *map(new, IDS))
    await create(scene.target, "things")
    await put(scene.target, *map(old, (4, 5, 6)))
    return await scene.run(await scene.plan(batch=2))


async def test_where_nobody_changed_anything_nothing_is_kept(scene: Scene) -> None:
    await copied(scene)
    preview = await looked(scene)
    assert preview == RollbackPreview(6, {"things": Tally(delete=3, restore=3)}, ())


async def test_what_is_kept_is_told_with_what_was_wanted_and_what_was_found(scene: Scene) -> None:
    await copied(scene)
    await do(scene, {1: Deed.CHANGE, 2: Deed.DELETE, 4: Deed.CHANGE, 5: Deed.DELETE, 6: Deed.PUT_OLD})
    preview = await looked(scene)
    assert preview.sum == Tally(delete=1, already=2, kept=3)
    assert {(one.shown_id, one.wanted, one.reason) for one in preview.kept} == {
        ("1", Wanted.DELETE, Reason.CHANGED),
        ("4", Wanted.RESTORE, Reason.CHANGED),
        ("5", Wanted.RESTORE, Reason.DELETED),
    }


async def test_a_document_that_was_written_twice_is_followed_through_both_records(scene: Scene) -> None:
    await put(scene.source, new(1))
    await create(scene.target, "things")
    with trapped(Trap(name="batch.before_checkpoint")), pytest.raises(Crash):
        await scene.run(await scene.plan())
    await do(scene, {1: Deed.CHANGE})
    await scene.work(1)
    preview = await looked(scene)
    assert preview.sum == Tally(restore=1, kept=1)
    agree(preview, await scene.roll_back(1))


async def test_what_a_mirror_deleted_comes_back_as_counted_one_by_one_or_with_its_collection(scene: Scene) -> None:
    await fill(mirrored_world(), scene)
    plan = await mirror_plan(scene, scene.target)
    ended = await scene.run(plan)
    preview = await preview_rollback(scene.home, 1, plan, {}, lambda _: None)
    found = preview.sum
    undone = await scene.roll_back(1)
    assert (found.delete, found.restore, found.kept) == (undone.counts.deleted, undone.counts.restored, 0)
    assert found.restore == ended.counts.replaced + ended.counts.deleted
    assert found.looked == preview.total


async def test_more_are_counted_than_are_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollback_preview, "KEPT_NAMED", 2)
    await copied(scene)
    await do(scene, dict.fromkeys(IDS, Deed.CHANGE))
    preview = await looked(scene)
    assert (preview.sum.kept, len(preview.kept)) == (6, 2)


async def test_a_batch_of_many_ids_is_asked_for_in_parts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollback_preview, "IDS_AT_ONCE", 4)
    await put(scene.source, *map(new, IDS))
    await create(scene.target, "things")
    await scene.run(await scene.plan(batch=10))
    await do(scene, {6: Deed.CHANGE})
    assert (await looked(scene)).sum == Tally(delete=5, kept=1)


async def test_long_ids_are_cut_and_shown_harmless(scene: Scene) -> None:
    hostile = text("\x1b[2J" + "x" * 5_000)
    await put(scene.source, doc(hostile))
    await create(scene.target, "things")
    await scene.run(await scene.plan())
    await strangers.overwrite(scene.target, doc(hostile, n=int32(1)))
    (kept,) = (await looked(scene)).kept
    assert "\x1b" not in kept.shown_id
    assert len(kept.shown_id) == rollback_preview.ID_CHARACTERS


async def test_collections_that_are_not_undone_one_by_one_are_counted_apart(scene: Scene) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *map(new, IDS))
    await scene.run(await scene.plan())
    assert (await looked(scene)).collections == {"things": Tally(whole=6)}


async def test_a_damaged_undo_log_is_a_fault(scene: Scene) -> None:
    await copied(scene)
    log = scene.home.run(1).undo_log
    damaged = bytearray(log.read_bytes())
    damaged[60] ^= 1
    log.write_bytes(damaged)
    with pytest.raises(StorageFailed):
        await looked(scene)


@given(st.lists(st.integers(0, 40), max_size=60))
def test_every_name_that_was_met_twice_is_found(numbers: list[int]) -> None:
    repeated = Repeated(0)
    for one in numbers:
        repeated.add(("things", order_key(int32(one))))
    twice = {one for one, times in Counter(numbers).items() if times > 1}
    assert {one for one in numbers if ("things", order_key(int32(one))) in repeated} >= twice
    assert repeated.documents == len(numbers)


def test_few_are_taken_for_repeated_that_are_not() -> None:
    repeated = Repeated(20_000 * 60)
    for one in range(20_000):
        repeated.add(("things", order_key(int32(one))))
    assert sum(("things", order_key(int32(one))) in repeated for one in range(20_000)) < 200
