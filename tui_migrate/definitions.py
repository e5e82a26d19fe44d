"""Options and index definitions as BSON bytes: their names, their parts, and when two are the same.

Two definitions are the same when they are equal as sets of fields, whole numbers compared by value and what a server
adds by itself left aside: `v`, `ns` and `background` of an index, a strict validation level and an error action. The
order of fields counts where it has a meaning: in the key of an index, the pipeline of a view and a validator.
"""

import struct
from typing import Final

from tui_migrate.documents import Element, canonical, elements, pack

_ADDED_TO_INDEX: Final = frozenset((b"v", b"ns", b"background"))
_VALIDATION: Final = frozenset((b"validator", b"validationLevel", b"validationAction"))
_DEFAULTS: Final = {b"validationLevel": b"strict", b"validationAction": b"error"}
_ORDERED: Final = frozenset((b"pipeline", b"validator"))
_EMPTY: Final = pack(b"")


def field(document: bytes, name: bytes) -> Element | None:
    """Find a top-level field."""
    return next((one for one in elements(document) if one.name == name), None)


def text(document: bytes, name: bytes) -> str:
    """Give a top-level string, or an empty one where there is none."""
    found = field(document, name)
    if found is None or found.kind != 0x02:
        return ""
    return document[found.value + 4 : found.end - 1].decode(errors="replace")


def flag(document: bytes, name: bytes) -> bool:
    """Say whether a top-level field is true, or a number other than zero."""
    found = field(document, name)
    return found is not None and any(document[found.value : found.end])


def index_name(index: bytes) -> str:
    """The name of an index."""
    return text(index, b"name")


def is_id_index(index: bytes) -> bool:
    """Say whether this is the index on `_id` that every collection has, or the cluster key's."""
    return index_name(index) == "_id_" or flag(index, b"clustered")


def is_unique(index: bytes) -> bool:
    """Say whether an index admits each value once."""
    return flag(index, b"unique")


def is_ttl(index: bytes) -> bool:
    """Say whether an index deletes documents by their age."""
    return field(index, b"expireAfterSeconds") is not None


def view_source(options: bytes) -> str:
    """The collection a view looks at."""
    return text(options, b"viewOn")


def without(document: bytes, names: frozenset[bytes]) -> bytes:
    """Leave top-level fields out."""
    return pack(b"".join(document[one.start : one.end] for one in elements(document) if one.name not in names))


def split_validation(options: bytes) -> tuple[bytes, bytes]:
    """Split a collection's options into those to create it with, and its validator with level and action."""
    return without(options, _VALIDATION), pack(b"".join(_kept(options, _VALIDATION)))


def enforces_validator(options: bytes) -> bool:
    """Say whether a collection of these options refuses documents that do not meet its validator."""
    validator = field(options, b"validator")
    if validator is None or validator.kind != 0x03 or options[validator.value : validator.end] == _EMPTY:
        return False
    return text(options, b"validationLevel") != "off" and text(options, b"validationAction") != "warn"


def has_fields(document: bytes) -> bool:
    """Say whether a document has any field."""
    return document != _EMPTY


def same_index(left: bytes, right: bytes) -> bool:
    """Say whether two index definitions are the same; the order of the fields of the key counts."""
    return _key_order(left) == _key_order(right) and _comparable(without(left, _ADDED_TO_INDEX)) == _comparable(
        without(right, _ADDED_TO_INDEX)
    )


def same_definition(left: bytes, right: bytes) -> bool:
    """Say whether two documents of collection options are the same."""
    return _comparable(_less_defaults(left)) == _comparable(_less_defaults(right))


def differing_options(left: bytes, right: bytes) -> tuple[str, ...]:
    """Name the options in which two documents of collection options differ; none where they are the same."""
    mine, theirs = _less_defaults(left), _less_defaults(right)
    names = sorted({one.name for options in (mine, theirs) for one in elements(options)})
    wanted = (frozenset((name,)) for name in names)
    return tuple(
        name.decode(errors="replace")
        for name, only in zip(names, wanted, strict=True)
        if _comparable(pack(b"".join(_kept(mine, only)))) != _comparable(pack(b"".join(_kept(theirs, only))))
    )


def _kept(document: bytes, names: frozenset[bytes]) -> list[bytes]:
    return [document[one.start : one.end] for one in elements(document) if one.name in names]


def _key_order(index: bytes) -> list[bytes]:
    key = field(index, b"key")
    return [one.name for one in elements(index[key.value : key.end])] if key is not None else []


def _less_defaults(options: bytes) -> bytes:
    dropped = {name for name, word in _DEFAULTS.items() if text(options, name).encode() == word}
    validator = field(options, b"validator")
    if validator is not None and validator.kind == 0x03 and options[validator.value : validator.end] == _EMPTY:
        dropped.add(b"validator")
    return without(options, frozenset(dropped))


def _comparable(document: bytes) -> tuple[bytes, list[bytes]]:
    plain = _numbers_by_value(document)
    return canonical(without(plain, _ORDERED)), sorted(_kept(plain, _ORDERED))


def _numbers_by_value(document: bytes) -> bytes:
    """Write int32, int64 and whole doubles alike: servers and shells give 1 back as any of them."""
    parts: list[bytes] = []
    for kind, name, start, value, end in elements(document):
        head = name + b"\x00"
        content = document[value:end]
        if kind in (0x03, 0x04):
            parts.append(document[start : start + 1] + head + _numbers_by_value(content))
        elif kind == 0x10:
            parts.append(b"\x01" + head + struct.pack("<d", struct.unpack("<i", content)[0]))
        elif kind == 0x12 and abs(struct.unpack("<q", content)[0]) < 2**53:
            parts.append(b"\x01" + head + struct.pack("<d", struct.unpack("<q", content)[0]))
        else:
            parts.append(document[start:end])
    return pack(b"".join(parts))
