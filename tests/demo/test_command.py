import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.demo.processes import everything_ended, until
from tests.processes import killed_after
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.demo import record, supervisor
from tui_migrate.demo.command import run_demo
from tui_migrate.demo.fingerprint import Fingerprint
from tui_migrate.demo.headless import compare
from tui_migrate.demo.place import DemoPlace
from tui_migrate.errors import UsageError
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Environment, RunKind
from tui_migrate.stores.base import CollectionKind

DOCUMENTS = 300


def command(place: DemoPlace, *options: str) -> list[str]:
    return [sys.executable, "-m", "tui_migrate", "demo", "--home", str(place.root), *options]


def run(place: DemoPlace, *options: str) -> subprocess.CompletedProcess[str]:
    line = command(place, "--documents", str(DOCUMENTS), *options)
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=100)


@contextmanager
def open_demo(place: DemoPlace) -> Iterator[subprocess.Popen[str]]:
    """A demo that waits, once it has said what to try."""
    line = command(place, "--documents", str(DOCUMENTS))
    started = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with killed_after(started) as process:
        assert process.stdout is not None
        said = []
        for text in process.stdout:
            said.append(text)
            if "Ctrl+C ends the demo" in text:
                break
        else:
            pytest.fail("".join(said))
        yield process


def runs(place: DemoPlace) -> tuple[RunRecord, ...]:
    async def read() -> tuple[RunRecord, ...]:
        reader = await JournalReader.open(place.home.journal)
        try:
            return await reader.runs()
        finally:
            await reader.close()

    return asyncio.run(read())


@pytest.mark.slow
def test_headless_migrates_and_takes_it_back(place: DemoPlace) -> None:
    ended = run(place, "--headless")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "demo-target is byte for byte what it was" in ended.stdout
    lines = ended.stdout.splitlines()
    assert len(lines) <= 22
    assert max(map(len, lines[1:])) <= 80
    assert everything_ended(place)
    back, there = runs(place)
    assert (there.kind, there.state) == (RunKind.COPY, RunState.ROLLED_BACK)
    assert (back.kind, back.state) == (RunKind.ROLLBACK, RunState.COMPLETED)
    assert there.counts.inserted > 0 < there.counts.replaced
    assert there.counts.unchanged > 0
    assert (back.counts.deleted, back.counts.restored) == (there.counts.inserted, there.counts.replaced)

    again = run(place, "--headless")
    assert again.returncode == 0
    assert "is there already" in again.stdout
    assert len(runs(place)) == 4

    anew = run(place, "--headless", "--fresh")
    assert anew.returncode == 0
    assert len(runs(place)) == 2


@pytest.mark.slow
def test_headless_says_when_there_is_nothing_to_migrate(place: DemoPlace) -> None:
    with open_demo(place):
        copy = ["copy", "--source", "demo-source", "--target", "demo-target", "--conflict-resolution", "overwrite"]
        line = [sys.executable, "-m", "tui_migrate", *copy, "--home", str(place.root)]
        copied = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
        assert copied.returncode == 0, copied.stderr
        ended = run(place, "--headless")
    assert ended.returncode == 4
    assert "nothing to migrate" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_an_open_demo_writes_its_connections_and_ends_on_ctrl_c(place: DemoPlace) -> None:
    place.prepare()
    mine = Connection("mine", "mongodb://127.0.0.1:1/shop", Environment.PRODUCTION)
    of_before = Connection("demo-target", "mongodb://127.0.0.1:1/second_brain", Environment.PRODUCTION)
    connections.write(place.home, [mine, of_before])
    with open_demo(place) as process:
        known = connections.load(place.home)
        ports = record.read(place).ports
        assert known["mine"] == mine
        assert known["demo-source"].environment is Environment.DEVELOPMENT
        assert known["demo-target"].environment is Environment.PRODUCTION
        assert known["demo-target"].url == f"mongodb://127.0.0.1:{ports['target']}/second_brain"
        assert known["demo-source"].url == f"mongodb://127.0.0.1:{ports['source']}/second_brain"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    until(lambda: everything_ended(place), supervisor.IDLE_SECONDS + 60)


@pytest.mark.slow
def test_stop_ends_an_open_demo(place: DemoPlace) -> None:
    with open_demo(place) as process:
        stopped = run(place, "--stop")
        assert (stopped.returncode, stopped.stdout) == (0, "The demo's servers have ended.\n")
        rest, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "have been stopped" in rest
    assert everything_ended(place)


async def test_stop_where_nothing_runs(place: DemoPlace) -> None:
    lines: list[str] = []
    handed: list[dict[str, object]] = []
    assert await run_demo(headless=False, stop=True, home=place.root, say=lines.append, hand=handed.append) == 0
    assert lines == ["The demo's servers are not running."]
    assert handed == [{"stopped": False}]


def refused(home: Path, documents: int = DOCUMENTS, *, fresh: bool = False) -> str:
    with pytest.raises(UsageError) as caught:
        asyncio.run(run_demo(headless=True, documents=documents, fresh=fresh, home=home, say=print, hand=print))
    return caught.value.message


def json_of(ended: subprocess.CompletedProcess[str]) -> dict[str, object]:
    found = json.loads(ended.stdout)
    assert isinstance(found, dict)
    assert ended.stderr == ""
    return found


@pytest.mark.slow
def test_in_json_the_demo_says_one_document(place: DemoPlace) -> None:
    ended = run(place, "--headless", "--json")
    found = json_of(ended)
    assert ended.returncode == 0
    assert (found["home"], found["documents"]) == (str(place.root), DOCUMENTS)
    assert found["target_is_as_before"] is True
    copied, rolled_back = found["copy"], found["rollback"]
    assert isinstance(copied, dict)
    assert isinstance(rolled_back, dict)
    assert (copied["id"], rolled_back["id"]) == (1, 2)
    assert copied["counts"]["inserted"] == rolled_back["counts"]["deleted"] > 0
    assert json_of(run(place, "--stop", "--json")) == {"stopped": False}


@pytest.mark.slow
def test_an_open_demo_in_json_says_where_it_is_and_waits(place: DemoPlace) -> None:
    line = command(place, "--documents", str(DOCUMENTS), "--json")
    with killed_after(subprocess.Popen(line, stdout=subprocess.PIPE, text=True)) as process:
        assert process.stdout is not None
        text = "".join(iter(process.stdout.readline, "}\n")) + "}"
        assert json.loads(text)["connections"] == ["demo-source", "demo-target"]
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
        assert (process.returncode, rest) == (0, "")


@pytest.mark.slow
def test_a_demo_that_nobody_reads_ends_without_a_word(place: DemoPlace) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        line = command(place, "--headless", "--documents", str(DOCUMENTS))
        ended = subprocess.run(line, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, b"")
    assert not (place.home.state / "error.log").exists()
    until(lambda: everything_ended(place), supervisor.IDLE_SECONDS + 60)


def test_bad_input_is_refused_before_anything_is_made(place: DemoPlace, tmp_path: Path) -> None:
    assert "too small" in refused(place.root, documents=3)
    assert not place.root.exists()
    (tmp_path / "notes.txt").write_text("precious")
    for fresh in (True, False):
        assert "not the demo's" in refused(tmp_path, fresh=fresh)
    assert [one.name for one in tmp_path.iterdir()] == ["notes.txt"]


def one(digest: int) -> dict[str, Fingerprint]:
    return {"users": Fingerprint(1, digest, CollectionKind.PLAIN, b"", frozenset())}


@pytest.mark.parametrize(
    ("now", "is_as_before", "said"),
    [
        (one(1), True, "byte for byte"),
        (one(3), False, "NOT what it was: users"),
        ({**one(1), "left": one(9)["users"]}, False, "NOT what it was: left"),
        ({}, False, "NOT what it was: users"),
    ],
    ids=["as before", "another document", "a collection left", "a collection gone"],
)
def test_only_what_was_there_before_counts_as_taken_back(
    now: dict[str, Fingerprint], is_as_before: bool, said: str
) -> None:
    lines: list[str] = []
    assert compare(one(1), now, lines.append) is is_as_before
    assert said in lines[0]
