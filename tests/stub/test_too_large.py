"""Documents that a target finds too large, through a whole run: kept with the server's reason, and the others written.

MongoDB says so in three ways. Of a document just over the limit in an insert it says BadValue (2), of a command that
holds a larger one BSONObjectTooLarge (10334) and writes nothing, and an update whose result would be too large is a
write error with the second code.
"""

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import Int64

from tests.engine.scene import Runs, put
from tests.stub.server import Document, StubServer, cursor, failed
from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tui_migrate.engine.rejects import RejectFile
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Counts, RejectState
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Policy, StoreEnd
from tui_migrate.stores.memory import MemoryStore

TOO_LARGE = doc(int32(3), n=text("x" * 200))
MOST = 150
"""The bytes that a document may have by the stub's mind; what it says of itself is what MongoDB says."""

Refusing = Callable[[list[Document]], Mapping[str, Any]]


def sized(document: Mapping[str, Any]) -> int:
    return len(bson.encode(document))


def in_a_list(code: int, message: str) -> Refusing:
    """Refuse each document that is too large on its own."""

    def answer(documents: list[Document]) -> Mapping[str, Any]:
        refused = [
            {"index": place, "code": code, "errmsg": message.format(size=sized(one))}
            for place, one in enumerate(documents)
            if sized(one) > MOST
        ]
        return {"n": len(documents) - len(refused), "writeErrors": refused, "ok": 1.0}

    return answer


def in_whole(documents: list[Document]) -> Mapping[str, Any]:
    """Refuse the whole command because of one."""
    if any(sized(one) > MOST for one in documents):
        return failed(10334, "BSONObj size: 16793601 (0x1004001) is invalid. Size must be between 0 and 16793600(16MB)")
    return {"n": len(documents), "ok": 1.0}


BAD_VALUE = in_a_list(2, "object to insert too large. size in bytes: {size}, max size: 16777216")
LIST_10334 = in_a_list(10334, "Resulting document after update is larger than 16777216")


class Holding:
    """What the stub holds by `_id`, and the answers that come of it."""

    def __init__(self, stub: StubServer, refusing: Refusing, *documents: Document) -> None:
        self.documents = {one["_id"]: one for one in documents}
        self._refusing = refusing
        self._pending: dict[int, Document] = {}
        stub.answers |= {
            "listCollections": lambda _: cursor({"name": "things", "type": "collection", "options": {}}),
            "listIndexes": lambda _: cursor({"v": 2, "key": {"_id": 1}, "name": "_id_"}),
            "collStats": lambda _: {"count": len(self.documents), "size": Int64(99), "ok": 1.0},
            "currentOp": lambda _: {"inprog": [], "ok": 1.0},
            "find": self._find,
            "insert": self._insert,
            "update": self._update,
            "delete": self._delete,
            "abortTransaction": self._abort,
            "commitTransaction": self._commit,
        }

    def _find(self, command: Document) -> Mapping[str, Any]:
        if command["find"] != "things":
            return cursor()
        wanted = command.get("filter", {}).get("_id", {})
        ids = wanted.get("$in", [wanted["$eq"]] if "$eq" in wanted else list(self.documents))
        return cursor(*(self.documents[one] for one in sorted(self.documents) if one in ids))

    def _insert(self, command: Document) -> Mapping[str, Any]:
        return self._written(command["documents"])

    def _update(self, command: Document) -> Mapping[str, Any]:
        documents = [one["u"] for one in command["updates"]]
        if "txnNumber" not in command:
            return self._written(documents)
        answer = self._refusing(documents)
        self._pending |= {one["_id"]: one for one in documents} if answer["ok"] else {}
        return answer

    def _delete(self, command: Document) -> Mapping[str, Any]:
        for one in command["deletes"]:
            del self.documents[one["q"]["_id"]["$eq"]]
        return {"n": len(command["deletes"]), "ok": 1.0}

    def _abort(self, _: Document) -> Mapping[str, Any]:
        self._pending.clear()
        return {"ok": 1.0}

    def _commit(self, _: Document) -> Mapping[str, Any]:
        self.documents |= self._pending
        return self._abort({})

    def _written(self, documents: list[Document]) -> Mapping[str, Any]:
        answer = self._refusing(documents)
        if answer["ok"]:
            self.documents |= {one["_id"]: one for one in documents if sized(one) <= MOST}
        return answer


@pytest.fixture
def runs(stub: StubServer, tmp_path: Path) -> Runs:
    """From memory into the stub."""
    target = StoreEnd("shop", url=stub.url.replace("/?", "/shop?"))
    return Runs(Home.find(tmp_path), StoreEnd("db", url=f"memory://{uuid.uuid4().hex}/"), target)


async def fill(runs: Runs) -> None:
    source = MemoryStore.at(runs.source_end.url, runs.source_end.database)
    await put(source, TOO_LARGE, *(doc(int32(one), n=int32(one)) for one in (1, 2, 4, 5)))


async def kept(runs: Runs, run_id: int) -> list[tuple[bytes, int, str]]:
    reader = await JournalReader.open(runs.home.journal)
    try:
        records = await reader.rejects(run_id, "things", RejectState.REJECTED)
    finally:
        await reader.close()
    file = RejectFile(runs.home.run(run_id).rejects, 0)
    return [(await file.read(one), one.code, one.reason) for one in records]


@pytest.mark.parametrize(
    ("refusing", "code", "reason"),
    [
        pytest.param(BAD_VALUE, 2, "object to insert too large. size in bytes: 222", id="of one document"),
        pytest.param(in_whole, 10334, "BSONObj size: 16793601 (0x1004001) is invalid", id="of the command"),
    ],
)
async def test_a_document_too_large_to_insert_is_a_reject(
    stub: StubServer, runs: Runs, refusing: Refusing, code: int, reason: str
) -> None:
    held = Holding(stub, refusing)
    await fill(runs)
    ended = await runs.copy(batch=10, max_rejects=1)
    assert (ended.exit_code, ended.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)
    assert ended.counts == Counts(inserted=4, rejected=1)
    assert ended.codes >= {"rejects", "rejected"}
    assert reason in ended.finding("rejected").message
    ((document, kept_code, kept_reason),) = await kept(runs, ended.record.id)
    assert (document, kept_code) == (TOO_LARGE, code)
    assert reason in kept_reason
    assert sorted(held.documents) == [1, 2, 4, 5]


@pytest.mark.parametrize("has_transactions", [True, False], ids=["replica set", "standalone"])
@pytest.mark.parametrize("refusing", [LIST_10334, in_whole], ids=["of one document", "of the command"])
async def test_a_document_too_large_to_take_the_place_of_another_is_a_reject(
    stub: StubServer, runs: Runs, refusing: Refusing, has_transactions: bool
) -> None:
    stub.has_transactions = has_transactions
    there = {"_id": 3, "n": "small"}
    held = Holding(stub, refusing, there, {"_id": 4, "n": "old"})
    await fill(runs)
    ended = await runs.copy(Policy.OVERWRITE, batch=10, max_rejects=1)
    assert (ended.exit_code, ended.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)
    assert ended.counts == Counts(inserted=3, replaced=1, rejected=1)
    assert [(one, code) for one, code, _ in await kept(runs, ended.record.id)] == [(TOO_LARGE, 10334)]
    assert held.documents[3] == there
    assert held.documents[4] == {"_id": 4, "n": 4}


async def test_a_document_too_large_stops_a_run_that_allows_no_rejects(stub: StubServer, runs: Runs) -> None:
    Holding(stub, in_whole)
    await fill(runs)
    ended = await runs.copy(batch=10)
    assert (ended.exit_code, ended.record.state, ended.counts.rejected) == (1, RunState.FAILED, 1)
    assert ended.record.failure is not None
    assert ended.record.failure.code == "write_refused"
    assert "BSONObj size" in ended.record.failure.message
