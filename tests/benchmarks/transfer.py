"""How fast export, import and copy are, and what they cost: `python -m tests.benchmarks.transfer 20000 200000`.

For each number of documents (0.5 KB each, ObjectId keys) two servers are started, the source is filled, and each run is
worked by a worker process of its own, whose CPU seconds and peak memory the operating system tells when it ends. Wall
time is the whole process, start and verification included. The machine's noise is in all of it: compare columns of one
table, not tables.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from tests.servers import mongo_server
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.states import RunState
from tui_migrate.packages.forms import PackageForm
from tui_migrate.paths import Home
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.ends import open_source
from tui_migrate.plan.model import End, PackageEnd, Policy, RunKind, StoreEnd
from tui_migrate.worker import launch

PADDING = "abcdefghij" * 42


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run took: seconds of wall clock and of the worker's CPU, and its peak memory in MB."""

    name: str
    documents: int
    wall: float
    cpu: float
    peak: float

    def row(self) -> str:
        rate = self.documents / self.wall
        return (
            f"{self.name:<22} {self.documents:>9,} {self.wall:>8.2f} {rate:>9,.0f} {self.cpu:>8.2f}"
            f" {self.cpu / self.documents * 1e6:>8.1f} {self.peak:>8.0f}"
        )


def fill(url: str, documents: int) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(url)
    for start in range(0, documents, 5_000):
        batch = [
            RawBSONDocument(
                bson.encode(
                    {
                        "_id": bson.ObjectId(f"{number:024x}"),
                        "number": number,
                        "name": f"document {number}",
                        "half": number / 2,
                        "tags": ["a", "b"],
                        "padding": PADDING,
                    }
                )
            )
            for number in range(start, min(start + 5_000, documents))
        ]
        client["bench"]["things"].insert_many(batch)
    client.close()


def fill_half(source: str, target: str) -> None:
    """Give the target half of the source, a quarter of that changed."""
    mine: MongoClient[dict[str, object]] = MongoClient(source)
    theirs: MongoClient[dict[str, object]] = MongoClient(target)
    batch: list[dict[str, object]] = []
    for number, document in enumerate(mine["bench"]["things"].find()):
        if number % 2 == 0:
            batch.append(document | ({"name": "changed"} if number % 8 == 0 else {}))
        if len(batch) == 5_000:
            theirs["half"]["things"].insert_many(batch)
            batch = []
    if batch:
        theirs["half"]["things"].insert_many(batch)
    mine.close()
    theirs.close()


async def measure(home: Home, name: str, request: PlanRequest, documents: int) -> tuple[Figures, int]:
    source = open_source(request.source, home, {})
    plan = await build_plan(request, source)
    await source.close()
    run_id = await launch.create_run(home, plan)
    return await work(home, name, run_id, documents), run_id


async def work(home: Home, name: str, run_id: int, documents: int) -> Figures:
    begin = time.perf_counter()
    usage = await asyncio.to_thread(_usage_of_worker, home, run_id)
    wall = time.perf_counter() - begin
    reader = await JournalReader.open(home.journal)
    record = await reader.run(run_id)
    await reader.close()
    if record.state is not RunState.COMPLETED:
        raise SystemExit(f"{name}: {record.state} {record.failure} {record.findings}")
    return Figures(name, documents, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _usage_of_worker(home: Home, run_id: int) -> resource.struct_rusage:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_migrate.worker", str(run_id), "--home", str(home.state.parent)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


async def main(sizes: list[int]) -> None:
    print(f"{'':<22} {'documents':>9} {'wall s':>8} {'docs/s':>9} {'CPU s':>8} {'µs/doc':>8} {'peak MB':>8}")
    for documents in sizes:
        with mongo_server() as source, mongo_server() as target, tempfile.TemporaryDirectory() as folder:
            fill(source.url, documents)
            fill_half(source.url, target.url)
            home = Home.find(Path(folder) / "home")
            home.prepare()
            package = PackageEnd(f"{folder}/package")
            ends: dict[str, End] = {
                "source": StoreEnd("bench", url=f"{source.url}/bench"),
                "empty": StoreEnd("empty", url=f"{target.url}/empty"),
                "import": StoreEnd("import", url=f"{target.url}/import"),
                "half": StoreEnd("half", url=f"{target.url}/half"),
            }
            export = PlanRequest(RunKind.EXPORT, ends["source"], package)
            copy = PlanRequest(RunKind.COPY, ends["source"], ends["empty"])
            half = replace(copy, target=ends["half"], policy=Policy.OVERWRITE)
            for name, request in (
                ("export", export),
                ("export, tar", replace(export, target=PackageEnd(f"{folder}/x.tar", PackageForm.TAR))),
                ("export, archive", replace(export, target=PackageEnd(f"{folder}/x.archive", PackageForm.ARCHIVE))),
                ("import, empty target", PlanRequest(RunKind.IMPORT, package, ends["import"])),
                ("copy, empty target", copy),
                ("copy over half", half),
            ):
                figures, run_id = await measure(home, name, request, documents)
                print(figures.row(), flush=True)
            rollback = await launch.create_rollback(home, run_id)
            print((await work(home, "rollback of that", rollback, documents)).row(), flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asyncio.run(main([int(word) for word in sys.argv[1:]] or [20_000]))
