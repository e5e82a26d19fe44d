"""The commands that the MongoDB store sends, and what it makes of answers that no server at hand gives."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import bson
import pytest
from bson import Binary, Int64

from tests.stub.server import Document, StubServer, cursor, failed
from tests.suites.change_cases import to
from tests.suites.documents import EMPTY, doc, index, options
from tests.suites.ids import int32
from tests.suites.store_cases import everything
from tui_migrate.documents import RawId
from tui_migrate.errors import Refused, TuiMigrateError, Unreachable
from tui_migrate.ordering import Key
from tui_migrate.stores.base import Change, CollectionInfo, CollectionKind, ReadOrder, Writer
from tui_migrate.stores.mongodb import MongoStore

MAJORITY = {"w": "majority", "j": True, "wtimeout": 60_000}
NEW = doc(int32(1), n=int32(2))


def writes(stub: StubServer) -> list[Document]:
    reads = {"find", "getMore", "listCollections", "listIndexes", "collStats", "aggregate"}
    return [one for one in stub.commands if next(iter(one)) not in reads]


async def define(store: MongoStore) -> None:
    """Everything that a target can be asked to do."""
    await store.create_collection(CollectionInfo("things", CollectionKind.PLAIN, EMPTY), EMPTY)
    await store.create_indexes("things", [index("n")])
    await store.insert("things", [NEW])
    await store.set_validator("things", options())
    await store.drop_index("things", "n_1")
    await store.rename_collection("things", "others")
    await store.drop_collection("others")


@pytest.fixture
def answering(stub: StubServer) -> StubServer:
    stub.answers["listCollections"] = lambda _: cursor(namespace="shop.$cmd.listCollections")
    stub.answers["insert"] = lambda command: {"n": len(command["documents"]), "ok": 1.0}
    stub.answers["find"] = lambda _: cursor({"_id": 1})
    stub.answers["update"] = lambda command: {"n": len(command["updates"]), "ok": 1.0}
    stub.answers["delete"] = lambda command: {"n": len(command["deletes"]), "ok": 1.0}
    return stub


@pytest.mark.rule(2, "write concern majority with journal whatever the URL says; every write has maxTimeMS")
@pytest.mark.parametrize("url_options", ["", "&w=1&journal=false&readConcernLevel=local&readPreference=secondary"])
async def test_every_write_is_for_a_majority_and_has_a_time_limit(answering: StubServer, url_options: str) -> None:
    store = MongoStore(answering.url + url_options, "shop")
    await define(store)
    await store.close()
    sent = writes(answering)
    assert [next(iter(one)) for one in sent] == [
        "create",
        "createIndexes",
        "insert",
        "collMod",
        "dropIndexes",
        "renameCollection",
        "drop",
    ]
    assert all(one["writeConcern"] == MAJORITY for one in sent)
    assert all(0 < one["maxTimeMS"] <= (6 * 3_600_000 if "createIndexes" in one else 60_000) for one in sent)
    assert len({bytes(one["lsid"]["id"]) for one in sent}) == 1
    assert bool(store.overridden_options) == bool(url_options)


@pytest.mark.rule(2, "reads from the primary with read concern majority")
async def test_a_target_reads_what_a_majority_has(answering: StubServer) -> None:
    store = MongoStore(answering.url + "&readConcernLevel=local&readPreference=secondary", "shop")
    assert await everything(store) == [doc(int32(1))]
    await store.close()
    (find,) = answering.named("find")
    assert find["readConcern"] == {"level": "majority"}
    assert find.get("$readPreference", {"mode": "primary"})["mode"] in ("primary", "primaryPreferred")


@pytest.mark.rule(1, "inserts are plain inserts, never upserts, outside of a transaction")
async def test_an_insert_is_an_insert(answering: StubServer, store: MongoStore) -> None:
    await store.insert("things", [NEW])
    (insert,) = writes(answering)
    assert (insert["documents"], insert["ordered"]) == ([{"_id": 1, "n": 2}], False)
    assert not {"startTransaction", "autocommit", "txnNumber"} & insert.keys()


@pytest.mark.parametrize(("labels", "error"), [((), Refused), (("SystemOverloadedError",), Unreachable)])
async def test_what_a_server_says_may_pass_is_tried_again_whatever_its_code(
    answering: StubServer, store: MongoStore, labels: tuple[str, ...], error: type[TuiMigrateError]
) -> None:
    answering.answers["insert"] = lambda _: failed(99_001, "busy", *labels)
    with pytest.raises(error, match="busy"):
        await store.insert("things", [NEW])


async def test_what_is_said_of_a_document_that_spoils_its_command_quotes_nothing_of_it(
    answering: StubServer, store: MongoStore
) -> None:
    answering.answers["insert"] = lambda _: failed(2, 'cannot index { email: "anna@example.org" }')
    (refusal,) = await store.insert("things", [NEW])
    assert "cannot index {…} (code 2)" in refusal.reason


@pytest.mark.rule(1, "replaces and deletes run in one short snapshot transaction that reads again")
@pytest.mark.parametrize(("after", "verb"), [(NEW, "update"), (None, "delete")])
async def test_a_change_is_a_transaction(
    answering: StubServer, store: MongoStore, after: bytes | None, verb: str
) -> None:
    assert (await store.change("things", [int32(1)], to({int32(1): after}))).changed
    find, write, commit = answering.commands
    assert [next(iter(one)) for one in (find, write, commit)] == ["find", verb, "commitTransaction"]
    assert (find["startTransaction"], find["readConcern"]) == (True, {"level": "snapshot"})
    assert {(one["txnNumber"], one["autocommit"], bytes(one["lsid"]["id"])) for one in answering.commands} == {
        (find["txnNumber"], False, store.session)
    }
    assert "writeConcern" not in write
    assert write["maxTimeMS"] == 60_000
    (statement,) = write["updates" if after else "deletes"]
    assert statement["q"] == {"_id": {"$eq": 1}}
    assert not statement.get("upsert")
    assert statement.get("u", statement.get("limit")) == ({"_id": 1, "n": 2} if after else 1)
    assert commit["writeConcern"] == MAJORITY
    assert commit["maxTimeMS"] == 60_000


@pytest.mark.rule(7, "a replace keeps the stored form")
async def test_a_replacement_is_sent_with_the_id_as_it_is_stored(answering: StubServer, store: MongoStore) -> None:
    answering.answers["find"] = lambda _: cursor({"_id": 1.0})
    assert (await store.change("things", [int32(1)], to({int32(1): NEW}))).changed
    (update,) = answering.named("update")
    assert repr(update["updates"][0]["u"]) == repr({"_id": 1.0, "n": 2})


@pytest.mark.rule(1, "the undo record is of the read within the transaction; a WriteConflict repeats the batch")
async def test_a_write_conflict_repeats_the_reading_too(answering: StubServer, store: MongoStore) -> None:
    read = iter([{"_id": 1, "n": 0}, {"_id": 1, "n": 1}])
    refusals = [failed(112, "WriteConflict", "TransientTransactionError")]
    answering.answers["find"] = lambda _: cursor(next(read))
    answering.answers["update"] = lambda _: refusals.pop() if refusals else {"n": 1, "ok": 1.0}
    seen: list[list[bytes]] = []

    async def decide(ids: Sequence[RawId], current: Mapping[Key, bytes]) -> list[Change]:
        seen.append(list(current.values()))
        return [Change(int32(1), one, NEW) for one in current.values()]

    result = await store.change("things", [int32(1)], decide)
    assert seen == [[doc(int32(1), n=int32(0))], [doc(int32(1), n=int32(1))]]
    assert list(result.current.values()) == seen[1]
    assert answering.names() == ["find", "update", "abortTransaction", "find", "update", "commitTransaction"]
    numbers = [one["txnNumber"] for one in answering.commands]
    assert numbers[0] == numbers[1] < numbers[3] == numbers[4] == numbers[5]


@pytest.mark.rule(1, "a transaction that was lost at its commit is repeated")
async def test_a_commit_that_lost_its_transaction_repeats_the_whole(answering: StubServer, store: MongoStore) -> None:
    answers = [{"ok": 1.0}, failed(251, "NoSuchTransaction", "TransientTransactionError")]
    answering.answers["commitTransaction"] = lambda _: answers.pop()
    assert (await store.change("things", [int32(1)], to({int32(1): NEW}))).changed
    assert answering.names() == ["find", "update", "commitTransaction"] * 2


async def test_a_commit_that_is_refused_is_not_asked_for_again(answering: StubServer, store: MongoStore) -> None:
    answering.answers["commitTransaction"] = lambda _: failed(20, "no transactions here")
    with pytest.raises(Refused, match="no transactions here"):
        await store.change("things", [int32(1)], to({int32(1): NEW}))
    assert answering.names() == ["find", "update", "commitTransaction"]


@pytest.mark.rule(1, "on a standalone server the filter holds the whole document that was seen")
async def test_a_server_without_transactions_compares(answering: StubServer, store: MongoStore) -> None:
    answering.has_transactions = False
    assert (await store.change("things", [int32(1)], to({int32(1): NEW}))).changed
    (update,) = answering.named("update")
    assert update["updates"][0]["q"] == {
        "_id": {"$eq": 1},
        "$expr": {"$eq": ["$$ROOT", {"$literal": {"_id": 1}}]},
    }
    assert update["writeConcern"] == MAJORITY
    assert "txnNumber" not in update


@pytest.mark.rule(1, "where fewer matched than were sent, read again and decide anew")
async def test_a_server_without_transactions_is_read_again_where_fewer_matched(
    answering: StubServer, store: MongoStore
) -> None:
    answering.has_transactions = False
    matched = [0, 1]
    read = [{"_id": 1}, {"_id": 1, "n": 9}, {"_id": 1, "n": 9}]
    answering.answers["find"] = lambda _: cursor(read.pop(0))
    answering.answers["update"] = lambda _: {"n": matched.pop(0), "ok": 1.0}
    result = await store.change("things", [int32(1)], to({int32(1): NEW}))
    assert list(result.current.values()) == [doc(int32(1), n=int32(9))]
    literals = [one["updates"][0]["q"]["$expr"]["$eq"][1]["$literal"] for one in answering.named("update")]
    assert literals == [{"_id": 1}, {"_id": 1, "n": 9}]


@pytest.mark.rule(1, "in a transaction too, which is not committed then")
async def test_a_transaction_that_matched_fewer_than_were_sent_is_not_committed_but_repeated(
    answering: StubServer, store: MongoStore
) -> None:
    matched, read = [0, 1], [{"_id": 1, "n": 0}, {"_id": 1, "n": 9}]
    answering.answers["find"] = lambda _: cursor(read.pop(0))
    answering.answers["update"] = lambda _: {"n": matched.pop(0), "ok": 1.0}
    result = await store.change("things", [int32(1)], to({int32(1): NEW}))
    assert list(result.current.values()) == [doc(int32(1), n=int32(9))]
    sent = [next(iter(one)) for one in answering.commands]
    assert sent == ["find", "update", "abortTransaction", "find", "update", "commitTransaction"]


@pytest.mark.rule(10, "bypassEmptyTsReplacement where it exists, else a finding")
@pytest.mark.parametrize(("version", "keeps"), [((8, 0), True), ((8, 2), True), ((7, 0), False), ((4, 4), False)])
async def test_empty_timestamps_are_bypassed_where_the_server_knows_how(
    answering: StubServer, store: MongoStore, version: tuple[int, int], keeps: bool
) -> None:
    answering.version = version
    await store.insert("things", [NEW])
    await store.change("things", [int32(1)], to({int32(1): NEW}))
    await store.change("things", [int32(1)], to({int32(1): None}))
    sent = [one.get("bypassEmptyTsReplacement", False) for one in answering.named("insert", "update")]
    assert sent == [keeps, keeps]
    assert "bypassEmptyTsReplacement" not in answering.named("delete")[0]
    assert store.capabilities.keeps_empty_timestamps is keeps


@pytest.mark.rule(9, "min is inclusive, the last range is open; the hint walks the index across types")
@pytest.mark.parametrize("is_sharded", [False, True])
async def test_a_collection_is_read_along_the_index_on_its_ids(
    answering: StubServer, store: MongoStore, is_sharded: bool
) -> None:
    answering.is_sharded = is_sharded
    answering.answers["find"] = lambda _: cursor({"_id": 1}, {"_id": 2})
    assert await everything(store, after=int32(1)) == [doc(int32(2))]
    assert await everything(store, order=ReadOrder.NATURAL) == [doc(int32(1)), doc(int32(2))]
    by_id, natural = answering.named("find")
    assert (by_id["hint"], by_id["min"], by_id.get("max")) == ({"_id": 1}, {"_id": 1}, None)
    assert by_id.get("sort") == ({"_id": 1} if is_sharded else None)
    assert not {"hint", "min", "sort"} & natural.keys()


@pytest.mark.rule(12, "time series are known for what they are")
@pytest.mark.rule(8, "a default collation is known")
@pytest.mark.rule(13, "shard keys are asked for")
async def test_what_a_collection_is_is_read_from_its_listing(answering: StubServer, store: MongoStore) -> None:
    answering.is_sharded = True
    entries = {
        "plain": {},
        "german": {"collation": {"locale": "de"}},
        "simple": {"collation": {"locale": "simple"}},
        "series": {"timeseries": {"timeField": "at"}},
        "capped": {"capped": True, "size": 4096},
        "view": {"viewOn": "plain", "pipeline": []},
    }
    answering.answers["listCollections"] = lambda _: cursor(
        *({"name": name, "type": "collection", "options": one} for name, one in entries.items()),
        {"name": "system.buckets.series", "type": "collection", "options": {}},
    )
    answering.answers["listIndexes"] = lambda _: cursor({"v": 2, "key": {"_id": 1}, "name": "_id_"})
    answering.answers["collStats"] = lambda _: {"count": 3, "size": Int64(99), "ok": 1.0}
    answering.answers["find"] = lambda _: cursor({"_id": "shop.plain", "key": {"region": 1}})
    found = {one.name: one for one in await store.collections()}
    kinds = {name: one.kind for name, one in found.items()}
    assert kinds == {
        "plain": CollectionKind.PLAIN,
        "german": CollectionKind.PLAIN,
        "simple": CollectionKind.PLAIN,
        "series": CollectionKind.TIMESERIES,
        "capped": CollectionKind.CAPPED,
        "view": CollectionKind.VIEW,
    }
    assert [name for name, one in found.items() if not one.simple_order] == ["german"]
    assert [name for name, one in found.items() if one.shard_key] == ["plain"]
    (find,) = answering.named("find")
    assert find["filter"]["dropped"] == {"$ne": True}  # before MongoDB 5.0 a dropped collection's key stays listed


async def test_a_collection_that_is_dropped_while_it_is_looked_at_is_not_listed(
    answering: StubServer, store: MongoStore
) -> None:
    entries: list[Document] = [{"name": name, "type": "collection", "options": {}} for name in ("gone", "things")]
    indexes = {"gone": failed(26, "ns does not exist"), "things": cursor({"v": 2, "key": {"_id": 1}, "name": "_id_"})}
    answering.answers["listCollections"] = lambda _: cursor(*entries)
    answering.answers["listIndexes"] = lambda command: indexes[command["listIndexes"]]
    assert [one.name for one in await store.collections()] == ["things"]


async def test_the_namespace_that_older_servers_write_into_an_index_is_none_of_its_definition(
    answering: StubServer, store: MongoStore
) -> None:
    told = {"v": 2, "key": {"n": 1}, "name": "n_1"}
    answering.answers["listCollections"] = lambda _: cursor({"name": "things", "type": "collection", "options": {}})
    answering.answers["listIndexes"] = lambda _: cursor(told | {"ns": "shop.things"})
    (found,) = await store.collections()
    assert found.indexes == (bson.encode(told),)


DEAD = Writer(b"\x01" * 16, "tui-migrate dead")


def operation(session: bytes = b"", application: str = "") -> Document:
    lsid = {"lsid": {"id": Binary(session, 4), "uid": b"x"}} if session else {}
    return {"type": "op", "active": True, **lsid, **({"appName": application} if application else {})}


@pytest.mark.rule(5, "killSessions on the sessions of the writers")
async def test_the_sessions_of_writers_are_killed(stub: StubServer, store: MongoStore) -> None:
    await store.kill_writers([DEAD, Writer(b"\x02" * 16), Writer(b"")])
    (kill,) = stub.commands
    assert [bytes(one["id"]) for one in kill["killSessions"]] == [b"\x01" * 16, b"\x02" * 16]
    assert all(one["id"].subtype == 4 for one in kill["killSessions"])
    assert kill["$db"] == "admin"


@pytest.mark.rule(5, "without the privilege nothing is killed, and nothing fails")
@pytest.mark.parametrize("code", [13, 59])
async def test_a_server_that_kills_nothing_for_us_is_no_error(stub: StubServer, store: MongoStore, code: int) -> None:
    stub.answers["killSessions"] = lambda _: failed(code)
    await store.kill_writers([DEAD])


@pytest.mark.rule(5, "a server that is away while it is asked to is waited for")
@pytest.mark.parametrize("command", ["killSessions", "currentOp"])
async def test_a_server_that_steps_down_meanwhile_is_unreachable(
    stub: StubServer, store: MongoStore, command: str
) -> None:
    stub.answers[command] = lambda _: failed(10107, "not primary")
    ask = {"killSessions": store.kill_writers, "currentOp": store.may_be_writing}
    with pytest.raises(Unreachable):
        await ask[command]([DEAD])


@pytest.mark.rule(5, "wait until none of their operations is listed, where the listing is one")
@pytest.mark.parametrize(
    ("listed", "may_be"),
    [
        (lambda own: [own], False),
        (lambda own: [own, operation(b"\x09" * 16, "somebody else")], False),
        (lambda own: [own, operation(DEAD.session)], True),
        (lambda own: [own, operation(application=DEAD.application)], True),
        (lambda own: [own, {"clientMetadata": {"application": {"name": DEAD.application}}}], True),
        (lambda _: [], True),
        (lambda _: [operation(b"\x09" * 16, "somebody else")], True),
    ],
)
async def test_what_is_at_work_is_read_from_the_listing(
    stub: StubServer, store: MongoStore, listed: Callable[[Document], list[Document]], may_be: bool
) -> None:
    stub.answers["currentOp"] = lambda _: {
        "inprog": listed(operation(application=store.writer.application)),
        "ok": 1.0,
    }
    assert await store.may_be_writing([DEAD]) is may_be


@pytest.mark.rule(5, "where all operations are not to be seen one's own are")
@pytest.mark.parametrize("sees_own", [True, False])
async def test_without_the_privilege_one_s_own_operations_are_asked_for(
    stub: StubServer, store: MongoStore, sees_own: bool
) -> None:
    def answer(command: Document) -> Mapping[str, Any]:
        if sees_own and command.get("$ownOps"):
            return {"inprog": [operation(application=store.writer.application)], "ok": 1.0}
        return failed(13)

    stub.answers["currentOp"] = answer
    assert await store.may_be_writing([DEAD]) is not sees_own
    assert [one.get("$ownOps", False) for one in stub.named("currentOp")] == [False, True]


@pytest.mark.rule(5, "a writer that goes on after a lost line is another one")
async def test_a_writer_that_is_renewed_has_another_session_and_name(answering: StubServer, store: MongoStore) -> None:
    await store.identity()
    before = store.writer
    await store.insert("things", [NEW])
    await store.renew()
    await store.insert("things", [NEW])
    after = store.writer
    assert before.session != after.session
    assert before.application != after.application
    assert [bytes(one["lsid"]["id"]) for one in answering.named("insert")] == [before.session, after.session]
    assert {before.application, after.application} <= set(answering.applications)
