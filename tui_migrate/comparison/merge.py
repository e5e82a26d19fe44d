"""Comparing two sides that come in one order. Equal documents cost one comparison of bytes; keys are taken of the rest.

That no keys are taken of what is equal loses nothing: equal bytes are one `_id`. And every key that is taken must be
greater than those before it on its side, so that no document is told as missing that lies elsewhere on that side.
"""

import struct
from typing import Final

from tui_migrate.comparison.fields import field_changes
from tui_migrate.comparison.model import Counts, DocumentDifference, Found, Kind, Rules
from tui_migrate.comparison.side import OutOfOrder, Side
from tui_migrate.documents import RawId, canonical, content_hash, normalise, raw_id

OTHER_ID_TYPE: Final = "the _id has another type: the numbers are one key, and not the same"
_INT32: Final = struct.Struct("<i")


class Merge:
    """Compares as far as both sides have documents at hand, and keeps what it found until it is taken."""

    def __init__(self, rules: Rules, listed: int = 0) -> None:
        """`listed` is how many differences have their fields already."""
        self._rules = rules
        self._listed = listed
        self._found = Found()

    def take(self) -> Found:
        """Give what was found since it was last taken."""
        found, self._found = self._found, Found()
        return found

    @property
    def counts(self) -> Counts:
        """What was counted since what was found was last taken."""
        return self._found.counts

    def advance(self, left: Side, right: Side) -> None:
        """Compare until a side has nothing more at hand. Raises OutOfOrder."""
        mine, theirs = left.documents, right.documents
        first, second = left.place, right.place
        end, other_end = len(mine), len(theirs)
        equal = 0
        while True:
            start = first
            while first < end and second < other_end and mine[first] == theirs[second]:
                first += 1
                second += 1
            equal += first - start
            if first == end or second == other_end:
                break
            key, other = left.key(first), right.key(second)
            if key < other:
                self._add(Kind.ONLY_LEFT, mine[first], None)
                first += 1
            elif other < key:
                self._add(Kind.ONLY_RIGHT, None, theirs[second])
                second += 1
            else:
                equal += self._is_equal(mine[first], theirs[second])
                first += 1
                second += 1
        left.place, right.place = first, second
        self.count_equal(equal)

    def rest(self, side: Side, kind: Kind) -> None:
        """Take what a side has at hand, when the other has come to its end."""
        for place in range(side.place, len(side.documents)):
            side.key(place)
            one = side.documents[place]
            self._add(kind, one if kind is Kind.ONLY_LEFT else None, None if kind is Kind.ONLY_LEFT else one)
        side.place = len(side.documents)

    def count_equal(self, number: int) -> None:
        """Count documents that are equal; where sizes alone are compared that is no proof."""
        counts = Counts(equal=number)
        self._found.counts += counts.unproved() if self._rules.sizes else counts

    def _is_equal(self, mine: bytes, theirs: bytes) -> bool:
        """Compare two documents of one key; take down a difference."""
        if not self._rules.sizes:
            mine, theirs = normalise(mine), normalise(theirs)
            if mine == theirs or (self._rules.canonical and canonical(mine) == canonical(theirs)):
                return True
        self._add(Kind.DIFFERENT, mine, theirs)
        return False

    def _add(self, kind: Kind, mine: bytes | None, theirs: bytes | None) -> None:
        found = self._found
        found.counts += _ONE[kind]
        is_listed = self._listed < self._rules.listed
        self._listed += is_listed
        found.differences.append(difference(kind, mine, theirs, self._rules, with_fields=is_listed))


_ONE: Final = {
    Kind.ONLY_LEFT: Counts(only_left=1),
    Kind.ONLY_RIGHT: Counts(only_right=1),
    Kind.DIFFERENT: Counts(different=1),
}


def difference(
    kind: Kind, mine: bytes | None, theirs: bytes | None, rules: Rules, *, with_fields: bool
) -> DocumentDifference:
    """Describe a document that differs, given what either side has. Raises OutOfOrder where neither has an `_id`."""
    either = mine if mine is not None else theirs
    identifier = None if either is None else raw_id(either)
    if identifier is None:
        raise OutOfOrder
    if mine is None or theirs is None:
        return DocumentDifference(kind, identifier, (_hash(mine, rules), _hash(theirs, rules)))
    reason = id_reason(identifier, raw_id(theirs))
    if rules.sizes:
        sizes = f"{_size(mine):,} and {_size(theirs):,} bytes"
        return DocumentDifference(kind, identifier, (b"", b""), reason or sizes)
    fields = field_changes(mine, theirs, order_counts=not rules.canonical) if with_fields else ()
    return DocumentDifference(kind, identifier, (_hash(mine, rules), _hash(theirs, rules)), reason, fields)


def id_reason(mine: RawId, theirs: RawId | None) -> str:
    """Say where two ids of one key are stored otherwise."""
    return "" if mine == theirs else OTHER_ID_TYPE


def _hash(document: bytes | None, rules: Rules) -> bytes:
    return b"" if document is None or rules.sizes else content_hash(normalise(document))


def _size(outline: bytes) -> int:
    """The size that a document of `stores.outlines.sizes` tells: its last field."""
    return int(_INT32.unpack_from(outline, len(outline) - 5)[0])
