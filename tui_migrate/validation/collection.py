"""Looking at one collection, block by block, for everything that is asked of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from tui_migrate.documents import RawId, raw_id
from tui_migrate.mapping.values import KEY_BYTES, parts_of, value_key, values_at
from tui_migrate.stores.unique import UniqueIndex
from tui_migrate.validation.drift import TypeWalk
from tui_migrate.validation.evidence import Evidence, OpenReference
from tui_migrate.validation.model import MOST_NAMED, Issue
from tui_migrate.validation.required import lacks
from tui_migrate.validation.rules import CollectionRules, Path
from tui_migrate.validation.wording import (
    drift_issue,
    duplicate_issue,
    required_issue,
    unfollowed_issue,
)


@dataclass(slots=True)
class _Counted:
    """How many documents something holds of, and the first of them."""

    count: int = 0
    first: list[RawId | None] = field(default_factory=list)

    def add(self, identifier: RawId | None) -> None:
        self.count += 1
        if len(self.first) < MOST_NAMED:
            self.first.append(identifier)


class CollectionLook:
    """Takes the documents of a collection in the order in which they are read."""

    def __init__(self, rules: CollectionRules, evidence: Evidence) -> None:
        self._rules: Final = rules
        self._evidence: Final = evidence
        self._sets: Final = [(number, parts_of(path)) for number, path in rules.sets]
        self._references: Final = [(one, one.path) for one in rules.references]
        self._required: Final[dict[str, tuple[Path, _Counted]]] = {
            one: (parts_of(one), _Counted()) for one in rules.required
        }
        self._unique: Final = [(one, _Counted()) for one in rules.unique]
        self._types: Final = TypeWalk(rules.hidden) if rules.looks_at_types else None
        self._documents = 0

    def take(self, documents: Sequence[bytes]) -> None:
        """Look at some documents. Blocks. Raises MalformedDocument, StorageFailed."""
        keys: set[tuple[int, bytes]] = set()
        references: list[OpenReference] = []
        identifiers = [raw_id(one) for one in documents]
        for document, identifier in zip(documents, identifiers, strict=True):
            self._documents += 1
            for number, path in self._sets:
                keys.update((number, value_key(one)) for one in values_at(document, path))
            references += self._referred(document, identifier)
            for path, counted in self._required.values():
                if lacks(document, path):
                    counted.add(identifier)
            if self._types is not None:
                self._types.take(document, identifier)
        if keys or references:
            self._evidence.add(keys, references)
        for index, counted in self._unique:
            self._compare(index, counted, documents, identifiers)

    def issues(self) -> Iterator[Issue]:
        """Give what was found, but for references: they may lead to what is read later."""
        for path, (_, counted) in self._required.items():
            if counted.count:
                yield required_issue(self._rules, path, counted.count, counted.first)
        for index, counted in self._unique:
            if counted.count:
                yield duplicate_issue(self._rules, index, counted.count, counted.first)
        if self._types is not None:
            for one in self._types.drifts():
                yield drift_issue(self._rules, one)
            if self._types.is_cut:
                yield unfollowed_issue(self._rules)

    def _referred(self, document: bytes, identifier: RawId | None) -> Iterator[OpenReference]:
        """Give the different values of each reference of a document."""
        for one, path in self._references:
            found = {value_key(value): value for value in values_at(document, path)}
            for key, value in found.items():
                yield OpenReference(one.number, one.leads_to, key, value, identifier, self._documents)

    def _compare(
        self, index: UniqueIndex, counted: _Counted, documents: Sequence[bytes], identifiers: Sequence[RawId | None]
    ) -> None:
        rows: list[bytes] = []
        owners: list[int] = []
        for place, document in enumerate(documents):
            for row in index.rows(document).values():
                rows.append(self._row(index, row))
                owners.append(place)
        repeated = self._evidence.repeated(rows)
        for place in sorted({owner for owner, is_there in zip(owners, repeated, strict=True) if is_there}):
            counted.add(identifiers[place])

    def _row(self, index: UniqueIndex, values: Sequence[RawId]) -> bytes:
        """Give bytes that stand for a row of an index of this collection."""
        hashed = blake2b(f"{self._rules.info.name}\0{index.name}\0".encode(), digest_size=KEY_BYTES)
        for one in values:
            hashed.update(value_key(one))
        return hashed.digest()
