"""The blocks of a tar: POSIX.1-2001 “ustar” headers, and “pax” headers for what those cannot say.

A header holds a path of up to 100 bytes, or up to 155 before a `/` and 100 behind it, and a size below 8 GiB. A pax
header before it overrules both: records `LENGTH KEY=VALUE\\n`, of which `path` and `size` alone are written and read.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui_migrate.packages.members import DAMAGED_HINT

BLOCK: Final = 512
END: Final = bytes(2 * BLOCK)
MAX_USTAR_SIZE: Final = 8**11 - 1
SIZE_DIGITS: Final = 20
"""Digits of a size in a pax header: always as many, so that it can be filled in once the size is known."""

_REPACKED_HINT: Final = "take the tar as it was exported; a tar that is made again has to be made by tar --format=ustar"

_RECORD_DIGITS: Final = 3
"""Digits of the length of a pax record: a path of a package has fewer than 350 bytes, one of 990 is still read."""

RECORD_BLOCKS: Final = 20
"""Blocks to a multiple of which tar programs fill up the end of what they write."""

_NAME: Final = 100
_PREFIX: Final = 155
_CHECKSUM: Final = slice(148, 156)
_MAGICS: Final = (b"ustar\x0000", b"ustar  \x00")
"""POSIX's, and the one that GNU tar writes; with that what POSIX calls the prefix is something else."""

_OCTAL: Final = re.compile(rb"[0-7]+")
_NUMBER: Final = re.compile(r"[0-9]{1,20}")


class EntryKind(StrEnum):
    """The types of entries that a package's tar may have."""

    FILE = "0"
    FOLDER = "5"
    PAX = "x"


class TarFault(Exception):
    """What is wrong with a header, and what can be done about it."""

    def __init__(self, message: str, hint: str = DAMAGED_HINT) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class TarHeader:
    """What one header says."""

    path: str
    kind: EntryKind
    size: int


def padding(size: int) -> int:
    """Bytes up to the end of the block."""
    return -size % BLOCK


def padded(size: int) -> int:
    """A size with its padding."""
    return size + padding(size)


def headers(path: str, kind: EntryKind, size: int, moment: int, *, reserve: bool = False) -> bytes:
    """Make all headers of an entry. `moment` is in seconds since 1970.

    With `reserve` there is a pax header for the size whatever it is, so that the length does not depend on it.
    """
    fields = _split(path)
    records = b""
    if fields is None:
        records += _record("path", path)
        fields = (path.encode("ascii", "replace")[-_NAME:], b"")
    if reserve or size > MAX_USTAR_SIZE:
        records += _record("size", f"{size:0{SIZE_DIGITS}d}")
    plain = _header(fields, kind, size if size <= MAX_USTAR_SIZE else 0, moment)
    if not records:
        return plain
    pax = _header((b"PaxHeaders/" + fields[0][-80:], b""), EntryKind.PAX, len(records), moment)
    return pax + records + bytes(padding(len(records))) + plain


def _split(path: str) -> tuple[bytes, bytes] | None:
    """Cut a path into name and prefix; None where neither a header nor its prefix has room for it."""
    if not path.isascii():
        return None
    name = path.encode()
    if len(name) <= _NAME:
        return name, b""
    folder, _, last = name.rpartition(b"/")
    return (last, folder) if len(last) <= _NAME and 0 < len(folder) <= _PREFIX else None


def _record(key: str, value: str) -> bytes:
    rest = f" {key}={value}\n".encode()
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def _header(fields: tuple[bytes, bytes], kind: EntryKind, size: int, moment: int) -> bytes:
    name, prefix = fields
    mode = b"0000700\0" if kind is EntryKind.FOLDER else b"0000600\0"
    owner = b"0000000\0" * 2
    numbers = b"%011o\0%011o\0" % (size, moment)
    head = name.ljust(_NAME, b"\0") + mode + owner + numbers + b" " * 8 + kind.encode() + bytes(_NAME)
    tail = _MAGICS[0] + bytes(64) + b"0000000\0" * 2 + prefix.ljust(_PREFIX, b"\0") + bytes(12)
    block = head + tail
    return block[: _CHECKSUM.start] + b"%06o\0 " % sum(block) + block[_CHECKSUM.stop :]


def parse_header(block: bytes) -> TarHeader:
    """Read one header strictly. Raises TarFault."""
    blank = block[: _CHECKSUM.start] + b" " * 8 + block[_CHECKSUM.stop :]
    if block[_CHECKSUM] != b"%06o\0 " % sum(blank):
        raise TarFault("the header's checksum does not match")
    if block[257:265] not in _MAGICS:
        raise TarFault("this is no header of a POSIX tar")
    try:
        kind = EntryKind(block[156:157].decode("latin-1"))
    except ValueError:
        raise TarFault(f"an entry of type {block[156:157]!r} is neither a file nor a folder") from None
    if any(block[157:257]):
        raise TarFault("the entry is a link")
    prefix = _text(block[345:500]) if block[257:265] == _MAGICS[0] else ""
    name = _text(block[:_NAME])
    return TarHeader(f"{prefix}/{name}" if prefix else name, kind, _octal(block[124:136]))


def _text(field: bytes) -> str:
    text, _, rest = field.partition(b"\0")
    if any(rest):
        raise TarFault("a name goes on behind its end")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise TarFault("a name is not UTF-8") from None


def _octal(field: bytes) -> int:
    digits = field.rstrip(b"\0 ")
    if not _OCTAL.fullmatch(digits):
        raise TarFault("a size is not an octal number")
    return int(digits, 8)


def parse_records(content: bytes) -> dict[str, str]:
    """Read what a pax header says, strictly. Raises TarFault."""
    found: dict[str, str] = {}
    while content:
        digits, _, _ = content.partition(b" ")
        length = int(digits) if digits.isdigit() and len(digits) <= _RECORD_DIGITS else 0
        record, content = content[:length], content[length:]
        key, separator, value = record.removesuffix(b"\n").partition(b" ")[2].partition(b"=")
        if len(record) != length or not record.endswith(b"\n") or not separator or digits.startswith(b"0"):
            raise TarFault("a pax header is not well-formed")
        if key not in (b"path", b"size"):
            raise TarFault(f"a pax header says {key[:40]!r}, which no package has", _REPACKED_HINT)
        if key.decode() in found:
            raise TarFault(f"a pax header says {key.decode()} twice")
        try:
            found[key.decode()] = value.decode()
        except UnicodeDecodeError:
            raise TarFault("a name is not UTF-8") from None
    if not _NUMBER.fullmatch(found.get("size", "0")):
        raise TarFault("a size in a pax header is not a number")
    return found
