import asyncio
import errno
import gzip
import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import bson
import pytest

from tui_migrate.documents import pack
from tui_migrate.errors import Refused, UsageError
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages import fault_list, members
from tui_migrate.packages.check import check
from tui_migrate.packages.entries import DocumentOrder
from tui_migrate.packages.manifest import checksum_of
from tui_migrate.packages.strict_json import canonical
from tui_migrate.stores.base import CollectionInfo, CollectionKind

from .samples import info, numbered, small_package, write_package

FLIPS = 300
TRUNCATIONS = 60


@pytest.fixture
def package(tmp_path: Path) -> Path:
    small_package(tmp_path / "package")
    return tmp_path / "package"


def checked(path: Path) -> tuple[Finding, ...]:
    return asyncio.run(check(path))


def codes(path: Path) -> set[str]:
    findings = checked(path)
    assert all(finding.severity is Severity.ERROR and finding.hint for finding in findings)
    return {finding.code for finding in findings}


def test_a_whole_package_has_no_findings_and_is_not_touched(package: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in package.rglob("*")}
    progress: list[tuple[int, int]] = []
    assert asyncio.run(check(package, lambda done, total: progress.append((done, total)))) == ()
    assert before == {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in package.rglob("*")}
    assert progress == sorted(progress)
    assert progress[-1][0] == progress[-1][1]


@pytest.mark.rule(24, "digests of each member, the collection and the stream")
@pytest.mark.crash_full
def test_no_flipped_bit_goes_unseen(package: Path) -> None:
    chosen = random.Random(20_260_131)
    unseen = []
    for path in sorted(path for path in package.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        positions = [(at, bit) for at in range(len(whole)) for bit in range(8)]
        for at, bit in chosen.sample(positions, min(FLIPS, len(positions))):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << bit
            path.write_bytes(flipped)
            if not checked(package):
                unseen.append((path.name, at, bit))
        path.write_bytes(whole)
    assert unseen == []
    assert checked(package) == ()


def test_no_truncation_and_no_addition_goes_unseen(package: Path) -> None:
    chosen = random.Random(7)
    for path in sorted(path for path in package.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        for length in {0, len(whole) - 1, *chosen.sample(range(len(whole)), min(TRUNCATIONS // 5, len(whole)))}:
            path.write_bytes(whole[:length])
            assert checked(package), (path.name, length)
        for tail in (b"\0", b"\n", members.EMPTY):
            path.write_bytes(whole + tail)
            assert checked(package), (path.name, tail)
        path.write_bytes(whole)


def missing(package: Path) -> None:
    (package / "shop" / "users.bson.gz").unlink()


def extra(package: Path) -> None:
    (package / "shop" / ".hidden").touch()


def extra_folder(package: Path) -> None:
    (package / "other").mkdir()


def renamed(package: Path) -> None:
    (package / "shop" / "users.bson.gz").rename(package / "shop" / "Users.bson.gz")


def exchanged(package: Path) -> None:
    shutil.copy(package / "shop" / "empty.bson.gz", package / "shop" / "users.bson.gz")


def linked(package: Path) -> None:
    (package / "shop" / "users.bson.gz").rename(package.parent / "users")
    (package / "shop" / "users.bson.gz").symlink_to(package.parent / "users")


def piped(package: Path) -> None:
    (package / "shop" / "empty.bson.gz").unlink()
    os.mkfifo(package / "shop" / "empty.bson.gz")


def folder_linked(package: Path) -> None:
    (package / "shop").rename(package.parent / "shop")
    (package / "shop").symlink_to(package.parent / "shop")


def folder_missing(package: Path) -> None:
    shutil.rmtree(package / "shop")


def other_metadata(package: Path) -> None:
    shutil.copy(package / "shop" / "empty.metadata.json.gz", package / "shop" / "users.metadata.json.gz")


def repacked(package: Path) -> None:
    path = package / "shop" / "users.bson.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())))


def no_manifest(package: Path) -> None:
    (package / "manifest.json").unlink()


def linked_manifest(package: Path) -> None:
    (package / "manifest.json").rename(package.parent / "manifest.json")
    (package / "manifest.json").symlink_to(package.parent / "manifest.json")


def newer(package: Path) -> None:
    fields = json.loads((package / "manifest.json").read_text())
    (package / "manifest.json").write_text(json.dumps({**fields, "format_version": 2}))


def bomb(package: Path) -> None:
    path = package / "shop" / "users.bson.gz"
    path.write_bytes(members.pack(bytes(50_000_000)))


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (missing, {"file_missing"}),
        (extra, {"file_extra"}),
        (extra_folder, {"file_extra"}),
        (renamed, {"file_missing", "file_extra"}),
        (exchanged, {"file_size", "member_damaged", "file_digest", "stream_digest", "document_count"}),
        (linked, {"file_kind"}),
        (piped, {"file_kind"}),
        (folder_linked, {"file_kind", "file_missing"}),
        (folder_missing, {"file_kind", "file_missing"}),
        (other_metadata, {"metadata_damaged"}),
        (repacked, {"file_size", "member_damaged", "file_digest", "stream_digest", "document_count"}),
        (no_manifest, {"manifest_missing"}),
        (linked_manifest, {"manifest_damaged"}),
        (newer, {"package_newer"}),
        (bomb, {"file_size", "member_damaged", "file_digest", "stream_digest", "document_count"}),
    ],
)
def test_damage_is_named(package: Path, damage: Callable[[Path], None], expected: set[str]) -> None:
    damage(package)
    assert codes(package) == expected


def test_one_damaged_member_does_not_hide_the_next(tmp_path: Path) -> None:
    batches = [numbered(0, 3), numbered(3, 6), numbered(6, 9)]
    manifest = asyncio.run(write_package(tmp_path / "package", {"users": batches, "more": [numbered(0, 1)]}))
    path = tmp_path / "package" / "shop" / "users.bson.gz"
    content = bytearray(path.read_bytes())
    for member in manifest.collections[0].members[:2]:
        content[member.offset + 12] ^= 0x10
    path.write_bytes(content)
    (tmp_path / "package" / "shop" / "more.bson.gz").unlink()
    found = {finding.code: finding for finding in checked(tmp_path / "package")}
    assert found["member_damaged"].count == 2
    assert "at byte 0" in found["member_damaged"].message
    assert found["document_count"].message.startswith("3 documents")
    assert "file_missing" in found


def written(path: Path, documents: Sequence[bytes], order: DocumentOrder, collection: CollectionInfo) -> set[str]:
    batches = {collection.name: [[document] for document in documents]}
    asyncio.run(write_package(path, batches, infos={collection.name: collection}, order=order))
    return codes(path)


WITHOUT_ID = bson.encode({"a": 1})


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (numbered(0, 1) + numbered(0, 1), {"id_duplicate"}),
        ([bson.encode({"_id": 1}), bson.encode({"_id": 1.0})], {"id_duplicate"}),
        (numbered(1, 2) + numbered(0, 1), {"id_order"}),
        ([WITHOUT_ID], {"id_missing"}),
        ([pack(b"\x04_id\0" + pack(b""))], {"id_forbidden"}),
        ([pack(b"\x10_id\0\1\0\0\0\x10_id\0\2\0\0\0")], {"id_twice"}),
        ([pack(b"\x10_id\0\1\0\0\0\x08a\0\2")], {"document_malformed"}),
        ([pack(b"\x02_id\0\x02\0\0\0xy")], {"document_malformed"}),
        ([pack(b"\x10_id\0\1\0\0\0\x03a\0" + pack(b"\x99b\0"))], {"document_malformed"}),
    ],
)
def test_documents_that_are_not_as_they_should_be_are_named(
    tmp_path: Path, documents: list[bytes], expected: set[str]
) -> None:
    assert written(tmp_path / "package", documents, DocumentOrder.ID, info()) == expected


def test_what_is_odd_is_a_warning_that_names_document_and_field(tmp_path: Path) -> None:
    odd = pack(b"\x10_id\0\7\0\0\0\x10a\0\1\0\0\0\x10a\0\2\0\0\0\x02b\0\2\0\0\0\xff\0")
    asyncio.run(write_package(tmp_path / "package", {"users": [[*numbered(0, 3), odd]]}))
    found = {one.code: one for one in checked(tmp_path / "package")}
    assert found.keys() == {"key_twice", "text_not_utf8"}
    for code, field in (("key_twice", "field a "), ("text_not_utf8", "field b ")):
        assert found[code].severity is Severity.WARNING
        assert found[code].subject == "shop.users"
        assert "document 3 of the member at byte 0" in found[code].message
        assert field in found[code].message


def test_older_packages_have_no_mark_in_their_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "pack_metadata", members.pack)
    small_package(tmp_path / "package")
    metadata = (tmp_path / "package" / "shop" / "users.metadata.json.gz").read_bytes()
    assert metadata.startswith(members.HEADER)
    assert checked(tmp_path / "package") == ()


def test_natural_order_asks_for_ids_and_time_series_not_even_for_those(tmp_path: Path) -> None:
    capped = info("log", CollectionKind.CAPPED, capped=True, size=4096)
    series = info("series", CollectionKind.TIMESERIES, timeseries={"timeField": "t"})
    natural = DocumentOrder.NATURAL
    assert written(tmp_path / "1", numbered(1, 2) + numbered(0, 1), natural, capped) == set()
    assert written(tmp_path / "2", [WITHOUT_ID], natural, capped) == {"id_missing"}
    assert written(tmp_path / "3", [WITHOUT_ID, WITHOUT_ID], natural, series) == set()


def test_ids_that_stand_twice_are_found_where_documents_do_not_lie_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "package"
    twice = [numbered(5, 9), numbered(0, 3), [bson.encode({"_id": 7.0}), *numbered(20, 22)]]
    asyncio.run(write_package(path, {"users": twice, "more": twice[:2]}, order=DocumentOrder.NATURAL))
    (found,) = checked(path)
    assert (found.code, found.subject, found.count) == ("id_duplicate", "shop.users", 1)
    assert found.message == "document 7 of the collection has the _id of document 2"


def test_a_folder_that_lists_what_it_does_not_let_be_looked_at_is_a_finding(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Locked:
        name = "users.bson.gz"

        def stat(self, *, follow_symlinks: bool) -> os.stat_result:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "scandir", lambda _path: nullcontext(iter((Locked(),))))
    found = {one.code: one for one in checked(package)}
    assert "Permission denied" in found["file_unreadable"].message


def test_metadata_of_another_kind_is_named_although_its_digest_is_right(tmp_path: Path) -> None:
    async def write() -> None:
        infos = {"users": info("users", validator={})}
        await write_package(tmp_path / "package", {"users": []}, infos=infos)

    asyncio.run(write())
    folder = tmp_path / "package" / "shop"
    manifest = tmp_path / "package" / "manifest.json"
    forged = members.pack(gzip.decompress((folder / "users.metadata.json.gz").read_bytes()).replace(b"users", b"other"))
    (folder / "users.metadata.json.gz").write_bytes(forged)
    fields = json.loads(manifest.read_text())
    fields["collections"][0]["files"][1].update(size=len(forged), sha256=hashlib.sha256(forged).hexdigest())
    fields["checksum"] = checksum_of(fields)
    manifest.write_bytes(canonical(fields))
    (finding,) = checked(tmp_path / "package")
    assert finding.code == "metadata_damaged"
    assert "collection other, not of the collection users" in finding.message


def test_findings_are_bounded_however_much_is_wrong(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault_list, "MOST_PER_CODE", 10)
    for number in range(50):
        (package / f"extra-{number}\x1b").touch()
    findings = checked(package)
    assert len(findings) == 11
    assert sum(finding.count for finding in findings) == 50
    assert not any("\x1b" in finding.subject for finding in findings)


def test_what_is_not_there_or_is_no_folder_is_no_finding(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError):
        checked(tmp_path / "missing")
    with pytest.raises(Refused, match="not a folder"):
        checked(tmp_path / "file")
