"""Documents as people read them: canonical Extended JSON, a field a line, as long as is worth reading and no longer.

Only what is shown is decoded, a value at a time: a document of 16 MB costs no more than its first lines. Fields keep
their stored order. Lines are compared without the comma behind a value, so that a field more or less is one line of a
diff: what was the last field before has a comma then.

Source of the notation: the Extended JSON specification (v2, canonical) of MongoDB's driver specifications.
"""

import difflib
import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from tui_migrate.documents import MAX_DEPTH, Element, elements, pack, with_uuids
from tui_migrate.errors import MalformedDocument
from tui_migrate.redaction import printable

if TYPE_CHECKING:
    from bson.codec_options import CodecOptions
    from bson.json_util import JSONOptions

MAX_LINES: Final = 2_000
MAX_LINE: Final = 2_000
"""Characters of one value that are shown."""
VALUE_LINES: Final = 100
"""Lines of a document within a document that go into the one line of its text."""

_DOCUMENT: Final = 0x03
_ARRAY: Final = 0x04


def document_lines(document: bytes) -> tuple[list[str], bool]:
    """Give at most MAX_LINES printable lines, and whether that was all."""
    found = list(islice(_document(document), MAX_LINES + 1))
    return found[:MAX_LINES], len(found) <= MAX_LINES


def diff_lines(before: list[str], after: list[str], before_name: str, after_name: str) -> list[str]:
    """Give a unified diff of two lists of lines, without the commas between values; empty where they are equal."""
    first, second = map(without_commas, (before, after))
    return list(difflib.unified_diff(first, second, before_name, after_name, lineterm=""))


def without_commas(lines: Sequence[str]) -> list[str]:
    """Give lines of a document to be compared: the comma that divides a value from the next is no part of it."""
    return [one.removesuffix(",") for one in lines]


def value_text(document: bytes, one: Element) -> str:
    """Write the value of a field on one printable line, at most a little more than MAX_LINE characters."""
    if one.kind not in (_DOCUMENT, _ARRAY):
        return _cut(_value(document, one))
    found = list(islice(_fields(document[one.value : one.end], depth=0, is_array=one.kind == _ARRAY), VALUE_LINES + 1))
    inner = " ".join(line.strip() for line in found[:VALUE_LINES])
    opening, closing = "{}" if one.kind == _DOCUMENT else "[]"
    return _cut(f"{opening}{inner.removesuffix(',')}{' …' if len(found) > VALUE_LINES else ''}{closing}")


def _document(document: bytes) -> Iterator[str]:
    yield "{"
    try:
        yield from _fields(document, depth=1, is_array=False)
    except MalformedDocument as error:
        yield f"  (what follows cannot be read: {printable(error.message)})"
    yield "}"


def _fields(document: bytes, *, depth: int, is_array: bool) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"nested deeper than {MAX_DEPTH} levels")
    indent, last = "  " * depth, len(document) - 1
    for one in elements(document):
        comma = "," if one.end < last else ""
        name = (
            "" if is_array else f"{_cut(json.dumps(one.name.decode(errors='backslashreplace'), ensure_ascii=False))}: "
        )
        if one.kind in (_DOCUMENT, _ARRAY):
            opening, closing = "{}" if one.kind == _DOCUMENT else "[]"
            yield f"{indent}{name}{opening}"
            yield from _fields(document[one.value : one.end], depth=depth + 1, is_array=one.kind == _ARRAY)
            yield f"{indent}{closing}{comma}"
        else:
            yield f"{indent}{name}{_cut(_value(document, one))}{comma}"


def _value(document: bytes, one: Element) -> str:
    """Write a value that holds no document (or, as code with scope, only a small one) on one line."""
    from bson import decode, json_util
    from bson.errors import BSONError

    kind, value = document[one.start : one.start + 1], document[one.value : one.end]
    try:
        decoded: dict[str, Any] = decode(pack(kind + b"v\x00" + value), _codec_options())
        return with_uuids(json_util.dumps(decoded["v"], json_options=_json_options(), ensure_ascii=False))
    except (BSONError, ValueError, TypeError, OverflowError):
        return f"(type 0x{one.kind:02x}) {value[:MAX_LINE].hex()}"


def _cut(text: str) -> str:
    """Cut a long text; what says how long it was, and its hash, tells two apart that differ behind the cut."""
    if len(text) <= MAX_LINE:
        return printable(text)
    digest = hashlib.blake2b(text.encode(errors="backslashreplace"), digest_size=4).hexdigest()
    return f"{printable(text[:MAX_LINE])}… (cut; {len(text):,} characters, hash {digest})"


@cache
def _codec_options() -> "CodecOptions[dict[str, Any]]":
    from bson.binary import UuidRepresentation
    from bson.codec_options import CodecOptions, DatetimeConversion

    return CodecOptions(
        document_class=dict,
        uuid_representation=UuidRepresentation.UNSPECIFIED,
        datetime_conversion=DatetimeConversion.DATETIME_MS,
        unicode_decode_error_handler="backslashreplace",
    )


@cache
def _json_options() -> "JSONOptions":
    from bson.binary import UuidRepresentation
    from bson.codec_options import DatetimeConversion
    from bson.json_util import JSONMode, JSONOptions

    return JSONOptions(
        json_mode=JSONMode.CANONICAL,
        uuid_representation=UuidRepresentation.UNSPECIFIED,
        datetime_conversion=DatetimeConversion.DATETIME_MS,
    )
