import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keyrings import LockedKeyring, MemoryKeyring, in_force
from tui_migrate import connections
from tui_migrate.connection_url import ConnectionUrl
from tui_migrate.connections import Connection
from tui_migrate.errors import CredentialsMissing, StorageFailed, UsageError
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment
from tui_migrate.ui.connection_entry import Entry, PasswordPlace, drop_moved, entry_of, places_for, save, write_password
from tui_migrate.ui.connection_trial import Circumstances, try_entry
from tui_migrate.ui.keymap import USUAL

URL = "mongodb://anna@127.0.0.1:1/shop"
PASSWORD = "hunter2/@:x é"


@pytest.fixture(autouse=True)
def kept() -> Iterator[dict[str, str]]:
    """What is in the keyring."""
    with in_force(backend := MemoryKeyring()):
        yield backend.entries


def test_a_new_connection_counts_as_production_and_asks_for_its_password_until_somebody_says_otherwise() -> None:
    begun = entry_of(None)
    assert (begun.environment, begun.place) == (Environment.PRODUCTION, PasswordPlace.ASK)


def entry(
    name: str = "prod",
    url: str = URL,
    place: PasswordPlace = PasswordPlace.ASK,
    where: str = "",
    password: str | None = None,
    before: Connection | None = None,
) -> Entry:
    return Entry(name, url, Environment.STAGING, place, where, password, before)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (entry(name="Prod"), "the name has P: .* capital letters are not"),
        (entry(name="my shop"), "the name has a blank"),
        (entry(name="a" * 65), "the name has 65 characters"),
        (entry(name=""), "no name yet"),
        (entry(url="nothing"), "no URL"),
        (entry(url="mongodb://a b/shop"), "blank"),
        (entry(name="there"), "already"),
        (entry(place=PasswordPlace.ENVIRONMENT), "no name"),
        (entry(place=PasswordPlace.ENVIRONMENT, where="1 BAD"), "environment variable"),
        (entry(place=PasswordPlace.FILE), "no name"),
        (entry(place=PasswordPlace.CLEAR), "no password"),
        (entry(place=PasswordPlace.KEYRING), "no password to put into the keyring"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(home: Home, typed: Entry, said: str) -> None:
    connections.write(home, [Connection("there", URL)])
    before = home.connections.read_bytes()
    with pytest.raises(UsageError, match=said):
        save(home, typed)
    assert home.connections.read_bytes() == before


def test_a_name_that_cannot_be_used_comes_with_one_that_can(home: Home) -> None:
    for typed, near in (("Frankfurt", "frankfurt"), ("my shop (eu)", "my-shop-eu"), ("!", "prod-shop, for example")):
        with pytest.raises(UsageError) as raised:
            save(home, entry(name=typed))
        assert raised.value.hint == f"call it {near}"


@pytest.mark.parametrize("place", PasswordPlace)
def test_what_is_saved_is_read_again_and_its_password_is_where_it_was_wished(
    home: Home, place: PasswordPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = {PasswordPlace.ENVIRONMENT: "SHOP_PASSWORD", PasswordPlace.FILE: "secrets/prod"}.get(place, "")
    made = save(home, entry(place=place, where=where, password=PASSWORD))
    read = connections.load(home)["prod"]
    assert read == made
    assert (read.url, read.environment) == (URL, Environment.STAGING)
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    expected = None if place is PasswordPlace.ASK else PASSWORD
    assert connections.stored_password(read, home) == expected
    assert stat.S_IMODE(home.connections.stat().st_mode) == 0o600
    assert ("hunter2" in home.connections.read_text()) is (place is PasswordPlace.CLEAR)
    assert entry_of(read).place is place


def test_a_password_file_is_private_and_never_written_over(home: Home) -> None:
    save(home, entry(place=PasswordPlace.FILE, where="secrets/prod", password=PASSWORD))
    path = home.config / "secrets" / "prod"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with pytest.raises(UsageError, match="not written over"):
        save(home, entry("other", place=PasswordPlace.FILE, where="secrets/prod", password=PASSWORD))
    assert "other" not in connections.load(home)
    save(home, entry("other", place=PasswordPlace.FILE, where="secrets/prod"))
    assert connections.stored_password(connections.load(home)["other"], home) == PASSWORD


def test_changing_keeps_the_place_in_the_file_and_the_others(home: Home) -> None:
    known = [Connection("a", URL), Connection("b", URL, password=PASSWORD), Connection("c", URL)]
    connections.write(home, known)
    save(home, entry("renamed", place=PasswordPlace.CLEAR, before=known[1]))
    assert list(connections.load(home)) == ["a", "renamed", "c"]
    assert connections.load(home)["renamed"].password == PASSWORD


def test_a_password_in_clear_can_move_to_a_file(home: Home) -> None:
    before = Connection("a", URL, password=PASSWORD)
    connections.write(home, [before])
    save(home, entry("a", place=PasswordPlace.FILE, where="a.password", before=before))
    assert "hunter2" not in home.connections.read_text()
    assert connections.stored_password(connections.load(home)["a"], home) == PASSWORD


def test_where_the_file_of_connections_cannot_be_written_no_password_stays_behind(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageFailed("cannot write", hint="make room")

    monkeypatch.setattr(connections, "write", full)
    with pytest.raises(StorageFailed):
        save(home, entry(place=PasswordPlace.FILE, where="p", password=PASSWORD))
    assert not (home.config / "p").exists()


def test_the_keyring_is_offered_where_its_library_is_there_or_it_has_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ("keyring", "the system keyring") in places_for(None)
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "keyring" not in dict(places_for(Connection("a", URL)))
    assert "keyring" in dict(places_for(Connection("a", URL, keyring=True)))


def test_a_kept_password_goes_along_with_another_name_and_out_with_another_place(
    home: Home, kept: dict[str, str]
) -> None:
    first = save(home, entry(place=PasswordPlace.KEYRING, password=PASSWORD))
    assert kept == {"tui-migrate:prod/anna": PASSWORD}
    again = entry(place=PasswordPlace.KEYRING, before=first)
    drop_moved(again, save(home, again))
    assert kept == {"tui-migrate:prod/anna": PASSWORD}
    renaming = entry("renamed", place=PasswordPlace.KEYRING, before=first)
    second = save(home, renaming)
    drop_moved(renaming, second)
    assert kept == {"tui-migrate:renamed/anna": PASSWORD}
    moving = entry("renamed", before=second)
    drop_moved(moving, save(home, moving))
    assert kept == {}
    assert list(connections.load(home)) == ["renamed"]


def test_where_the_file_of_connections_cannot_be_written_the_keyring_is_as_before(
    home: Home, kept: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = save(home, entry(place=PasswordPlace.KEYRING, password=PASSWORD))
    before = dict(kept)

    def full(*_: object) -> None:
        raise StorageFailed("cannot write", hint="make room")

    monkeypatch.setattr(connections, "write", full)
    for typed in (
        entry(place=PasswordPlace.KEYRING, password=PASSWORD[::-1], before=first),
        entry("other", place=PasswordPlace.KEYRING, password=PASSWORD[::-1]),
    ):
        with pytest.raises(StorageFailed, match="cannot write"):
            save(home, typed)
        assert kept == before


async def test_a_trial_says_why_the_keyring_gives_no_password_and_asks_for_none(home: Home) -> None:
    async def asked(name: str, url: ConnectionUrl) -> str | None:
        raise AssertionError(f"{name} is asked for")

    before = Connection("prod", URL, keyring=True)
    connections.write(home, [before])
    renaming = entry("renamed", place=PasswordPlace.KEYRING, before=before)
    around = Circumstances(home, {}, 0.0, asked, USUAL)
    with in_force(LockedKeyring()):
        trial = await try_entry(renaming, around)
    assert trial.greeting is not None
    assert trial.greeting.fault is not None
    assert "locked" in trial.greeting.fault.message
    trial = await try_entry(renaming, around)
    assert trial.greeting is not None
    assert trial.greeting.fault is not None
    assert "no password of prod/anna" in trial.greeting.fault.message


def test_where_the_keyring_is_locked_nothing_is_saved(home: Home) -> None:
    with in_force(LockedKeyring()), pytest.raises(CredentialsMissing, match="locked"):
        save(home, entry(place=PasswordPlace.KEYRING, password=PASSWORD))
    assert connections.load(home) == {}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError):
        write_password(tmp_path / "link", PASSWORD)
    assert not os.path.lexists(tmp_path / "elsewhere")
