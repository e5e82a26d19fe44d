"""Packages that unpack to far more than they are, or claim it: made in bounded memory, and looked at by a process.

`python -m tests.packages.hostile.bombs PATH` looks at a package and prints what came of it and its peak memory in MB.
"""

import asyncio
import gzip
import json
import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.packages.hostile import seeds
from tests.packages.hostile.forging import Fields, users, with_manifest
from tests.packages.hostile.looking import look
from tests.packages.mongodump import writers
from tests.process_memory import resident
from tui_migrate.documents import pack
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.tar_layout import EntryKind, headers

GIGABYTE: Final = 1024**3
PIECE: Final = 1024**2
ENTRIES: Final = 1_000_000
DIFFERENT: Final = 125_000


def packed(start: bytes, filling: bytes, size: int = GIGABYTE) -> bytes:
    """Gzip of a start and so many bytes of a filling, about a thousandth of it."""
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    part = filling * (PIECE // len(filling))
    return b"".join(
        (packer.compress(start), *(packer.compress(part) for _ in range(size // len(part))), packer.flush())
    )


def sparse(path: Path, start: bytes = b"", size: int = 1024 * GIGABYTE) -> Path:
    """A file that says it is a terabyte and takes no room."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)
    return path


def one_file(start: bytes, filling: bytes) -> Callable[[Path], Path]:
    def lay(path: Path) -> Path:
        path.write_bytes(packed(start, filling))
        return path

    return lay


def native_data(path: Path) -> Path:
    """Zeros for documents, of which the manifest says that they are as many."""
    content = packed(b"", b"\0")

    def change(fields: Fields) -> None:
        entry = users(fields)
        entry["members"][0].update(packed=len(content), unpacked=GIGABYTE)
        entry["bytes"] = GIGABYTE
        entry["files"][0]["size"] = len(content)

    return seeds.put_folder(path, {**with_manifest(seeds.tiny_folder(), change), "shop/users.bson.gz": content})


def native_file(relative: str) -> Callable[[Path], Path]:
    def lay(path: Path) -> Path:
        return seeds.put_folder(path, {**seeds.tiny_folder(), relative: packed(b"", b" ")})

    return lay


def native_sparse(relative: str) -> Callable[[Path], Path]:
    def lay(path: Path) -> Path:
        seeds.put_folder(path, seeds.tiny_folder())
        sparse(path / relative)
        return path

    return lay


def native_members(path: Path) -> Path:
    """A manifest of many collections that are not there."""

    def change(fields: Fields) -> None:
        entry = json.dumps(users(fields))
        for number in range(20_000):
            fields["collections"].append(json.loads(entry.replace("users", f"users{number}")))

    return seeds.put_folder(path, with_manifest(seeds.tiny_folder(), change))


def dump_file(relative: str, start: bytes, filling: bytes) -> Callable[[Path], Path]:
    def lay(path: Path) -> Path:
        seeds.tiny_dump(path, packed=True)
        (path / relative).write_bytes(packed(start, filling))
        return path

    return lay


def many_entries(path: Path) -> Path:
    """A tar of a million files of nothing, half a gigabyte of headers; past the limit they are the first ones again."""
    some = b"".join(headers(f"shop/{number}", EntryKind.FILE, 0, 0) for number in range(DIFFERENT))
    with path.open("wb") as file:
        for _ in range(ENTRIES // DIFFERENT):
            file.write(some)
        file.write(bytes(1_024))
    return path


def nested(path: Path) -> Path:
    """Gzip of gzip of a gigabyte."""
    path.write_bytes(gzip.compress(packed(b"", b"\0")))
    return path


def long_names(path: Path) -> Path:
    """An archive whose head names collections without an end."""
    path.write_bytes(_packed_parts((writers.head([]).removesuffix(writers.END), *_names())))
    return path


def _names() -> Iterator[bytes]:
    for number in range(200_000):
        yield writers.entry("shop", f"{number}" + "x" * 900, "{}")


def _packed_parts(parts: Iterable[bytes]) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join((*map(packer.compress, parts), packer.flush()))


BIGGEST: Final = 16 * 1024 * 1024
ID: Final = b"\x10_id\x00\x01\x00\x00\x00"
RARE: Final = b"\x0br\x00x\x00\x00"
"""A regular expression, which the quick look at a document leaves to the slow one."""

BOMBS: Final[Mapping[str, Callable[[Path], Path]]] = {
    "native: documents": native_data,
    "native: metadata": native_file("shop/users.metadata.json.gz"),
    "native: a manifest of a terabyte": native_sparse("manifest.json"),
    "native: data of a terabyte": native_sparse("shop/users.bson.gz"),
    "native: a manifest of many collections": native_members,
    "tar: a million entries": many_entries,
    "tar: a terabyte of nothing": lambda path: sparse(path, seeds.tiny(PackageForm.TAR)),
    "bson: a terabyte of nothing": lambda path: sparse(path, b"".join(seeds.USERS)),
    "bson: a gigabyte of nothing, packed": one_file(b"".join(seeds.USERS), b"\0"),
    "bson: one document of a gigabyte": one_file(struct.pack("<i", GIGABYTE) + ID, b"\x0aa\0"),
    "bson: many fields": one_file(struct.pack("<i", BIGGEST) + ID, b"\x0aa\0"),
    "dump: documents": dump_file("shop/users.bson.gz", b"", b"\0"),
    "dump: metadata": dump_file("shop/users.metadata.json.gz", b"", b" "),
    "dump: prelude": dump_file("prelude.json.gz", b"", b"["),
    "archive: nothing behind the head": one_file(writers.head([("shop", "users")]), b"\0"),
    "archive: a head without an end": long_names,
    "json: a string": one_file(b'{"endpoint": "e", "data": [{"a": "', b"x"),
    "json: a list": one_file(b'{"endpoint": "e", "data": [{"a": [', b"{},"),
    "json: a name": one_file(b'{"endpoint": "e", "', b"x"),
    "json: levels": one_file(b'{"endpoint": "e", "data": ', b"["),
    "json: space": one_file(b'{"endpoint": "e", "data": [', b" "),
    "gzip of gzip": nested,
    "gzip of nothing": one_file(b"", b"\0"),
    "bson: levels": lambda path: _written(path, pack(ID + _deep(2_000_000))),
    "bson: levels behind a rare type": lambda path: _written(path, pack(ID + RARE + _deep(2_000_000))),
    "bson: a big _id of many levels": lambda path: _written(path, pack(_wide(190).replace(b"a", b"_id", 1)) * 2),
}


def _deep(levels: int) -> bytes:
    sizes = range(5 + 8 * (levels - 1), 4, -8)
    return b"".join(b"\x03a\x00" + struct.pack("<i", one) for one in sizes) + bytes(levels)


def _wide(levels: int) -> bytes:
    """As many levels as are read, and in the middle a text that fills the document."""
    text = b"x" * (BIGGEST - 4_096) + b"\x00"
    content = pack(b"\x02t\x00" + struct.pack("<i", len(text)) + text)
    for _ in range(levels):
        content = pack(b"\x03a\x00" + content)
    return b"\x03a\x00" + content


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def main() -> None:
    """Look at a package in this very process and say what came of it."""
    seen = asyncio.run(look(Path(sys.argv[1])))
    told = {"reported": seen.is_reported, "noticed": seen.is_noticed, "messages": seen.messages[:4_000]}
    sys.stdout.write(json.dumps({**told, "peak": resident("VmHWM")}))


if __name__ == "__main__":
    main()
