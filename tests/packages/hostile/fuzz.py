"""A fuzz run over every reader of packages: `python -m tests.packages.hostile.fuzz --seconds 600 [--seed N]`.

Inputs begin as whole packages and are damaged by bytes and by structure. What may come of one is findings, an error of
the tree, or well-formed documents; anything else, five seconds for one input, or memory that grows ends the run with
the smallest input that hypothesis could make of it.
"""

import argparse
import asyncio
import faulthandler
import gc
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.noting import noted
from tests.packages.hostile.looking import Seen, look
from tests.packages.hostile.readers import Reader, readers
from tests.packages.hostile.seeds import FAST
from tests.process_memory import resident
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.packages.types.choose import ACCEPT, choose

MOST_SECONDS: Final = 5.0
"""For one input of a few kilobytes, on a machine that others use too."""

HANG_SECONDS: Final = 60.0
"""After this the process ends by itself and says where it was."""

EXAMPLES: Final = 60
"""Inputs for one reader, before it is the next one's turn."""

MOST_GROWTH: Final = 64
"""MB of resident memory between the first round and the last."""

MOST_PEAK: Final = 320
"""MB that the peak may lie above the start: a passphrase's key may take 256 MB of that where a file asks for it."""


class Fuzz:
    """One run: what was fed, and what it cost."""

    def __init__(self, folder: Path, number: int, seconds: float) -> None:
        self._folder = folder
        self._readers = readers(folder)
        self._seed = number
        self._until = time.monotonic() + seconds
        self._runner = asyncio.Runner()
        self.fed: Counter[str] = Counter()
        self.reported: Counter[str] = Counter()
        self.slowest = (0.0, "")

    def run(self) -> None:
        """Feed all readers in turn until the time is over. Raises what a reader raises that it may not."""
        with self._runner:
            warm = 0
            turn = 0
            while time.monotonic() < self._until:
                for reader in self._readers:
                    self._feed(reader, self._seed * 100_003 + turn)
                turn += 1
                if not warm:
                    warm = resident("VmRSS")
            gc.collect()
            grown = resident("VmRSS") - warm if warm else 0
            assert grown <= MOST_GROWTH, f"{grown} MB more are resident after {self.fed.total():,} inputs"

    def _feed(self, reader: Reader, number: int) -> None:
        @seed(number)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(content=reader.contents)
        def holds(content: bytes) -> None:
            if time.monotonic() < self._until:
                self._try(reader, content)

        with noted(f"reader: {reader.name}, seed: {self._seed}"):
            holds()

    def _try(self, reader: Reader, content: bytes) -> None:
        place = self._folder / "input"
        place.mkdir()
        try:
            path = reader.lay(place / "x", content)
            begun = time.process_time()
            faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
            try:
                seen = self._runner.run(_look(path, reader.options))
            finally:
                faulthandler.cancel_dump_traceback_later()
            took = time.process_time() - begun
        finally:
            shutil.rmtree(place)
        assert seen.messages.replace("\n", "").isprintable(), seen.messages
        self.slowest = max(self.slowest, (took, reader.name))
        assert took < MOST_SECONDS, f"{took:.1f} s for an input of {len(content):,} bytes"
        self.fed[reader.name] += 1
        self.reported[reader.name] += seen.is_noticed


async def _look(path: Path, options: ReadOptions) -> Seen:
    """Look at it, with the types it seems to have too where it has none of its own."""
    seen = await look(path, options)
    if seen.contents is None:
        return seen
    package = RecognisedPackage(path, options)
    try:
        if (await package.form()).infers_types:
            await look(path, ReadOptions(types=await choose(ACCEPT, package), keys=options.keys))
    finally:
        await package.close()
    return seen


def fuzz(seconds: float, number: int) -> Fuzz:
    """Run for a time and give what was fed."""
    start = resident("VmRSS")
    with TemporaryDirectory(dir=FAST, prefix="tui-migrate-fuzz-") as name:
        made = Fuzz(Path(name), number, seconds)
        made.run()
    peak = resident("VmHWM") - start
    assert peak <= MOST_PEAK, f"the peak of memory lies {peak} MB above the start"
    return made


def main() -> None:
    """Run from the command line and print a line for each reader."""
    parser = argparse.ArgumentParser(description="Feed damaged packages to every reader.")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=None, help="the same inputs as a run that printed it")
    chosen = parser.parse_args()
    number = int(time.time()) if chosen.seed is None else chosen.seed
    sys.stdout.write(f"seed {number}\n")
    sys.stdout.flush()
    made = fuzz(chosen.seconds, number)
    for name, count in made.fed.items():
        sys.stdout.write(f"{name:<40} {count:>8,} inputs, {made.reported[name]:>8,} told of\n")
    took, slowest = made.slowest
    sys.stdout.write(f"{made.fed.total():,} inputs, the slowest took {took:.2f} s ({slowest})\n")
    sys.stdout.write(f"memory now {resident('VmRSS')} MB, at most {resident('VmHWM')} MB\n")


if __name__ == "__main__":
    main()
