"""Filters and ids as people type them and as a plan keeps them: MongoDB's Extended JSON, version 2."""

import json
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from tui_migrate.documents import RawId, pack, with_uuids
from tui_migrate.errors import UsageError
from tui_migrate.mapping.edit import fields_of
from tui_migrate.redaction import printable

if TYPE_CHECKING:
    from bson.codec_options import CodecOptions
    from bson.json_util import JSONOptions
    from bson.son import SON

MAX_TEXT: Final = 1024 * 1024
"""Characters of a filter: what a command line holds."""

_NOT_KEPT: Final = frozenset(("$regex", "$ref", "$undefined", "$symbol", "$dbPointer"))
"""What bson reads as values of other types; here such objects stay what they are, to be refused by name."""

_MALFORMED: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_OBJECT_ID: Final = re.compile(r"[0-9a-fA-F]{24}")
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def parse_document(text: str, what: str) -> bytes:
    """Read canonical or relaxed Extended JSON as a document. Raises UsageError, naming `what`."""
    from bson import encode

    found = _parsed(text, what)
    if not isinstance(found, dict):
        raise UsageError(
            f"{what} is no object", hint="write it as {…} in Extended JSON, in single quotes for the shell"
        )
    try:
        return encode(found, codec_options=_codec_options())
    except _errors() as error:
        raise _not_extended(what, error) from error


def write_document(document: bytes) -> str:
    """Write a document as canonical Extended JSON, on one line."""
    from bson import decode, json_util

    text = json_util.dumps(decode(document, _codec_options()), json_options=_json_options(), ensure_ascii=False)
    return with_uuids(text)


def write_value(value: RawId) -> str:
    """Write one value as canonical Extended JSON; `parse_value` gives an equal one."""
    return write_document(pack(value[:1] + b"v\x00" + value[1:]))[len('{"v": ') : -1]


def parse_value(text: str, what: str) -> RawId:
    """Read one value of Extended JSON. Raises UsageError, naming `what`."""
    found = [value for _, value in fields_of(parse_document(f'{{"v": {text}}}', what))]
    if len(found) != 1:
        raise UsageError(f"{what} is not one value of Extended JSON", hint="give one value")
    return found[0]


def possible_ids(text: str, what: str) -> tuple[RawId, ...]:
    """Give every value that an id on the command line may mean; Extended JSON means one. Raises UsageError.

    24 hex digits are an ObjectId or a text, a number is a number or a text, a UUID is a binary or a text.
    """
    if text[:1] in ("{", '"', "["):
        return (parse_value(text, what),)
    if not text:
        raise UsageError(f"{what} is empty", hint="give the id of a user")
    found = [parse_value(json.dumps(text), what)]
    if _OBJECT_ID.fullmatch(text):
        found.insert(0, RawId(b"\x07" + bytes.fromhex(text)))
    elif _WHOLE.fullmatch(text):
        found.insert(0, parse_value(str(int(text)), what))
    elif _UUID.fullmatch(text):
        found.insert(0, RawId(b"\x05\x10\x00\x00\x00\x04" + bytes.fromhex(text.replace("-", ""))))
    return tuple(found)


def _parsed(text: str, what: str) -> object:
    if len(text) > MAX_TEXT:
        raise UsageError(f"{what} is longer than {MAX_TEXT:,} characters", hint="write a shorter one")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite)
    except _errors() as error:
        raise _not_extended(what, error) from error


def _errors() -> tuple[type[Exception], ...]:
    from bson.errors import BSONError

    return (BSONError, *_MALFORMED)


def _not_extended(what: str, error: Exception) -> UsageError:
    if isinstance(error, json.JSONDecodeError):
        why = f"{error.msg.removesuffix(' at')} at character {error.pos + 1}"
    elif isinstance(error, RecursionError):
        why = "it is nested too deeply"
    else:
        why = printable(str(error))[:200] or "a value is none that Extended JSON has"
    return UsageError(f"{what} is no Extended JSON: {why}", hint="names and texts stand in double quotes")


def _object(pairs: Sequence[tuple[str, object]]) -> object:
    from bson import json_util
    from bson.son import SON

    names = {name for name, _ in pairs}
    if len(names) != len(pairs):
        raise ValueError("a key stands twice in one object")
    if names & _NOT_KEPT:
        return SON(pairs)
    return json_util.object_pairs_hook(pairs, _json_options())


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is no number of JSON")


def _codec_options() -> "CodecOptions[SON[str, object]]":
    from bson.binary import UuidRepresentation
    from bson.codec_options import CodecOptions, DatetimeConversion
    from bson.son import SON

    return CodecOptions(
        document_class=SON[str, object],
        uuid_representation=UuidRepresentation.UNSPECIFIED,
        datetime_conversion=DatetimeConversion.DATETIME_MS,
    )


def _json_options() -> "JSONOptions":
    from bson.binary import UuidRepresentation
    from bson.codec_options import DatetimeConversion
    from bson.json_util import JSONMode, JSONOptions
    from bson.son import SON

    return JSONOptions(
        json_mode=JSONMode.CANONICAL,
        document_class=SON,
        uuid_representation=UuidRepresentation.UNSPECIFIED,
        datetime_conversion=DatetimeConversion.DATETIME_MS,
    )
