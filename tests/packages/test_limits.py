"""Each limit refuses what passes it, names the option that raises it, and once raised lets it through."""

import asyncio
import json
from pathlib import Path

import bson
import pytest

from tests.packages.samples import numbered, small_package, write_package
from tui_migrate.documents import MAX_DEPTH
from tui_migrate.errors import PackageDamaged
from tui_migrate.findings import Finding
from tui_migrate.packages.limits import CEILING, USUAL, Limit, Limits
from tui_migrate.packages.native_files import FolderFiles
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.reader import PackageSource
from tui_migrate.packages.recognised import RecognisedPackage


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels - 1):
        value = [value]
    return {"_id": "a", "v": value} if levels > 1 else {"_id": "a"}


def gofannon(folder: Path, document: object, collections: int = 1) -> Path:
    path = folder / "agents.json"
    data = {f"agents{number or ''}": [document] for number in range(collections)}
    path.write_text(json.dumps({"metadata": {"provider": "memory"}, "data": data}))
    return path


def check(path: Path, limits: Limits) -> list[Finding]:
    async def read() -> list[Finding]:
        package = RecognisedPackage(path, ReadOptions(limits=limits))
        try:
            return [one for one in await package.check() if one.severity == "error"]
        finally:
            await package.close()

    return asyncio.run(read())


def refused_until_raised(path: Path, limit: Limit, low: Limits, high: Limits) -> None:
    found = check(path, low)
    assert any(limit.option in one.hint for one in found), found
    assert check(path, high) == []


def test_the_options_are_those_of_the_limits() -> None:
    assert {limit.value for limit in Limit} == set(Limits.__dataclass_fields__)
    assert all(getattr(USUAL, limit) <= limit.most for limit in Limit)
    assert [limit.option for limit in Limit][:2] == ["--max-unpacked", "--max-document"]


def test_no_option_is_named_that_would_not_help() -> None:
    for limit in Limit:
        assert limit.option in limit.hint(limit.most - 1)
        assert limit.option not in limit.hint(limit.most)


def test_depth(tmp_path: Path) -> None:
    path = gofannon(tmp_path, nested(10))
    refused_until_raised(path, Limit.DEPTH, Limits(depth=9), Limits(depth=10))


def test_depth_of_what_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "agents.json"
    more = f"{'[' * 190}{json.dumps('x' * 100_000)}{']' * 190}"
    path.write_text(f'{{"metadata": {{"provider": "memory"}}, "data": {{"agents": []}}, "more": {more}}}')
    refused_until_raised(path, Limit.DEPTH, USUAL, Limits(depth=190))


def test_a_document_as_deep_as_the_ceiling_is_read_by_all_that_reads_it(tmp_path: Path) -> None:
    assert CEILING.depth == MAX_DEPTH
    assert check(gofannon(tmp_path, nested(MAX_DEPTH)), CEILING) == []
    (one,) = check(gofannon(tmp_path, nested(MAX_DEPTH + 1)), CEILING)
    assert "deeper than 200" in one.message
    assert "--max" not in one.hint


def test_text(tmp_path: Path) -> None:
    path = gofannon(tmp_path, {"_id": "a", "v": "x" * 3_000})
    refused_until_raised(path, Limit.TEXT, Limits(text=3_000), Limits(text=4_000))


def test_document_as_json(tmp_path: Path) -> None:
    path = gofannon(tmp_path, {"_id": "a", "v": "x" * 3_000})
    refused_until_raised(path, Limit.DOCUMENT, Limits(document=3_000), Limits(document=4_000))
    refused_until_raised(path, Limit.DOCUMENT, Limits(document=300), Limits(document=4_000))
    many = gofannon(tmp_path, {"_id": "a", "v": [[] for _ in range(100)]})
    refused_until_raised(many, Limit.DOCUMENT, Limits(document=1_000), Limits(document=4_000))


def test_document_of_a_dump(tmp_path: Path) -> None:
    path = tmp_path / "users.bson"
    path.write_bytes(bson.encode({"_id": 1}) + bson.encode({"_id": 2, "v": "x" * 3_000}))
    refused_until_raised(path, Limit.DOCUMENT, Limits(document=3_000), Limits(document=4_000))


@pytest.mark.parametrize("name", ["package", "package.tar"])
def test_document_of_a_native_package(tmp_path: Path, name: str) -> None:
    small_package(tmp_path / name)
    refused_until_raised(tmp_path / name, Limit.DOCUMENT, Limits(document=30), Limits(document=4_000))
    found = check(tmp_path / name, Limits(document=30))
    assert [(one.code, one.subject, one.count) for one in found] == [("document_too_large", "shop.users", 30)]
    assert "at byte 0" in found[0].message


async def test_a_native_package_that_was_not_checked_gives_no_document_that_is_too_large(tmp_path: Path) -> None:
    await write_package(tmp_path / "package", {"users": [numbered(0, 3)]})
    low = PackageSource(FolderFiles(tmp_path / "package", Limits(document=30)))
    with pytest.raises(PackageDamaged, match="at byte 0: a document has") as error:
        await anext(low.read("users"))
    assert "--max-document" in error.value.hint


@pytest.mark.parametrize("name", ["package", "package.tar"])
def test_what_a_native_package_unpacks_to(tmp_path: Path, name: str) -> None:
    small_package(tmp_path / name)
    refused_until_raised(tmp_path / name, Limit.UNPACKED, Limits(unpacked=1_000), Limits(unpacked=4_000))


def test_files_of_a_native_package(tmp_path: Path) -> None:
    small_package(tmp_path / "package")
    for number in range(20):
        (tmp_path / "package" / "shop" / f"more{number}").touch()
    found = check(tmp_path / "package", Limits(entries=10))
    assert any(one.code == "file_extra" and "--max-entries" in one.hint for one in found)
    assert all("--max-entries" not in one.hint for one in check(tmp_path / "package", Limits(entries=20)))


def test_a_length_that_no_option_allows_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "users.bson"
    path.write_bytes(bson.encode({"_id": 1}) + b"\xff\xff\xff\x7f" + bytes(100))
    (one,) = check(path, USUAL)
    assert "2,147,483,647 bytes long" in one.message
    assert "--max" not in one.hint


def test_entries_of_a_json_package(tmp_path: Path) -> None:
    path = gofannon(tmp_path, {"_id": "a"}, collections=5)
    refused_until_raised(path, Limit.ENTRIES, Limits(entries=4), Limits(entries=5))


@pytest.mark.parametrize("name", ["package", "package.tar"])
def test_entries_of_a_native_package(tmp_path: Path, name: str) -> None:
    small_package(tmp_path / name)
    refused_until_raised(tmp_path / name, Limit.ENTRIES, Limits(entries=3), Limits(entries=20))
