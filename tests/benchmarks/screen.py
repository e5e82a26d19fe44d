"""How quick the app is under the fingers: `python -m tests.benchmarks.screen [STARTS [KEYS]]`.

A start is timed from the process's begin to the first frame and to a Home that shows its runs; a key from its being
sent to the first byte of the frame that it leads to. In a pseudo-terminal of 80×24, on a journal of 200 runs.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.ui.driving import PreparedJournal, new_home
from tests.ui.terminal.operator import Operator, environment
from tui_migrate.paths import Home

RUNS = 200
QUIET_SECONDS = 0.3


def app(home: Home) -> Operator:
    command = [sys.executable, "-m", "tui_migrate", "--home", str(home.state.parent)]
    return Operator(command, environment(home.state.parent))


def interpreter() -> float:
    """How long the same interpreter takes to begin and end, for comparison."""
    begin = time.perf_counter()
    with Operator([sys.executable, "-c", "pass"], environment(Path.cwd())) as operator:
        operator.until_ended()
    return time.perf_counter() - begin


def start(home: Home) -> tuple[float, float]:
    """Seconds to the first frame, and to the runs."""
    begin = time.perf_counter()
    with app(home) as operator:
        operator.until(lambda: operator.shows("Leave"), "the first frame")
        first = time.perf_counter() - begin
        operator.until_shown(f"{RUNS:04d}")
        return first, time.perf_counter() - begin


def keys(home: Home, count: int) -> list[float]:
    """Seconds from each key to the first byte it leads to."""
    with app(home) as operator:
        operator.until_shown(f"{RUNS:04d}")
        taken = []
        for number in range(count):
            while operator.read(QUIET_SECONDS if number == 0 else 0.05):
                pass
            begin = time.perf_counter()
            operator.press("down" if number % 16 < 8 else "up")
            while not operator.read(0.005):
                pass
            taken.append(time.perf_counter() - begin)
        return taken


def said(name: str, seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    worst = ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]
    return f"{name:<14} median {statistics.median(ordered) * 1000:7.1f} ms   p95 {worst * 1000:7.1f} ms"


def main(starts: int = 10, presses: int = 100) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = new_home(Path(folder))

        async def prepare() -> None:
            journal = PreparedJournal(home)
            for number in range(RUNS):
                await journal.run(age=3_600.0 + RUNS - number, documents=0)

        asyncio.run(prepare())
        print(said("interpreter", [interpreter() for _ in range(starts)]))
        begun = [start(home) for _ in range(starts)]
        print(said("first frame", [first for first, _ in begun]))
        print(said("runs shown", [shown for _, shown in begun]))
        print(said("key to frame", keys(home, presses)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
