"""The whole way on a terminal, as an operator goes it: from the demo's first screen to the rollback."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from tests.demo.processes import everything_ended, kill_everything, until
from tests.ui.terminal.operator import Operator
from tests.ui.test_opening import sit_down
from tui_migrate import connections
from tui_migrate.demo.headless import TARGET
from tui_migrate.demo.place import DemoPlace
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord, Wish
from tui_migrate.worker import control

DOCUMENTS = 2_000
RATE = 100
"""Slow enough to be left and hung up on in the middle."""

Raw = dict[str, object]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DemoPlace]:
    here = DemoPlace(tmp_path / "demo")
    yield here
    kill_everything(here)


def demo(place: DemoPlace) -> Operator:
    return sit_down(place.root.parent, "demo", "--home", str(place.root), "--documents", str(DOCUMENTS))


def target_as_it_is(place: DemoPlace) -> Raw:
    """Every document as its bytes, in the order of the ids, every collection's options and indexes."""
    url = connections.load(place.home)[TARGET].url
    with MongoClient[RawBSONDocument](url, document_class=RawBSONDocument) as client:
        database = client.get_default_database()
        found: Raw = {}
        for one in sorted(database.list_collections(), key=lambda one: str(one["name"])):
            name = str(one["name"])
            indexes = sorted(bson.encode(index) for index in database[name].list_indexes())
            documents = [bytes(document.raw) for document in database[name].find(sort=[("_id", 1)])]
            found[name] = (bson.encode(one["options"]), indexes, documents)
        return found


def record(place: DemoPlace, run_id: int) -> RunRecord:
    """A run as it is now."""

    async def read() -> RunRecord:
        reader = await JournalReader.open(place.home.journal)
        try:
            return await control.effective(place.home, reader, await reader.run(run_id))
        finally:
            await reader.close()

    return asyncio.run(read())


def start_slowly(operator: Operator) -> None:
    """Go from the demo's Home to the run of all collections, overwriting, at a limited rate."""
    operator.until(lambda: operator.shows("Migrate the sample"), "the app", seconds=60)
    operator.press("enter")
    operator.until_shown("documents, ")
    operator.until_shown("Next: ctrl+n")
    operator.press("\x0e")
    operator.until_shown("chat_messages")
    operator.press("i")
    operator.until_shown("10 of 10 marked")
    operator.press("\x0e")
    operator.until_shown("counted by their ids")
    operator.press("m", *"j" * 4, "enter")
    operator.until_shown("A whole number")
    operator.press("backspace", str(RATE), "enter")
    operator.until_shown(f"{RATE} documents/s")
    operator.press("m", "g", "j", "j")
    operator.until_shown("›○ overwrite")
    operator.press("enter")
    operator.until_shown("The checks found nothing")
    operator.press("s")
    operator.until_shown("run 0001")
    operator.until(lambda: operator.shows("● execute"), "the run at work", seconds=30)


@pytest.mark.slow
def test_from_the_demo_to_the_rollback_and_the_target_is_what_it_was(place: DemoPlace) -> None:
    with demo(place) as operator:
        operator.until(lambda: operator.shows("Migrate the sample"), "the app", seconds=60)
        before = target_as_it_is(place)
        start_slowly(operator)
        operator.press("q")
        assert operator.until_ended() == 0
        assert b"run 0001 goes on" in operator.received
    assert record(place, 1).state.is_active
    with demo(place) as operator:
        operator.until(lambda: operator.shows("● executing"), "the run on Home", seconds=60)
        operator.press("enter")
        operator.until_shown(f"limit {RATE}")
        operator.press(*"+" * 12)
        operator.until(lambda: operator.shows("✓ completed"), "the end of the run", seconds=60)
        assert target_as_it_is(place) != before
        operator.press("escape")
        operator.until_shown("n New")
        operator.press("h")
        operator.until_shown("1 of 1 run")
        operator.press("r")
        operator.until_shown("Next: s starts the rollback")
        operator.press("s")
        operator.until(lambda: operator.shows("run 0001 is taken back"), "the rollback", seconds=60)
        assert target_as_it_is(place) == before
        operator.press("q")
        assert operator.until_ended() == 0
    until(lambda: everything_ended(place))


@pytest.mark.slow
def test_a_terminal_that_is_closed_ends_the_app_and_not_the_run(place: DemoPlace) -> None:
    with demo(place) as operator:
        start_slowly(operator)
        operator.hang_up()
        operator.child.wait()
        assert record(place, 1).state.is_active
        asyncio.run(control.ask(place.home, 1, Wish.RATE, 0))
        until(lambda: not record(place, 1).state.is_active)
    ended = record(place, 1)
    counts = ended.counts
    assert ended.state.value == "completed"
    assert counts.inserted + counts.replaced + counts.unchanged == DOCUMENTS
    until(lambda: everything_ended(place))
