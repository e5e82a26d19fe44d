import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.connection_url import MAX_LENGTH, check_database, parse_url
from tui_migrate.errors import UsageError

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "clean", "password", "database"),
    [
        ("mongodb://h/db", "mongodb://h/db", None, "db"),
        ("mongodb://h:1/db?w=1&tls=true", "mongodb://h:1/db?w=1&tls=true", None, "db"),
        ("mongodb://a:1,b:2,c/db", "mongodb://a:1,b:2,c/db", None, "db"),
        ("mongodb://[::1]:27017,[fe80::2]/db", "mongodb://[::1]:27017,[fe80::2]/db", None, "db"),
        ("mongodb://u:p%40w%2F@h/db", "mongodb://u@h/db", "p@w/", "db"),
        ("mongodb://u:a+b@h/db", "mongodb://u@h/db", "a+b", "db"),
        ("mongodb://u%40x:p@h/db", "mongodb://u%40x@h/db", "p", "db"),
        ("mongodb://u:@h/db", "mongodb://u@h/db", None, "db"),
        ("mongodb+srv://u:p@cluster.example/db", "mongodb+srv://u@cluster.example/db", "p", "db"),
        ("mongodb://h", "mongodb://h/", None, ""),
        ("mongodb://h/?w=1", "mongodb://h/?w=1", None, ""),
        ("mongodb://h?w=1", "mongodb://h/?w=1", None, ""),
        ("memory:shop/db", "memory://shop/db", None, "db"),
    ],
)
def test_takes_a_url_apart(text: str, clean: str, password: str | None, database: str) -> None:
    found = parse_url(text)
    assert (found.text, found.password, found.database) == (clean, password, database)
    assert parse_url(found.text).text == clean


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("h/db", "no URL"),
        ("://h/db", "no URL"),
        ("postgres://h/db", "scheme 'postgres'"),
        ("MONGODB://h/db", "no URL"),
        ("mongodb:///db", "no host"),
        ("mongodb://u@/db", "no host"),
        ("mongodb://h:0/db", "port"),
        ("mongodb://h:65536/db", "port"),
        ("mongodb://h:/db", "port"),
        ("mongodb://h:1x/db", "port"),
        ("mongodb://h:١/db", "port"),
        ("mongodb://[::g]/db", "IPv6"),
        ("mongodb://h,,i/db", "a host"),
        ("mongodb://::1/db", "a host"),
        ("mongodb+srv://a,b/db", "one host"),
        ("mongodb+srv://a:1/db", "no port"),
        ("mongodb://h/a b", "blank"),
        ("mongodb://h/a\x1b[2J", "control character"),
        ("mongodb://h/a\u202e", "control character"),
        ("mongodb://h/a%00", "database"),
        ("mongodb://h/a%1b", "control character"),
        ("mongodb://h/a.b", "database"),
        ("mongodb://h/a/b", "database"),
        ("mongodb://h/" + 64 * "a", "database"),
        ("mongodb://h/db?w", "option"),
        ("mongodb://h/db?=1", "option"),
        ("mongodb://:p@h/db", "no user name"),
        ("mongodb://h/" + MAX_LENGTH * "a", "longer"),
    ],
)
def test_refuses_what_is_no_url(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        parse_url(text)
    assert refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        f"mongodb://u:{SECRET}@x@h/db",
        f"mongodb://u:x/{SECRET}@h/db",
        f"mongodb://u:{SECRET}/x@h/db",
        f"mongodb://u:x?{SECRET}@h/db",
        f"mongodb://u:1/x?a={SECRET}@h",
        f"mongodb://u:x:{SECRET}@h/db",
        f"mongodb://u:%{SECRET}@h/db",
        f'mongodb://u:x"/{SECRET}@h/db',
        f"mongodb://h/db?tlsCertificateKeyFilePassword={SECRET}",
        f"mongodb://u@h/db?authMechanismProperties=AWS_SESSION_TOKEN:{SECRET}",
        f"mongo db://u:{SECRET}@h/db",
        f"mongodb:/u:{SECRET}@h/db",
        f"mongodb://u:{SECRET}@h:99999/db",
        f"mongodb://u:{SECRET}@/db",
    ],
)
def test_an_error_quotes_no_secret(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_url(text)
    assert SECRET not in refused.value.message + refused.value.hint


@given(st.text(max_size=60).map(lambda rest: f"mongodb://{rest}") | st.text(max_size=60))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        found = parse_url(text)
    except UsageError:
        return
    assert parse_url(found.text).text == found.text


def test_repr_shows_no_password() -> None:
    assert SECRET not in repr(parse_url(f"mongodb://u:{SECRET}@h/db"))


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("mongodb://h/db", False),
        ("mongodb://u@h/db", True),
        ("mongodb://u@h/db?authMechanism=SCRAM-SHA-256", True),
        ("mongodb://u@h/db?authMechanism=MONGODB-X509", False),
        ("mongodb://u@h/db?authmechanism=GSSAPI", False),
        ("mongodb://u@h/db?authMechanism=MONGODB-AWS", False),
    ],
)
def test_says_who_needs_a_password(text: str, needs: bool) -> None:
    assert parse_url(text).needs_password is needs


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a.b", "a$b", "a\0b", "é" * 32, "\ud800" * 22])
def test_refuses_names_that_no_database_has(name: str) -> None:
    with pytest.raises(UsageError):
        check_database(name)
