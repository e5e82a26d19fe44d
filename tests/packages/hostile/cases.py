"""Packages made to do harm: each is laid out by a function, with words that what is told of it has to hold."""

import gzip
import json
import os
import stat
import struct
import sys
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.packages.hostile import seeds
from tests.packages.hostile.forging import Fields, Files, users, with_documents, with_manifest
from tests.packages.mongodump import writers
from tui_migrate.documents import pack
from tui_migrate.packages.forms import PackageForm

DATA: Final = "shop/users.bson.gz"
METADATA: Final = "shop/users.metadata.json.gz"
ID: Final = b"\x10_id\x00\x01\x00\x00\x00"


@dataclass(frozen=True, slots=True)
class Case:
    """A package, laid out at a path that is free; `told` are parts of what is said, each of which has to be there."""

    lay: Callable[[Path], Path]
    told: tuple[str, ...]


def native(change: Callable[[Files], Mapping[str, bytes]]) -> Callable[[Path], Path]:
    """A native package with other files."""
    return lambda path: seeds.put_folder(path, change(seeds.tiny_folder()))


def lying(change: Callable[[Fields], object]) -> Callable[[Path], Path]:
    """A native package whose manifest was changed and sealed again."""
    return native(lambda files: with_manifest(files, change))


def holding(content: bytes, count: int = 1) -> Callable[[Path], Path]:
    """A native package with these documents, and digests that are right."""
    return native(lambda files: with_documents(files, content, count))


def on_disk(change: Callable[[Path], object]) -> Callable[[Path], Path]:
    """A native package, changed where it lies."""

    def lay(path: Path) -> Path:
        change(seeds.put_folder(path, seeds.tiny_folder()))
        return path

    return lay


def dump(change: Callable[[Path], object], *, packed: bool = False) -> Callable[[Path], Path]:
    """A mongodump folder, changed where it lies."""

    def lay(path: Path) -> Path:
        change(seeds.tiny_dump(path, packed=packed))
        return path

    return lay


def one_file(content: bytes) -> Callable[[Path], Path]:
    def lay(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return lay


def swapped(files: Files, one: str, other: str) -> Mapping[str, bytes]:
    return {**files, one: files[other], other: files[one]}


def swap(path: Path, one: str, other: str) -> None:
    first, second = (path / one).read_bytes(), (path / other).read_bytes()
    (path / one).write_bytes(second)
    (path / other).write_bytes(first)


def folder_instead(path: Path, relative: str) -> None:
    (path / relative).unlink()
    (path / relative).mkdir()


def fifo_instead(path: Path, relative: str) -> None:
    (path / relative).unlink()
    os.mkfifo(path / relative)


def link_instead(path: Path, relative: str) -> None:
    (path / relative).rename(path.parent / "elsewhere")
    (path / relative).symlink_to(path.parent / "elsewhere")


def device_instead(path: Path, relative: str) -> None:
    """Endless zeros, where the system lets us make the device; else a link to it."""
    (path / relative).unlink()
    try:
        os.mknod(path / relative, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        (path / relative).symlink_to("/dev/zero")


def longer(files: Files, by: int) -> Mapping[str, bytes]:
    def change(fields: Fields) -> None:
        users(fields)["members"][0]["unpacked"] += by
        users(fields)["bytes"] += by

    return with_manifest(files, change)


def more_documents(fields: Fields) -> None:
    users(fields)["documents"] = users(fields)["members"][0]["documents"] = 3


def another_database(fields: Fields) -> None:
    fields["source"]["database"] = "../../etc"


def deep(levels: int, kind: bytes = b"\x03") -> bytes:
    """A document nested so deep, of documents or of lists."""
    sizes = array("i", range(5 + 8 * (levels - 1), 4, -8))
    if sys.byteorder == "big":
        sizes.byteswap()
    heads = bytearray((kind + b"a\x00" + bytes(4)) * levels)
    for place in range(4):
        heads[3 + place :: 7] = sizes.tobytes()[place::4]
    return pack(ID + bytes(heads) + bytes(levels))


def json_file(documents: bytes) -> Callable[[Path], Path]:
    return one_file(b'{"endpoint": "e", "data": [' + documents + b"]}")


WRONG_BSON: Final[Mapping[str, bytes]] = {
    "a length of nothing": pack(ID + b"\x03a\x00" + struct.pack("<i", 0) + b"\x00"),
    "a length below the least": pack(ID + b"\x03a\x00" + struct.pack("<i", 4) + b"\x00"),
    "a negative length": pack(ID + b"\x02a\x00" + struct.pack("<i", -1) + b"x\x00"),
    "a length past the end": pack(ID + b"\x05a\x00" + struct.pack("<i", 2**31 - 1) + b"\x00xyz"),
    "an unknown type": pack(ID + b"\x77a\x00"),
    "a name without an end": pack(ID + b"\x10aaaaaaaa"),
    "no end": pack(ID)[:-1] + b"\x01",
    "ten thousand levels": deep(10_000),
    "ten thousand lists": deep(10_000, b"\x04"),
    "two million levels": deep(2_000_000),
}

NATIVE: Final[Mapping[str, Case]] = {
    "data of two collections swapped": Case(
        native(lambda it: swapped(it, DATA, "shop/orders.bson.gz")), ("member_damaged", DATA, "byte 0")
    ),
    "metadata of two collections swapped": Case(
        native(lambda it: swapped(it, METADATA, "shop/orders.metadata.json.gz")), ("metadata_damaged", METADATA)
    ),
    "a folder for data": Case(on_disk(lambda it: folder_instead(it, DATA)), ("file_kind", DATA)),
    "a folder for the manifest": Case(on_disk(lambda it: folder_instead(it, "manifest.json")), ("manifest",)),
    "a pipe for data": Case(on_disk(lambda it: fifo_instead(it, DATA)), ("file_kind", DATA)),
    "a pipe for the manifest": Case(on_disk(lambda it: fifo_instead(it, "manifest.json")), ("manifest",)),
    "a link for metadata": Case(on_disk(lambda it: link_instead(it, METADATA)), ("file_kind", METADATA)),
    "a device for data": Case(on_disk(lambda it: device_instead(it, DATA)), ("file_kind", DATA)),
    "a device for the manifest": Case(on_disk(lambda it: device_instead(it, "manifest.json")), ("manifest",)),
    "a file of no collection": Case(
        native(lambda it: {**it, "shop/more.bson.gz": it[DATA]}), ("file_extra", "shop/more.bson.gz")
    ),
    "a name in another case": Case(
        native(lambda it: {**it, "shop/USERS.bson.gz": it[DATA]}), ("file_extra", "shop/USERS.bson.gz")
    ),
    "more documents than there are": Case(lying(more_documents), ("member_damaged", DATA, "2 documents, not 3")),
    "more bytes than there are": Case(native(lambda it: longer(it, 1)), ("member_damaged", DATA, "byte 0")),
    "fewer bytes than there are": Case(native(lambda it: longer(it, -1)), ("member_damaged", DATA, "byte 0")),
    "bytes past every number": Case(lying(lambda it: users(it).update(bytes=2**70)), ("manifest_damaged",)),
    "a database that leads out": Case(lying(another_database), ("manifest_damaged", "database")),
    "a path that leads out": Case(
        lying(lambda it: users(it)["files"][0].update(path="shop/../../x")), ("manifest_damaged",)
    ),
    "a collection that leads out": Case(lying(lambda it: users(it).update(name="../x")), ("manifest_damaged",)),
    "two collections of one name": Case(
        lying(lambda it: it["collections"].append(users(it))), ("manifest_damaged", "twice")
    ),
    "a newer version": Case(lying(lambda it: it.update(format_version=2, more=1)), ("package_newer", "newer version")),
    "gzip of gzip": Case(
        native(lambda it: {**it, DATA: gzip.compress(it[DATA], mtime=0)}), ("file_size", "member_damaged", DATA)
    ),
    "no gzip": Case(native(lambda it: {**it, DATA: b"x" * len(it[DATA])}), ("member_damaged", DATA, "byte 0")),
    "one id twice": Case(holding(b"".join(seeds.USERS[:1] * 2), 2), ("id_duplicate", "byte 0")),
    **{f"documents with {name}": Case(holding(one), ("byte 0",)) for name, one in WRONG_BSON.items()},
}

DUMPS: Final[Mapping[str, Case]] = {
    "metadata of two collections swapped": Case(
        dump(lambda it: swap(it, "shop/users.metadata.json", "shop/orders.metadata.json")), ("users.metadata.json",)
    ),
    "a folder for data": Case(dump(lambda it: folder_instead(it, "shop/users.bson")), ("users",)),
    "a pipe for data": Case(dump(lambda it: fifo_instead(it, "shop/users.bson")), ("users.bson",)),
    "a device for data": Case(dump(lambda it: device_instead(it, "shop/users.bson")), ("users.bson",)),
    "a link for data": Case(dump(lambda it: link_instead(it, "shop/users.bson")), ("users.bson",)),
    "a pipe for metadata": Case(dump(lambda it: fifo_instead(it, "shop/users.metadata.json")), ("users.metadata",)),
    "gzip of gzip": Case(
        dump(lambda it: writers.write(it / "shop/users.bson", gzip.compress(b"".join(seeds.USERS)), packed=True)),
        ("users.bson",),
    ),
    "no gzip": Case(
        dump(lambda it: (it / "shop/users.bson.gz").write_bytes(b"this is no gzip"), packed=True), ("users.bson.gz",)
    ),
    **{
        f"documents with {name}": Case(
            dump(lambda it, one=one: (it / "shop/users.bson").write_bytes(one)),  # type: ignore[misc] # bound per turn
            ("users.bson", "byte 0"),
        )
        for name, one in WRONG_BSON.items()
    },
}

FILES: Final[Mapping[str, Case]] = {
    "an archive of a newer version": Case(one_file(writers.head([("shop", "users")], version="0.2")), ("version 0.2",)),
    "an archive of a database that leads out": Case(
        one_file(writers.archive({"../..": {"users": seeds.USERS}})), ("byte", "no database has such a name")
    ),
    "JSON with NaN as an id": Case(json_file(b'{"id": NaN}, {"id": NaN}'), ("twice|_id", "byte")),
    "JSON of ten thousand levels": Case(json_file(b'{"a":' * 10_000 + b"1" + b"}" * 10_000), ("byte", "180")),
    "JSON with one key twice": Case(json_file(b'{"id": 1, "a": 1, "a": 2}'), ("byte 45", "twice")),
    "JSON with half a character": Case(json_file(b'{"id": 1, "a": "\\ud800"}'), ("byte", "half")),
    "JSON that is no UTF-8": Case(json_file(b'{"id": 1, "a": "\xff"}'), ("byte", "UTF-8")),
    "JSON in UTF-16": Case(one_file('{"endpoint": "e", "data": []}'.encode("utf-16")), ("UTF-16",)),
    "gzip of gzip of JSON": Case(
        one_file(gzip.compress(gzip.compress(json.dumps({"endpoint": "e", "data": []}).encode()))), ()
    ),
    "gzip that is none": Case(one_file(b"\x1f\x8b\x08\x00 this is no gzip at all"), ("byte",)),
    "gzip of a tar": Case(one_file(gzip.compress(seeds.tiny(PackageForm.TAR))), ()),
    "nothing": Case(one_file(b""), ()),
    "a single file with a document of a gigabyte": Case(one_file(struct.pack("<i", 2**30) + ID), ()),
    "ids twice in a single file": Case(one_file(seeds.USERS[0] * 2), ("id_duplicate", "byte")),
    "BSON that is cut": Case(one_file(seeds.USERS[0] + seeds.USERS[1][:-1]), ("byte", "x")),
}

EVERY: Final[Mapping[str, Case]] = {
    **{f"native: {name}": case for name, case in NATIVE.items()},
    **{f"dump: {name}": case for name, case in DUMPS.items()},
    **{f"file: {name}": case for name, case in FILES.items()},
}

ODD_BSON: Final = {
    "a key twice": pack(b"\x10_id\x00\x01\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x10a\x00\x02\x00\x00\x00"),
    "a key that is no UTF-8": pack(b"\x10_id\x00\x02\x00\x00\x00\x10\xff\x00\x01\x00\x00\x00"),
    "a text that is no UTF-8": pack(b"\x10_id\x00\x03\x00\x00\x00\x02a\x00\x02\x00\x00\x00\xff\x00"),
}
"""Documents that a server may hold, although no driver writes them: they are kept as they are."""
