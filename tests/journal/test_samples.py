from tests.journal.conftest import Journal
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import Checkpoint, Counts, Sample
from tui_migrate.journal.samples import MOST, add_sample, stride
from tui_migrate.journal.states import RunState


async def done(journal: Journal, run_id: int, number: int) -> None:
    """A batch of ten documents and a hundred bytes."""
    await Progress(journal.write, run_id).commit_batch(
        Checkpoint("users", number, b"p", b"i", 10, 100, b"d", Counts(inserted=10))
    )


async def test_each_beat_of_the_worker_is_a_sample_of_the_whole_run(journal: Journal) -> None:
    run_id, start = await journal.create("users", "families"), journal.clock.now
    other = await journal.create("users")
    await journal.write.begin_attempt(run_id, 1, "host", RunState.VALIDATING)
    for number in range(2):
        await done(journal, run_id, number)
        journal.clock.now += 2
        await journal.write.beat(run_id)
    journal.clock.now += 1
    await journal.write.end_attempt(run_id, RunState.INTERRUPTED, None)
    await journal.write.begin_attempt(run_id, 1, "host", RunState.PREPARING)
    assert await journal.read.samples(run_id) == (
        Sample(1, start, 0, 0),
        Sample(1, start + 2, 10, 100),
        Sample(1, start + 4, 20, 200),
        Sample(1, start + 5, 20, 200),
        Sample(2, start + 5, 20, 200),
    )
    assert await journal.read.samples(other) == ()


async def test_a_long_run_is_covered_evenly_by_not_too_many(journal: Journal) -> None:
    run_id, start = await journal.create("users"), journal.clock.now
    beats = 4 * MOST + 5
    async with journal.write.transaction() as database:
        for number in range(beats):
            await add_sample(database, run_id, start + number)
    times = [one.at - start for one in await journal.read.samples(run_id)]
    step = stride(beats - 1)
    assert len(times) <= MOST + 1
    assert times == [*range(0, beats, step), *([beats - 1] if (beats - 1) % step else [])]


def test_the_stride_is_the_least_power_of_two_that_keeps_few_enough() -> None:
    assert [stride(one) for one in (0, MOST - 1, MOST, 2 * MOST - 1, 2 * MOST, 1_000_000)] == [1, 1, 2, 2, 4, 2048]
