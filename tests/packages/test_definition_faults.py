import asyncio
from pathlib import Path
from typing import Any

import bson
import pytest

from tests.packages.samples import ID_INDEX, NO_OPTIONS, info, numbered, write_package
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.definition_faults import check_definitions
from tui_migrate.packages.reader import PackageSource
from tui_migrate.stores.base import CollectionInfo, CollectionKind


def index(name: str = "a_1", key: Any = None, **more: Any) -> bytes:
    return bson.encode({"v": 2, "key": {"a": 1} if key is None else key, "name": name, **more})


def collection(*indexes: bytes, name: str = "users") -> CollectionInfo:
    return CollectionInfo(name, CollectionKind.PLAIN, NO_OPTIONS, (ID_INDEX, *indexes))


def codes(*collections: CollectionInfo) -> list[tuple[Severity, str]]:
    return [(one.severity, one.code) for one in check_definitions("shop", collections)]


@pytest.mark.parametrize(
    "key",
    [
        {"a": 1, "b": -1},
        {"a": 1.0},
        {"a": bson.Int64(-1)},
        {"a.b": "2dsphere"},
        {"a": "2d"},
        {"a": "geoHaystack"},
        {"_fts": "text", "_ftsx": 1},
        {"a": "hashed"},
        {"$**": 1},
        {"_id": 1, "a": 1},
        {"_id": "hashed"},
        {"_id": -1},
    ],
)
def test_what_servers_make_is_fine(key: dict[str, object]) -> None:
    assert codes(collection(index(key=key, unique=True))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        index(""),
        index(key={}),
        index(key="a"),
        index(key={"a": 0}),
        index(key={"a": None}),
        index(key={"a": {"b": 1}}),
        bson.encode({"key": {"a": 1}}),
        bson.encode({"name": "x"}),
        bson.encode({}),
        b"\x05\x00\x00\x00\x01",
        b"\x0c\x00\x00\x00\x10a\x00\x01\x00\x00\x00\x00"[:11] + b"\x01",
        b"",
    ],
)
def test_an_index_that_none_can_be_is_an_error(wrong: bytes) -> None:
    assert codes(collection(wrong)) == [(Severity.ERROR, "index_malformed")]


def test_a_name_that_stands_twice_and_two_indexes_on_the_id() -> None:
    assert codes(collection(index("x"), index("x", {"b": 1}))) == [(Severity.ERROR, "index_duplicate")]
    assert codes(collection(index("other", {"_id": 1}))) == [(Severity.ERROR, "index_id_repeated")]
    assert codes(collection(ID_INDEX)) == [
        (Severity.ERROR, "index_duplicate"),
        (Severity.ERROR, "index_id_repeated"),
    ]


def test_a_kind_that_is_not_known_is_a_warning_and_acts_on_no_terminal() -> None:
    (found,) = check_definitions("shop", [collection(index("n\x1b", {"a": "geo\x07"}))])
    assert (found.severity, found.code, found.subject) == (Severity.WARNING, "index_kind_unknown", "shop.users")
    assert "n\\x1b" in found.message
    assert "geo\\x07" in found.message


def test_a_view_looks_at_something_that_is_there() -> None:
    view = info("recent", CollectionKind.VIEW, viewOn="users", pipeline=[])
    assert codes(collection(), view) == []
    assert codes(view) == [(Severity.WARNING, "view_source_missing")]
    assert codes(info("recent", CollectionKind.VIEW, pipeline=[])) == [(Severity.ERROR, "view_malformed")]


@pytest.mark.parametrize("name", ["$users", "a$b", ".users", "u" * 256])
def test_a_name_that_no_server_takes_is_an_error(name: str) -> None:
    assert codes(collection(name=name)) == [(Severity.ERROR, "file_name")]


def test_a_name_that_no_server_takes_is_told_of_a_native_package(tmp_path: Path) -> None:
    async def found() -> tuple[Finding, ...]:
        await write_package(tmp_path / "package", {"a$b": [numbered(0, 2)], "users": []})
        return await PackageSource(tmp_path / "package").check()

    assert [(one.code, one.subject) for one in asyncio.run(found())] == [("file_name", "shop.a$b")]
