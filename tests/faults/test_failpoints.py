"""What a server answers that can pass is tried again until it has passed; what cannot is not tried twice."""

from itertools import product

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from tests.engine.scene import Ended, create, documents, put, same
from tests.engine.servers import Pair
from tests.faults.scene import SMALL, filled, planned, prove_undisturbed, retries
from tests.stores.mongodb.conftest import Stage
from tests.suites.documents import doc, options
from tests.suites.ids import int32
from tui_migrate.documents import RawId
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy, Verify
from tui_migrate.stores.mongodb import changing
from tui_migrate.worker import launch

pytestmark = pytest.mark.slow

NOT_PRIMARY = 10107
STEPPED_DOWN = 189
STATE_CHANGE = 11602
CURSOR_NOT_FOUND = 43
HOST_UNREACHABLE = 6
TIME_LIMIT = 262
WRITE_CONFLICT = 112
THROTTLED = 462
THROTTLED_BY_COSMOS = 16500

PASSING = (
    NOT_PRIMARY,
    STEPPED_DOWN,
    STATE_CHANGE,
    CURSOR_NOT_FOUND,
    HOST_UNREACHABLE,
    TIME_LIMIT,
    WRITE_CONFLICT,
    THROTTLED,
    THROTTLED_BY_COSMOS,
)
OF_SOURCE = ("find", "getMore", "listCollections", "listIndexes")
OF_TARGET = ("find", "getMore", "insert", "update", "commitTransaction", "create", "createIndexes")

UNAUTHORISED, BAD_VALUE, NAMESPACE_NOT_FOUND, ILLEGAL = 13, 2, 26, 20

SOME_OF_SOURCE = [
    ("find", NOT_PRIMARY, 1, 0),
    ("find", THROTTLED, 3, 1),
    ("getMore", CURSOR_NOT_FOUND, 1, 1),
    ("getMore", STEPPED_DOWN, 1, 0),
    ("listCollections", HOST_UNREACHABLE, 1, 1),
    ("listIndexes", HOST_UNREACHABLE, 1, 3),
]
SOME_OF_TARGET = [
    ("find", TIME_LIMIT, 1, 2),
    ("getMore", CURSOR_NOT_FOUND, 2, 0),
    ("insert", STATE_CHANGE, 1, 1),
    ("insert", THROTTLED_BY_COSMOS, 3, 0),
    ("update", WRITE_CONFLICT, 3, 0),
    ("update", HOST_UNREACHABLE, 1, 0),
    ("commitTransaction", WRITE_CONFLICT, 1, 0),
    ("commitTransaction", THROTTLED_BY_COSMOS, 2, 0),
    ("createIndexes", THROTTLED, 1, 0),
]


async def prove_passing(ends: Pair, stage: Stage, command: str, skip: int, times: int, **fault: object) -> Ended:
    """Let a command fail a few times: the copy ends as if it had not, and its log tells of each try."""
    wanted = await filled(ends)
    run_id = await planned(ends)
    await stage(command, times=times, skip=skip, **fault)
    ended = await ends.work(run_id)
    await stage(command, times=1, skip=100_000)
    assert ended.record.attempt == 1
    await prove_undisturbed(ends, wanted, ended)
    return ended


def is_left_to_the_driver(command: str, code: int) -> bool:
    """The driver asks a second time for a commit that it may ask for again, before anybody hears of it."""
    return command == "commitTransaction" and code not in (WRITE_CONFLICT, THROTTLED_BY_COSMOS)


@pytest.mark.parametrize(("command", "code", "times", "skip"), SOME_OF_SOURCE)
async def test_what_can_pass_at_the_source_is_tried_again(
    failing_source: Pair, stage: Stage, command: str, code: int, times: int, skip: int
) -> None:
    ended = await prove_passing(failing_source, stage, command, skip, times, errorCode=code)
    assert len(await retries(failing_source, ended.record.id)) >= times


@pytest.mark.parametrize(("command", "code", "times", "skip"), SOME_OF_TARGET)
async def test_what_can_pass_at_the_target_is_tried_again(
    failing_target: Pair, stage: Stage, command: str, code: int, times: int, skip: int
) -> None:
    ended = await prove_passing(failing_target, stage, command, skip, times, errorCode=code)
    assert len(await retries(failing_target, ended.record.id)) >= times


@pytest.mark.crash_full
@pytest.mark.parametrize(("command", "code", "times"), product(OF_SOURCE, PASSING, (1, 3)))
async def test_all_that_can_pass_at_the_source(
    failing_source: Pair, stage: Stage, command: str, code: int, times: int
) -> None:
    ended = await prove_passing(failing_source, stage, command, 1, times, errorCode=code)
    # Several collections are asked about at once: one try may meet several failures.
    assert len(await retries(failing_source, ended.record.id)) >= (1 if command == "listIndexes" else times)


@pytest.mark.crash_full
@pytest.mark.parametrize(("command", "code", "times"), product(OF_TARGET, PASSING, (1, 3)))
async def test_all_that_can_pass_at_the_target(
    failing_target: Pair, stage: Stage, command: str, code: int, times: int
) -> None:
    ended = await prove_passing(failing_target, stage, command, 0, times, errorCode=code)
    if not is_left_to_the_driver(command, code):
        assert len(await retries(failing_target, ended.record.id)) >= times


@pytest.mark.parametrize("command", ["find", "getMore"])
async def test_a_line_that_the_source_drops_is_made_anew(failing_source: Pair, stage: Stage, command: str) -> None:
    await prove_passing(failing_source, stage, command, 1, 1, closeConnection=True)


@pytest.mark.parametrize("command", ["insert", "update", "commitTransaction"])
async def test_a_line_that_the_target_drops_is_made_anew(failing_target: Pair, stage: Stage, command: str) -> None:
    await prove_passing(failing_target, stage, command, 0, 1, closeConnection=True)


async def test_a_server_that_takes_its_time_is_waited_for(failing_target: Pair, stage: Stage) -> None:
    ended = await prove_passing(failing_target, stage, "insert", 0, 2, blockConnection=True, blockTimeMS=300)
    assert await retries(failing_target, ended.record.id) == []


async def test_a_write_that_no_majority_confirms_is_looked_at_again(failing_target: Pair, stage: Stage) -> None:
    unconfirmed = {"code": 64, "errmsg": "waiting for replication timed out"}
    ended = await prove_passing(failing_target, stage, "insert", 0, 1, writeConcernError=unconfirmed)
    assert ended.counts.assumed_ours > 0


async def test_a_lost_cursor_is_read_on_behind_its_last_document_and_nothing_is_written_twice(
    failing_source: Pair, stage: Stage
) -> None:
    ended = await prove_passing(failing_source, stage, "getMore", 1, 1, errorCode=CURSOR_NOT_FOUND)
    (told,) = await retries(failing_source, ended.record.id)
    assert "has lost a cursor; reading on behind its last document" in told
    assert ended.counts.assumed_ours == 0


async def test_a_capped_source_that_loses_its_cursor_is_copied_anew_and_whole(
    failing_source: Pair, stage: Stage
) -> None:
    ends = failing_source
    await create(ends.source, "things", options=options(capped=RawId(b"\x08\x01"), size=int32(100_000)))
    await put(ends.source, *(doc(int32(number), n=int32(number)) for number in range(5 * SMALL)))
    before = await ends.look()
    run_id = await planned(ends)
    await stage("getMore", times=1, skip=1, errorCode=CURSOR_NOT_FOUND)
    ended = await ends.work(run_id)
    assert ended.exit_code == 0
    assert ended.codes <= {"assumed_ours"}
    assert await retries(ends, run_id)
    assert await documents(ends.target) == await documents(ends.source)
    assert (await ends.roll_back(run_id)).exit_code == 0
    assert await ends.look() == before


@pytest.mark.parametrize("command", ["delete", "update", "drop", "renameCollection", "commitTransaction"])
async def test_what_can_pass_during_a_rollback_is_tried_again(failing_target: Pair, stage: Stage, command: str) -> None:
    wanted = await filled(failing_target)
    ended = await failing_target.work(await planned(failing_target))
    rollback = await launch.create_rollback(failing_target.home, ended.record.id)
    await stage(command, times=2, errorCode=THROTTLED_BY_COSMOS)
    undone = await failing_target.work(rollback)
    assert (undone.exit_code, undone.record.findings) == (0, ())
    assert await failing_target.look() == wanted.before
    assert len(await retries(failing_target, rollback)) >= 2
    assert (undone.counts.deleted, undone.counts.restored) == (ended.counts.inserted, ended.counts.replaced)


async def test_what_does_not_pass_is_given_up_and_the_run_can_be_resumed(failing_target: Pair, stage: Stage) -> None:
    wanted = await filled(failing_target)
    run_id = await planned(failing_target)
    await stage("insert", times=1_000, skip=2, errorCode=HOST_UNREACHABLE)
    ended = await failing_target.work(run_id)
    assert (ended.exit_code, ended.record.state) == (5, RunState.INTERRUPTED)
    assert ended.record.failure is not None
    assert "given up after 8 tries: 127.0.0.1" in ended.record.failure.message
    assert ended.record.failure.hint == f"tui-migrate resume {run_id}"
    assert len(await retries(failing_target, run_id)) == 8
    await stage("insert", times=1, skip=100_000)
    await prove_undisturbed(failing_target, wanted, await failing_target.work(run_id), rolls_back=True)


async def test_a_change_that_is_always_overtaken_is_given_up_too(
    failing_target: Pair, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "TRIES", 3)
    wanted = await filled(failing_target)
    run_id = await planned(failing_target)
    await stage("update", times=1_000, errorCode=WRITE_CONFLICT)
    ended = await failing_target.work(run_id)
    assert (ended.exit_code, ended.record.state) == (5, RunState.INTERRUPTED)
    told = await retries(failing_target, run_id)
    assert len([one for one in told if "decided anew" in one]) == 2 * 9
    await stage("update", times=1, skip=100_000)
    await prove_undisturbed(failing_target, wanted, await failing_target.work(run_id))


async def test_a_count_that_takes_too_long_is_made_again(failing_target: Pair, stage: Stage) -> None:
    wanted = await filled(failing_target)
    plan = await failing_target.plan(Policy.OVERWRITE, batch=SMALL, verify=Verify.COUNT)
    await stage("aggregate", times=2, errorCode=TIME_LIMIT)
    ended = await failing_target.run(plan)
    assert ended.codes == {"id_type_differs", "options_differ", "not_verified"}
    assert same(await failing_target.look(), wanted.after)
    assert len(await retries(failing_target, ended.record.id)) == 2


FINAL_AT_SOURCE = [
    ("find", UNAUTHORISED, 0, 4),
    ("getMore", UNAUTHORISED, 1, 4),
    ("find", BAD_VALUE, 1, 1),
    ("listCollections", NAMESPACE_NOT_FOUND, 1, 4),
]
FINAL_AT_TARGET = [
    ("insert", UNAUTHORISED, 1, 4),
    ("insert", NAMESPACE_NOT_FOUND, 0, 4),
    ("update", UNAUTHORISED, 0, 4),
    ("update", ILLEGAL, 0, 4),
    ("commitTransaction", ILLEGAL, 0, 4),
    ("create", UNAUTHORISED, 0, 4),
]


@pytest.mark.parametrize(("command", "code", "skip", "exit_code"), FINAL_AT_SOURCE)
async def test_what_cannot_pass_at_the_source_is_not_tried_again(
    failing_source: Pair, mongodb_url: str, stage: Stage, command: str, code: int, skip: int, exit_code: int
) -> None:
    await prove_final(failing_source, mongodb_url, stage, command, code, skip, exit_code)


@pytest.mark.parametrize(("command", "code", "skip", "exit_code"), FINAL_AT_TARGET)
async def test_what_cannot_pass_at_the_target_is_not_tried_again(
    failing_target: Pair, mongodb_url: str, stage: Stage, command: str, code: int, skip: int, exit_code: int
) -> None:
    await prove_final(failing_target, mongodb_url, stage, command, code, skip, exit_code)


async def prove_final(ends: Pair, url: str, stage: Stage, command: str, code: int, skip: int, exit_code: int) -> None:
    """Let a command fail twice: the run ends with the first, and the second is left for whoever comes next."""
    wanted = await filled(ends)
    run_id = await planned(ends)
    await stage(command, times=2, skip=skip, errorCode=code)
    ended = await ends.work(run_id)
    assert (ended.exit_code, ended.record.state) == (exit_code, RunState.FAILED)
    assert ended.record.failure is not None
    assert ended.record.failure.hint
    assert await retries(ends, run_id) == []
    assert failures_left(url, command) == 1
    await prove_undisturbed(ends, wanted, await ends.work(run_id), rolls_back=command == "commitTransaction")


def failures_left(url: str, command: str) -> int:
    """Use up what is left of a failpoint, and say how much it was."""
    client: MongoClient[dict[str, object]] = MongoClient(url, retryReads=False, retryWrites=False)
    left = 0
    try:
        while _meets_failpoint(client, command):
            left += 1
    finally:
        client.close()
    return left


def _meets_failpoint(client: "MongoClient[dict[str, object]]", command: str) -> bool:
    try:
        client.test.command({command: 1})
    except OperationFailure as error:
        return "failCommand" in str(error)
    return False
