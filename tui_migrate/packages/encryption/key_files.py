"""Files of secret keys: for their owner alone, small, and never quoted in a message. All of it blocks."""

import base64
import binascii
import os
import re
import stat
from pathlib import Path
from typing import Any, Final

from tui_migrate.errors import CredentialsMissing, UsageError
from tui_migrate.packages.encryption.header import ANY_VERSION, ARMOR
from tui_migrate.packages.encryption.required import require
from tui_migrate.packages.files import shown

MAX_KEY_FILE: Final = 256 * 1024
MAX_PASSPHRASE_FILE: Final = 4_096
AES_KEY: Final = 32
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{64}")
_SSH: Final = b"-----BEGIN "


def read_private(path: Path, what: str, limit: int = MAX_KEY_FILE) -> bytes:
    """Read a file that holds a secret; `what` is what it is called. Raises CredentialsMissing.

    A link is followed, as a user's own key may lie behind one.
    """
    called = f"the {what} {shown(path)}"
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(limit + 1) if stat.S_ISREG(status.st_mode) else b""
    except OSError as error:
        raise CredentialsMissing(
            f"{called} cannot be read: {error.strerror}", hint="check the path and its permissions"
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise CredentialsMissing(f"{called} is not a regular file", hint="name the file that holds it")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise CredentialsMissing(f"others may read {called}", hint=f"chmod 600 {shown(path)}")
    if not content.strip() or len(content) > limit:
        raise CredentialsMissing(f"{called} is empty, or larger than {limit:,} bytes", hint="check that it is the file")
    return content


def read_passphrase(path: Path) -> str:
    """Read a passphrase: the text of a file without the end of its line. Raises CredentialsMissing."""
    try:
        word = read_private(path, "passphrase file", MAX_PASSPHRASE_FILE).decode()
    except UnicodeDecodeError:
        # Nothing of it is quoted and no error is chained.
        raise CredentialsMissing(f"the passphrase file {shown(path)} is not UTF-8", hint="write it anew") from None
    return word.removesuffix("\n").removesuffix("\r")


def read_identities(path: Path) -> tuple[Any, ...]:
    """Read age identities, one a line, or one SSH private key: objects that pyrage takes.

    Raises CredentialsMissing where the file cannot be read or others may read it, UsageError where it holds none.
    """
    content = read_private(path, "identity file")
    if content.startswith((ANY_VERSION, ARMOR)):
        raise UsageError(
            f"the identity file {shown(path)} is protected by a passphrase itself",
            hint="take the passphrase off into another file of mode 0600: age -d FILE > OTHER",
        )
    pyrage = require("pyrage")
    if content.startswith(_SSH):
        try:
            return (pyrage.ssh.Identity.from_buffer(content),)
        except pyrage.IdentityError:
            raise UsageError(
                f"the identity file {shown(path)} holds no SSH key that opens age files",
                hint="an Ed25519 or RSA key without a passphrase does; ssh-keygen -p takes a passphrase off a copy",
            ) from None
    found: list[Any] = []
    for number, line in enumerate(content.splitlines(), 1):
        text = line.strip().decode("ascii", "replace")
        if not text or text.startswith("#"):
            continue
        try:
            found.append(pyrage.x25519.Identity.from_str(text))
        except pyrage.IdentityError:
            raise UsageError(
                f"{shown(path)}, line {number}: this is no age identity",
                hint="a line begins with AGE-SECRET-KEY-1, as age-keygen writes it",
            ) from None
    if not found:
        raise UsageError(f"there is no identity in {shown(path)}", hint="age-keygen -o FILE makes one")
    return tuple(found)


def read_aes_key(path: Path) -> bytes:
    """Read a key of 256 bits: 32 bytes as they are, 64 hexadecimal digits, or base64.

    Raises CredentialsMissing where the file cannot be read or others may read it, UsageError where it is none of these.
    """
    content = read_private(path, "key file")
    if len(content) == AES_KEY:
        return content
    text = content.strip()
    if _HEX.fullmatch(text):
        return bytes.fromhex(text.decode("ascii"))
    try:
        key = base64.b64decode(text.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != AES_KEY:
        raise UsageError(
            f"the key file {shown(path)} holds no key of 32 bytes",
            hint="it is 32 bytes as they are, 64 hexadecimal digits, or base64",
        )
    return key
