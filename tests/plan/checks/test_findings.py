"""What single checks say beyond that they say something."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import bson
import pytest

from tests.plan.checks.ground import FOR_PEOPLE, Altered, Ground
from tui_migrate.errors import Unreachable
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.states import RunState
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.plan import ends, preflight
from tui_migrate.plan.checks import running
from tui_migrate.plan.checks.look import Circumstances, Look, note
from tui_migrate.plan.checks.registry import Check, Phase
from tui_migrate.plan.checks.validators import MOST
from tui_migrate.plan.model import PlannedCollection, Policy, StoreEnd
from tui_migrate.stores.mongodb import MongoStore, probing
from tui_migrate.stores.probe import Pulse, probe_of
from tui_migrate.stores.readonly import ReadOnly


@pytest.mark.parametrize(("seconds", "severity"), [(0.249, Severity.NOTE), (0.251, Severity.WARNING)])
async def test_a_distant_server_is_warned_about(ground: Ground, seconds: float, severity: Severity) -> None:
    found = [one for one in await ground.altered(pulse=Pulse(seconds)) if one.subject == "target"]
    assert [(one.code, one.severity) for one in found] == [("latency", severity)]
    assert f"{seconds * 1000:.0f} ms" in found[0].message


async def test_a_server_is_measured_and_tells_its_time(ground: Ground) -> None:
    probe = probe_of(ReadOnly(ground.pair.source))
    assert probe is not None
    pulse = await probe.pulse()
    assert 0 < pulse.seconds < 5
    assert pulse.ahead is not None
    assert abs(pulse.ahead) < 5


async def unique(ground: Ground, policy: Policy = Policy.OVERWRITE) -> list[tuple[str, int]]:
    found = await ground.checked(policy=policy)
    return [(one.subject, one.count) for one in found if one.code == "unique_clash"]


async def test_values_that_swap_places_do_not_clash(ground: Ground) -> None:
    ground.source["things"].insert_one({"_id": 2, "n": 2})
    ground.target["things"].create_index("n", unique=True)
    ground.target["things"].insert_many([{"_id": 1, "n": 2}, {"_id": 2, "n": 1}])
    assert await unique(ground, policy=Policy.OVERWRITE) == []
    assert await unique(ground, policy=Policy.SKIP) == []


async def test_values_that_only_the_target_keeps_unique_are_compared_within_the_source(ground: Ground) -> None:
    ground.source["things"].insert_many([{"_id": 2, "n": 1}, {"_id": 3}, {"_id": 4}, {"_id": 5, "n": [1, 7]}])
    ground.target["things"].create_index("n", unique=True)
    assert await unique(ground) == [("things.n_1", 3)]


async def test_a_sparse_index_leaves_out_what_has_no_value(ground: Ground) -> None:
    ground.source["things"].insert_many([{"_id": 3}, {"_id": 4}])
    ground.target["things"].create_index("n", unique=True, sparse=True)
    assert await unique(ground) == []


async def test_an_index_on_two_fields_compares_both(ground: Ground) -> None:
    ground.source["things"].insert_one({"_id": 2, "n": 1, "m": 2})
    ground.target["things"].create_index([("n", 1), ("m", 1)], unique=True)
    ground.target["things"].insert_many([{"_id": 8, "n": 1, "m": 3}, {"_id": 9, "n": 2, "m": 2}])
    assert await unique(ground) == []
    ground.target["things"].insert_one({"_id": 7, "n": 1, "m": 2})
    assert await unique(ground) == [("things.n_1_m_1", 1)]


async def test_what_a_validator_refuses_is_named_unless_it_would_not_be_written(ground: Ground) -> None:
    ground.source["things"].insert_many({"_id": one} for one in range(2, 6))
    ground.target.command({"create": "things", "validator": {"n": {"$exists": True}}, "validationAction": "warn"})
    ground.target["things"].insert_one({"_id": 2})
    ground.target.command({"collMod": "things", "validationAction": "error"})
    (found,) = [one for one in await ground.checked() if one.code == "validator_rejects"]
    assert (found.count, found.message) == (
        3,
        "3 documents do not meet the target's validator, such as _id 3, 4, 5",
    )


RENAMED = Rename("things", "goods")


async def scoped(ground: Ground, scope: Scope, about: Circumstances = FOR_PEOPLE, **given: Any) -> tuple[Finding, ...]:
    plan = replace(await ground.plan(**given), collections=(PlannedCollection("goods"),), scope=scope)
    catalog = "name: shop\ntitle: A shop\ncollections: {things: {sensitive: [{field: m, redaction: drop}]}}\n"
    plan = replace(plan, catalog=catalog)
    source = ends.open_planned_source(plan, ground.pair.home, {})
    try:
        return await ground.check(plan, source=source, about=about)
    finally:
        await source.close()


@pytest.mark.parametrize(("query", "said"), [("", "3 documents"), ('{"_id": {"$gt": 3}}', "2 documents")])
async def test_a_validator_is_tried_on_what_is_meant_of_a_source(ground: Ground, query: str, said: str) -> None:
    ground.source["things"].insert_many({"_id": one} for one in range(2, 5))
    ground.source["things"].insert_one({"_id": 9, "n": 1})
    ground.source["things"].insert_one({"_id": 10})
    ground.target.command({"create": "goods", "validator": {"n": {"$exists": True}}})
    filters = (Filter("things", query or '{"_id": {"$lt": 10}}'),)
    found = await scoped(ground, Scope(renames=(RENAMED,), filters=filters))
    (rejects,) = [one for one in found if one.code == "validator_rejects"]
    assert rejects.message.startswith(said)
    assert not [one for one in found if one.code == "validator_untried"]


async def test_few_documents_that_are_meant_are_found_among_many_that_fail(ground: Ground) -> None:
    ground.source["things"].insert_many({"_id": one} for one in range(2, 3 * MOST))
    ground.target.command({"create": "goods", "validator": {"n": {"$exists": True}}})
    scope = Scope(renames=(RENAMED,), filters=(Filter("things", f'{{"_id": {3 * MOST - 1}}}'),))
    (found,) = [one for one in await scoped(ground, scope) if one.code == "validator_rejects"]
    assert (found.count, found.subject) == (1, "goods")


async def test_a_validator_is_not_tried_on_documents_that_are_changed(ground: Ground) -> None:
    ground.target.command({"create": "goods", "validator": {"m": {"$exists": True}}})
    found = await scoped(ground, Scope(renames=(RENAMED,), redact=True, redaction_key="ab" * 32))
    (untried,) = [one for one in found if one.code.startswith("validator")]
    assert (untried.code, untried.severity) == ("validator_untried", Severity.NOTE)
    assert "changed on their way" in untried.message


async def test_both_ends_are_measured_whatever_is_meant_of_the_source(ground: Ground) -> None:
    found = await scoped(ground, Scope(renames=(RENAMED,)))
    assert [one.subject for one in found if one.code == "latency"] == ["source", "target"]


@pytest.mark.parametrize("query", ["", '{"_id": {"$lt": 12}}'])
async def test_a_quick_look_takes_a_sample_only_of_what_is_meant_whole(ground: Ground, query: str) -> None:
    ground.source["things"].insert_many({"_id": one} for one in range(2, 30))
    ground.target["goods"].insert_many({"_id": one, "other": 1} for one in range(2, 30))
    scope = Scope(renames=(RENAMED,), filters=(Filter("things", query),) if query else ())
    found = await scoped(ground, scope, replace(FOR_PEOPLE, sample=5), policy=Policy.FAIL)
    (conflict,) = [one for one in found if one.code == "conflict"]
    assert ("10 documents differ" in conflict.message, "95 %" in conflict.message) == (bool(query), not query)


async def test_a_validator_that_the_source_does_not_understand_is_a_note(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(store: MongoStore, collection: str, validator: bytes, limit: int) -> AsyncGenerator[bytes]:
        return probing.failing(store._link, collection, bson.encode({"n": {"$nonsense": 1}}), limit)

    monkeypatch.setattr(MongoStore, "failing", failing)
    ground.target.command({"create": "things", "validator": {"n": {"$exists": True}}})
    (found,) = [one for one in await ground.checked() if one.code == "validator_untried"]
    assert found.severity is Severity.NOTE
    assert "nonsense" in found.message


async def test_what_needs_no_end_is_told_before_the_end_that_is_gone(ground: Ground) -> None:
    plan = replace(await ground.plan(), collections=(PlannedCollection("system.js"),))
    gone = MongoStore("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100", "shop")
    told = []

    async def listen() -> None:
        async with aclosing(
            preflight.as_they_come(plan, ground.pair.source, ReadOnly(gone), Circumstances())
        ) as coming:
            async for one in coming:
                if isinstance(one, preflight.Told):
                    told.append(one.finding.code)

    try:
        with pytest.raises(Unreachable):
            await listen()
    finally:
        await gone.close()
    assert told == ["reserved_collection"]


@pytest.mark.slow
async def test_the_worker_of_a_strict_plan_refuses_what_is_warned_about(ground: Ground) -> None:
    ground.source["things"].create_index("n", name="x")
    ground.target["things"].create_index("m", name="x")
    ended = await ground.pair.run(await ground.plan(strict=True))
    assert (ended.exit_code, ended.record.state, ended.record.writes_begun) == (4, RunState.FAILED, False)
    assert "defined otherwise" in (ended.record.failure.message if ended.record.failure else "")


def scripted(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    monkeypatch.setattr(running, "CHECKS", checks)


async def test_findings_come_as_they_are_found_and_end_in_order(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_is_told, at_work, most = asyncio.Event(), 0, 0

    async def slow(seen: Look) -> AsyncIterator[Finding]:
        await second_is_told.wait()
        yield note("slow", "b", "")
        yield note("slow", "a", "")

    async def quick(seen: Look) -> AsyncIterator[Finding]:
        yield note("quick", "z", "")
        second_is_told.set()

    async def counted(seen: Look) -> AsyncIterator[Finding]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        at_work -= 1
        yield note("counted", "", "")

    ends = Phase.ENDS
    scripted(
        monkeypatch,
        Check("slow", ends, {}, slow),
        Check("quick", ends, {}, quick),
        *(Check("counted", Phase.DOCUMENTS, {}, counted) for _ in range(9)),
    )
    plan, told = await ground.plan(), []
    async with aclosing(
        preflight.as_they_come(plan, ground.pair.source, ReadOnly(ground.pair.target), Circumstances())
    ) as coming:
        async for one in coming:
            if isinstance(one, preflight.Told):
                told.append(one)
    assert [one.finding.code for one in told][:3] == ["quick", "slow", "slow"]
    assert [one.subject for one in preflight.in_order(told)][:3] == ["a", "b", "z"]
    assert most == running.AT_ONCE


async def test_who_stops_listening_ends_the_checks(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()

    async def endless(seen: Look) -> AsyncIterator[Finding]:
        try:
            yield note("begun", "", "")
            await asyncio.Event().wait()
        finally:
            ended.set()

    scripted(monkeypatch, Check("endless", Phase.PLAN, {}, endless))
    coming = preflight.as_they_come(await ground.plan(), ground.pair.source, None, Circumstances())
    async for one in coming:
        if isinstance(one, preflight.Told):
            break
    await coming.aclose()
    assert ended.is_set()


async def test_a_target_s_environment_is_for_people(ground: Ground) -> None:
    plan = await ground.plan()
    assert isinstance(plan.target, StoreEnd)
    assert [one.code for one in await ground.check(plan)] == []
    found = await ground.check(plan, target=Altered(ground.pair.target), about=FOR_PEOPLE)
    assert [one.code for one in found] == ["latency", "latency", "target_production"]


async def test_the_worker_leaves_out_what_a_face_has_read_unless_warnings_count(ground: Ground) -> None:
    ground.target["things"].create_index("n", unique=True)
    ground.target["things"].insert_one({"_id": 2, "n": 1})
    again = Circumstances(is_again=True)
    assert [one.code for one in await ground.checked(about=again)] == []
    assert [one.code for one in await ground.checked(about=again, strict=True)] == ["unique_clash"]
