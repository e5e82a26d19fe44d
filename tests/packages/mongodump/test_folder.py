import asyncio
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import bson
import pytest

from tests.packages.mongodump import writers
from tests.packages.mongodump.reading import codes, findings, package, read_all
from tui_migrate.errors import Refused, UsageError
from tui_migrate.findings import Severity
from tui_migrate.packages.layout import escape
from tui_migrate.packages.limits import Limits
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.stores.base import CollectionKind

USERS = writers.numbered(0, 4)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return writers.write_folder(tmp_path / "dump", {"shop": {"users": USERS, "orders": USERS}}, packed=True)


def severities(path: Path) -> dict[str, Severity]:
    return {one.code: one.severity for one in findings(path)}


def lost_documents(shop: Path) -> None:
    (shop / "users.bson.gz").unlink()


def link(shop: Path) -> None:
    (shop / "users.bson.gz").rename(shop.parent / "elsewhere")
    (shop / "users.bson.gz").symlink_to(shop.parent / "elsewhere")


def pipe(shop: Path) -> None:
    (shop / "users.bson.gz").unlink()
    os.mkfifo(shop / "users.bson.gz")


def folder(shop: Path) -> None:
    (shop / "users.bson.gz").unlink()
    (shop / "users.bson.gz").mkdir()


def exchanged(shop: Path) -> None:
    first, second = shop / "users.metadata.json.gz", shop / "orders.metadata.json.gz"
    first.rename(shop / "x")
    second.rename(first)
    (shop / "x").rename(second)


def twice(shop: Path) -> None:
    writers.write(shop / "users.bson", b"".join(USERS))


def case(shop: Path) -> None:
    writers.write(shop / "Users.bson", b"".join(USERS), packed=True)
    writers.write(shop / "Users.metadata.json", writers.metadata("Users").encode(), packed=True)


def odd_name(shop: Path) -> None:
    writers.write(shop / "..%2f.bson", b"", packed=True)


def named_for_no_server(shop: Path) -> None:
    writers.write(shop / "a%00b.bson", b"".join(USERS), packed=True)


def empty_file(shop: Path) -> None:
    (shop / "users.bson.gz").write_bytes(b"")


def metadata_rubbish(shop: Path) -> None:
    writers.write(shop / "users.metadata.json", b"{]", packed=True)


def view_with_documents(shop: Path) -> None:
    text = writers.metadata("users", type="view", options={"viewOn": "orders", "pipeline": []}, indexes=[])
    writers.write(shop / "users.metadata.json", text.encode(), packed=True)


def wrong_index(shop: Path) -> None:
    writers.write(shop / "users.metadata.json", writers.metadata("users", indexes=[{"v": 2}]).encode(), packed=True)


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lost_documents, "file_missing"),
        (link, "file_kind"),
        (pipe, "file_kind"),
        (exchanged, "metadata_damaged"),
        (twice, "names_clash"),
        (case, "names_clash"),
        (odd_name, "file_name"),
        (named_for_no_server, "file_name"),
        (empty_file, "file_damaged"),
        (metadata_rubbish, "metadata_damaged"),
        (view_with_documents, "view_with_documents"),
    ],
)
def test_what_is_wrong_in_a_folder_is_an_error(dump: Path, break_it: Callable[[Path], None], code: str) -> None:
    assert findings(dump) == ()
    break_it(dump / "shop")
    assert severities(dump)[code] is Severity.ERROR


def test_a_folder_where_a_file_belongs_is_told(dump: Path) -> None:
    folder(dump / "shop")
    assert {"file_missing", "file_extra"} <= codes(dump)


def test_a_wrong_index_is_told(dump: Path) -> None:
    wrong_index(dump / "shop")
    (found,) = findings(dump)
    assert found.severity is Severity.ERROR
    assert found.subject.startswith("shop.users")


def test_lost_metadata_and_strange_files_are_warnings(dump: Path) -> None:
    (dump / "shop" / "users.metadata.json.gz").unlink()
    (dump / "shop" / "notes.txt").touch()
    (dump / "README").touch()
    (dump / "photos").mkdir()
    found = findings(dump)
    assert {one.severity for one in found} == {Severity.WARNING}
    assert sorted(one.code for one in found) == ["file_extra", "file_extra", "file_extra", "metadata_missing"]
    assert read_all(dump)["users"] == USERS


def test_what_belongs_to_the_server_is_left_out_by_name(dump: Path) -> None:
    for stem in ("$admin.system.users", "$admin.system.roles", "system.js", "system.buckets.weather"):
        writers.write(dump / "shop" / f"{stem}.bson", b"".join(USERS), packed=True)
    weather = writers.metadata("weather", type="timeseries", options={"timeseries": {"timeField": "t"}}, indexes=[])
    writers.write(dump / "shop" / "weather.metadata.json", weather.encode(), packed=True)
    (dump / "admin").mkdir()
    writers.write(dump / "admin" / "system.users.bson", b"".join(USERS), packed=True)
    writers.write(dump / "oplog.bson", b"".join(USERS))
    found = findings(dump)
    assert {one.severity for one in found} == {Severity.WARNING}
    assert {one.code: one.count for one in found if one.code != "users_left_out"} == {
        "system_left_out": 1,
        "timeseries_left_out": 2,
        "oplog_left_out": 1,
    }
    assert {one.subject for one in found if "left_out" in one.code} >= {
        "admin",
        "shop.system.js",
        "shop.weather",
        "shop.$admin.system.users",
        "shop.$admin.system.roles",
    }
    assert sorted(read_all(dump)) == ["orders", "users"]


def test_a_dump_of_the_servers_own_database_is_refused(tmp_path: Path) -> None:
    dump = writers.write_folder(tmp_path / "dump", {"admin": {"things": USERS}})
    for database in ("", "admin"):
        with pytest.raises(Refused, match="belongs to the server"):
            asyncio.run(package(dump, database).check())


def test_metadata_of_older_tools_is_read(tmp_path: Path) -> None:
    dump = writers.write_folder(tmp_path / "dump", {"shop": {"users": USERS}})
    index = {"v": 1, "key": {"_id": 1}, "name": "_id_", "ns": "shop.users"}
    path = dump / "shop" / "users.metadata.json"
    path.write_text(json.dumps({"options": {"capped": True, "size": {"$numberLong": "4096"}}, "indexes": [index]}))
    assert findings(dump) == ()
    (users,) = asyncio.run(package(dump).collections())
    assert (users.kind, users.uuid) == (CollectionKind.CAPPED, None)
    assert bson.decode(users.indexes[0]) == {"v": 1, "key": {"_id": 1}, "name": "_id_"}
    path.write_text(json.dumps({"options": {}, "indexes": [], "uuid": ""}))
    assert asyncio.run(package(dump).collections())[0].kind is CollectionKind.PLAIN


def test_metadata_of_newer_tools_is_read_with_a_warning(tmp_path: Path) -> None:
    dump = writers.write_folder(tmp_path / "dump", {"shop": {"users": USERS}})
    (dump / "shop" / "users.metadata.json").write_text(writers.metadata("users", shape="round"))
    (found,) = findings(dump)
    assert (found.code, found.severity) == ("metadata_newer", Severity.WARNING)
    assert "shape" in found.message


def test_a_name_too_long_for_a_file_comes_from_the_metadata(tmp_path: Path) -> None:
    name = "ü" * 100
    dump = writers.write_folder(tmp_path / "dump", {"shop": {"users": USERS}})
    stem = escape(name)
    assert len(stem) == 238
    writers.write(dump / "shop" / f"{stem}.bson", b"".join(USERS))
    assert severities(dump) == {"metadata_missing": Severity.ERROR}
    writers.write(dump / "shop" / f"{stem}.metadata.json", writers.metadata(name).encode())
    assert read_all(dump) == {name: USERS, "users": USERS}
    writers.write(dump / "shop" / f"{stem}.metadata.json", writers.metadata(name + "!").encode())
    assert severities(dump) == {"metadata_damaged": Severity.ERROR}
    half = writers.metadata(name).replace(name, "\\ud800").encode()
    writers.write(dump / "shop" / f"{stem}.metadata.json", half)
    (found,) = (one for one in findings(dump) if one.severity is Severity.ERROR)
    assert found.code == "metadata_damaged"
    assert stem in found.message


def test_views_as_collections_are_collections(tmp_path: Path) -> None:
    dump = writers.write_folder(tmp_path / "dump", {"shop": {"users": USERS}})
    (dump / "shop" / "users.metadata.json").write_text(writers.metadata("users", type="view", indexes=[]))
    assert findings(dump) == ()
    assert asyncio.run(package(dump).collections())[0].kind is CollectionKind.PLAIN


def test_names_say_nothing_about_packing(tmp_path: Path) -> None:
    dump = writers.write_folder(tmp_path / "dump", {"shop": {"users": USERS, "orders": USERS}})
    path = dump / "shop" / "users.bson"
    path.write_bytes(gzip.compress(path.read_bytes()))
    (dump / "shop" / "orders.bson").rename(dump / "shop" / "orders.bson.gz")
    assert severities(dump) == {"gzip_name": Severity.WARNING}
    assert read_all(dump) == {"users": USERS, "orders": USERS}


def test_a_document_that_begins_like_gzip_is_a_document(tmp_path: Path) -> None:
    document = bson.encode({"_id": 1, "text": ""})
    document = bson.encode({"_id": 1, "text": "x" * (0x88B1F - len(document))})
    assert document.startswith(b"\x1f\x8b\x08\x00")
    path = writers.write(tmp_path / "users.bson", document)
    assert read_all(path) == {"users": [document]}


def test_a_broken_prelude_is_left_aside(dump: Path) -> None:
    (dump / "prelude.json.gz").write_bytes(gzip.compress(b"[" * 100_000))
    assert severities(dump) == {"prelude_damaged": Severity.WARNING}


@pytest.mark.parametrize("packed", [False, True])
def test_a_dump_has_no_digest_and_that_is_noted(tmp_path: Path, packed: bool) -> None:
    dump = writers.write_folder(tmp_path / "plain", {"shop": {"users": USERS}}, packed=packed)
    assert [one.code for one in findings(dump, notes=True)] == ["checksums_absent"]
    file = dump / "shop" / ("users.bson.gz" if packed else "users.bson")
    assert [one.code for one in findings(file, notes=True)] == ["checksums_absent"]


def test_too_many_files_are_refused(dump: Path) -> None:
    source = RecognisedPackage(dump, ReadOptions(limits=Limits(entries=1)))
    (found,) = asyncio.run(source.check())
    assert "more than 2 files" in found.message


def test_another_database_than_the_folders_is_an_error_of_use(dump: Path) -> None:
    with pytest.raises(UsageError):
        asyncio.run(package(dump / "shop", "other").check())


@pytest.mark.parametrize("name", ["users.bson", "some data", "users.bson.gz"])
def test_a_lone_file_is_a_collection_named_after_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"".join(USERS))
    assert codes(path) == {"metadata_missing"}
    assert read_all(path) == {name.removesuffix(".gz").removesuffix(".bson"): USERS}


def test_an_empty_bson_file_is_an_empty_collection(tmp_path: Path) -> None:
    path = writers.write(tmp_path / "users.bson", b"")
    assert read_all(path) == {"users": []}
    path = writers.write(tmp_path / "users.bson", b"", packed=True)
    assert read_all(path) == {"users": []}
