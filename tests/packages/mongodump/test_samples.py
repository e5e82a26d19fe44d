"""Dumps that MongoDB's own mongodump made, in its four forms."""

import asyncio
from dataclasses import replace
from pathlib import Path

import bson
import pytest

from tests.packages.mongodump.reading import contents, findings, package, read_all
from tui_migrate.errors import UsageError
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import Package
from tui_migrate.stores.base import CollectionKind

SAMPLES = Path(__file__).parents[2] / "data" / "mongodump"
FORMS = {
    "plain": PackageForm.DUMP,
    "gzip": PackageForm.DUMP,
    "archive.bin": PackageForm.ARCHIVE,
    "archive.gz": PackageForm.ARCHIVE,
}
every_form = pytest.mark.parametrize("name", FORMS)


def plain_documents(database: str, stem: str) -> list[bytes]:
    content = (SAMPLES / "plain" / database / f"{stem}.bson").read_bytes()
    found = []
    while content:
        length = int.from_bytes(content[:4], "little")
        found.append(content[:length])
        content = content[length:]
    return found


@every_form
def test_a_dump_is_recognised_and_whole(name: str) -> None:
    source = package(SAMPLES / name, "shop")
    assert asyncio.run(source.form()) is FORMS[name]
    assert findings(SAMPLES / name, "shop") == ()
    assert asyncio.run(source.identity()).database == "shop"


@every_form
def test_every_form_gives_the_same_collections_and_documents(name: str) -> None:
    async def all_of(source: Package) -> object:
        infos = await source.collections()
        return infos, await contents(source)

    first = asyncio.run(all_of(package(SAMPLES / "plain", "shop")))
    assert asyncio.run(all_of(package(SAMPLES / name, "shop"))) == first


@every_form
def test_documents_are_those_of_the_plain_files(name: str) -> None:
    found = read_all(SAMPLES / name, "shop")
    assert found["users"] == plain_documents("shop", "users")
    assert found["odd"] == plain_documents("shop", "odd")
    assert found["name with spaces/and%slash"] == plain_documents("shop", "name+with+spaces%2Fand%25slash")
    assert (found["empty"], found["recent"]) == ([], [])
    assert len(found["users"]) == 300


def test_options_indexes_and_kinds_come_from_the_metadata() -> None:
    found = {one.name: one for one in asyncio.run(package(SAMPLES / "archive.gz", "shop").collections())}
    assert list(found) == sorted(found)
    assert found["recent"].kind is CollectionKind.VIEW
    assert bson.decode(found["recent"].options) == {"viewOn": "users", "pipeline": [{"$match": {"ok": True}}]}
    assert found["events"].kind is CollectionKind.CAPPED
    assert not found["names_fr"].simple_order
    assert [bson.decode(one)["name"] for one in found["users"].indexes] == [
        "_id_",
        "by_created",
        "email_1",
        "f_1",
        "tags.k_1",
    ]
    assert found["users"].uuid == bytes.fromhex("e116e3e75862483192aad284b70cbcd9")
    assert (found["users"].documents, found["users"].size) == (300, 71_784)


@every_form
def test_of_several_databases_one_is_chosen(name: str) -> None:
    with pytest.raises(UsageError) as told:
        asyncio.run(package(SAMPLES / name).check())
    assert "other, shop" in told.value.hint
    with pytest.raises(UsageError):
        asyncio.run(package(SAMPLES / name, "shopping").identity())
    assert [len(one) for one in read_all(SAMPLES / name, "other").values()] == [10]


@pytest.mark.parametrize("name", ["plain/shop", "gzip/shop"])
def test_the_folder_of_one_database_is_a_package(name: str) -> None:
    assert findings(SAMPLES / name) == ()
    source = package(SAMPLES / name)
    whole = asyncio.run(package(SAMPLES / "plain", "shop").collections())
    assert asyncio.run(source.collections()) == whole
    assert asyncio.run(source.identity()).database == "shop"


@pytest.mark.parametrize("name", ["plain/shop/users.bson", "gzip/shop/users.bson.gz"])
def test_a_single_file_is_a_package(name: str) -> None:
    source = package(SAMPLES / name)
    assert asyncio.run(source.form()) is PackageForm.BSON
    assert findings(SAMPLES / name) == ()
    users = asyncio.run(package(SAMPLES / "plain", "shop").collections(["users"]))
    assert asyncio.run(source.collections()) == (replace(users[0]),)
    assert read_all(SAMPLES / name) == {"users": plain_documents("shop", "users")}


def test_the_servers_version_is_known() -> None:
    for name in FORMS:
        source = package(SAMPLES / name, "shop")
        asyncio.run(source.check())
        assert source.capabilities.server_version == "8.2.11"
