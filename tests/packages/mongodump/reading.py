"""Reads packages to their ends, for the tests."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.package import Package, ReadOptions
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.stores.base import CollectionInfo


def package(path: Path, database: str = "") -> RecognisedPackage:
    return RecognisedPackage(path, ReadOptions(database=database))


def findings(path: Path, database: str = "", *, notes: bool = False) -> tuple[Finding, ...]:
    found = asyncio.run(package(path, database).check())
    return tuple(one for one in found if notes or one.severity is not Severity.NOTE)


def codes(path: Path, database: str = "") -> set[str]:
    return {one.code for one in findings(path, database)}


async def documents_of(source: Package, info: CollectionInfo) -> list[bytes]:
    reading = source.read(info.name, order=info.kind.read_order)
    return [document async for block in reading for document in block.documents]


async def contents(source: Package) -> Mapping[str, list[bytes]]:
    return {info.name: await documents_of(source, info) for info in await source.collections()}


def read_all(path: Path, database: str = "") -> Mapping[str, list[bytes]]:
    return asyncio.run(contents(package(path, database)))
