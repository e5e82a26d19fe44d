"""Verifying several collections at once comes to what verifying them one after the other does."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Ended, Scene, new_scene, put, snapshot
from tests.engine.worlds import Held, World, held
from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tui_migrate.engine import verify_content
from tui_migrate.engine.expiry import Expiry, missing
from tui_migrate.engine.lanes import Lanes
from tui_migrate.errors import PackageDamaged
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Control, ControlStatus, RunRecord, VerifiedMark, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.packages.forms import PackageForm
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.stores.base import Block
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import control, launch, steering

NAMES = ("apples", "bananas", "cherries", "dates")
COUNT = 12
DOCUMENTS = tuple(doc(int32(one), n=int32(one)) for one in range(COUNT))
WAIT_SECONDS = 30


@dataclass
class Readings:
    """What is read of a source while its run verifies: each reading waits before its block `holds_at`, if it is held.

    `blocks` counts what each collection gave. Collections `in_step` are each given a block when all of them have
    what is before it, so that none is through while another has hardly begun.
    """

    scene: Scene
    holds_at: int | None = None
    in_step: tuple[str, ...] = ()
    under_way: set[str] = field(default_factory=set)
    blocks: dict[str, int] = field(default_factory=dict)
    free: dict[str, asyncio.Event] = field(default_factory=dict)
    error: Callable[[str], BaseException | None] = lambda _: None

    async def read(self, name: str, real: AsyncIterator[Block]) -> AsyncGenerator[Block]:
        self.under_way.add(name)
        try:
            number = 0
            while True:
                if number == self.holds_at:
                    await self.free.setdefault(name, asyncio.Event()).wait()
                    if (error := self.error(name)) is not None:
                        raise error
                if name in self.in_step:
                    await self._reached(number)
                block = await anext(real, None)
                if block is None:
                    return
                number += 1
                self.blocks[name] = number
                yield block
        finally:
            self.under_way.discard(name)

    async def _reached(self, number: int) -> None:
        await until(lambda: min(self.blocks.get(one, 0) for one in self.in_step) >= number)

    def release(self, *names: str) -> None:
        for one in names:
            self.free.setdefault(one, asyncio.Event()).set()


@contextmanager
def watched(
    scene: Scene,
    holds_at: int | None = None,
    in_step: tuple[str, ...] = (),
    first: strangers.Deed | None = None,
) -> Iterator[Readings]:
    """Watch the readings of the source once everything is written, and somebody has done `first`."""
    readings = Readings(scene, holds_at, in_step)
    real = MemoryStore.read
    is_verifying = False

    async def begin() -> None:
        nonlocal is_verifying
        if first is not None:
            await first()
        is_verifying = True

    def read(store: MemoryStore, name: str, **named: object) -> AsyncGenerator[Block]:
        blocks: AsyncGenerator[Block] = real(store, name, **named)  # type: ignore[arg-type] # handed on as they are
        if not is_verifying or store._server != scene.source._server:
            return blocks
        return readings.read(name, blocks)

    with pytest.MonkeyPatch.context() as patch, strangers.before_verify(begin):
        patch.setattr(MemoryStore, "read", read)
        patch.setattr(verify_content, "MARK_SECONDS", 0.0)
        patch.setattr(steering, "POLL_SECONDS", 0.005)
        yield readings


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():
            await asyncio.sleep(0.002)


async def planned(scene: Scene, parallel: int, *names: str) -> int:
    for name in names:
        await put(scene.source, *DOCUMENTS, name=name)
    return await launch.create_run(scene.home, replace(await scene.plan(batch=2), parallel=parallel))


async def journal_of(scene: Scene, run_id: int) -> tuple[dict[str, VerifiedMark], list[Control], list[str]]:
    reader = await JournalReader.open(scene.home.journal)
    try:
        said = [one.message for one in await reader.events(run_id)]
        return await reader.verified(run_id), list(await reader.controls(run_id)), said
    finally:
        await reader.close()


async def asked(scene: Scene, run_id: int, wish: Wish, value: int = 0) -> Control:
    """Ask a run that is at work for something and give the answer."""
    filed = await control.ask(scene.home, run_id, wish, value)
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            _, controls, _ = await journal_of(scene, run_id)
            found = next(one for one in controls if one.id == filed)
            if found.status is not ControlStatus.PENDING:
                return found
            await asyncio.sleep(0.005)


@st.composite
def changed(draw: st.DrawFn, names: tuple[str, ...]) -> list[tuple[bool, str, bytes | None, bytes]]:
    """What somebody does between writing and verifying: at which end, in which collection, to which document."""
    deeds = st.tuples(st.booleans(), st.sampled_from(names), st.booleans(), st.integers(0, 3), st.integers(3, 9))
    return [
        (is_source, name, doc(int32(place), n=text(f"changed {value}")) if is_other else None, doc(int32(place)))
        for is_source, name, is_other, place, value in draw(st.lists(deeds, max_size=6))
    ]


@st.composite
def crowds(draw: st.DrawFn) -> World:
    """Worlds of four collections, of which the target may have some."""
    source = {name: draw(held()) for name in NAMES}
    source["apples"] = Held(source["apples"].options, (), DOCUMENTS[:4])
    target = {name: draw(held()) for name in NAMES if draw(st.booleans())}
    policy = draw(st.sampled_from((Policy.OVERWRITE, Policy.SKIP)))
    return World(source, target, policy, batch=draw(st.integers(1, 4)), max_rejects=100)


def told(ended: Ended) -> object:
    findings = sorted((one.severity, one.code, one.subject, one.message, one.count) for one in ended.record.findings)
    counts = {one.name: (one.counts, one.documents_done, one.state) for one in ended.record.collections}
    return ended.exit_code, ended.record.state, findings, counts


@pytest.mark.slow
@settings(max_examples=15)
@given(world=crowds(), deeds=changed(NAMES), parallel=st.integers(2, 8))
def test_any_number_of_lanes_finds_what_one_does(
    world: World, deeds: list[tuple[bool, str, bytes | None, bytes]], parallel: int
) -> None:
    async def go(scene: Scene, lanes: int) -> tuple[object, object]:
        async def meddle() -> None:
            for is_source, name, other, one in deeds:
                store = scene.source if is_source else scene.target
                if other is None:
                    await strangers.remove(store, one, name=name)
                else:
                    await strangers.overwrite(store, other, name=name)

        await world.fill(scene)
        with strangers.before_verify(meddle), pytest.MonkeyPatch.context() as patch:
            patch.setattr(verify_content, "MARK_SECONDS", 0.0)
            ended = await scene.run(replace(await world.plan(scene), parallel=lanes))
        return told(ended), await snapshot(scene.target)

    with new_scene() as alone, new_scene() as crowd:
        assert asyncio.run(go(crowd, parallel)) == asyncio.run(go(alone, 1))


async def test_each_block_that_is_compared_counts_against_what_all_lanes_may_hold(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding = Lanes.holding
    held, compared = list[int](), list[bool]()
    under_way = 0

    @asynccontextmanager
    async def counted(lanes: Lanes, size: int) -> AsyncIterator[None]:
        nonlocal under_way
        held.append(size)
        async with holding(lanes, size):
            under_way += 1
            yield
            under_way -= 1

    def compare(documents: Iterable[tuple[bytes, bytes]], expiry: Expiry) -> set[bytes]:
        compared.append(under_way > 0)
        return missing(documents, expiry)

    monkeypatch.setattr(Lanes, "holding", counted)
    monkeypatch.setattr(verify_content, "missing", compare)
    assert (await scene.work(await planned(scene, 2, *NAMES[:2]))).exit_code == 0
    assert sum(held) == 2 * sum(map(len, DOCUMENTS))
    assert compared == [True] * len(held)


async def test_the_number_is_changed_while_the_run_verifies(scene: Scene) -> None:
    run_id = await planned(scene, 1, *NAMES)
    with watched(scene, holds_at=1) as readings:
        running = asyncio.create_task(scene.work(run_id))
        await until(lambda: readings.blocks == {"apples": 1})
        raised = await asked(scene, run_id, Wish.PARALLEL, 3)
        await until(lambda: readings.blocks == {"apples": 1, "bananas": 1, "cherries": 1})
        assert (await scene.record(run_id)).parallel == 3
        lowered = await asked(scene, run_id, Wish.PARALLEL, 2)
        readings.release("apples")
        await until(lambda: "apples" not in readings.under_way)
        assert (await journal_of(scene, run_id))[0].keys() == {"apples", "bananas", "cherries"}
        assert readings.under_way == {"bananas", "cherries"}
        readings.release("bananas")
        await until(lambda: readings.under_way == {"cherries", "dates"})
        readings.release("cherries", "dates")
        ended = await running
    assert (ended.exit_code, ended.codes, ended.record.parallel) == (0, set(), 2)
    assert [one.status for one in (raised, lowered)] == [ControlStatus.ACCEPTED] * 2
    assert f"collections verified at once set to 3 by {control.operator()}" in (await journal_of(scene, run_id))[2]


async def test_a_pause_stops_all_lanes_and_each_goes_on_from_its_mark(scene: Scene) -> None:
    run_id = await planned(scene, 2, *NAMES[:2])
    with watched(scene, holds_at=3) as readings:
        running = asyncio.create_task(scene.work(run_id))
        await until(lambda: readings.blocks == {"apples": 3, "bananas": 3})
        paused = asyncio.create_task(asked(scene, run_id, Wish.PAUSE))
        await paused
        readings.release("apples", "bananas")
        async with asyncio.timeout(WAIT_SECONDS):
            while (await scene.record(run_id)).state is not RunState.PAUSED:
                await asyncio.sleep(0.005)
        assert readings.under_way == set()
        marks, _, _ = await journal_of(scene, run_id)
        assert {name: (one.number, one.is_done) for name, one in marks.items()} == {
            "apples": (2, False),
            "bananas": (2, False),
        }
        readings.blocks.clear()
        await asked(scene, run_id, Wish.RESUME)
        ended = await running
    assert (ended.exit_code, ended.codes) == (0, set())
    assert readings.blocks == dict.fromkeys(NAMES[:2], COUNT // 2 - 3)


async def test_a_cancel_stops_all_lanes(scene: Scene) -> None:
    run_id = await planned(scene, 2, *NAMES[:3])
    with watched(scene, holds_at=1) as readings:
        running = asyncio.create_task(scene.work(run_id))
        await until(lambda: readings.under_way == {"apples", "bananas"})
        await asked(scene, run_id, Wish.CANCEL)
        readings.release("bananas")
        ended = await running
    assert (ended.record.state, readings.under_way) == (RunState.CANCELLED, set())
    assert "cherries" not in readings.blocks


async def test_an_error_in_one_lane_ends_the_others_and_is_told_as_it_is(scene: Scene) -> None:
    run_id = await planned(scene, 3, *NAMES)
    with watched(scene, holds_at=1) as readings:
        readings.error = lambda name: PackageDamaged(f"{name} is damaged") if name == "bananas" else None
        running = asyncio.create_task(scene.work(run_id))
        await until(lambda: readings.under_way == set(NAMES[:3]))
        readings.release("bananas")
        ended = await running
    failure = ended.record.failure
    assert failure is not None
    assert (failure.code, failure.message) == (PackageDamaged.code, "bananas is damaged")
    assert (ended.record.state, readings.under_way) == (RunState.FAILED, set())


@pytest.mark.parametrize("place", ["journal.before_verified", "journal.after_verified", "verify.after_batch"])
@pytest.mark.parametrize("times", [3, 7, 10])
async def test_two_collections_half_verified_go_on_each_from_its_mark(scene: Scene, place: str, times: int) -> None:
    """Both are changed before and behind where the worker dies: nothing is lost, nothing told twice."""

    async def meddle() -> None:
        for name in NAMES[:2]:
            for one in (0, 9):
                await strangers.overwrite(scene.target, doc(int32(one), n=text("x")), name=name)

    run_id = await planned(scene, 2, *NAMES[:2])
    with (
        watched(scene, in_step=NAMES[:2], first=meddle),
        trapped(Trap(name=place, times=times)),
        pytest.raises(Crash),
    ):
        await scene.work(run_id)
    marks, _, _ = await journal_of(scene, run_id)
    if times > 3:
        assert {one.is_done for one in marks.values()} == {False}
        assert all(one.number >= 0 for one in marks.values())
    with watched(scene) as readings:
        ended = await scene.work(run_id)
    left = {name: COUNT // 2 - 1 - marks[name].number for name in NAMES[:2]}
    assert readings.blocks == {name: blocks for name, blocks in left.items() if blocks}
    assert {(one.code, one.subject): one.count for one in ended.record.findings} == {
        ("target_differs", name): 2 for name in NAMES[:2]
    }


async def archived(scene: Scene, path: Path) -> RunRecord:
    """Record an import of an archive that is to be verified by four lanes."""
    for name in NAMES:
        await put(scene.source, *DOCUMENTS, name=name)
    end = PackageEnd(str(path), PackageForm.ARCHIVE)
    await scene.run(await scene.plan(target=end, kind=RunKind.EXPORT))
    plan = await scene.plan(Policy.FAIL, source=PackageEnd(str(path)), kind=RunKind.IMPORT)
    return await scene.record(await launch.create_run(scene.home, replace(plan, parallel=4)))


async def test_a_package_that_is_one_stream_is_verified_one_collection_after_the_other(
    scene: Scene, tmp_path: Path
) -> None:
    run = await archived(scene, tmp_path / "x.archive")
    assert run.parallel == 4
    answers: list[Control] = []

    async def ask() -> None:
        answers.append(await asked(scene, run.id, Wish.PARALLEL, 2))
        answers.append(await asked(scene, run.id, Wish.PARALLEL, 1))

    with strangers.before_verify(ask):
        ended = await scene.work(run.id)
    assert (ended.exit_code, ended.record.parallel) == (0, 1)
    reason = "an end of this run is read as one stream, one collection after the other"
    assert [(one.status, one.answer) for one in answers] == [
        (ControlStatus.REFUSED, reason),
        (ControlStatus.ACCEPTED, ""),
    ]


async def test_what_a_plan_wants_and_its_ends_do_not_allow_is_said(scene: Scene, tmp_path: Path) -> None:
    run = await archived(scene, tmp_path / "x.archive")
    ended = await scene.work(run.id)
    assert (ended.exit_code, ended.record.parallel) == (0, 1)
    _, _, said = await journal_of(scene, run.id)
    assert any(one.startswith("collections are not verified at once: an end of this run") for one in said)


async def test_an_export_reads_its_source_again_in_lanes(scene: Scene, tmp_path: Path) -> None:
    for name in NAMES:
        await put(scene.source, *DOCUMENTS, name=name)
    plan = await scene.plan(target=PackageEnd(str(tmp_path / "package")), kind=RunKind.EXPORT, batch=2)
    ended = await scene.run(replace(plan, parallel=3))
    assert (ended.exit_code, ended.codes, ended.record.parallel) == (0, set(), 3)
