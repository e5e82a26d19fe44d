"""What of a document stands at the path of a query, by the rules that MongoDB's queries have for arrays.

An array on the way stands for each of its documents, and a number in the path for the element of that place besides; an
array at the end stands for each of its elements and for itself (MongoDB's manual, “Query an Array”, “Query an Array of
Embedded Documents”, “Query for Null or Missing Fields”).
"""

from collections.abc import Iterator, Sequence

from tui_migrate.documents import MAX_DEPTH, Element, RawId, elements
from tui_migrate.errors import MalformedDocument
from tui_migrate.mapping.edit import ARRAY, DOCUMENT


def candidates(document: bytes, path: Sequence[bytes], *, expand: bool) -> Iterator[RawId | None]:
    """Give the values that a condition on a path is about, None for one that is missing. Raises MalformedDocument.

    `expand` gives the elements of an array at the end of the path too. Where an array on the way holds no document
    nothing is given at all.
    """
    yield from _in_document(document, 0, len(document), path, expand, 0)


def _in_document(
    content: bytes, first: int, last: int, path: Sequence[bytes], expand: bool, depth: int
) -> Iterator[RawId | None]:
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"a document is nested deeper than {MAX_DEPTH} levels")
    for place, name in enumerate(path):
        found = next((one for one in elements(content, first, last) if one.name == name), None)
        rest = path[place + 1 :]
        if found is not None and found.kind == ARRAY:
            yield from _in_array(content, found, rest, expand, depth + 1)
            return
        if found is not None and not rest:
            yield _value(content, found)
            return
        if found is None or found.kind != DOCUMENT:
            yield None
            return
        first, last = found.value, found.end


def _in_array(
    content: bytes, array: Element, rest: Sequence[bytes], expand: bool, depth: int
) -> Iterator[RawId | None]:
    if not rest:
        if expand:
            yield from (_value(content, one) for one in elements(content, array.value, array.end))
        yield _value(content, array)
        return
    for one in elements(content, array.value, array.end):
        if one.kind == DOCUMENT:
            yield from _in_document(content, one.value, one.end, rest, expand, depth)
        if one.name == rest[0]:
            if len(rest) == 1:
                yield _value(content, one)
            elif one.kind in (DOCUMENT, ARRAY):
                yield from _in_document(content, one.value, one.end, rest[1:], expand, depth)


def _value(content: bytes, one: Element) -> RawId:
    return RawId(bytes((one.kind,)) + content[one.value : one.end])
