"""age files that an identity opens, decrypted by pyrage from their beginning: what lies before an offset is skipped."""

import threading
from collections.abc import Sequence
from typing import Any, Final

from tui_migrate.errors import PackageDamaged, TuiMigrateError, WrongKey
from tui_migrate.packages.content import Content, Stream
from tui_migrate.packages.encryption.hand_over import BLOCK, BrokenOff, HandOver
from tui_migrate.packages.encryption.required import require
from tui_migrate.redaction import printable

NO_MATCH: Final = "No matching keys found"
"""What pyrage says where none of the identities is meant: it has one class for all that can be wrong."""


class IdentityContent:
    """An age file for recipients, and the identities that may be among theirs."""

    def __init__(self, below: Content, identities: Sequence[Any]) -> None:
        self._below: Final = below
        self._identities: Final = list(identities)

    @property
    def name(self) -> str:
        """The file."""
        return self._below.name

    def open(self, offset: int = 0) -> Stream:
        """Give the plain bytes from an offset on. Raises WrongKey, PackageDamaged."""
        stream = IdentityStream(self._below.open(), self._identities, self.name)
        try:
            stream.skip(offset)
        except BaseException:
            stream.close()
            raise
        return stream


class IdentityStream:
    """The plain bytes, from a thread in which pyrage works; it ends with `close`, or when all was read."""

    def __init__(self, below: Stream, identities: list[Any], name: str) -> None:
        self._below: Final = below
        self._inlet: Final = _Inlet(below)
        self._name: Final = name
        self._plain: Final = HandOver()
        self._thread: Final = threading.Thread(
            target=_decrypt, args=(self._inlet, self._plain, identities, name), name="age-decrypt", daemon=True
        )
        self._thread.start()

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes, each of them authenticated. Raises WrongKey, PackageDamaged."""
        return self._plain.read(size) if size > 0 else b""

    def skip(self, size: int) -> None:
        """Go over bytes. Raises PackageDamaged where there are not so many."""
        while size > 0:
            part = self.read(min(size, BLOCK))
            if not part:
                raise PackageDamaged(
                    f"{self._name} has become shorter", hint="leave the package alone while it is read"
                )
            size -= len(part)

    def close(self) -> None:
        """End the thread and let go of the file."""
        self._plain.break_off()
        self._thread.join()
        self._below.close()


def _decrypt(inlet: "_Inlet", plain: HandOver, identities: list[Any], name: str) -> None:
    """Work in the thread: whatever comes of it is told through the hand-over."""
    pyrage = require("pyrage")
    # Whatever else ends the thread must not look like the end of the file.
    failure: TuiMigrateError | None = _meaning("pyrage gave up", inlet.taken, name)
    try:
        pyrage.decrypt_io(inlet, plain, identities)
        plain.flush()
        failure = None
    except (OSError, pyrage.DecryptError) as error:
        failure = inlet.failure or _meaning(str(error), inlet.taken, name)
    finally:
        plain.end(failure)


def _meaning(text: str, taken: int, name: str) -> TuiMigrateError:
    if text == NO_MATCH:
        return WrongKey(
            f"none of the identities opens {name}",
            hint="try another identity file; where you are sure of it the file's header is damaged",
        )
    # pyrage reads in chunks of 64 KiB and a tag: what is wrong lies in the last that it took.
    return PackageDamaged(
        f"{name} is damaged before byte {taken:,}: {printable(text.splitlines()[0] if text else 'it ends early')}",
        hint="get a fresh copy of the package",
    )


class _Inlet:
    """What pyrage reads from: it counts, and keeps an error of the content below."""

    def __init__(self, below: Stream) -> None:
        self._below = below
        self.taken = 0
        self.failure: TuiMigrateError | None = None

    def read(self, size: int) -> bytes:
        try:
            part = self._below.read(size)
        except TuiMigrateError as error:
            self.failure = error
            raise BrokenOff from error
        self.taken += len(part)
        return part
