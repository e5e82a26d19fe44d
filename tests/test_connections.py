import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.connections import Connection, load, locate, named_for, parse_end, write
from tui_migrate.errors import CredentialsMissing, InvalidFile, StorageFailed, UsageError
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, StoreEnd

SECRET = "hunter2"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home.find(tmp_path)
    found.prepare()
    return found


def give(home: Home, text: str, mode: int = 0o600) -> None:
    home.connections.write_text(text)
    home.connections.chmod(mode)


def one(entries: str) -> str:
    return "connections:\n  prod:\n" + "".join(f"    {line}\n" for line in entries.split("; "))


def test_without_a_file_there_are_none(home: Home) -> None:
    assert load(home) == {}


def test_reads_connections(home: Home) -> None:
    give(home, one("url: mongodb://anna@h:1/shop; environment: staging; password_env: SHOP"), 0o644)
    assert load(home) == {"prod": Connection("prod", "mongodb://anna@h:1/shop", Environment.STAGING, "SHOP")}


def test_a_connection_that_does_not_say_is_production(home: Home) -> None:
    give(home, one("url: mongodb://h/shop"))
    assert load(home)["prod"].environment is Environment.PRODUCTION


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("connections: {}\nmore: 1\n", 2, "more"),
        (one("url: mongodb://h/db; pasword: x"), 4, "connections.prod.pasword"),
        (one("environment: staging"), 3, "connections.prod"),
        (one("url: mongodb://h/db; environment: live"), 4, "connections.prod.environment"),
        (one("url: mysql://h/db"), 3, "connections.prod.url"),
        (one(f"url: mongodb://u:{SECRET}/x@h/db"), 3, "connections.prod.url"),
        (one("url: mongodb://u@h/db; password_env: A B"), 4, "connections.prod.password_env"),
        (one("url: mongodb://h/db; password_env: A"), 3, "connections.prod.url"),
        (one("url: mongodb://u@h/db; password_env: A; password_file: b"), 3, "connections.prod"),
        ("connections:\n  Prod: {url: 'mongodb://h/db'}\n", 2, "connections.Prod"),
        ("connections: []\n", 1, "connections"),
    ],
)
def test_a_fault_is_named_with_line_and_key(home: Home, text: str, line: int, key: str) -> None:
    give(home, text)
    with pytest.raises(InvalidFile) as refused:
        load(home)
    assert (refused.value.line, refused.value.key) == (line, key)
    assert str(home.connections) in refused.value.message
    assert SECRET not in refused.value.message + refused.value.hint


def test_a_password_in_the_file_needs_a_private_file(home: Home) -> None:
    text = one(f"url: mongodb://u:{SECRET}@h/db")
    give(home, text, 0o640)
    with pytest.raises(InvalidFile, match="others may read") as refused:
        load(home)
    assert refused.value.hint.startswith("chmod 600")
    assert SECRET not in str(refused.value)
    give(home, text, 0o600)
    found = load(home)["prod"]
    assert found.url == "mongodb://u@h/db"
    assert SECRET not in repr(found)
    assert locate(StoreEnd("db", "prod"), home, {}).password == SECRET


def test_a_file_that_cannot_be_read_is_said(home: Home) -> None:
    # A folder in its place: file modes would not keep root out.
    home.connections.mkdir(mode=0o700)
    with pytest.raises(UsageError, match=r"cannot read .*connections\.yaml: Is a directory"):
        load(home)


def test_a_file_that_cannot_be_looked_at_is_said(home: Home) -> None:
    home.connections.symlink_to(home.connections)
    with pytest.raises(UsageError, match=r"cannot read .*connections\.yaml: Too many levels"):
        load(home)


def test_finds_an_end_by_url(home: Home) -> None:
    end, password = parse_end(f"mongodb://u:{SECRET}@h/db", home)
    assert (end, password) == (StoreEnd("db", url="mongodb://u@h/db"), SECRET)
    assert end.environment is Environment.PRODUCTION
    assert SECRET not in repr(end)


@pytest.mark.parametrize(("text", "database"), [("prod", "shop"), ("prod/other", "other")])
def test_finds_an_end_by_name(home: Home, text: str, database: str) -> None:
    give(home, one("url: mongodb://h/shop; environment: development"))
    end, password = parse_end(text, home)
    assert (end, password) == (StoreEnd(database, "prod", environment=Environment.DEVELOPMENT), None)
    assert end.label == f"prod/{database}"


def test_a_database_given_apart_comes_first(home: Home) -> None:
    assert parse_end("mongodb://h/", home, database="x")[0].database == "x"
    assert parse_end("mongodb://h/y", home, database="x")[0].database == "x"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("mongodb://h", "no database", "/DATABASE"),
        ("bare", "no database", "bare/DATABASE"),
        ("absent", "no connection absent", "there are bare"),
        ("Some Thing", "neither a URL nor", "mongodb://"),
        ("bare/a.b", "name of the database", "1 to 63 bytes"),
        ("bare/", "name of the database", "1 to 63 bytes"),
    ],
)
def test_says_what_is_wrong_with_an_end(home: Home, text: str, said: str, hint: str) -> None:
    give(home, "connections: {bare: {url: 'mongodb://h'}}")
    with pytest.raises(UsageError, match=said) as refused:
        parse_end(text, home)
    assert hint in refused.value.hint


def test_a_typed_password_comes_first(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    give(home, one("url: mongodb://u@h/shop; password_env: SHOP"))
    monkeypatch.setenv("SHOP", "from the environment")
    end = StoreEnd("shop", "prod")
    assert locate(end, home, {}).password == "from the environment"
    assert locate(end, home, {"prod/shop": "typed"}).password == "typed"


def test_names_the_variable_that_is_missing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    give(home, one("url: mongodb://u@h/shop; password_env: SHOP"))
    monkeypatch.delenv("SHOP", raising=False)
    with pytest.raises(CredentialsMissing, match="SHOP of the connection prod"):
        locate(StoreEnd("shop", "prod"), home, {})


def test_a_url_with_a_user_and_no_password_is_refused(home: Home) -> None:
    with pytest.raises(CredentialsMissing, match="the user u of mongodb://u@h/shop"):
        locate(StoreEnd("shop", url="mongodb://u@h/shop"), home, {})
    assert locate(StoreEnd("shop", url="mongodb://h/shop"), home, {}).password is None


def test_reads_a_password_file(home: Home) -> None:
    give(home, one("url: mongodb://u@h/shop; password_file: secret"))
    end, path = StoreEnd("shop", "prod"), home.config / "secret"
    with pytest.raises(CredentialsMissing, match="No such file"):
        locate(end, home, {})
    path.write_text(f"{SECRET}\r\n")
    path.chmod(0o640)
    with pytest.raises(CredentialsMissing, match="others may read"):
        locate(end, home, {})
    path.chmod(0o600)
    assert locate(end, home, {}).password == SECRET


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 4_097, b"\xff\xfe"])
def test_refuses_what_is_no_password_file(home: Home, content: bytes) -> None:
    give(home, one("url: mongodb://u@h/shop; password_file: secret"))
    (home.config / "secret").write_bytes(content)
    (home.config / "secret").chmod(0o600)
    with pytest.raises(CredentialsMissing):
        locate(StoreEnd("shop", "prod"), home, {})


def test_a_pipe_as_password_file_does_not_hang(home: Home) -> None:
    give(home, one("url: mongodb://u@h/shop; password_file: secret"))
    os.mkfifo(home.config / "secret", 0o600)
    with pytest.raises(CredentialsMissing, match="no plain file"):
        locate(StoreEnd("shop", "prod"), home, {})


def test_a_connection_that_is_gone_is_said(home: Home) -> None:
    with pytest.raises(UsageError, match="no connection prod"):
        locate(StoreEnd("shop", "prod"), home, {})


PASSWORDS = st.none() | st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9_-]{1,8}", fullmatch=True), st.tuples(st.sampled_from(Environment), PASSWORDS)
    )
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, tuple[Environment, str | None]]
) -> None:
    home = Home.find(tmp_path_factory.mktemp("home"))
    connections = [
        Connection(name, "mongodb://u@h:1/db", environment, password=password)
        for name, (environment, password) in entries.items()
    ]
    write(home, connections)
    assert list(load(home).values()) == connections
    assert stat.S_IMODE(home.connections.stat().st_mode) == 0o600
    assert [path.name for path in home.config.iterdir()] == ["connections.yaml"]


def test_a_write_that_fails_leaves_what_was_there(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    give(home, one("url: mongodb://h/db"))
    before = home.connections.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageFailed, match="No space left"):
        write(home, [])
    assert home.connections.read_bytes() == before
    assert len(list(home.config.iterdir())) == 1


KNOWN = {
    one.name: one
    for one in (
        Connection("staging", "mongodb://anna@H1:27017,h2/shop", Environment.STAGING),
        Connection("same", "mongodb://h2,h1/", Environment.DEVELOPMENT),
        Connection("srv", "mongodb+srv://h1/shop"),
    )
}


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("mongodb://h1,h2:27017/other", ["staging", "same"]),
        ("mongodb://anna@h1,h2/other?tls=true", ["staging"]),
        ("mongodb://h1/other", []),
        ("mongodb://h1:27018,h2/other", []),
        ("mongodb+srv://h1/other", ["srv"]),
    ],
)
def test_a_url_is_known_by_the_connections_that_have_its_address(url: str, names: list[str]) -> None:
    found = named_for(StoreEnd("other", url=url), KNOWN)
    assert [one.connection for one in found] == names
    assert all(one.database == "other" and one.environment is KNOWN[one.connection].environment for one in found)
    assert named_for(StoreEnd("other", connection="staging"), KNOWN) == ()
