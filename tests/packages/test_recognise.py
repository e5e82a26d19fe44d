import asyncio
import gzip
import os
from collections.abc import Sequence
from pathlib import Path

import bson
import pytest

from tests.packages.mongodump import writers
from tests.packages.mongodump.reading import codes, findings, read_all
from tests.packages.samples import small_package, small_tar
from tui_migrate.errors import Refused, UsageError
from tui_migrate.findings import Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.recognised import RecognisedPackage

USERS = writers.numbered(0, 3)
ARCHIVE = writers.archive({"shop": {"users": USERS}})


def form(path: Path) -> PackageForm:
    return asyncio.run(RecognisedPackage(path).form())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ARCHIVE, PackageForm.ARCHIVE),
        (b"".join(USERS), PackageForm.BSON),
        (bson.encode({}), PackageForm.BSON),
        (bson.encode({}) + USERS[0], PackageForm.BSON),
    ],
)
@pytest.mark.parametrize("name", ["a", "a.bson", "a.json", "a.tar", "a.gz", "a.age"])
def test_bytes_tell_the_form_and_names_do_not(tmp_path: Path, content: bytes, expected: PackageForm, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert form(path) is expected
    path.write_bytes(gzip.compress(content))
    assert form(path) is expected


def test_folders_are_told_apart(tmp_path: Path) -> None:
    small_package(tmp_path / "native")
    assert form(tmp_path / "native") is PackageForm.NATIVE
    dump = writers.write_folder(tmp_path / "dump", {"shop": {"users": USERS}})
    assert form(dump) is PackageForm.DUMP
    assert form(dump / "shop") is PackageForm.DUMP
    (tmp_path / "link").symlink_to(dump)
    assert form(tmp_path / "link") is PackageForm.DUMP


@pytest.mark.parametrize(
    "lost", [(), ("shop/users.bson.gz", "shop/users.metadata.json.gz", "shop/recent.metadata.json.gz")]
)
def test_a_package_that_lost_its_manifest_is_no_dump(tmp_path: Path, lost: Sequence[str]) -> None:
    package = tmp_path / "package"
    small_package(package)
    for name in ("manifest.json", *lost):
        (package / name).unlink()
    assert codes(package) == {"manifest_missing"}
    assert codes(package / "shop") == {"manifest_missing"}
    with pytest.raises(Refused, match=r"manifest\.json"):
        read_all(package)


def test_a_part_of_a_package_is_refused_by_name(tmp_path: Path) -> None:
    small_package(tmp_path / "package")
    with pytest.raises(Refused, match="a part of a package"):
        form(tmp_path / "package" / "shop")


def test_a_link_to_a_file_is_followed_where_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(ARCHIVE)
    (tmp_path / "link").symlink_to(tmp_path / "dump")
    assert form(tmp_path / "link") is PackageForm.ARCHIVE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"hello, world",
        b"\x1f\x8b",
        b"BZh91AY&SY0000",
        bytes(600),
        gzip.compress(b"", mtime=0),
        gzip.compress(gzip.compress(ARCHIVE, mtime=0), mtime=0),
        b"\xff\xff\xff\xff" * 10,
    ],
)
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "package"
    path.write_bytes(content)
    with pytest.raises(Refused) as told:
        form(path)
    assert str(path) in told.value.message
    assert told.value.hint


def test_an_unfinished_export_is_refused_by_name(tmp_path: Path) -> None:
    unfinished = writers.write_folder(tmp_path / ".out.partial-7", {"shop": {"users": USERS}}, packed=True)
    with pytest.raises(Refused, match="not finished"):
        form(unfinished)


def test_folders_without_a_dump_and_devices_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").touch()
    with pytest.raises(Refused, match="neither a manifest"):
        form(tmp_path / "empty")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match="neither a file nor a folder"):
        form(tmp_path / "pipe")
    with pytest.raises(UsageError, match="No such file"):
        form(tmp_path / "missing")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("length", [0, 4, -1, 2**31 - 1])
def test_a_damaged_length_in_a_bson_file_is_told_as_such(tmp_path: Path, length: int, packed: bool) -> None:
    content = length.to_bytes(4, "little", signed=True) + b"".join(USERS)[4:]
    path = writers.write(tmp_path / "users.bson", content, packed=packed)
    (found,) = [one for one in findings(path) if one.severity is Severity.ERROR]
    assert found.code == "file_damaged"
    assert "byte 0" in found.message
    assert str(path) in found.subject
    assert str(path) not in found.message


def test_a_tar_that_was_packed_is_refused_with_what_to_do(tmp_path: Path) -> None:
    small_tar(tmp_path / "a.tar")
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress((tmp_path / "a.tar").read_bytes()))
    with pytest.raises(Refused, match="is a tar") as told:
        form(tmp_path / "a.tar.gz")
    assert "gunzip" in told.value.hint
