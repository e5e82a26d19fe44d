"""The single files of a dump, packed or not: their bytes say which, and their names only where the bytes do not."""

import struct
from pathlib import Path
from typing import Final

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.content import Content, FileContent, read_exactly
from tui_migrate.packages.files import shown
from tui_migrate.packages.gzip_content import GzipContent
from tui_migrate.packages.members import DAMAGED_HINT

_GZIP: Final = b"\x1f\x8b\x08"
_RESERVED_FLAGS: Final = 0xE0
_INT32: Final = struct.Struct("<i")
HEAD: Final = 16


def is_gzip(head: bytes) -> bool:
    """Say whether bytes begin as gzip does (RFC 1952): its mark, its one method, no flag that is reserved."""
    return len(head) >= 4 and head.startswith(_GZIP) and not head[3] & _RESERVED_FLAGS


def data_content(path: Path, limit: int) -> Content:
    """Open a file of documents. Raises PackageDamaged.

    A document of exactly 559,903 bytes begins like gzip; then the file's name tells.
    """
    content = FileContent(path)
    head = read_head(content, HEAD)
    if not is_gzip(head) or (not path.name.endswith(".gz") and _is_document(content, head)):
        return content
    return GzipContent(content, limit)


def _is_document(content: Content, head: bytes) -> bool:
    (length,) = _INT32.unpack_from(head)
    if len(head) < HEAD or not (0x01 <= head[4] <= 0x13 or head[4] in (0x7F, 0xFF)):
        return False
    stream = content.open(length - 1)
    try:
        return stream.read(1) == b"\x00"
    finally:
        stream.close()


def read_head(content: Content, size: int) -> bytes:
    """Read the first bytes of a content, fewer where it is shorter. Raises PackageDamaged."""
    stream = content.open()
    try:
        return read_exactly(stream, size)
    except OSError as error:
        raise PackageDamaged(f"cannot read {content.name}: {error.strerror}", hint="check the disk") from error
    finally:
        stream.close()


def read_file(path: Path, limit: int) -> bytes:
    """Read a whole small file, unpacked where it is gzip. Raises PackageDamaged."""
    content: Content = FileContent(path)
    if is_gzip(read_head(content, HEAD)):
        content = GzipContent(content, limit)
    found = read_head(content, limit + 1)
    if len(found) > limit:
        raise PackageDamaged(f"{shown(path)} is larger than {limit:,} bytes", hint=DAMAGED_HINT)
    return found
