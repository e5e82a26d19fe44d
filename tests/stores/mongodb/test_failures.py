"""How a server's refusals and a lost line come out, one line each, with no secret in them."""

import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers import mongo_server
from tests.stores.mongodb.conftest import PASSWORD, Stage
from tests.suites.documents import doc, options
from tests.suites.ids import int32, text
from tests.suites.store_cases import NAME, create, everything
from tui_migrate.errors import (
    AuthenticationFailed,
    CredentialsMissing,
    NotAuthorised,
    Refused,
    TuiMigrateError,
    Unreachable,
    UsageError,
)
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.stores.mongodb.failures import without_values
from tui_migrate.stores.registry import Locator, open_target

pytestmark = pytest.mark.usefixtures("lost_sockets")

QUICK = "serverSelectionTimeoutMS=300&connectTimeoutMS=300"


async def _connect(url: str, password: str | None = None) -> None:
    store = MongoStore(url, "shop", password)
    try:
        await store.identity()
    finally:
        await store.close()


@pytest.fixture
def own_certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")
    names = ("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate))
    subprocess.run([*made, *names], check=True, capture_output=True)
    return certificate, key


async def test_a_server_that_is_away_is_unreachable() -> None:
    with pytest.raises(Unreachable) as raised:
        await _connect(f"mongodb://127.0.0.1:1/?{QUICK}")
    assert raised.value.message == "127.0.0.1:1 does not answer (connecting): connection refused"
    assert raised.value.hint


async def test_what_fails_goes_by_the_name_of_its_connection_and_by_its_hosts() -> None:
    store = open_target(Locator(f"mongodb://127.0.0.1:1/?{QUICK}", "shop", name="live"))
    with pytest.raises(Unreachable) as raised:
        await store.identity()
    await store.close()
    assert raised.value.message == "live (127.0.0.1:1) does not answer (connecting): connection refused"


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://",
        "mongodb://host:port",
        "mongodb://host:99999",
        "mongodb://host/?frobnicate=1",
        "mongodb://host/?w=-3",
        "mongodb://host/?socketTimeoutMS=soon",
        "mongodb://host/?tls=true&tlsCAFile=/nowhere/ca.pem",
        "mongodb://host/?readPreference=nearby",
        "mongodb+srv://one,two",
        f"mongodb://user:{PASSWORD}@host",
        "mongodb://user:12/s3cret@host/shop",
        "mongodb://user:12?s3cret=1@host/shop",
    ],
)
def test_a_url_that_cannot_be_used_is_an_error_of_usage(url: str) -> None:
    with pytest.raises(UsageError) as raised:
        MongoStore(url, "shop")
    assert raised.value.hint
    assert "\n" not in raised.value.message
    assert "s3cret" not in raised.value.message + raised.value.hint


def test_a_database_name_that_cannot_be_is_an_error_of_usage() -> None:
    with pytest.raises(UsageError):
        MongoStore("mongodb://host", "a b")


@pytest.mark.slow
async def test_a_wrong_password_is_told_without_it(guarded_url: str) -> None:
    with pytest.raises(AuthenticationFailed) as raised:
        await _connect(guarded_url, "wr0ng-pass")
    assert "127.0.0.1" in raised.value.message
    assert "wr0ng" not in raised.value.message + raised.value.hint


@pytest.mark.parametrize(
    ("password", "why"), [("", "is empty"), ("\u00ad", "not to be seen"), ("a\0b", "not to be seen")]
)
async def test_what_can_be_no_password_is_none(password: str, why: str) -> None:
    for url, apart in (("mongodb://someone@127.0.0.1:1", password), (f"mongodb://someone:{quote(password)}@h", None)):
        with pytest.raises(CredentialsMissing, match=why) as raised:
            await _connect(url, apart)
        assert "someone" not in raised.value.message
    if password:
        MongoStore("mongodb://someone@127.0.0.1:1/?authMechanism=SCRAM-SHA-1", "shop", password)


async def test_a_user_without_a_password_lacks_one() -> None:
    with pytest.raises(CredentialsMissing):
        await _connect("mongodb://someone@127.0.0.1:1")


@pytest.mark.slow
async def test_a_password_apart_from_the_url_lets_in_and_a_missing_role_is_told(guarded_url: str) -> None:
    store = MongoStore(guarded_url, "shop", PASSWORD)
    try:
        assert await everything(store) == []
        assert await store.collections() == ()
        with pytest.raises(NotAuthorised) as raised:
            await store.insert(NAME, [doc(int32(1))])
        assert "insert into things" in raised.value.message
        with pytest.raises(NotAuthorised):
            await create(store, "new", options())
    finally:
        await store.close()


@pytest.mark.slow
async def test_tls_is_spoken_and_a_stranger_s_certificate_is_told(own_certificate: tuple[Path, Path]) -> None:
    certificate, key = own_certificate
    with mongo_server("--tls-cert-file", str(certificate), "--tls-key-file", str(key)) as server:
        await _connect(f"{server.url}/?tls=true&tlsCAFile={certificate}")
        with pytest.raises(Unreachable) as raised:
            await _connect(f"{server.url}/?tls=true&{QUICK}")
        assert "TLS" in raised.value.hint


@pytest.mark.rule(2, "a write that no majority confirms is no write done")
async def test_a_write_that_no_majority_confirms_has_an_unknown_outcome(store: MongoStore, stage: Stage) -> None:
    await stage("insert", writeConcernError={"code": 64, "errmsg": "waiting for replication timed out"})
    with pytest.raises(Unreachable, match="majority"):
        await store.insert(NAME, [doc(int32(1))])


async def test_a_lost_line_in_an_insert_has_an_unknown_outcome_and_is_not_repeated(
    store: MongoStore, stage: Stage
) -> None:
    await store.identity()
    await stage("insert", closeConnection=True)
    with pytest.raises(Unreachable):
        await store.insert(NAME, [doc(int32(1))])
    assert await everything(store) == []


@pytest.mark.parametrize("code", [91, 189, 11600, 50])
async def test_what_passes_is_unreachable(store: MongoStore, stage: Stage, code: int) -> None:
    await stage("insert", errorCode=code)
    with pytest.raises(Unreachable):
        await store.insert(NAME, [doc(int32(1))])


async def test_any_other_answer_is_a_refusal_of_one_line(store: MongoStore, stage: Stage) -> None:
    await stage("create", errorCode=20)
    with pytest.raises(Refused) as raised:
        await create(store, NAME, options())
    assert "creation of things" in raised.value.message
    assert "\n" not in raised.value.message


async def test_names_from_outside_reach_no_terminal_raw(store: MongoStore) -> None:
    with pytest.raises(TuiMigrateError) as raised:
        await store.rename_collection("evil\x1b[2J\u202e", "other")
    assert raised.value.message.isprintable()


async def test_a_document_that_spoils_its_command_is_found_and_refused_alone(store: MongoStore) -> None:
    broken = doc(int32(5), n=text("x")).replace(b"x\x00", b"\xff\x00")
    documents = [doc(int32(one)) for one in range(5)] + [broken] + [doc(int32(one)) for one in range(6, 9)]
    (refusal,) = await store.insert(NAME, documents)
    assert (refusal.index, refusal.key_fields) == (5, ())
    assert await store.count(NAME) == 8


async def test_closing_never_raises() -> None:
    store = MongoStore(f"mongodb://127.0.0.1:1/?{QUICK}", "shop")
    await store.close()
    await store.close()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'E11000 duplicate key error collection: shop.users index: email_1 dup key: { email: "anna@example.org" }',
            "E11000 duplicate key error collection: shop.users index: email_1 dup key: {…}",
        ),
        ('Can\'t extract geo keys: { _id: 1, at: "}", name: "Anna" } unknown', "Can't extract geo keys: {…}"),
        ("Document failed validation", "Document failed validation"),
    ],
)
def test_what_a_server_quotes_of_a_document_is_left_out(text: str, shown: str) -> None:
    assert without_values(text) == shown
