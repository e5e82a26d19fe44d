"""What is listed of an undo log, and one document of it as it was before the run and as it is now."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Scene, create, new_scene, put
from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tests.worker.test_rollback_preview import Deed, by, copied, do, looked, new, old
from tui_migrate.documents import content_hash
from tui_migrate.engine.undo_log import NOTHING, Intent, Operation
from tui_migrate.errors import StorageFailed, Unreachable
from tui_migrate.worker import rollback_documents, rollback_preview
from tui_migrate.worker.rollback_documents import Fate, TouchedList, Versions, fate_now, list_touched, read_versions


@pytest.fixture
def scene() -> Iterator[Scene]:
    with new_scene() as made:
        yield made


async def listed(scene: Scene, *, counted: bool = False) -> TouchedList:
    kept = (await looked(scene)).kept if counted else ()
    return await list_touched(scene.home, 1, "things", kept)


def said(found: TouchedList) -> list[tuple[str, Fate]]:
    return [(one.shown_id, one.fate) for one in found.documents]


async def test_the_list_is_read_from_the_undo_log_alone(scene: Scene) -> None:
    await copied(scene)
    await do(scene, {1: Deed.CHANGE})
    found = await listed(scene)
    inserted = [(one, Fate.DELETED) for one in "123"]
    assert said(found) == [*inserted, *((one, Fate.PUT_BACK) for one in "456")]
    assert found.total == 6
    assert await list_touched(scene.home, 1, "others") == TouchedList()


async def test_what_was_counted_as_kept_stands_first_and_once(scene: Scene) -> None:
    await copied(scene)
    await do(scene, {2: Deed.CHANGE, 5: Deed.DELETE})
    found = said(await listed(scene, counted=True))
    assert found[:2] == [("2", Fate.CHANGED), ("5", Fate.GONE)]
    assert [one for one, _ in found[2:]] == ["1", "3", "4", "6"]


async def test_it_is_bounded_but_for_what_is_kept(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollback_documents, "LISTED", 3)
    await copied(scene)
    await do(scene, {6: Deed.CHANGE})
    found = await listed(scene, counted=True)
    assert [one for one, _ in said(found)] == ["6", "1", "2", "3"]
    assert found.total == 6


async def test_what_was_not_written_is_not_listed_and_doubt_is_said(scene: Scene) -> None:
    await put(scene.source, *map(new, (1, 2)))
    await create(scene.target, "things")
    with trapped(Trap(name="undo.after_intent")), pytest.raises(Crash):
        await scene.run(await scene.plan())
    assert [fate for _, fate in said(await listed(scene))] == [Fate.DELETED] * 2
    await scene.work(1)
    found = said(await listed(scene))
    assert found == [("1", Fate.UNSURE), ("2", Fate.UNSURE), ("1", Fate.DELETED), ("2", Fate.DELETED)]


async def test_long_ids_are_cut_and_shown_harmless(scene: Scene) -> None:
    await put(scene.source, doc(text("\x1b[2J" + "x" * 5_000)))
    await create(scene.target, "things")
    await scene.run(await scene.plan())
    (one,) = (await listed(scene)).documents
    assert "\x1b" not in one.shown_id
    assert len(one.shown_id) == rollback_preview.ID_CHARACTERS


async def test_a_damaged_undo_log_is_a_fault(scene: Scene) -> None:
    await copied(scene)
    first = (await listed(scene)).documents[0]
    log = scene.home.run(1).undo_log
    whole = log.read_bytes()
    for place in (first.offset + 20, first.offset + 80):
        log.write_bytes(whole[:place] + bytes((whole[place] ^ 1,)) + whole[place + 1 :])
        with pytest.raises(StorageFailed):
            await listed(scene)
        with pytest.raises(StorageFailed):
            await read_versions(scene.home, 1, await scene.plan(), {}, first)


async def versions(scene: Scene, number: str) -> Versions:
    document = next(one for one in (await listed(scene)).documents if one.shown_id == number)
    return await read_versions(scene.home, 1, await scene.plan(), {}, document)


async def test_one_document_is_read_as_it_was_as_it_was_written_and_as_it_is(scene: Scene) -> None:
    await copied(scene)
    await do(scene, {1: Deed.CHANGE, 4: Deed.CHANGE, 5: Deed.DELETE})
    assert await versions(scene, "1") == Versions(None, new(1), by(1), Fate.CHANGED)
    assert await versions(scene, "2") == Versions(None, None, new(2), Fate.DELETED)
    assert await versions(scene, "4") == Versions(old(4), new(4), by(4), Fate.CHANGED)
    assert await versions(scene, "5") == Versions(old(5), None, None, Fate.GONE)
    assert await versions(scene, "6") == Versions(old(6), None, new(6), Fate.PUT_BACK)


async def test_what_the_source_has_changed_is_not_taken_for_what_the_run_wrote(scene: Scene) -> None:
    await copied(scene)
    await do(scene, {4: Deed.CHANGE})
    await strangers.overwrite(scene.source, doc(int32(4), n=text("changed in the source")))
    assert await versions(scene, "4") == Versions(old(4), None, by(4), Fate.CHANGED)


async def test_one_that_was_put_as_it_was_meanwhile_is_said_to_be_so(scene: Scene) -> None:
    await copied(scene)
    await do(scene, {4: Deed.PUT_OLD})
    assert await versions(scene, "4") == Versions(old(4), None, old(4), Fate.ALREADY)


async def test_a_target_that_is_silent_is_given_up(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: object) -> bytes | None:
        await asyncio.Event().wait()
        return None

    await copied(scene)
    monkeypatch.setattr(rollback_documents, "READ_SECONDS", 0.05)
    monkeypatch.setattr(rollback_documents, "_look_up", hang)
    with pytest.raises(Unreachable, match="has not answered what it has of this document"):
        await versions(scene, "1")


WROTE, BEFORE, OTHER = new(1), old(1), by(1)


@pytest.mark.parametrize(
    ("intent", "there", "fate"),
    [
        (Intent(Operation.DELETE, int32(1), NOTHING, BEFORE), None, Fate.BROUGHT_BACK),
        (Intent(Operation.DELETE, int32(1), NOTHING, BEFORE), OTHER, Fate.ANOTHER),
        (Intent(Operation.DELETE, int32(1), NOTHING, BEFORE), BEFORE, Fate.ALREADY),
        (Intent(Operation.REPLACE, int32(1), content_hash(WROTE)), WROTE, Fate.NO_IMAGE),
        (Intent(Operation.REPLACE, int32(1), content_hash(WROTE)), OTHER, Fate.CHANGED),
        (Intent(Operation.INSERT, int32(1), content_hash(WROTE), was_found=False), None, Fate.NOT_WRITTEN),
        (Intent(Operation.INSERT, int32(1), content_hash(WROTE), was_found=False), WROTE, Fate.DELETED),
    ],
)
def test_what_becomes_of_a_document_as_it_is_now(intent: Intent, there: bytes | None, fate: Fate) -> None:
    assert fate_now(intent, None if there is None else content_hash(there)) is fate
