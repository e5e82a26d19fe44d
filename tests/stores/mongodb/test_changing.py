from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from tests.stores.mongodb.conftest import Stage
from tests.suites.change_cases import disturbed, to
from tests.suites.documents import doc
from tests.suites.ids import double, int32, text
from tests.suites.store_cases import NAME, everything, fill
from tui_migrate.documents import RawId
from tui_migrate.errors import Unreachable
from tui_migrate.ordering import Key, order_key
from tui_migrate.stores.base import Change
from tui_migrate.stores.mongodb import MongoStore, changing, standalone


@pytest.mark.rule(1, "a commit in doubt is asked for again")
async def test_a_commit_in_doubt_is_asked_for_again(store: MongoStore, stage: Stage) -> None:
    await fill(store, doc(int32(1)))
    decide, calls = disturbed(to({int32(1): None}))
    await stage("commitTransaction", times=3, errorCode=50, errorLabels=["UnknownTransactionCommitResult"])
    result = await store.change(NAME, [int32(1)], decide)
    assert result.changed
    assert len(calls) == 1
    assert await everything(store) == []


async def test_a_commit_whose_outcome_stays_unknown_is_told(
    store: MongoStore, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "TRIES", 3)
    await fill(store, doc(int32(1)))
    await stage("commitTransaction", times=50, errorCode=50, errorLabels=["UnknownTransactionCommitResult"])
    with pytest.raises(Unreachable):
        await store.change(NAME, [int32(1)], to({int32(1): None}))


@pytest.mark.rule(1, "a WriteConflict repeats the batch")
@pytest.mark.parametrize("failure", [{"errorCode": 112}, {"closeConnection": True}])
async def test_a_transaction_that_is_lost_before_its_commit_is_repeated(
    store: MongoStore, stage: Stage, failure: dict[str, object]
) -> None:
    await fill(store, doc(int32(1)))
    decide, calls = disturbed(to({int32(1): doc(int32(1), n=int32(2))}))
    labels = {} if "closeConnection" in failure else {"errorLabels": ["TransientTransactionError"]}
    await stage("update", times=2, **failure, **labels)
    result = await store.change(NAME, [int32(1)], decide)
    assert result.changed
    assert len(calls) == 3
    assert await everything(store) == [doc(int32(1), n=int32(2))]


async def test_one_who_is_always_overtaken_gives_up(
    mongodb_url: str, store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "TRIES", 3)
    await fill(store, doc(int32(1)))
    stranger = MongoStore(mongodb_url, (await store.identity()).database)
    times = Counter[str]()

    async def overtaken(ids: Sequence[RawId], seen: Mapping[Key, bytes]) -> list[Change]:
        times["seen"] += 1
        await stranger.change(NAME, [int32(1)], to({int32(1): doc(int32(1), n=int32(times["seen"]))}))
        return [Change(int32(1), seen[order_key(int32(1))], None)]

    with pytest.raises(Unreachable, match="others keep changing"):
        await store.change(NAME, [int32(1)], overtaken)
    assert times["seen"] == 3
    await stranger.close()


@pytest.mark.rule(10, "where it exists")
async def test_a_server_that_does_not_know_an_option_is_not_sent_it_again(store: MongoStore, stage: Stage) -> None:
    await fill(store, doc(int32(1)))
    before = store.capabilities
    await stage("insert", errorCode=40415)
    await fill(store, doc(int32(2)))
    assert before.keeps_empty_timestamps > store.capabilities.keeps_empty_timestamps
    assert (await store.change(NAME, [int32(1)], to({int32(1): None}))).changed


@pytest.mark.rule(1, "what a standalone server cannot compare is refused, not written")
async def test_a_standalone_server_tells_what_it_cannot_compare(
    mongodb_standalone_url: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MongoStore(mongodb_standalone_url, database)
    await fill(store, doc(int32(1), n=double(float("nan"))), doc(int32(2)))
    monkeypatch.setattr(standalone, "_STATEMENT_OVERHEAD", 500 - 16 * 1024 * 1024)
    wanted: dict[RawId, bytes | None] = {int32(1): None, int32(2): doc(int32(2), n=text("x" * 500))}
    result = await store.change(NAME, list(wanted), to(wanted))
    left = await everything(store)
    await store.close()
    assert result.refused[order_key(int32(2))].code == 10334
    not_a_number = order_key(int32(1))
    assert (not_a_number in result.changed) != (not_a_number in result.refused)
    assert len(left) == 2 - len(result.changed)
