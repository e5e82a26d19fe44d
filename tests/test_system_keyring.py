import os
import subprocess
import sys
import threading
import time
import traceback

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import InitError

from tests.keyrings import LockedKeyring, MemoryKeyring, QuotingKeyring, SilentKeyring, in_force
from tui_migrate import system_keyring
from tui_migrate.connections import Connection, stored_password
from tui_migrate.errors import CredentialsMissing, StorageFailed
from tui_migrate.paths import Home

PASSWORD = "hunter2"
NO_KEYRING: KeyringBackend = fail.Keyring()  # type: ignore[no-untyped-call]  # the library's own lacks types
FORGETFUL: KeyringBackend = null.Keyring()  # type: ignore[no-untyped-call]  # the same


class UnopenedKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise InitError("no bus")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise InitError("no bus")


def test_a_password_is_kept_found_and_forgotten() -> None:
    with in_force(backend := MemoryKeyring()):
        assert system_keyring.find("prod/anna") is None
        system_keyring.keep("prod/anna", PASSWORD)
        assert backend.entries == {"tui-migrate:prod/anna": PASSWORD}
        assert system_keyring.find("prod/anna") == PASSWORD
        system_keyring.forget("prod/anna")
        system_keyring.forget("prod/anna")
        assert backend.entries == {}


@pytest.mark.parametrize(
    ("backend", "said", "hint"),
    [
        (NO_KEYRING, "no system keyring", "another place"),
        (LockedKeyring(), "is locked", "unlock it"),
        (UnopenedKeyring(), "cannot be opened", "service"),
    ],
    ids=["none", "locked", "unopened"],
)
def test_a_keyring_that_does_not_work_is_said_with_what_to_do(backend: KeyringBackend, said: str, hint: str) -> None:
    with in_force(backend):
        with pytest.raises(CredentialsMissing, match=said) as missing:
            system_keyring.find("prod/anna")
        with pytest.raises(StorageFailed, match=said):
            system_keyring.keep("prod/anna", PASSWORD)
        with pytest.raises(StorageFailed, match=said):
            system_keyring.forget("prod/anna")
    assert hint in missing.value.hint


def test_a_keyring_that_says_nothing_is_given_up_and_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_keyring, "ANSWER_SECONDS", 0.05)
    with in_force(backend := SilentKeyring()):
        with pytest.raises(CredentialsMissing, match="has not answered for") as caught:
            system_keyring.find("prod/anna")
        waiting = [one for one in threading.enumerate() if one.name == "keyring"]
        assert waiting
        assert all(one.daemon for one in waiting)
        backend.opened.set()
        for one in waiting:
            one.join(10)
    assert "unlock" in caught.value.hint


def test_a_process_ends_while_a_keyring_is_silent() -> None:
    program = (
        "from tests.keyrings import SilentKeyring, in_force; from tui_migrate import system_keyring as s\n"
        "s.ANSWER_SECONDS = 0.05\nwith in_force(SilentKeyring()): s.find('a/b')"
    )
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "has not answered" in done.stderr
    assert time.monotonic() - begin < 30


def test_what_a_backend_says_is_not_quoted_since_it_may_be_the_password() -> None:
    with in_force(QuotingKeyring()), pytest.raises(StorageFailed, match="failed with LookupError") as caught:
        system_keyring.keep("prod/anna", PASSWORD)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value)) + caught.value.hint


def test_a_keyring_that_takes_a_password_and_has_none_afterwards_is_noticed() -> None:
    with in_force(FORGETFUL), pytest.raises(StorageFailed, match="did not keep"):
        system_keyring.keep("prod/anna", PASSWORD)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert system_keyring.is_installed()
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert not system_keyring.is_installed()
    with pytest.raises(CredentialsMissing, match="not installed") as caught:
        system_keyring.find("prod/anna")
    assert caught.value.hint == "pip install 'tui-migrate[keyring]'"


def test_a_backend_that_the_environment_names_wrongly_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "from tui_migrate import system_keyring as s; s.find('a/b')"
    environment = {**os.environ, "PYTHON_KEYRING_BACKEND": "nowhere.Keyring"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert "the system keyring failed with ModuleNotFoundError" in done.stderr


def test_a_connection_without_an_entry_says_how_to_make_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = Home.find(tmp_path_factory.mktemp("home"))
    connection = Connection("prod", "mongodb://anna%20b@h/d", keyring=True)
    with in_force(MemoryKeyring()):
        with pytest.raises(CredentialsMissing, match="no password of prod/anna b") as caught:
            stored_password(connection, home)
        assert "keyring set tui-migrate 'prod/anna b'" in caught.value.hint
        system_keyring.keep("prod/anna b", PASSWORD)
        assert stored_password(connection, home) == PASSWORD
