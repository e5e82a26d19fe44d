"""What is wrong with the definitions in a package: names, indexes, and the collections that its views look at.

What an index is comes from MongoDB's createIndexes: a name, and a key of one field or more, each with a number other
than zero or the word of a kind.
"""

import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tui_migrate.definitions import field, index_name, view_source
from tui_migrate.documents import elements
from tui_migrate.errors import MalformedDocument
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.files import shown
from tui_migrate.packages.layout import can_be_collection
from tui_migrate.stores.base import CollectionInfo, CollectionKind

KINDS: Final = frozenset(
    ("2d", "2dsphere", "2dsphere_bucket", "hashed", "text", "columnstore", "geoHaystack", "wildcard")
)
"""The words that a server knows as the kind of an index."""

_NAME_HINT: Final = "rename it where the package comes from, and make the package again"
_HINT: Final = "get a fresh copy of the package, or make it again"
_NUMBERS: Final = {0x01: "<d", 0x10: "<i", 0x12: "<q"}
_TEXT: Final = 0x02
_DOCUMENT: Final = 0x03


def check_definitions(database: str, collections: Sequence[CollectionInfo]) -> tuple[Finding, ...]:
    """Check the names and the indexes of all collections, and what the views look at."""
    names = {one.name for one in collections}
    found: list[Finding] = []
    for one in collections:
        subject = shown(f"{database}.{one.name}")
        if not can_be_collection(one.name):
            message = "no server takes a collection of this name"
            found.append(Finding(Severity.ERROR, "file_name", subject, message, _NAME_HINT))
        found.extend(_index_faults(subject, one.indexes))
        if one.kind is CollectionKind.VIEW:
            found.extend(_view_faults(subject, one, names))
    return tuple(found)


class _Field(NamedTuple):
    """One field of the key of an index: the number that stands there, or 0, and the word, or nothing."""

    name: str
    number: float
    kind: str


def _index_faults(subject: str, indexes: Sequence[bytes]) -> Iterator[Finding]:
    names: Counter[str] = Counter()
    on_id = 0
    for place, index in enumerate(indexes):
        try:
            name, key = index_name(index), list(_key(index))
        except MalformedDocument as error:
            yield Finding(Severity.ERROR, "index_malformed", subject, f"index {place}: {error.message}", _HINT)
            continue
        where = f"the index {shown(name)}" if name else f"index {place}"
        if not name or not key:
            message = f"{where} has no {'key' if name else 'name'}"
            yield Finding(Severity.ERROR, "index_malformed", subject, message, _HINT)
        else:
            names[name] += 1
            on_id += [(one.name, one.number) for one in key] == [("_id", 1)]
            yield from _key_faults(subject, where, key)
    for name, count in names.items():
        if count > 1:
            message = f"{count} indexes have the name {shown(name)}"
            yield Finding(Severity.ERROR, "index_duplicate", subject, message, _HINT)
    if on_id > 1:
        yield Finding(Severity.ERROR, "index_id_repeated", subject, f"{on_id} indexes are on _id alone", _HINT)


def _key(index: bytes) -> Iterator[_Field]:
    """Give the fields of an index's key; none where it has no key. Raises MalformedDocument."""
    key = field(index, b"key")
    if key is None or key.kind != _DOCUMENT:
        return
    content = index[key.value : key.end]
    for one in elements(content):
        name, number, kind = one.name.decode(errors="replace"), 0.0, ""
        if one.kind == _TEXT:
            kind = content[one.value + 4 : one.end - 1].decode(errors="replace")
        elif one.kind in _NUMBERS:
            (number,) = struct.unpack_from(_NUMBERS[one.kind], content, one.value)
        yield _Field(name, float(number), kind)


def _key_faults(subject: str, where: str, key: Sequence[_Field]) -> Iterator[Finding]:
    for one in key:
        if not one.kind and not one.number:
            message = f"{where} says of {shown(one.name)} neither a direction nor a kind"
            yield Finding(Severity.ERROR, "index_malformed", subject, message, _HINT)
        elif one.kind and one.kind not in KINDS:
            message = f"{where} is of a kind that is not known: {shown(one.kind)}"
            hint = "the target may refuse it; leave the collection out, or make the index by hand"
            yield Finding(Severity.WARNING, "index_kind_unknown", subject, message, hint)


def _view_faults(subject: str, view: CollectionInfo, names: set[str]) -> Iterator[Finding]:
    source = view_source(view.options)
    if not source:
        yield Finding(Severity.ERROR, "view_malformed", subject, "the view does not say what it looks at", _HINT)
    elif source not in names:
        message = f"the view looks at {shown(source)}, which is not in the package"
        hint = "it shows nothing unless the target has that collection"
        yield Finding(Severity.WARNING, "view_source_missing", subject, message, hint)
