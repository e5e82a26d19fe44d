"""Required fields: whether a document has one, with a value, everywhere it should stand."""

from collections.abc import Sequence

from tui_migrate.documents import MAX_DEPTH, RawId
from tui_migrate.errors import MalformedDocument
from tui_migrate.mapping.edit import ARRAY, DOCUMENT, fields_of
from tui_migrate.mapping.values import NOTHING


def lacks(document: bytes, path: Sequence[bytes]) -> bool:
    """Say whether a document lacks a field, or has null there. Raises MalformedDocument.

    Of an array on the way each element has to have it; an array without elements lacks nothing.
    """
    return _below(document, path, 0)


def _below(content: bytes, path: Sequence[bytes], depth: int) -> bool:
    for name, value in fields_of(content):
        if name == path[0]:
            return value[0] in NOTHING if len(path) == 1 else _within(value, path[1:], depth + 1)
    return True


def _within(value: RawId, rest: Sequence[bytes], depth: int) -> bool:
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"a document is nested deeper than {MAX_DEPTH} levels")
    if value[0] == ARRAY:
        return any(_within(one, rest, depth + 1) for _, one in fields_of(value[1:]))
    return value[0] != DOCUMENT or _below(value[1:], rest, depth)
