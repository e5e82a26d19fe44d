"""Those whom a package is encrypted for: their public keys, and the sink that encrypts for them, through pyrage."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tui_migrate.errors import StorageFailed, TuiMigrateError, UsageError
from tui_migrate.packages.encryption.hand_over import BrokenOff, HandOver
from tui_migrate.packages.encryption.required import require
from tui_migrate.packages.encryption.sink_form import Sink
from tui_migrate.packages.files import shown
from tui_migrate.redaction import printable

MAX_RECIPIENTS: Final = 1_000
MAX_FILE: Final = 1024 * 1024
_PREFIXES: Final = ("age1", "ssh-ed25519 ", "ssh-rsa ")
_SECRET: Final = ("AGE-SECRET-KEY-", "AGE-PLUGIN-", "-----BEGIN ")
_HINT: Final = "a recipient is age1…, ssh-ed25519 …, ssh-rsa …, or a file with one on each line"


def find_recipients(words: Sequence[str]) -> tuple[str, ...]:
    """Give the public keys that a user means by these words: keys, and paths of files with one on each line.

    Raises UsageError, which quotes no key: it may be a private one, given by mistake. Blocks.
    """
    found: list[str] = []
    for word in words:
        text = word.strip()
        if text.startswith(_PREFIXES) or text.upper().startswith(_SECRET):
            found.append(_checked(text, "a recipient"))
        else:
            found.extend(_from_file(Path(text)))
    if len(found) > MAX_RECIPIENTS:
        raise UsageError(f"{len(found):,} recipients are too many", hint=f"{MAX_RECIPIENTS:,} is the most")
    return tuple(dict.fromkeys(found))


def check_recipients(keys: Sequence[str]) -> None:
    """Raise UsageError, quoting none of them, where these are not public keys each. Files are not looked for."""
    for number, key in enumerate(keys, 1):
        _checked(key, f"recipient {number}")


def _from_file(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            lines = file.read(MAX_FILE).decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        # What is no path may be a mistyped key: it is not quoted.
        raise UsageError("a recipient is neither a public key nor a file that can be read", hint=_HINT) from None
    texts = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    found = [
        _checked(text, f"{shown(path)}, line {number}") for number, text in texts if text and not text.startswith("#")
    ]
    if not found:
        raise UsageError(f"there is no recipient in {shown(path)}", hint=_HINT)
    return found


def _checked(text: str, where: str) -> str:
    if text.upper().startswith(_SECRET):
        raise UsageError(
            f"{where}: this is a private key, not a public one",
            hint="anybody who has seen it can read what it opens; age-keygen -y gives the public one",
        )
    _parse(text, where)
    return text


def _parse(text: str, where: str) -> Any:
    pyrage = require("pyrage")
    kind = pyrage.x25519 if text.startswith("age1") else pyrage.ssh
    try:
        return kind.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise UsageError(f"{where}: this is no public key that age can encrypt for", hint=_HINT) from None


class RecipientSink:
    """Takes plain bytes and hands on an age file that each of the recipients can open. Everything here blocks.

    pyrage pulls its input, so it works in a thread of its own that ends with `close` or `abandon`.
    """

    def __init__(self, below: Sink, recipients: Sequence[str]) -> None:
        self._below: Final = below
        self._keys: Final = [_parse(one, "a recipient") for one in recipients]
        self._pyrage: Final = require("pyrage")
        self._plain: Final = HandOver()
        self._outlet: Final = _Outlet(below)
        # Whatever else ends the thread must not look like success.
        self._failure: TuiMigrateError | None = StorageFailed("the encryption was broken off", hint="begin again")
        self._thread: Final = threading.Thread(target=self._encrypt, name="age-encrypt", daemon=True)
        self._thread.start()

    def write(self, content: bytes, /) -> int:
        """Take bytes, waiting where the sink below is behind. Raises what that one raised."""
        try:
            return self._plain.write(content)
        except BrokenOff:
            self._thread.join()
            raise self._failure or StorageFailed("the age file has been ended", hint="begin again") from None

    def close(self) -> None:
        """Hand on the end and close what is below. Raises what that one raised."""
        with suppress(BrokenOff):  # the thread has failed, and says why
            self._plain.flush()
        self._plain.end()
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        self._below.close()

    def abandon(self) -> None:
        """End the thread without the end of the age file."""
        self._plain.break_off()
        self._thread.join()

    def _encrypt(self) -> None:
        try:
            self._pyrage.encrypt_io(self._plain, self._outlet, self._keys)
            self._failure = None
        except (OSError, self._pyrage.EncryptError) as error:
            reason = printable(str(error))
            self._failure = self._outlet.failure or StorageFailed(f"cannot encrypt: {reason}", hint="try again")
        finally:
            self._plain.break_off()


class _Outlet:
    """What pyrage writes to: it keeps an error of the sink, of which pyrage would leave the text alone."""

    def __init__(self, below: Sink) -> None:
        self._below = below
        self.failure: TuiMigrateError | None = None

    def write(self, content: bytes) -> int:
        try:
            self._below.write(content)
        except TuiMigrateError as error:
            self.failure = error
            raise BrokenOff from error
        return len(content)

    def flush(self) -> None:
        """Do nothing: whoever closes the sink flushes it."""
