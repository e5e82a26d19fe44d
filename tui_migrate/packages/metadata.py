"""A collection's metadata file: options, indexes, uuid, name and type, the very bytes that mongodump would write.

Canonical Extended JSON v2 (MongoDB's specification “extended-json”), compact, one object with its keys in mongodump's
order; `options` and `uuid` are left out where there are none. What mongodump does not record is not here: a shard key
belongs to the cluster, and estimates stand in the manifest.
"""

import binascii
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, NoReturn

from tui_migrate.documents import pack
from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages.files import shown
from tui_migrate.stores.base import CollectionInfo, CollectionKind

if TYPE_CHECKING:
    from bson.codec_options import CodecOptions
    from bson.json_util import JSONOptions
    from bson.son import SON

    Fields = SON[str, object]

MAX_METADATA: Final = 16 * 1024 * 1024
"""Bytes of a metadata file, packed or not: the size of the largest document."""

MAX_VALUES: Final = 100_000
"""Values of a metadata file, some 500 bytes each once they are read; 64 indexes and a large validator have fewer."""

_KEYS: Final = frozenset(("options", "indexes", "uuid", "collectionName", "type"))
_UUID_BYTES: Final = 16
_OPTION_OF: Final = {CollectionKind.VIEW: "viewOn", CollectionKind.TIMESERIES: "timeseries"}
"""The option by which a server makes what is no plain collection, whatever else is said of it."""
_NO_OPTIONS: Final = pack(b"")
_MALFORMED: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_QUERY_REGEX: Final = frozenset(("$regex", "$options"))


def to_json(info: CollectionInfo) -> bytes:
    """Write the metadata of a collection. Raises Refused for options or indexes that would not come back the same."""
    from bson import json_util
    from bson.errors import BSONError

    try:
        fields: dict[str, object] = {}
        if info.options != _NO_OPTIONS:
            fields["options"] = _decode(info.options)
        fields["indexes"] = [_decode(index) for index in info.indexes]
        if info.uuid is not None:
            fields["uuid"] = info.uuid.hex()
        fields["collectionName"] = info.name
        fields["type"] = (CollectionKind.PLAIN if info.kind is CollectionKind.CAPPED else info.kind).value
        text = json_util.dumps(fields, json_options=_json_options(), separators=(",", ":"), ensure_ascii=False)
        content = text.encode()
        back = from_json(content, info.name)
    except (BSONError, PackageDamaged, ValueError, TypeError, RecursionError) as error:
        raise _not_exact(info.name) from error
    if (back.options, back.indexes, back.uuid, back.kind) != (info.options, info.indexes, info.uuid, info.kind):
        raise _not_exact(info.name)
    return content


def _not_exact(name: str) -> Refused:
    return Refused(
        f"options or indexes of {shown(name)} hold a value that Extended JSON cannot keep exactly",
        hint="leave the collection out, or change its options on the source",
    )


def from_json(content: bytes, where: str) -> CollectionInfo:
    """Read a metadata file strictly. `documents` and `size` are 0. Raises PackageDamaged, naming `where`."""
    from bson.errors import BSONError

    fields = _parse(content, where)
    try:
        return _info(fields)
    except (BSONError, *_MALFORMED) as error:
        raise _not_metadata(where, error) from error


def _parse(content: bytes, where: str) -> object:
    from bson.errors import BSONError

    if len(content) > MAX_METADATA:
        raise PackageDamaged(
            f"{shown(where)} is larger than {MAX_METADATA:,} bytes", hint="get a fresh copy of the package"
        )
    try:
        if sum(map(content.count, (b",", b"{", b"["))) > MAX_VALUES:
            raise _Fault(f"it may have more than {MAX_VALUES:,} values")
        return json.loads(
            content.decode(), object_pairs_hook=_object, parse_constant=_refuse_number, parse_float=_finite
        )
    except (BSONError, *_MALFORMED) as error:
        raise _not_metadata(where, error) from error


class _Fault(ValueError):
    """What is wrong, in words that can be told."""


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_number(text)


def _refuse_number(text: str) -> NoReturn:
    raise _Fault(f"{text[:40]} is no number of JSON")


def _not_metadata(where: str, error: Exception) -> PackageDamaged:
    match error:
        case _Fault():
            why = str(error)
        case UnicodeDecodeError():
            why = f"no UTF-8 at byte {error.start}"
        case json.JSONDecodeError():
            why = f"no JSON at byte {len(error.doc[: error.pos].encode())}"
        case RecursionError():
            why = "it is nested too deeply"
        case _:
            why = "a value is none that Extended JSON has"
    return PackageDamaged(
        f"{shown(where)} is not metadata as mongodump writes it: {shown(why)}",
        hint="get a fresh copy of the package",
    )


def from_dump(content: bytes, where: str, name: str | None) -> tuple[CollectionInfo, tuple[str, ...]]:
    """Read metadata that some version of mongodump wrote; give the keys that are not known and were left aside, too.

    Older ones record neither name nor type nor uuid, and the indexes' namespace, which servers refuse today. `name` is
    the collection's as its file or its archive has it, None where it must stand in the metadata. Raises PackageDamaged,
    naming `where`.
    """
    from bson.errors import BSONError

    fields = _parse(content, where)
    try:
        if not isinstance(fields, Mapping):
            raise _Fault("it is no object")
        known = {key: value for key, value in fields.items() if key in _KEYS}
        known.setdefault("collectionName", name)
        if not known.get("type") or _is_view_made_collection(known):
            known["type"] = _kind_of_old(known.get("options")).value
        known["indexes"] = [_without_namespace(index) for index in known.get("indexes") or ()]
        for key in ("options", "uuid"):
            if not known.get(key):
                known.pop(key, None)
        info = _info(known)
    except (BSONError, *_MALFORMED) as error:
        raise _not_metadata(where, error) from error
    if name is not None and info.name != name:
        raise PackageDamaged(
            f"{shown(where)} is of the collection {shown(info.name)}, not of {shown(name)}",
            hint="the file was renamed or exchanged; put it back under its own name",
        )
    return info, tuple(sorted(str(key) for key in fields.keys() - _KEYS))


def _kind_of_old(options: object) -> CollectionKind:
    keys = options.keys() if isinstance(options, Mapping) else ()
    if "viewOn" in keys:
        return CollectionKind.VIEW
    return CollectionKind.TIMESERIES if "timeseries" in keys else CollectionKind.PLAIN


def _is_view_made_collection(fields: Mapping[str, object]) -> bool:
    """`mongodump --viewsAsCollections` takes a view's definition out, and its documents in."""
    options = fields.get("options")
    return fields.get("type") == CollectionKind.VIEW and not (isinstance(options, Mapping) and "viewOn" in options)


def _without_namespace(index: object) -> object:
    if not isinstance(index, Mapping) or "ns" not in index:
        return index
    from bson.son import SON

    return SON((key, value) for key, value in index.items() if key != "ns")


def _info(fields: object) -> CollectionInfo:
    if not isinstance(fields, Mapping) or not fields.keys() <= _KEYS:
        raise _Fault(f"the keys are not some of {', '.join(sorted(_KEYS))}")
    name, options, indexes, uuid = (fields.get(key) for key in ("collectionName", "options", "indexes", "uuid"))
    if not isinstance(name, str) or not name:
        raise _Fault("collectionName is no name")
    if not isinstance(indexes, Sequence) or isinstance(indexes, str):
        raise _Fault("indexes is no list")
    return CollectionInfo(
        name=name,
        kind=_kind(str(fields.get("type")), options),
        options=_NO_OPTIONS if "options" not in fields else _encode(options),
        indexes=tuple(_encode(index) for index in indexes),
        uuid=_uuid(uuid) if "uuid" in fields else None,
        simple_order=_is_simple(options),
    )


def _kind(word: str, options: object) -> CollectionKind:
    """MongoDB calls a capped collection a collection; its options tell. Raises ValueError for an unknown word."""
    kind = next((one for one in CollectionKind if one.value == word), None)
    if kind is None or kind is CollectionKind.CAPPED:
        raise _Fault("the type is unknown")
    for one, option in _OPTION_OF.items():
        if kind is not one and isinstance(options, Mapping) and option in options:
            raise _Fault(f"the type is {kind}, and the options have {option}, which makes a {one}")
    is_capped = isinstance(options, Mapping) and bool(options.get("capped"))
    return CollectionKind.CAPPED if kind is CollectionKind.PLAIN and is_capped else kind


def _uuid(text: object) -> bytes:
    if not isinstance(text, str) or len(text) != 2 * _UUID_BYTES or text != text.lower():
        raise _Fault("uuid is not 32 hex digits")
    try:
        return binascii.unhexlify(text)
    except ValueError as error:
        raise _Fault("uuid is not 32 hex digits") from error


def _is_simple(options: object) -> bool:
    collation = options.get("collation") if isinstance(options, Mapping) else None
    return not isinstance(collation, Mapping) or collation.get("locale") == "simple"


@cache
def _codec_options() -> "CodecOptions[Fields]":
    """Keep every type: field order, dates past year 9999, binaries of every subtype."""
    from bson.binary import UuidRepresentation
    from bson.codec_options import CodecOptions, DatetimeConversion
    from bson.son import SON

    return CodecOptions(
        document_class=SON[str, object],
        uuid_representation=UuidRepresentation.UNSPECIFIED,
        datetime_conversion=DatetimeConversion.DATETIME_MS,
    )


@cache
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


def _decode(document: bytes) -> "Fields":
    from bson import decode

    return decode(document, _codec_options())


def _encode(fields: object) -> bytes:
    from bson import encode

    if not isinstance(fields, Mapping):
        raise _Fault("a document is wanted where another value stands")
    return encode(fields, codec_options=_codec_options())


def _object(pairs: Sequence[tuple[str, object]]) -> object:
    """Read one JSON object: a value's wrapper, or a document, which may name no key twice.

    `{"$regex": …}` is the query operator, which validators and views hold: canonical Extended JSON wraps a regular
    expression in `$regularExpression`, while bson reads both as one.
    """
    from bson import json_util
    from bson.son import SON

    names = {name for name, _ in pairs}
    if len(names) != len(pairs):
        raise _Fault("a key stands twice in one object")
    if "$regex" in names and names <= _QUERY_REGEX:
        return SON(pairs)
    return json_util.object_pairs_hook(pairs, _json_options())
