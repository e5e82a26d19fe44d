"""Keyrings for tests: one in memory, one in a folder for several processes, and those that fail."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

FILE_VARIABLE: Final = "TEST_KEYRING_FILE"


class MemoryKeyring(KeyringBackend):
    priority = 0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library's own lacks types
        self.entries: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get(f"{service}:{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[f"{service}:{username}"] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[f"{service}:{username}"]


class FileKeyring(MemoryKeyring):
    """Reads what stands in the file that FILE_VARIABLE names."""

    def get_password(self, service: str, username: str) -> str | None:
        found: dict[str, str] = json.loads(Path(os.environ[FILE_VARIABLE]).read_text())
        return found.get(f"{service}:{username}")


class LockedKeyring(MemoryKeyring):
    """Is locked while `is_locked`."""

    is_locked = True

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked("no")
        return super().get_password(service, username)


class SilentKeyring(MemoryKeyring):
    """Answers nobody before `opened` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.opened.wait()
        return super().get_password(service, username)


class QuotingKeyring(MemoryKeyring):
    """Quotes the password in its own kind of error."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise LookupError(f"cannot take {password}")


@contextmanager
def in_force(backend: KeyringBackend) -> Iterator[None]:
    before = keyring.core._keyring_backend
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.core._keyring_backend = before
