"""Writes dumps as mongodump lays them out, with nothing of the program's own code."""

import gzip
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import bson

MAGIC = struct.pack("<I", 0x8199E26D)
END = b"\xff\xff\xff\xff"
ID_INDEX = {"v": {"$numberInt": "2"}, "key": {"_id": {"$numberInt": "1"}}, "name": "_id_"}

Documents = Mapping[str, Sequence[bytes]]


def _table() -> list[int]:
    found = []
    for byte in range(256):
        rest = byte
        for _ in range(8):
            rest = rest >> 1 ^ (0xC96C5795D7870F42 if rest & 1 else 0)
        found.append(rest)
    return found


_TABLE = _table()


def crc64(content: bytes) -> int:
    """CRC-64 as Go's `crc64.ECMA` counts it, as a signed number."""
    found = 2**64 - 1
    for byte in content:
        found = _TABLE[(found ^ byte) & 0xFF] ^ found >> 8
    found ^= 2**64 - 1
    return found - 2**64 if found >= 2**63 else found


def metadata(name: str, **more: object) -> str:
    fields: dict[str, object] = {"indexes": [ID_INDEX], "uuid": "0" * 32, "collectionName": name, "type": "collection"}
    fields.update(more)
    return json.dumps({key: value for key, value in fields.items() if value is not None}, ensure_ascii=False)


def file_stem(name: str) -> str:
    kept = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~"
    parts = []
    for byte in name.encode():
        one = chr(byte)
        parts.append(one if one in kept else "+" if one == " " else f"%{byte:02X}")
    return "".join(parts)


def write_folder(path: Path, databases: Mapping[str, Documents], *, packed: bool = False) -> Path:
    path.mkdir()
    write(path / "prelude.json", b'{"ServerVersion":"8.0.4","ToolVersion":"100.10.0"}', packed=packed)
    for database, collections in databases.items():
        (path / database).mkdir()
        for name, documents in collections.items():
            write(path / database / f"{file_stem(name)}.bson", b"".join(documents), packed=packed)
            write(path / database / f"{file_stem(name)}.metadata.json", metadata(name).encode(), packed=packed)
    return path


def write(path: Path, content: bytes, *, packed: bool = False) -> Path:
    if packed:
        path = path.with_name(path.name + ".gz")
        content = gzip.compress(content, mtime=0)
    path.write_bytes(content)
    return path


def head(namespaces: Iterable[tuple[str, str]], **more: object) -> bytes:
    header = {"concurrent_collections": 4, "version": "0.1", "server_version": "8.0.4", "tool_version": "100.10.0"}
    parts = [MAGIC, bson.encode({**header, **more})]
    parts.extend(entry(database, name) for database, name in namespaces)
    return b"".join((*parts, END))


def entry(database: str, name: str, text: str | None = None, kind: str = "collection") -> bytes:
    text = metadata(name) if text is None else text
    return bson.encode({"db": database, "collection": name, "metadata": text, "size": 0, "type": kind})


def block(database: str, name: str, documents: Sequence[bytes]) -> bytes:
    header = bson.encode({"db": database, "collection": name, "EOF": False, "CRC": bson.Int64(0)})
    return header + b"".join(documents) + END


def ending(database: str, name: str, documents: Sequence[bytes]) -> bytes:
    checksum = bson.Int64(crc64(b"".join(documents)))
    return bson.encode({"db": database, "collection": name, "EOF": True, "CRC": checksum}) + END


def archive(databases: Mapping[str, Documents], *, turn: int = 3) -> bytes:
    """Make an archive in which the collections take turns, `turn` documents each."""
    every = {(database, name): docs for database, some in databases.items() for name, docs in some.items()}
    parts = [head(every)]
    for start in range(0, max((len(one) for one in every.values()), default=0), turn):
        for place, documents in every.items():
            if documents[start : start + turn]:
                parts.append(block(*place, documents[start : start + turn]))
    parts.extend(ending(*place, documents) for place, documents in every.items())
    return b"".join(parts)


def numbered(first: int, last: int, size: int = 0) -> list[bytes]:
    return [bson.encode({"_id": number, "text": "x" * size}) for number in range(first, last)]
