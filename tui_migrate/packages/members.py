"""Gzip members: each holds the documents of one batch and is read, checked and resumed from by itself.

The format is RFC 1952. The header is always the same ten bytes (no name, no time, system unknown, as Go writes it), so
that one batch gives the same bytes wherever and whenever it is packed with the same zlib. Metadata alone has a comment
in its header besides: by it a package that lost its manifest is told from a dump.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO, Final

from tui_migrate.documents import iterate
from tui_migrate.errors import MalformedDocument, PackageDamaged

HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
MARKED_HEADER: Final = b"\x1f\x8b\x08\x10\x00\x00\x00\x00\x00\xfftui-migrate\x00"
"""The header with FCOMMENT, which every reader of gzip passes over."""

LEVEL: Final = 6

MAX_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of documents in one member: more than a batch ever has, little enough to hold in memory."""

MAX_PACKED: Final = MAX_UNPACKED + 1024 * 1024
"""Deflate grows what it cannot shrink by five bytes in 16 KB."""

_TRAILER: Final = struct.Struct("<II")
DAMAGED_HINT: Final = "get a fresh copy of the package; nothing of this one may be trusted"


@dataclass(frozen=True, slots=True)
class Member:
    """One gzip member: where it starts in its file, bytes packed and unpacked, documents, hex SHA-256 when unpacked."""

    offset: int
    packed: int
    unpacked: int
    documents: int
    sha256: str

    @property
    def end(self) -> int:
        """The offset past its last byte."""
        return self.offset + self.packed


def pack(content: bytes, level: int = LEVEL, header: bytes = HEADER) -> bytes:
    """Make one gzip member."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = compressor.compress(content)
    trailer = _TRAILER.pack(zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return b"".join((header, body, compressor.flush(), trailer))


EMPTY: Final = pack(b"")
"""The file of a collection without documents: mongorestore wants gzip of nothing, not nothing."""


def pack_metadata(content: bytes, level: int = LEVEL) -> bytes:
    """Make the file of a collection's metadata: one member, marked as of a package."""
    return pack(content, level, MARKED_HEADER)


def unpack_metadata(packed: bytes, limit: int, where: str) -> bytes:
    """Inflate the file of a collection's metadata, which is not marked in older packages. Raises as `unpack` does."""
    return unpack(packed, limit, where, MARKED_HEADER if packed.startswith(MARKED_HEADER) else HEADER)


def unpack(packed: bytes, limit: int, where: str, header: bytes = HEADER) -> bytes:
    """Inflate exactly one member, never past `limit` bytes. Raises PackageDamaged, naming `where`."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = inflater.decompress(packed, limit + 1)
    except zlib.error as error:
        raise PackageDamaged(f"{where} does not unpack: {error}", hint=DAMAGED_HINT) from error
    if len(content) > limit:
        raise PackageDamaged(f"{where} unpacks to more than {limit:,} bytes", hint=DAMAGED_HINT)
    if not inflater.eof or inflater.unused_data or not packed.startswith(header):
        raise PackageDamaged(f"{where} is not one whole gzip member", hint=DAMAGED_HINT)
    return content


def size_fault(document: bytes, most: int) -> str:
    """Say that a document has more bytes than one may have; empty where it has not."""
    return f"a document has {len(document):,} bytes, {most:,} may be" if len(document) > most else ""


def read_packed(file: BinaryIO, member: Member, name: str) -> bytes:
    """Read a member's bytes from its place in a file. Raises PackageDamaged naming file and offset."""
    try:
        file.seek(member.offset)
        packed = file.read(member.packed)
    except OSError as error:
        raise PackageDamaged(
            f"cannot read {name} at byte {member.offset}: {error.strerror}", hint="check the disk"
        ) from error
    if len(packed) != member.packed:
        raise PackageDamaged(f"{name} is cut short at byte {member.offset + len(packed)}", hint=DAMAGED_HINT)
    return packed


def documents_of(packed: bytes, member: Member, name: str) -> tuple[bytes, list[bytes]]:
    """Unpack a member and check length, digest and count; give the stream and the documents it is made of.

    Raises PackageDamaged naming file and offset.
    """
    where = f"{name} at byte {member.offset}"
    content = unpack(packed, member.unpacked, where)
    if len(content) != member.unpacked or hashlib.sha256(content).hexdigest() != member.sha256:
        raise PackageDamaged(f"{where} differs from its digest", hint=DAMAGED_HINT)
    try:
        documents = list(iterate(content))
    except MalformedDocument as error:
        raise PackageDamaged(f"{where}, unpacked: {error.message}", hint=DAMAGED_HINT) from error
    if len(documents) != member.documents:
        raise PackageDamaged(f"{where} holds {len(documents)} documents, not {member.documents}", hint=DAMAGED_HINT)
    return content, documents
