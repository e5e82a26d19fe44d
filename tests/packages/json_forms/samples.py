"""What the tests of the JSON forms share: sample files, texts as contents, and packages that are opened and read."""

import io
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import bson

from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.content import FileContent, Stream
from tui_migrate.packages.json_forms.opening import open_json
from tui_migrate.packages.package import Package, ReadOptions
from tui_migrate.packages.recognise import open_package
from tui_migrate.packages.types.model import TypePlan
from tui_migrate.stores.base import ReadOrder

DATA = Path(__file__).parent.parent.parent / "data" / "json_forms"


class TextContent:
    """Bytes in memory as a content."""

    name = "text.json"

    def __init__(self, text: bytes) -> None:
        self._text = text

    def open(self, offset: int = 0) -> Stream:
        return io.BytesIO(self._text[offset:])


def write(path: Path, value: object) -> Path:
    """Write JSON as the other systems do."""
    path.write_text(json.dumps(value, default=str, indent=2))
    return path


def opened(path: Path, types: TypePlan | None = None) -> Package:
    return open_package(path, ReadOptions(types=types))


def opened_text(path: Path, text: bytes, types: TypePlan | None = None) -> Package:
    path.write_bytes(text)
    return open_json(path, FileContent(path), ReadOptions(types=types))


async def found_in(path: Path, types: TypePlan | None = None) -> dict[tuple[str, str], Finding]:
    """Check a package and give its findings by code and subject."""
    package = opened(path, types)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(package.close)
        return {(one.code, one.subject): one for one in await package.check()}


def flips(content: bytes, step: int = 1) -> Iterator[bytes]:
    """A file with one bit changed, for every `step`-th bit of it."""
    for place in range(0, len(content) * 8, step):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << (place % 8)
        yield bytes(changed)


async def errors_of(package: Package) -> list[Finding]:
    return [one for one in await package.check() if one.severity is Severity.ERROR]


async def raw_documents(package: Package, collection: str) -> list[bytes]:
    found: list[bytes] = []
    async for block in package.read(collection, order=ReadOrder.NATURAL):
        found.extend(block.documents)
    return found


async def documents(package: Package, collection: str) -> list[dict[str, Any]]:
    return [bson.decode(one) for one in await raw_documents(package, collection)]


async def everything(package: Package) -> dict[str, list[bytes]]:
    """Read a package that has no errors."""
    return {one.name: await raw_documents(package, one.name) for one in await package.collections()}
