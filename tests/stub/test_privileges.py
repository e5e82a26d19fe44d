"""The check for the privilege that a rollback needs, against what a MongoDB server answers of its users."""

import pytest

from tests.engine.scene import put
from tests.stub.server import Document, StubServer, cursor, failed
from tests.suites.change_cases import to
from tests.suites.documents import doc
from tests.suites.ids import int32
from tui_migrate.errors import NotAuthorised, TuiMigrateError, Unreachable
from tui_migrate.findings import Severity
from tui_migrate.plan import preflight
from tui_migrate.plan.model import Plan, PlannedCollection, Policy, RunKind, StoreEnd
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.stores.permissions import Action
from tui_migrate.stores.readonly import ReadOnly

HAS_N = {"validator": {"n": {"$exists": True}}}
READ_WRITE = ["find", "insert", "update", "remove"]
BYPASS = "bypassDocumentValidation"


def may(*actions: str, **resource: object) -> Document:
    """The answer to a user of these privileges."""
    info = {
        "authenticatedUsers": [{"user": "ann", "db": "admin"}],
        "authenticatedUserRoles": [{"role": "readWrite", "db": "shop"}],
        "authenticatedUserPrivileges": [{"resource": resource, "actions": list(actions)}],
    }
    return {"authInfo": info, "ok": 1.0}


def holding(stub: StubServer, **options: Document) -> None:
    """Let the stub have collections, by name and options."""
    stub.answers["listCollections"] = lambda _: cursor(
        *({"name": name, "type": "collection", "options": one} for name, one in options.items())
    )
    stub.answers["listIndexes"] = lambda _: cursor({"v": 2, "key": {"_id": 1}, "name": "_id_"})
    stub.answers["collStats"] = lambda _: {"count": 0, "size": 0, "ok": 1.0}


async def checked(store: MongoStore, *names: str) -> list[tuple[Severity, str, str]]:
    """Check a plan that replaces documents of these collections."""
    source = MemoryStore("", "shop")
    source._collections = {}
    for name in names:
        await put(source, doc(int32(1), n=int32(1)), name=name)
    ends = StoreEnd("shop", url="memory:one"), StoreEnd("shop", url="memory:two")
    plan = Plan(RunKind.COPY, *ends, tuple(map(PlannedCollection, names)), policy=Policy.OVERWRITE)
    found = await preflight.check(plan, source, ReadOnly(store))
    return [(one.severity, one.code, one.subject) for one in found if one.code == "validation_bypass"]


@pytest.mark.rule(20, "the privilege checked in preflight")
@pytest.mark.parametrize(
    ("answer", "severity"),
    [
        (may(*READ_WRITE, db="shop", collection=""), Severity.ERROR),
        (may(*READ_WRITE, BYPASS, db="other", collection=""), Severity.ERROR),
        (may(*READ_WRITE, BYPASS, db="shop", collection=""), None),
        (may(*READ_WRITE, BYPASS, db="", collection="things"), None),
        (may("anyAction", anyResource=True), None),
        ({"authInfo": {"authenticatedUsers": [], "authenticatedUserPrivileges": []}, "ok": 1.0}, None),
        ({"ok": 1.0}, Severity.WARNING),
        (failed(13, "not authorized"), Severity.WARNING),
        (failed(59, "no such command"), Severity.WARNING),
    ],
)
async def test_a_user_who_may_not_bypass_a_validator_is_told_before_the_run(
    stub: StubServer, store: MongoStore, answer: Document, severity: Severity | None
) -> None:
    stub.answers["connectionStatus"] = lambda _: answer
    holding(stub, things=HAS_N)
    assert await checked(store, "things") == ([(severity, "validation_bypass", "things")] if severity else [])
    (asked,) = stub.named("connectionStatus")
    assert asked["showPrivileges"] is True


@pytest.mark.rule(20, "the privilege checked in preflight, of each collection that has a validator")
async def test_each_collection_is_judged_by_itself_and_the_server_asked_once(
    stub: StubServer, store: MongoStore
) -> None:
    stub.answers["connectionStatus"] = lambda _: may(*READ_WRITE, BYPASS, db="shop", collection="others")
    holding(stub, others=HAS_N, plain={}, things=HAS_N, warned={**HAS_N, "validationAction": "warn"})
    assert await checked(store, "others", "plain", "things", "warned") == [
        (Severity.ERROR, "validation_bypass", "things")
    ]
    assert len(stub.named("connectionStatus")) == 1


async def test_nothing_is_said_where_nothing_would_be_bypassed(stub: StubServer, store: MongoStore) -> None:
    stub.answers["connectionStatus"] = lambda _: may(*READ_WRITE, db="shop", collection="")
    holding(stub, things={})
    assert await checked(store, "things") == []


async def test_a_server_that_steps_down_meanwhile_is_unreachable(stub: StubServer, store: MongoStore) -> None:
    stub.answers["connectionStatus"] = lambda _: failed(10107, "not primary")
    with pytest.raises(Unreachable):
        await store.permissions(Action.BYPASS_VALIDATION, ["things"])


@pytest.mark.rule(20, "bypassing validation, and only where that is asked for")
@pytest.mark.parametrize("has_transactions", [True, False])
@pytest.mark.parametrize("bypasses", [True, False])
async def test_a_change_that_may_not_bypass_is_refused_as_such(
    stub: StubServer, store: MongoStore, bypasses: bool, has_transactions: bool
) -> None:
    def update(command: Document) -> Document:
        return failed(13, "not authorized") if BYPASS in command else {"n": 1, "ok": 1.0}

    stub.has_transactions = has_transactions
    stub.answers["find"] = lambda _: cursor({"_id": 1})
    stub.answers["update"] = update
    raised: TuiMigrateError | None = None
    try:
        change = to({int32(1): doc(int32(1), n=int32(2))})
        await store.change("things", [int32(1)], change, bypass_validation=bypasses)
    except NotAuthorised as error:
        raised = error
    assert (raised is not None) is bypasses


@pytest.mark.rule(20, "bypassing validation, and only where that is asked for")
@pytest.mark.parametrize("bypasses", [True, False])
async def test_an_insert_bypasses_where_it_is_told_to(stub: StubServer, store: MongoStore, bypasses: bool) -> None:
    stub.answers["insert"] = lambda _: {"n": 1, "ok": 1.0}
    assert await store.insert("things", [doc(int32(1))], bypass_validation=bypasses) == ()
    assert [BYPASS in one for one in stub.named("insert")] == [bypasses]


async def test_no_document_is_quoted_by_the_refusal_of_a_command(stub: StubServer, store: MongoStore) -> None:
    text = "not authorized on shop to execute command { insert: 'things', documents: [ { _id: 1, n: 'hunter2' } ] }"
    stub.answers["insert"] = lambda _: failed(13, text)
    with pytest.raises(NotAuthorised) as raised:
        await store.insert("things", [doc(int32(1))])
    assert "not authorized on shop to execute this command" in raised.value.message
    assert "hunter2" not in raised.value.message
