"""What can be known of a collection without its documents: where to cut it, and how large each document is.

Each is asked of any source; one that has no short way to tell gives nothing to cut at, or is read whole.
"""

import struct
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from tui_migrate.documents import RawId, id_field, pack, raw_id
from tui_migrate.errors import MalformedDocument
from tui_migrate.stores.base import Block, Sizing, Source, Splitting

_INT32: Final = struct.Struct("<i")


async def split_points(source: Source, collection: str, parts: int) -> tuple[RawId, ...]:
    """Give at most `parts` - 1 ids to cut a collection at; none where the source cannot be read from any id."""
    return await source.split_points(collection, parts) if isinstance(source, Splitting) else ()


async def sizes(source: Source, collection: str, *, after: bytes | None = None) -> AsyncGenerator[Block]:
    """Give for each document a document `{_id: …, size: <int32>}`, whoever has to count its bytes.

    Raises MalformedDocument for one without `_id`.
    """
    found = (
        source.sizes(collection, after=after) if isinstance(source, Sizing) else source.read(collection, after=after)
    )
    is_told = isinstance(source, Sizing)
    async with aclosing(found) as blocks:
        async for block in blocks:
            yield block if is_told else Block([_outline(one) for one in block.documents], block.position)


def _outline(document: bytes) -> bytes:
    identifier = raw_id(document)
    if identifier is None:
        raise MalformedDocument("a document has no _id, by which it could be compared")
    return pack(id_field(b"_id", identifier) + b"\x10size\x00" + _INT32.pack(len(document)))
