"""References between the documents of a JSON file: held against the ids that are there, whichever comes first."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.findings import Severity
from tui_migrate.packages.json_forms.form import as_text
from tui_migrate.packages.walking import Fault

MOST_FOLLOWED: Final = 200_000
"""Ids that references are held against, some 20 MB; the references of a larger export are not looked at."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A field of a collection that holds the id of a document of another, or a list of them."""

    collection: str
    field: str
    target: str


class References:
    """Ids of documents, and references that led nowhere when they came by: their target may follow."""

    def __init__(self, identifier: str, references: Sequence[Reference]) -> None:
        """Follow references to documents whose id is in the field `identifier`."""
        self._identifier: Final = identifier
        self._references: Final = references
        self._targets: Final = frozenset(one.target for one in references)
        self._known: set[bytes] = set()
        self._open: list[tuple[Reference, bytes, str, str]] = []
        self._is_full = False

    def take(self, collection: str, document: Mapping[str, object]) -> None:
        """Take down a document's id and its references."""
        if collection in self._targets and self._has_room():
            self._known.add(_hashed(collection, document.get(self._identifier)))
        for one in self._references:
            if one.collection == collection:
                given = document.get(one.field)
                for value in given if isinstance(given, list) else (given,):
                    self._take_reference(one, document, value)

    def _take_reference(self, reference: Reference, document: Mapping[str, object], given: object) -> None:
        if given is None or not self._has_room():
            return
        hashed = _hashed(reference.target, given)
        if hashed not in self._known:
            self._open.append((reference, hashed, as_text(document.get(self._identifier)), as_text(given)))

    def _has_room(self) -> bool:
        self._is_full = self._is_full or len(self._known) + len(self._open) >= MOST_FOLLOWED
        return not self._is_full

    def orphans(self) -> Iterator[Fault]:
        """Tell of references whose target is not in the file."""
        if self._is_full:
            message = f"there are more than {MOST_FOLLOWED:,} ids; references were not looked at"
            yield Fault("references_unchecked", "data", message, hint="", severity=Severity.NOTE)
            return
        for reference, hashed, identifier, given in self._open:
            if hashed not in self._known:
                yield Fault(
                    "orphan",
                    f"{reference.collection} {identifier}",
                    f"{identifier} has the {reference.field} {given}, which is not among the {reference.target}",
                    hint="add what it refers to",
                    severity=Severity.WARNING,
                )


def _hashed(collection: str, identifier: object) -> bytes:
    text = f"{collection}:{json.dumps(identifier, sort_keys=True)}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
