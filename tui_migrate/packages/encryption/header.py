"""The header of an age file: who can open it. As https://age-encryption.org/v1 has it (C2SP, age.md)."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages.content import Stream

MAGIC: Final = b"age-encryption.org/v1"
ANY_VERSION: Final = b"age-encryption.org/"
ARMOR: Final = b"-----BEGIN AGE ENCRYPTED FILE-----"
MAX_HEADER: Final = 1024 * 1024
"""Bytes that a header may have; one recipient takes about 100."""
MAX_LINE: Final = 16 * 1024
_BODY_COLUMNS: Final = 64
_STANZA: Final = re.compile(rb"-> [\x21-\x7e]+(?: [\x21-\x7e]+)*")


@dataclass(frozen=True, slots=True)
class Stanza:
    """The file key wrapped for one recipient: the kind and its arguments, and the wrapped key."""

    arguments: tuple[str, ...]
    body: bytes

    @property
    def kind(self) -> str:
        """What kind of recipient: `X25519`, `scrypt`, `ssh-ed25519` and others."""
        return self.arguments[0]


@dataclass(frozen=True, slots=True)
class Header:
    """A header as it was read. `authenticated` is what the MAC is over, `size` where the payload begins."""

    stanzas: tuple[Stanza, ...]
    mac: bytes
    authenticated: bytes
    size: int

    @property
    def has_passphrase(self) -> bool:
        """True where a passphrase opens it rather than an identity."""
        return any(one.kind == "scrypt" for one in self.stanzas)


def read_header(stream: Stream, name: str) -> Header:
    """Read the header of the age file of that name and leave the stream behind it.

    Raises PackageDamaged naming file and offset, Refused for a version of the format that is not v1.
    """
    lines = _Lines(stream, name)
    first = lines.next()
    if first != MAGIC:
        if re.fullmatch(re.escape(ANY_VERSION) + rb"v[0-9]{1,3}", first):
            raise Refused(
                f"{name} is of a version of the age format that is not known here", hint="decrypt it with age itself"
            )
        raise lines.damaged("it does not begin as an age file does")
    stanzas: list[Stanza] = []
    while True:
        before = lines.taken
        line = lines.next()
        if line.startswith(b"---"):
            break
        if not _STANZA.fullmatch(line):
            raise lines.damaged("this is no line of a recipient")
        stanzas.append(Stanza(tuple(line[3:].decode("ascii").split(" ")), _body(lines)))
    mac = decode(line[4:]) if line.startswith(b"--- ") else None
    if mac is None or len(mac) != 32 or not stanzas:
        raise lines.damaged("the header's end is malformed")
    return Header(tuple(stanzas), mac, bytes(lines.content[: before + 3]), lines.taken)


def decode(text: bytes) -> bytes | None:
    """Read base64 without padding, in the one way of writing it that age allows; None where it is anything else."""
    try:
        content = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return None
    return content if encode(content) == text else None


def encode(content: bytes) -> bytes:
    """Write base64 without padding."""
    return base64.b64encode(content).rstrip(b"=")


def _body(lines: "_Lines") -> bytes:
    parts: list[bytes] = []
    while True:
        line = lines.next()
        part = decode(line)
        if part is None or len(line) > _BODY_COLUMNS:
            raise lines.damaged("a recipient's key is malformed")
        parts.append(part)
        if len(line) < _BODY_COLUMNS:
            return b"".join(parts)


class _Lines:
    """Takes lines off a stream, one byte after the other so that nothing of the payload is taken."""

    def __init__(self, stream: Stream, name: str) -> None:
        self._stream = stream
        self._name = name
        self._line_at = 0
        self.content = bytearray()

    @property
    def taken(self) -> int:
        """Bytes taken so far."""
        return len(self.content)

    def next(self) -> bytes:
        self._line_at = self.taken
        while True:
            byte = self._stream.read(1)
            if not byte:
                raise self.damaged("the header has no end")
            self.content += byte
            if byte == b"\n":
                return bytes(self.content[self._line_at : -1])
            if self.taken > MAX_HEADER or self.taken - self._line_at > MAX_LINE:
                raise self.damaged("the header is longer than any that age writes")

    def damaged(self, what: str) -> PackageDamaged:
        return PackageDamaged(
            f"{self._name} is damaged at byte {self._line_at:,}: {what}", hint="get a fresh copy of the package"
        )
