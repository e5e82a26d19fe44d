"""MB/s and peak memory of export, validate and import of packages: `python -m tests.benchmarks.packages 1024`.

The number is megabytes of BSON: documents of about 1 KB whose text packs to about a third. They are made as they are
read, so that what is measured is the package and not a database; an import goes through the whole engine, undo log and
journal included, into a target that lets go of every document. Each step is a process of its own, whose peak the system
tells. An export reads its package back and compares it; an import validates the package first, then reads it; nothing
reads the target again, since nothing is there.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncGenerator, Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

import bson

from tests.packages.encryption.contents import identity
from tests.process_memory import resident
from tui_migrate.documents import pack
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.paths import Home
from tui_migrate.plan import ends
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.model import PackageEnd, RunKind, StoreEnd, Verify
from tui_migrate.stores.base import Block, BlockLimit, CollectionInfo, CollectionKind, ReadOrder, Refusal, Target
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.stores.registry import Locator
from tui_migrate.worker import launch, main

MEGABYTE: Final = 1024 * 1024
NAME: Final = "things"
FORMS: Final = {"folder": PackageForm.NATIVE, "tar": PackageForm.TAR, "archive": PackageForm.ARCHIVE, "age": None}
STEPS: Final = ("export", "validate", "import")
RESTS: Final = 4_096
"""Different documents, but for their ids: more than gzip looks back to."""

ID_INDEX: Final = bson.encode({"v": 2, "key": {"_id": 1}, "name": "_id_"})


class Generated(MemoryStore):
    """A source whose documents are made as they are read, the same ones each time."""

    def __init__(self, server: str, megabytes: int) -> None:
        super().__init__(server, "bench")
        chance = random.Random(1)
        words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(5_000)]
        self._rests = [_rest(chance, words) for _ in range(RESTS)]
        self._sizes = [len(one) + 17 for one in self._rests]
        rounds, left = divmod(megabytes * MEGABYTE, sum(self._sizes))
        self._documents = rounds * RESTS + left * RESTS // sum(self._sizes)
        self._bytes = megabytes * MEGABYTE

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        kind, options = CollectionKind.PLAIN, pack(b"")
        info = CollectionInfo(
            NAME, kind, options, (ID_INDEX,), uuid=bytes(16), documents=self._documents, size=self._bytes
        )
        return (info,) if names is None or NAME in names else ()

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        first = 0 if after is None else int.from_bytes(after[1:], "big") + 1
        step = min(limit.documents, limit.size // 1_200)
        for start in range(first, self._documents, step):
            stop = min(start + step, self._documents)
            block = [self._document(number) for number in range(start, stop)]
            yield Block(block, b"\x07" + (stop - 1).to_bytes(12, "big"))
            await asyncio.sleep(0)

    async def count(self, collection: str) -> int:
        return self._documents

    def _document(self, number: int) -> bytes:
        return pack(b"\x07_id\x00" + number.to_bytes(12, "big") + self._rests[number % RESTS])


def _rest(chance: random.Random, words: Sequence[str]) -> bytes:
    fields = {
        "number": chance.randrange(2**40),
        "half": chance.random(),
        "at": bson.datetime_ms.DatetimeMS(chance.randrange(2**41)),
        "token": chance.randbytes(100),
        "tags": chance.sample(words, 5),
        "text": " ".join(chance.choices(words, k=120)),
    }
    return bson.encode(fields)[4:-1]


class Dropping(MemoryStore):
    """A target that takes every document and lets go of it."""

    async def insert(
        self, collection: str, documents: Sequence[bytes], *, bypass_validation: bool = False
    ) -> tuple[Refusal, ...]:
        return ()


async def step(name: str, kind: str, folder: Path, megabytes: int) -> None:
    """Do one thing to one package and print seconds and the peak in MB."""
    server = uuid.uuid4().hex

    def opened(locator: Locator, *, as_source: bool) -> Target:
        return Generated(server, megabytes) if as_source else Dropping(server, "target")

    with patch("tui_migrate.stores.registry._open", opened):
        begun = time.perf_counter()
        await {"export": _export, "validate": _validate, "import": _import}[name](kind, folder)
        took = time.perf_counter() - begun
    spent = os.times()
    told = {"seconds": took, "cpu": spent.user + spent.system, "peak": resident("VmHWM")}
    sys.stdout.write(json.dumps(told))


def _package(kind: str, folder: Path) -> PackageEnd:
    key = folder / "identity"
    form = FORMS[kind] or PackageForm.ARCHIVE
    recipients = ((folder / "recipient").read_text(),) if kind == "age" else ()
    return PackageEnd(str(folder / kind), form, recipients, identity_file=str(key) if kind == "age" else "")


async def _export(kind: str, folder: Path) -> None:
    from dataclasses import replace

    target = replace(_package(kind, folder), identity_file="")
    await _run(folder, PlanRequest(RunKind.EXPORT, StoreEnd("db", url="memory://a/"), target), 0)


async def _import(kind: str, folder: Path) -> None:
    source = PackageEnd(str(folder / kind), identity_file=_package(kind, folder).identity_file)
    request = PlanRequest(RunKind.IMPORT, source, StoreEnd("db", url="memory://b/"), verify=Verify.NONE)
    await _run(folder, request, 3)


async def _run(folder: Path, request: PlanRequest, due: int) -> None:
    home = Home.find(folder / "home")
    home.prepare()
    source = ends.open_source(request.source, home, {})
    plan = await build_plan(request, source)
    await source.close()
    code = await main.work(home, await launch.create_run(home, plan), {})
    if code != due:
        raise SystemExit(f"exit code {code}")


async def _validate(kind: str, folder: Path) -> None:
    package = RecognisedPackage(folder / kind, ends.read_options(_package(kind, folder), {}))
    found = await package.check()
    await package.close()
    if found:
        raise SystemExit(f"{found}")


def measure(name: str, kind: str, folder: Path, megabytes: int) -> dict[str, float]:
    """Do one step in a process of its own."""
    command = [sys.executable, "-m", __spec__.name, str(megabytes), "--step", name, "--form", kind]
    done = subprocess.run([*command, "--folder", str(folder)], stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def table(megabytes: int, kinds: Sequence[str], place: str | None) -> None:
    """Print a Markdown table, a row as soon as it is known."""
    sys.stdout.write("| package | step | MB/s | seconds | CPU s | peak MB | size MB |\n|---|---|--:|--:|--:|--:|--:|\n")
    for kind in kinds:
        with TemporaryDirectory(dir=place, prefix="tui-migrate-bench-") as name:
            folder = Path(name)
            mine = identity()
            (folder / "identity").touch(0o600)
            (folder / "identity").write_text(str(mine))
            (folder / "recipient").write_text(str(mine.to_public()))
            for one in STEPS:
                found = measure(one, kind, folder, megabytes)
                size = _size(folder / kind) / MEGABYTE
                rate = megabytes / found["seconds"]
                sys.stdout.write(
                    f"| {kind} | {one} | {rate:.0f} | {found['seconds']:.1f} | {found['cpu']:.1f}"
                    f" | {found['peak']} | {size:.0f} |\n"
                )
                sys.stdout.flush()


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(one.stat().st_size for one in files if one.is_file())


def run() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Measure export, validate and import of packages.")
    parser.add_argument("megabytes", type=int, nargs="?", default=1_024)
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--form", choices=FORMS, action="append")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--place", help="the folder in which packages are made for a while")
    chosen = parser.parse_args()
    if chosen.step:
        asyncio.run(step(chosen.step, chosen.form[0], chosen.folder, chosen.megabytes))
    else:
        table(chosen.megabytes, chosen.form or list(FORMS), chosen.place)


if __name__ == "__main__":
    run()
