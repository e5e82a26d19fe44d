"""What verifying several collections at once gains: `python -m tests.benchmarks.lanes 20000 10`.

Two servers are started and four collections of so many documents (0.5 KB each) are copied from one to the other; what
is timed is the stage verify of the copy, from the journal's word to its next. Each number of lanes is measured with
servers that answer as fast as they can, and with a delay (in ms) before each block that the source gives, as a line
that is far away has it. The runs alternate, so that the machine's noise falls on all; what counts is the ratio to one
lane.
"""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from pymongo import MongoClient

from tests.benchmarks.transfer import fill
from tests.servers import mongo_server
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.ends import open_source
from tui_migrate.plan.model import RunKind, StoreEnd
from tui_migrate.stores.base import Block
from tui_migrate.stores.mongodb import reading
from tui_migrate.worker import launch
from tui_migrate.worker.main import work

COLLECTIONS = ("apples", "bananas", "cherries", "dates")
LANES = (1, 2, 4)
ROUNDS = 3


def fill_all(url: str, documents: int) -> None:
    fill(url, documents)
    client: MongoClient[dict[str, object]] = MongoClient(url)
    for name in COLLECTIONS:
        client["bench"]["things"].aggregate([{"$match": {}}])
        client["bench"][name].insert_many(client["bench"]["things"].find())
    client["bench"]["things"].drop()
    client.close()


def delayed(seconds: float) -> None:
    """Make every block that a MongoDB gives wait a moment."""
    real = reading.read

    async def read(*arguments: object, **named: object) -> AsyncGenerator[Block]:
        async for block in real(*arguments, **named):  # type: ignore[arg-type] # handed on as they are
            await asyncio.sleep(seconds)
            yield block

    reading.read = read


async def verifying(home: Home, request: PlanRequest, lanes: int) -> float:
    """Copy, and give the seconds between the run's entering the stage verify and its leaving it."""
    source = open_source(request.source, home, {})
    plan = replace(await build_plan(request, source), parallel=lanes)
    await source.close()
    run_id = await launch.create_run(home, plan)
    await work(home, run_id, {})
    reader = await JournalReader.open(home.journal)
    record = await reader.run(run_id)
    rows = await reader._rows("SELECT to_state, at FROM transitions WHERE run_id = ? ORDER BY sequence", run_id)
    await reader.close()
    if record.state is not RunState.COMPLETED:
        raise SystemExit(f"{record.state} {record.failure} {record.findings}")
    at = {row[0]: row[1] for row in rows}
    return float(at[RunState.COMMITTING.value] - at[RunState.VERIFYING.value])


async def main(documents: int, delay: float) -> None:
    with mongo_server() as source, mongo_server() as target, tempfile.TemporaryDirectory() as folder:
        fill_all(source.url, documents)
        home = Home.find(Path(folder) / "home")
        home.prepare()
        request = PlanRequest(
            RunKind.COPY,
            StoreEnd("bench", url=f"{source.url}/bench"),
            StoreEnd("copied", url=f"{target.url}/copied"),
        )
        await verifying(home, request, 1)  # writes everything; those that follow find it and verify alone
        for words, seconds in (("as fast as they can", 0.0), (f"{delay:.0f} ms before each block", delay / 1_000)):
            if seconds:
                delayed(seconds)
            taken: dict[int, list[float]] = {lanes: [] for lanes in LANES}
            for _ in range(ROUNDS):
                for lanes in LANES:
                    taken[lanes].append(await verifying(home, request, lanes))
            alone = statistics.median(taken[1])
            for lanes in LANES:
                middle = statistics.median(taken[lanes])
                print(f"{words:<28} {lanes} at once: {middle:6.2f} s, {alone / middle:.2f} times as fast", flush=True)


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    asyncio.run(main(int(given[0]) if given else 20_000, given[1] if len(given) > 1 else 10.0))
