import asyncio
import socket
import threading
from dataclasses import replace

import pytest

from tests.ui.new_scene import Shop, shop
from tests.waiting import waiting_less_than
from tui_migrate.plan.model import PackageEnd, Policy, StoreEnd
from tui_migrate.ui.consequences import SAMPLE_DOCUMENTS, Count, Question, Sample, count
from tui_migrate.ui.draft import Step, to_request, with_policy
from tui_migrate.ui.look import LookState

__all__ = ["shop"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


async def counted(shop: Shop, *names: str, exact: bool = False, policy: Policy = Policy.FAIL) -> list[Count]:
    told: list[Count] = []
    draft = with_policy(shop.ready(*names, step=Step.POLICY), policy)
    await count(to_request(draft), shop.opening, told.append, exact=exact)
    return told


async def test_by_ids_it_is_counted_what_is_there_and_a_sample_guesses_what_differs(shop: Shop) -> None:
    told = await counted(shop, "orders", "users")
    assert [told[0].state, told[-1].state] == [LookState.CONNECTING, LookState.DONE]
    last = told[-1]
    assert not last.exact
    assert last.expected == 2
    assert (last.total.documents, last.total.insert, last.total.present) == (50, 35, 15)
    assert last.sample == Sample(15, 5)
    assert next(one for one in told if one.expected).state is LookState.READING


@pytest.mark.parametrize("policy", Policy)
async def test_exactly_the_policy_does_not_matter_to_what_differs(shop: Shop, policy: Policy) -> None:
    last = (await counted(shop, "orders", "users", exact=True, policy=policy))[-1]
    total = last.total
    assert last.exact
    assert (total.insert, total.replace, total.unchanged, total.present) == (35, 5, 10, 15)
    assert last.sample == Sample()


async def test_a_sample_is_bounded_and_spread_over_the_collections(shop: Shop) -> None:
    for name in ("big", "wide"):
        for client, extra in ((shop.source_db, 0), (shop.target_db, 1)):
            client[shop.database][name].insert_many({"_id": number, "a": extra} for number in range(400))
    last = (await counted(shop, "big", "wide"))[-1]
    assert last.sample == Sample(SAMPLE_DOCUMENTS, SAMPLE_DOCUMENTS)
    assert last.total.present == 800


async def test_views_are_not_counted(shop: Shop) -> None:
    shop.source_db[shop.database].command({"create": "grown", "viewOn": "users", "pipeline": []})
    last = (await counted(shop, "grown"))[-1]
    assert (last.state, last.expected, last.found) == (LookState.DONE, 0, ())


async def test_a_package_has_nothing_in_it_yet(shop: Shop) -> None:
    draft = shop.ready("users", step=Step.POLICY)
    told: list[Count] = []
    package = PackageEnd("/nowhere")
    request = to_request(draft)
    await count(replace(request, target=package), shop.opening, told.append, exact=False)
    assert (told[-1].total.insert, told[-1].total.present) == (30, 0)
    assert told[-1].question == Question(request.source, package, ("users",))


async def test_a_collection_that_is_gone_is_a_fault(shop: Shop) -> None:
    last = (await counted(shop, "gone"))[-1]
    assert last.state is LookState.FAILED
    assert last.fault is not None
    assert "has no collection gone" in last.fault.message


async def test_a_dead_server_is_a_fault(shop: Shop) -> None:
    dead = StoreEnd("shop", url="mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200")
    told: list[Count] = []
    request = to_request(shop.ready("users", step=Step.POLICY, target=dead))
    await count(request, shop.opening, told.append, exact=True)
    assert told[-1].state is LookState.FAILED
    assert told[-1].fault is not None


async def test_cancelling_leaves_neither_a_connection_nor_a_thread(shop: Shop) -> None:
    before = set(threading.enumerate())
    told: list[Count] = []
    others = asyncio.all_tasks()
    with socket.create_server(("127.0.0.1", 0)) as listening:  # which takes connections and never says a word
        listening.setblocking(False)
        silent = StoreEnd("shop", url=f"mongodb://127.0.0.1:{listening.getsockname()[1]}/shop")
        request = to_request(shop.ready("users", step=Step.POLICY, target=silent))
        work = asyncio.create_task(count(request, shop.opening, told.append, exact=True))
        async with asyncio.timeout(60):
            taken, _ = await asyncio.get_running_loop().sock_accept(listening)
        with taken, waiting_less_than(8):
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work
            while asyncio.all_tasks() - others:
                await asyncio.sleep(0.01)
    assert told[-1].state.is_pending
    left = set(threading.enumerate()) - before
    assert all(one.name.startswith("asyncio_") for one in left), left
