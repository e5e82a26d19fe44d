"""Time and peak memory of comparing two sides against reading both once: `python -m tests.benchmarks.comparison`.

`made` compares documents that are made as they are read, 1,000,000 with 1,000 differences unless told otherwise: what
is measured is the comparison and not a database. `server` compares two databases of real servers, in one range and in
two at once. Every figure is of a process of its own, in turn, in one run: compare within a table.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Collection, Iterator
from contextlib import aclosing
from typing import Final

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from tests.process_memory import resident
from tests.servers import mongo_server
from tui_migrate.comparison import ways
from tui_migrate.comparison.compare import compare
from tui_migrate.comparison.model import Comparison, Request
from tui_migrate.comparison.state import State
from tui_migrate.documents import RawId, pack
from tui_migrate.stores.base import Block, BlockLimit, CollectionInfo, CollectionKind, ReadOrder, Source
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.stores.registry import Locator, open_source

NAME: Final = "things"
REST: Final = bson.encode({"name": "document", "half": 0.5, "tags": ["a", "b"], "padding": "abcdefghij" * 42})[4:-1]
CHANGED: Final = REST.replace(b"document", b"DOCUMENT")
ID_INDEX: Final = bson.encode({"v": 2, "key": {"_id": 1}, "name": "_id_"})


class Made(MemoryStore):
    """Documents that are made as they are read; of the right side every so-many-th is missing, added or changed."""

    def __init__(self, documents: int, every: int, wait: float = 0) -> None:
        super().__init__("bench", "db")
        self._wait = wait
        self._documents = documents
        self._every = every

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        return (CollectionInfo(NAME, CollectionKind.PLAIN, pack(b""), (ID_INDEX,), documents=self._documents, size=0),)

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        first = 0 if after is None else (int.from_bytes(after[1:], "big") // 2 + 1) * 2
        for start in range(first, 2 * self._documents, 2 * limit.documents):
            documents = list(self._made(start, min(start + 2 * limit.documents, 2 * self._documents)))
            yield Block(documents, documents[-1][4:5] + documents[-1][9:21])
            await asyncio.sleep(self._wait)

    def _made(self, start: int, stop: int) -> Iterator[bytes]:
        for number in range(start, stop, 2):
            place = number // 2
            change = place // self._every % 3 if self._every and place % self._every == 0 else None
            if change != 0:
                yield _document(number, CHANGED if change == 1 else REST)
            if change == 2:
                yield _document(number + 1, REST)

    async def split_points(self, collection: str, parts: int) -> tuple[RawId, ...]:
        step = 2 * self._documents // parts
        return tuple(RawId(b"\x07" + (step * part + 1).to_bytes(12, "big")) for part in range(1, parts))


def _document(number: int, rest: bytes) -> bytes:
    return pack(b"\x07_id\x00" + number.to_bytes(12, "big") + rest)


async def read_once(source: Source) -> int:
    """List a side and read it to its end."""
    await source.collections()
    found = 0
    async with aclosing(source.read(NAME, limit=ways.LIMIT)) as blocks:
        async for block in blocks:
            found += len(block.documents)
    return found


async def read_both(left: Source, right: Source, *, at_once: bool) -> None:
    """Read both sides, at once or one after the other."""
    if at_once:
        await asyncio.gather(read_once(left), read_once(right))
    else:
        await read_once(left)
        await read_once(right)


async def compared(left: Source, right: Source, parallel: int, *, fast: bool = False) -> Comparison:
    """Compare both sides."""
    state = State(None, "")
    try:
        return await compare(left, right, Request(parallel=parallel, fast=fast), state)
    finally:
        state.close()


async def step(name: str, left: Source, right: Source) -> str:
    """Do one thing and give what came of it."""
    if name.startswith("read"):
        await read_both(left, right, at_once=name == "read at once")
        return ""
    if name == "compare, two ranges":
        ways.SPLIT_FROM = 1_000  # type: ignore[misc] # a constant to everybody else
    found = await compared(left, right, 2 if name == "compare, two ranges" else 1, fast=name == "compare --fast")
    counts = found.counts
    return f"{counts.equal + counts.same_size:,} equal, {counts.differences:,} differ"


STEPS: Final = ("read in turn", "read at once", "compare", "compare --fast", "compare, two ranges")


def sides(words: argparse.Namespace) -> tuple[Source, Source]:
    """Open what is compared."""
    if words.left:
        return (open_source(Locator(words.left, "bench")), open_source(Locator(words.right, "bench")))
    every = words.documents // words.differences if words.differences else 0
    wait = words.wait / 1_000
    return Made(words.documents, 0, wait), Made(words.documents, every, wait)


async def measure(words: argparse.Namespace) -> None:
    """Do one step in this process and print seconds and the peak in MB."""
    left, right = sides(words)
    begun, cpu = time.perf_counter(), time.process_time()
    said = await step(words.step, left, right)
    took, spent = time.perf_counter() - begun, time.process_time() - cpu
    await left.close()
    await right.close()
    sys.stdout.write(json.dumps({"seconds": took, "cpu": spent, "peak": resident("VmHWM"), "said": said}))


def table(words: argparse.Namespace, *urls: str) -> None:
    """Print a row for each step; the ratio is to reading both sides at once."""
    print(f"{'':<22} {'seconds':>8} {'CPU s':>8} {'ratio':>6} {'peak MB':>8}")
    least = 0.0
    for name in STEPS:
        command = [sys.executable, "-m", __spec__.name, "--step", name, "--documents", str(words.documents)]
        command += ["--differences", str(words.differences), "--wait", str(words.wait)]
        if urls:
            command += ["--left", urls[0], "--right", urls[1]]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        least = found["seconds"] if name == "read at once" else least
        ratio = f"{found['seconds'] / least:.2f}" if least else ""
        line = (
            f"{name:<22} {found['seconds']:>8.2f} {found['cpu']:>8.2f} {ratio:>6} {found['peak']:>8}  {found['said']}"
        )
        print(line, flush=True)


def fill(url: str, side: Made) -> None:
    """Write a side into a server."""

    async def write() -> None:
        client: MongoClient[dict[str, object]] = MongoClient(url)
        async for block in side.read(NAME, limit=ways.LIMIT):
            client["bench"][NAME].insert_many(map(RawBSONDocument, block.documents))
        client.close()

    asyncio.run(write())


def run() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Measure a comparison against reading both sides once.")
    parser.add_argument("kind", nargs="?", choices=("made", "server"), default="made")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--differences", type=int, default=1_000)
    parser.add_argument("--wait", type=float, default=0, help="milliseconds that each made block is waited for")
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--left", default="")
    parser.add_argument("--right", default="")
    words = parser.parse_args()
    if words.step:
        asyncio.run(measure(words))
    elif words.kind == "made":
        table(words)
    else:
        with mongo_server() as left, mongo_server() as right:
            fill(left.url, Made(words.documents, 0))
            fill(right.url, Made(words.documents, words.documents // words.differences))
            table(words, left.url, right.url)


if __name__ == "__main__":
    run()
