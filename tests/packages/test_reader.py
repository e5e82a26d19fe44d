import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.documents import RawId
from tui_migrate.errors import PackageDamaged, Refused, UsageError
from tui_migrate.packages.entries import DocumentOrder
from tui_migrate.packages.reader import PackageSource
from tui_migrate.stores.base import Block, CollectionInfo, CollectionKind, ReadOrder, Source
from tui_migrate.stores.readonly import ReadOnly

from .samples import documents, info, numbered, small_package, write_package


async def blocks(source: Source, name: str, after: bytes | None = None) -> list[Block]:
    return [block async for block in source.read(name, after=after, order=ReadOrder.NATURAL)]


async def documents_of(source: Source, name: str, after: bytes | None = None) -> list[bytes]:
    return [document for block in await blocks(source, name, after) for document in block.documents]


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(st.lists(documents, min_size=1, max_size=4), max_size=4))
def test_any_documents_come_back_to_the_byte(batches: list[list[bytes]]) -> None:
    async def there_and_back(path: Path) -> list[bytes]:
        await write_package(path, {"users": batches}, order=DocumentOrder.NATURAL)
        return await documents_of(PackageSource(path), "users")

    with tempfile.TemporaryDirectory() as folder:
        assert asyncio.run(there_and_back(Path(folder) / "package")) == [d for batch in batches for d in batch]


async def test_it_is_a_source_and_says_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "package"
    infos = {
        "log": info("log", CollectionKind.CAPPED, capped=True, size=4096),
        "recent": info("recent", CollectionKind.VIEW, viewOn="users", pipeline=[]),
        "noms": info("noms", collation={"locale": "fr"}),
    }
    batches = {"users": [numbered(0, 2)], "log": [numbered(5, 6)], "recent": [], "noms": []}
    await write_package(path, batches, infos=infos)
    source: Source = ReadOnly(PackageSource(path))
    (tmp_path / "link").symlink_to("package")
    identity = await source.identity()
    assert identity == await PackageSource(tmp_path / "link").identity()
    assert (identity.kind, identity.database) == ("package", "shop")
    assert set(identity.addresses) == {str(path.resolve())}
    found = {collection.name: collection for collection in await source.collections()}
    assert list(found) == ["log", "noms", "recent", "users"]
    assert found["log"].options == infos["log"].options
    assert found["recent"].kind is CollectionKind.VIEW
    assert not found["noms"].simple_order
    size = sum(map(len, numbered(0, 2)))
    expected = info("users")
    assert found["users"] == CollectionInfo(
        "users", CollectionKind.PLAIN, expected.options, expected.indexes, expected.uuid, documents=2, size=size
    )
    assert [c.name for c in await source.collections(["users", "nobody"])] == ["users"]
    assert await source.count("users") == 2
    assert await documents_of(source, "recent") == []
    assert source.capabilities.ordered
    assert not source.capabilities.lookup
    with pytest.raises(Refused):
        source.lookup("users", [RawId(b"\x10\1\0\0\0")])
    with pytest.raises(Refused, match="no collection nobody"):
        await source.count("nobody")
    await source.close()


async def test_what_has_no_keys_is_not_read_by_id(tmp_path: Path) -> None:
    capped = info("log", CollectionKind.CAPPED, capped=True, size=4096)
    batches = {"log": [numbered(5, 6), numbered(2, 3)]}
    await write_package(tmp_path / "package", batches, infos={"log": capped}, order=DocumentOrder.NATURAL)
    source = PackageSource(tmp_path / "package")
    with pytest.raises(Refused, match="natural order"):
        await anext(source.read("log"))
    assert await documents_of(source, "log") == numbered(5, 6) + numbered(2, 3)


async def test_a_plain_collection_in_natural_order_says_so(tmp_path: Path) -> None:
    await write_package(tmp_path / "package", {"users": [numbered(3, 4), numbered(0, 1)]}, order=DocumentOrder.NATURAL)
    source = PackageSource(tmp_path / "package")
    (users,) = await source.collections()
    assert not users.simple_order
    read = [document async for block in source.read("users") for document in block.documents]
    assert read == numbered(3, 4) + numbered(0, 1)


async def test_reading_goes_on_behind_every_position(tmp_path: Path) -> None:
    batches = [numbered(0, 3), numbered(3, 4), numbered(4, 9)]
    await write_package(tmp_path / "package", {"users": batches})
    read = await blocks(PackageSource(tmp_path / "package"), "users")
    assert [list(block.documents) for block in read] == batches
    for number, block in enumerate(read, start=1):
        rest = await documents_of(PackageSource(tmp_path / "package"), "users", block.position)
        assert rest == [document for batch in batches[number:] for document in batch]


async def test_a_position_of_another_package_is_refused(tmp_path: Path) -> None:
    await write_package(tmp_path / "one", {"users": [numbered(0, 3), numbered(3, 6)]})
    await write_package(tmp_path / "two", {"users": [numbered(0, 3), numbered(3, 7)]})
    position = (await blocks(PackageSource(tmp_path / "one"), "users"))[0].position
    for mark in (position, b"", b"\xff" * 8 + position[8:]):
        with pytest.raises(PackageDamaged, match="replaced"):
            await blocks(PackageSource(tmp_path / "two"), "users", mark)


async def test_a_damaged_member_is_named_and_not_given(tmp_path: Path) -> None:
    manifest = await write_package(tmp_path / "package", {"users": [numbered(0, 3), numbered(3, 6)]})
    second = manifest.collections[0].members[1]
    path = tmp_path / "package" / "shop" / "users.bson.gz"
    content = bytearray(path.read_bytes())
    content[second.offset + 15] ^= 1
    path.write_bytes(content)
    reading = PackageSource(tmp_path / "package").read("users")
    assert list((await anext(reading)).documents) == numbered(0, 3)
    with pytest.raises(PackageDamaged, match=rf"users\.bson\.gz at byte {second.offset}"):
        await anext(reading)


def test_a_missing_or_exchanged_file_is_damage(tmp_path: Path) -> None:
    small_package(tmp_path / "package")
    source = PackageSource(tmp_path / "package")
    folder = tmp_path / "package" / "shop"
    (folder / "users.metadata.json.gz").write_bytes((folder / "empty.metadata.json.gz").read_bytes())
    with pytest.raises(PackageDamaged, match=r"users\.metadata"):
        asyncio.run(source.collections())
    (folder / "users.bson.gz").rename(folder / "elsewhere")
    (folder / "users.bson.gz").symlink_to("elsewhere")
    with pytest.raises(PackageDamaged, match="link"):
        asyncio.run(blocks(source, "users"))


async def test_what_is_no_package_is_refused_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "dump" / "shop").mkdir(parents=True)
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=r"no manifest\.json") as refusal:
        await PackageSource(tmp_path / "dump").identity()
    assert "tui-migrate finished" in refusal.value.hint
    with pytest.raises(Refused, match="not a folder"):
        await PackageSource(tmp_path / "file").identity()
    for missing in (tmp_path / "missing", tmp_path / "file" / "package"):
        with pytest.raises(UsageError, match="cannot open"):
            await PackageSource(missing).collections()


def test_a_folder_behind_a_link_is_no_part_of_a_package(tmp_path: Path) -> None:
    small_package(tmp_path / "package")
    (tmp_path / "package" / "shop").rename(tmp_path / "shop")
    (tmp_path / "package" / "shop").symlink_to(tmp_path / "shop")
    with pytest.raises(PackageDamaged, match="not a folder"):
        asyncio.run(PackageSource(tmp_path / "package").collections())


def test_reading_opens_nothing_for_writing(tmp_path: Path) -> None:
    small_package(tmp_path / "package")
    before = sorted((path, path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.rglob("*"))
    asyncio.run(blocks(PackageSource(tmp_path / "package"), "users"))
    assert before == sorted((path, path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.rglob("*"))
    assert [path.name for path in tmp_path.iterdir()] == ["package"]
