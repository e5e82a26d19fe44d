"""Any documents go through every form byte for byte: an export or mongodump's own layout, a check, an import.

The export, the check and the import are those of the engine, between two stores in memory. Forms that are only read are
written by the tests themselves, with nothing of the program's code.
"""

import asyncio
import gzip
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings

from tests.engine.scene import Scene, create, new_scene, put
from tests.packages.encryption.contents import identity
from tests.packages.hostile.cases import ODD_BSON
from tests.packages.hostile.seeds import FAST
from tests.packages.mongodump import writers
from tests.packages.mongodump.test_round_trip import collections_of
from tests.suites.store_cases import everything
from tui_migrate.documents import RawId, raw_id
from tui_migrate.findings import Severity
from tui_migrate.ordering import Key, order_key
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import Keys, ReadOptions
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.stores.base import Source

Documents = Mapping[str, Sequence[bytes]]
ODD_NAME = "ü /%"
"""A collection whose name is no file's name as it stands."""

ENCRYPTED = "age"
EXPORTED = (PackageForm.NATIVE, PackageForm.TAR, PackageForm.ARCHIVE, ENCRYPTED)


def _key(document: bytes) -> Key:
    return order_key(raw_id(document) or RawId(b""))


stored = collections_of.map(lambda some: sorted(some, key=_key))
"""As a store gives them: in the order of their ids."""


def _folder(path: Path, some: Documents, *, packed: bool) -> Path:
    return writers.write_folder(path, {"shop": some}, packed=packed)


def _archive(path: Path, some: Documents, *, packed: bool) -> Path:
    content = writers.archive({"shop": some}, turn=2)
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def _file(path: Path, some: Documents, *, packed: bool) -> Path:
    path.mkdir()
    writers.write(path / "users.metadata.json", writers.metadata("users").encode())
    writers.write(path / "users.bson", b"".join(some["users"]), packed=packed)
    return path / ("users.bson.gz" if packed else "users.bson")


LAID_OUT: Mapping[str, Callable[..., Path]] = {"folder": _folder, "archive": _archive, "file": _file}


@given(users=stored, others=stored)
@example(users=[], others=[])
@example(users=list(ODD_BSON.values()), others=[])
@settings(max_examples=15)
def through_export(form: str, users: list[bytes], others: list[bytes]) -> None:
    async def prove(scene: Scene, folder: Path) -> None:
        await put_all(scene, {"users": users, ODD_NAME: others})
        path, options = await exported(scene, folder, form)
        await check_and_import(scene, path, options)
        assert await contents_of(scene.target) == {"users": users, ODD_NAME: others}

    run(prove)


@given(users=stored, others=stored)
@example(users=[], others=[])
@example(users=list(ODD_BSON.values()), others=[])
@settings(max_examples=15)
def through_dump(kind: str, packed: bool, users: list[bytes], others: list[bytes]) -> None:
    async def prove(scene: Scene, folder: Path) -> None:
        some = {"users": users} if kind == "file" else {"users": users, ODD_NAME: others}
        path = await asyncio.to_thread(LAID_OUT[kind], folder / "x", some, packed=packed)
        await check_and_import(scene, path, ReadOptions())
        assert await contents_of(scene.target) == some

    run(prove)


@pytest.mark.slow
@pytest.mark.parametrize("form", EXPORTED)
def test_what_is_exported_comes_back_byte_for_byte(form: str) -> None:
    through_export(form)


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", LAID_OUT)
def test_what_mongodump_writes_comes_back_byte_for_byte(kind: str, packed: bool) -> None:
    through_dump(kind, packed)


def run(prove: Callable[[Scene, Path], Coroutine[None, None, None]]) -> None:
    """Run it between two new stores, where an fsync costs nothing."""

    with new_scene() as scene, TemporaryDirectory(dir=FAST) as name:
        asyncio.run(prove(scene, Path(name)))


async def put_all(scene: Scene, some: Documents) -> None:
    for name, documents in some.items():
        await create(scene.source, name)
        await put(scene.source, *documents, name=name)


async def exported(scene: Scene, folder: Path, form: str) -> tuple[Path, ReadOptions]:
    """Export the source; give the package and what opens it."""
    path, keys = folder / "x", Keys()
    target = PackageEnd(str(path), PackageForm.ARCHIVE if form == ENCRYPTED else PackageForm(form))
    if form == ENCRYPTED:
        mine = identity()
        keys = Keys(identity_file=folder / "identity")
        await asyncio.to_thread(private, folder / "identity", str(mine))
        target = replace(target, recipients=(str(mine.to_public()),))
    ended = await scene.run(await scene.plan(target=target, kind=RunKind.EXPORT))
    assert (ended.exit_code, ended.record.findings) == (0, ())
    return path, ReadOptions(keys=keys)


def private(path: Path, content: str) -> None:
    path.touch(0o600)
    path.write_text(content)


async def check_and_import(scene: Scene, path: Path, options: ReadOptions) -> None:
    source = RecognisedPackage(path, options)
    found = await source.check()
    await source.close()
    assert {one.code for one in found if one.severity is not Severity.NOTE} <= {"key_twice", "text_not_utf8"}
    end = PackageEnd(str(path), identity_file=str(options.keys.identity_file or ""))
    ended = await scene.run(await scene.plan(Policy.FAIL, source=end, kind=RunKind.IMPORT))
    assert (ended.exit_code, ended.counts.rejected) == (0, 0), ended.record.findings


async def contents_of(store: Source) -> dict[str, list[bytes]]:
    return {one.name: await everything(store, one.name) for one in await store.collections()}
