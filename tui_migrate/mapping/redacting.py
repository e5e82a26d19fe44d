"""Redaction: the catalog's sensitive fields are left out, masked or hashed, and references go on leading somewhere.

Where a reference's field is hashed, so is what it leads to, and every other reference to it: equal stays equal.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from typing import Final

from tui_migrate.catalogs.model import Catalog, Redaction, Reference
from tui_migrate.documents import RawId
from tui_migrate.errors import Refused
from tui_migrate.mapping.edit import Change, each_element
from tui_migrate.mapping.values import NOTHING, canonical_value
from tui_migrate.redaction import printable

MASK: Final = "***"
HASH_DIGITS: Final = 32
"""Hexadecimal digits of the HMAC-SHA-256 that stands for a value: 128 bits, so that no two values meet."""

ADDRESS_ENDING: Final = "@hash.invalid"
"""What makes an address of the hash of one, for validators that look for an `@`; nobody has it (RFC 2606, 2)."""

_TEXT: Final = 0x02
_ADDRESS: Final = re.compile(rb"[^@\s]+@[^@\s]+")
"""An e-mail address, by its form alone."""

Place = tuple[str, str]
"""A collection of the source and the dotted path of a field."""


def redactions(catalog: Catalog, names: Iterable[str], key: str) -> dict[str, list[tuple[str, Change]]]:
    """Give the changes that redact these collections of the source; `key` is in hexadecimal digits.

    Raises Refused for a rule that would break ids or references.
    """
    there = list(names)
    wanted = {
        (name, one.field): one.redaction
        for name in there
        if (known := catalog.collection(name)) is not None
        for one in known.sensitive
        if one.redaction is not Redaction.KEEP
    }
    references = list(_references(catalog, there))
    for place, redaction in wanted.items():
        _refuse_broken(place, redaction, references)
    hashed = _hashed({place for place, one in wanted.items() if one is Redaction.HASH}, references)
    changes: dict[str, list[tuple[str, Change]]] = {}
    for name, field in sorted({*wanted, *hashed}):
        if name in there:
            redaction = wanted.get((name, field), Redaction.HASH)
            changes.setdefault(name, []).append((field, _change(redaction, bytes.fromhex(key))))
    return changes


def redacted_paths(catalog: Catalog, name: str) -> dict[str, Redaction]:
    """Give the fields of a collection that come out equal, or not at all, in every document: masked and left out."""
    known = catalog.collection(name)
    sensitive = known.sensitive if known is not None else ()
    return {one.field: one.redaction for one in sensitive if one.redaction in (Redaction.DROP, Redaction.MASK)}


def _references(catalog: Catalog, names: Iterable[str]) -> Iterator[tuple[str, Reference]]:
    for name in dict.fromkeys((*names, *(one.name for one in catalog.collections))):
        known = catalog.collection(name)
        for one in known.references if known is not None else ():
            yield name, one


def _refuse_broken(place: Place, redaction: Redaction, references: Iterable[tuple[str, Reference]]) -> None:
    name, field = place
    used = ["_id"]
    for of, one in references:
        used += [one.field] if of == name else []
        used += [one.to_field] if one.to == name else []
    for other in used:
        is_broken = _overlap(field, other) and (redaction is not Redaction.HASH or field != other)
        if is_broken:
            what = "an id" if other == "_id" else "a reference"
            raise Refused(
                f"the catalog says {redaction} for {printable(name)}.{printable(field)}, which would break {what}",
                hint="let it say hash for just that field, which keeps references whole, or keep",
            )


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _hashed(places: set[Place], references: list[tuple[str, Reference]]) -> set[Place]:
    """Add what references connect with hashed fields, until nothing is added any more."""
    found = set(places)
    while True:
        pairs = [((of, one.field), (one.to, one.to_field)) for of, one in references]
        added = {two for pair in pairs for two in pair if found.intersection(pair)} - found
        if not added:
            return found
        found |= added


def _change(redaction: Redaction, key: bytes) -> Change:
    match redaction:
        case Redaction.DROP:
            return lambda _: None
        case Redaction.MASK:
            return lambda _: _text(MASK)
        case _:
            return each_element(lambda value: value if value[0] in NOTHING else _text(_digits(value, key)))


def _digits(value: RawId, key: bytes) -> str:
    digits = hmac.new(key, canonical_value(value), hashlib.sha256).hexdigest()[:HASH_DIGITS]
    is_address = value[0] == _TEXT and _ADDRESS.fullmatch(value, 5, len(value) - 1)  # behind its type and length
    return digits + ADDRESS_ENDING if is_address else digits


def _text(text: str) -> RawId:
    return RawId(b"\x02" + (len(text) + 1).to_bytes(4, "little") + text.encode() + b"\x00")
