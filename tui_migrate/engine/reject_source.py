"""The documents that the target refused in an earlier run, as a source: what a retry reads.

They come in the order in which they were put aside. Their file never changes once its run has ended, so a retry that
is resumed, and the verification, read the same again.
"""

import struct
from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Final

from tui_migrate.documents import RawId, pack
from tui_migrate.engine.rejects import RejectFile
from tui_migrate.errors import Refused
from tui_migrate.journal.reader import JournalReader
from tui_migrate.paths import RunFolder
from tui_migrate.redaction import printable
from tui_migrate.stores.base import (
    Block,
    BlockLimit,
    Capabilities,
    CollectionInfo,
    CollectionKind,
    Identity,
    ReadOrder,
)
from tui_migrate.stores.permissions import Action, Permission

_POSITION: Final = struct.Struct(">Q")
"""Where the last document that was read begins in the file."""


class RejectSource:
    """Reads the refused documents of a run that has ended."""

    def __init__(self, run_id: int, folder: RunFolder, journal: JournalReader) -> None:
        self._run_id = run_id
        self._path = folder.rejects
        self._file = RejectFile(folder.rejects, 0)
        self._journal = journal

    @property
    def capabilities(self) -> Capabilities:
        """In no order of ids, and without look-up."""
        return Capabilities(ordered=False, lookup=False)

    async def identity(self) -> Identity:
        """The file."""
        return Identity(kind="rejects", addresses=frozenset((str(self._path),)), database="")

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        """List the collections of which documents were refused. Their options and indexes are none of a retry's."""
        sizes = await self._journal.reject_sizes(self._run_id)
        return tuple(
            CollectionInfo(name, CollectionKind.PLAIN, pack(b""), documents=count, size=size)
            for name, (count, size) in sizes.items()
            if names is None or name in names
        )

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        """Give the documents as they were put aside, whatever `order` says. Raises StorageFailed."""
        offset = -1 if after is None else _POSITION.unpack(after)[0]
        while records := await self._journal.unresolved_rejects(self._run_id, collection, offset, limit.documents):
            documents: list[bytes] = []
            size = 0
            for one in records:
                document = await self._file.read(one)
                if documents and size + len(document) > limit.size:
                    yield _block(documents, offset)
                    documents, size = [], 0
                documents.append(document)
                size += len(document)
                offset = one.offset
            yield _block(documents, offset)

    def lookup(self, collection: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
        """Raise Refused: the file has no index."""
        raise Refused(
            f"{len(ids)} documents of {printable(collection)} cannot be looked up among refused documents",
            hint="they are read from the first to the last",
        )

    async def count(self, collection: str) -> int:
        """Count the documents of a collection that were refused."""
        count, _ = (await self._journal.reject_sizes(self._run_id)).get(collection, (0, 0))
        return count

    async def permissions(self, action: Action, collections: Collection[str]) -> dict[str, Permission]:
        """Nothing that takes a privilege can be done to the file."""
        return dict.fromkeys(collections, Permission.DENIED)

    async def close(self) -> None:
        """Nothing is held open between calls."""


def _block(documents: list[bytes], offset: int) -> Block:
    return Block(tuple(documents), _POSITION.pack(offset))
