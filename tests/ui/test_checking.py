import asyncio
from dataclasses import replace
from itertools import groupby

import pytest

from tests.ui.new_scene import Shop, shop
from tests.waiting import waiting_less_than
from tui_migrate.findings import Severity
from tui_migrate.plan.build import PlanRequest
from tui_migrate.plan.model import PackageEnd, Policy, RunKind, StoreEnd
from tui_migrate.ui.checking import Checked, check
from tui_migrate.ui.draft import Step, to_request, with_policy
from tui_migrate.ui.look import LookState

__all__ = ["shop"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def request(shop: Shop, *names: str, policy: Policy = Policy.FAIL, target: StoreEnd | None = None) -> PlanRequest:
    return to_request(with_policy(shop.ready(*names, step=Step.PREFLIGHT, target=target), policy))


async def checks(shop: Shop, wanted: PlanRequest) -> list[Checked]:
    told: list[Checked] = []
    await check(wanted, shop.opening, told.append)
    return told


async def test_under_fail_documents_are_read_and_the_plan_is_there_before(shop: Shop) -> None:
    told = await checks(shop, request(shop, "orders", "users"))
    assert [state for state, _ in groupby(one.state for one in told)] == [
        LookState.CONNECTING,
        LookState.READING,
        LookState.DONE,
    ]
    assert [is_there for is_there, _ in groupby(one.plan is not None for one in told)] == [False, True]
    (error,) = told[-1].of(Severity.ERROR)
    assert (error.code, error.count) == ("conflict", 5)
    assert told[-1].request == request(shop, "orders", "users")


async def test_under_overwrite_no_document_is_read(shop: Shop) -> None:
    told = await checks(shop, request(shop, "orders", "users", policy=Policy.OVERWRITE))
    assert {one.state for one in told} == {LookState.CONNECTING, LookState.DONE}
    assert {one.code for one in told[-1].findings} == {"latency"}
    assert told[-1].plan is not None
    assert [one.name for one in told[-1].plan.collections] == ["orders", "users"]


async def test_the_worst_comes_first(shop: Shop) -> None:
    shop.source_db[shop.database]["a"].create_index("x", name="x")
    shop.target_db[shop.database]["a"].create_index("y", name="x")
    shop.source_db[shop.database]["users"].rename("b")
    shop.target_db[shop.database].command({"create": "b", "viewOn": "users", "pipeline": []})
    last = (await checks(shop, request(shop, "a", "b", policy=Policy.SKIP)))[-1]
    found = [one.severity for one in last.findings]
    assert found[0] is Severity.ERROR
    assert set(found[1:]) == {Severity.WARNING, Severity.NOTE}
    assert found == sorted(found, key=list(Severity).index)
    assert last.state is LookState.DONE


async def test_findings_are_told_of_as_they_come(shop: Shop) -> None:
    told = await checks(shop, request(shop, "orders", "users"))
    counts = [len(one.findings) for one in told]
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    before = next(one for one in told if one.state is LookState.READING)
    assert {one.code for one in before.findings} == {"latency"}


async def test_a_package_with_a_fault_is_found_out(shop: Shop, tmp_path: object) -> None:
    wanted = replace(request(shop, "users"), source=PackageEnd(f"{tmp_path}/none"), kind=RunKind.IMPORT)
    last = (await checks(shop, wanted))[-1]
    assert last.state is LookState.FAILED
    assert last.fault is not None
    assert last.fault.message


async def test_a_place_that_is_taken_is_an_error_of_an_export(shop: Shop, tmp_path: object) -> None:
    wanted = replace(request(shop, "users"), target=PackageEnd(str(tmp_path)), kind=RunKind.EXPORT)
    last = (await checks(shop, wanted))[-1]
    assert len(last.of(Severity.ERROR)) == 1


async def test_a_dead_server_is_a_fault_and_no_plan(shop: Shop) -> None:
    dead = StoreEnd("shop", url="mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200")
    last = (await checks(shop, request(shop, "users", target=dead)))[-1]
    assert last.state is LookState.FAILED
    assert last.fault is not None


async def test_cancelling_ends_everything(shop: Shop, silent_url: str) -> None:
    begun = asyncio.Event()
    before = asyncio.all_tasks()
    work = asyncio.create_task(
        check(request(shop, "users", target=StoreEnd("shop", url=silent_url)), shop.opening, lambda one: begun.set())
    )
    await begun.wait()
    async with asyncio.timeout(60):
        while not asyncio.all_tasks() - before - {work}:
            await asyncio.sleep(0.01)
        work.cancel()
        with waiting_less_than(8):
            with pytest.raises(asyncio.CancelledError):
                await work
            while asyncio.all_tasks() - before:
                await asyncio.sleep(0.01)
