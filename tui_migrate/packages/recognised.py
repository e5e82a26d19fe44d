"""A package whose form is found out when it is first asked for something: nothing is opened before."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from tui_migrate.documents import RawId
from tui_migrate.findings import Finding
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import ContentDigests, Digested, Package, Progress, ReadOptions
from tui_migrate.packages.types.model import Inference
from tui_migrate.stores.base import Block, BlockLimit, Capabilities, CollectionInfo, Identity, ReadOrder
from tui_migrate.stores.permissions import Action, Permission


class RecognisedPackage:
    """Passes everything on to the reader of the form that the package turns out to have."""

    def __init__(self, path: Path, options: ReadOptions = ReadOptions()) -> None:  # noqa: B008 -- frozen
        self.path: Final = path.absolute()
        self._options: Final = options
        self._reader: Package | None = None
        self._opening: Final = asyncio.Lock()

    async def _opened(self) -> Package:
        from tui_migrate.packages.recognise import open_package  # every form's reader is loaded with it

        async with self._opening:
            if self._reader is None:
                self._reader = await asyncio.to_thread(open_package, self.path, self._options)
            return self._reader

    @property
    def capabilities(self) -> Capabilities:
        """Those of its form, once it was opened; until then nothing is ruled out that a form may be capable of."""
        unknown = Capabilities(ordered=True, lookup=False, reads_at_once=True)
        return self._reader.capabilities if self._reader else unknown

    async def form(self) -> PackageForm:
        """Say what form it has. Raises UsageError, Refused or PackageDamaged where it is none that is known."""
        return await (await self._opened()).form()

    async def check(self, progress: Progress | None = None) -> tuple[Finding, ...]:
        """Read all of it and say what is wrong with it."""
        return await (await self._opened()).check(progress)

    async def inference(self) -> Inference | None:
        """Say what the fields of a form without types look like."""
        return await (await self._opened()).inference()

    async def catalog(self) -> str:
        """Name the catalog that it was made with."""
        return await (await self._opened()).catalog()

    async def identity(self) -> Identity:
        """The package, its links resolved."""
        return await (await self._opened()).identity()

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        """List collections and views in the order of their names."""
        return await (await self._opened()).collections(names)

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        """Read a collection from the start or from behind a position."""
        reader = await self._opened()
        reading = reader.read(collection, after=after, order=order, limit=limit, ids_only=ids_only)
        try:
            async for block in reading:
                yield block
        finally:
            await reading.aclose()

    async def lookup(self, collection: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
        """Raise Refused: a package has no index."""
        async for document in (await self._opened()).lookup(collection, ids):
            yield document

    async def digests(self, collection: str) -> ContentDigests | None:
        """Give the digests of a collection's documents, or None where its form has none."""
        reader = await self._opened()
        return await reader.digests(collection) if isinstance(reader, Digested) else None

    async def count(self, collection: str) -> int:
        """Count the documents of a collection."""
        return await (await self._opened()).count(collection)

    async def permissions(self, action: Action, collections: Collection[str]) -> Mapping[str, Permission]:
        """Nothing that takes a privilege can be done to a package."""
        return await (await self._opened()).permissions(action, collections)

    async def close(self) -> None:
        """Let go of what its reader holds."""
        if self._reader is not None:
            await self._reader.close()
