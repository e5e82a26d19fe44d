"""A package of any form but the native one: walked over once to check and to index it, then read by that index.

What is read after the check is held against the digests the check took: a file that has changed since is not read on.
"""

import asyncio
import struct
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

from tui_migrate.errors import PackageDamaged
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.block_index import BlockIndex, IndexBlock, Indexed, digest_of
from tui_migrate.packages.files import shown
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.index_build import IndexBuild
from tui_migrate.packages.package import Progress
from tui_migrate.packages.sequential import SequentialPackage, check_order, replaced
from tui_migrate.packages.types.model import Inference
from tui_migrate.packages.walking import PartReader, WalkedForm
from tui_migrate.stores.base import Block, BlockLimit, Capabilities, CollectionInfo, Identity, ReadOrder

_POSITION: Final = struct.Struct(">QQ8s")
"""How many blocks were read, how many documents of the next one, and the mark of the collection's content."""

_CHANGED_HINT: Final = "put the package back as it was and try again; nothing may write to it meanwhile"

Result = TypeVar("Result")


class IndexedPackage(SequentialPackage):
    """Makes a package of a form that can be walked over; opens nothing before it is first asked."""

    def __init__(self, form: WalkedForm) -> None:
        super().__init__(form.path)
        self._form: Final = form
        self._indexing: Final = asyncio.Lock()
        self._collections: dict[str, Indexed] | None = None
        self._error: Finding | None = None
        self._is_told = False

    @property
    def capabilities(self) -> Capabilities:
        """Ordered, as far as a collection's `simple_order` says; no lookup. The version is known once opened."""
        return Capabilities(
            ordered=True,
            lookup=False,
            server_version=self._form.server_version(),
            keeps_field_order=not self._form.form.infers_types,
            reads_at_once=self._form.form is PackageForm.DUMP,  # each collection is a file there
        )

    async def form(self) -> PackageForm:
        """Say what form it has."""
        return self._form.form

    async def check(self, progress: Progress | None = None) -> tuple[Finding, ...]:
        """Read all of it and say what is wrong with it.

        Raises UsageError where it has several databases and none is chosen, Refused, StorageFailed where temporary
        files find no room.
        """
        async with self._indexing:
            self._is_told = True
            return await self._index(progress)

    async def inference(self) -> Inference | None:
        """BSON has its types; a form without them overrides this."""
        return None

    async def catalog(self) -> str:
        """No form but our own names its catalog."""
        return ""

    async def _index(self, progress: Progress | None) -> tuple[Finding, ...]:
        build = IndexBuild(self._form)
        self._collections = None
        try:
            total = await asyncio.to_thread(self._size)
            while not await to_the_end(build.go_on):
                if progress is not None:
                    progress(min(build.done, total), total)
            collections = await to_the_end(build.collections)
        finally:
            build.close()
        found = build.findings()
        self._error = next((one for one in found if one.severity is Severity.ERROR), None)
        self._collections = dict(collections)
        if progress is not None:
            progress(total, total)
        return found

    def _size(self) -> int:
        try:
            return self._form.size()
        except (OSError, PackageDamaged):
            return 0  # the walk says what is the matter

    async def _indexed(self) -> dict[str, Indexed]:
        async with self._indexing:
            if self._collections is None:
                await self._index(None)
            if self._collections is None:
                raise AssertionError("an index that was built is there")
            if self._error is not None and not self._is_told:
                raise _damaged(self._error)
            return self._collections

    async def identity(self) -> Identity:
        """The package, its links resolved, and the database that is read. Raises as `WalkedForm.database` does."""
        database = await asyncio.to_thread(self._form.database)
        resolved = await asyncio.to_thread(self.path.resolve)
        return Identity(kind="package", addresses=frozenset((str(resolved),)), database=database)

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        """List collections and views in the order of their names; counts and sizes are exact.

        Raises PackageDamaged with the first error there is, unless a check has told of it.
        """
        found = await self._indexed()
        return tuple(one.info for name, one in found.items() if names is None or name in names)

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        """Read a collection from the start or from behind a position, in the order in which its documents lie.

        Raises PackageDamaged where the check found an error or the file has changed since, Refused for capped and
        time-series collections by id.
        """
        one = await self._entry(collection)
        if self._error is not None:
            raise _damaged(self._error)
        check_order(collection, one.info.kind, order)
        first, skipped = _place(one, after)
        if first == len(one.blocks):
            return
        reader = await asyncio.to_thread(self._form.reader, collection)
        try:
            for number in range(first, len(one.blocks)):
                documents = await to_the_end(partial(_read_block, reader, one.blocks[number], collection))
                for end in _ends(documents, skipped, limit):
                    place = (number + 1, 0) if end == len(documents) else (number, end)
                    yield Block(documents[skipped:end], _POSITION.pack(*place, one.mark))
                    skipped = end
                skipped = 0
        finally:
            reader.close()

    async def count(self, collection: str) -> int:
        """Give the number of documents that were counted."""
        return (await self._entry(collection)).info.documents

    async def _entry(self, collection: str) -> Indexed:
        entry = (await self._indexed()).get(collection)
        if entry is None:
            raise self._no_collection(collection)
        return entry


def _damaged(error: Finding) -> PackageDamaged:
    return PackageDamaged(f"{error.subject}: {error.message}", hint=error.hint)


def _place(one: Indexed, after: bytes | None) -> tuple[int, int]:
    """Give the block to go on with and how many of its documents were read already. Raises PackageDamaged."""
    if after is None:
        return 0, 0
    if len(after) == _POSITION.size:
        number, skipped, mark = _POSITION.unpack(after)
        blocks: BlockIndex = one.blocks
        if mark == one.mark and (number, skipped) <= (len(blocks), 0):
            return int(number), int(skipped)
    raise replaced(one.info.name)


def _read_block(reader: PartReader, block: IndexBlock, collection: str) -> Sequence[bytes]:
    documents = reader.read(block.offset, block.length)
    if len(documents) != block.documents or digest_of(documents) != block.digest:
        raise PackageDamaged(
            f"the documents of {shown(collection)} at byte {block.offset} are not those that were checked",
            hint=_CHANGED_HINT,
        )
    return documents


def _ends(documents: Sequence[bytes], start: int, limit: BlockLimit) -> Iterator[int]:
    """Cut the documents from `start` on into pieces of at most so many documents and bytes; give where each ends."""
    first, size = start, 0
    for number in range(start, len(documents)):
        length = len(documents[number])
        if number > first and (number - first >= limit.documents or size + length > limit.size):
            yield number
            first, size = number, 0
        size += length
    if first < len(documents):
        yield len(documents)


async def to_the_end(work: Callable[[], Result]) -> Result:
    """Do a short piece of blocking work in a thread; who cancels waits until it is over, so that nobody is in its way.

    Raises what the work raises.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError:
                continue
        if not task.cancelled():
            task.exception()
        raise
