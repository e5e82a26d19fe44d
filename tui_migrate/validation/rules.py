"""What a catalog asks of each collection that is read, under the names that the collections have there."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.catalogs.model import Catalog, CatalogCollection, Redaction, Reference
from tui_migrate.catalogs.order import import_order
from tui_migrate.mapping.model import Scope
from tui_migrate.mapping.values import parts_of
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.stores.unique import UniqueIndex, unique_index

Path = tuple[bytes, ...]

_WHOLE: Final = Scope()


@dataclass(frozen=True, slots=True)
class Followed:
    """A reference that is followed: its own number, and the number of the set of values that it may have.

    `to` is the collection it leads to by the name that this one has where it is read, `hides` that its values are
    nobody's business.
    """

    number: int
    leads_to: int
    reference: Reference
    to: str
    hides: bool

    @property
    def path(self) -> Path:
        """The names of its field's path."""
        return parts_of(self.reference.field)


@dataclass(frozen=True, slots=True)
class CollectionRules:
    """What is asked of one collection.

    `sets` are the sets that the values of one of its fields belong to, by number: those that references lead to.
    `hidden` are the paths of its sensitive fields. `looks_at_types` is false where types are of no interest.
    """

    info: CollectionInfo
    references: tuple[Followed, ...] = ()
    sets: tuple[tuple[int, str], ...] = ()
    required: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    unique: tuple[UniqueIndex, ...] = ()
    looks_at_types: bool = True

    @property
    def wants_ids_alone(self) -> bool:
        """True where nothing but the `_id` of its documents is looked at."""
        is_plain = not (self.references or self.required or self.unique or self.looks_at_types)
        return is_plain and all(field == "_id" for _, field in self.sets)

    @property
    def is_idle(self) -> bool:
        """True where there is nothing to look at."""
        return self.wants_ids_alone and not self.sets

    @property
    def hides_ids(self) -> bool:
        """True where the `_id` of a document, or a part of it, is nobody's business."""
        return hides(self.hidden, "_id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be looked at: `is_package` says that nothing else keeps unique indexes unique.

    `references_alone` leaves everything else aside. `scope` is that of a plan through which the documents are read:
    collections then have the names of its target.
    """

    is_package: bool = False
    references_alone: bool = False
    scope: Scope = _WHOLE


_EVERYTHING: Final = Wanted()


def rules_of(
    catalog: Catalog, infos: Iterable[CollectionInfo], wanted: Wanted = _EVERYTHING
) -> tuple[CollectionRules, ...]:
    """Say what is asked of these collections, in the order to read them in: what is referred to comes first."""
    return _Making(catalog, wanted).all(infos)


def hides(hidden: Sequence[str], path: str) -> bool:
    """Say whether a path, what it lies in, or something in it is nobody's business."""
    return any(f"{one}.".startswith(f"{path}.") or f"{path}.".startswith(f"{one}.") for one in hidden)


class _Making:
    """Rules in the making: references and sets get their numbers."""

    def __init__(self, catalog: Catalog, wanted: Wanted) -> None:
        self._catalog = catalog
        self._wanted = wanted
        self._new_names = {one.source: one.target for one in wanted.scope.renames}
        self._sets: dict[tuple[str, str], int] = {}
        self._references = 0

    def all(self, infos: Iterable[CollectionInfo]) -> tuple[CollectionRules, ...]:
        by_name = {self._old_name(one.name): one for one in infos if one.kind is not CollectionKind.VIEW}
        names = import_order(self._catalog, by_name).names
        followed = {name: self._followed(name, by_name) for name in names}
        made = (self._one(name, by_name[name], followed[name]) for name in names)
        return tuple(one for one in made if not one.is_idle)

    def _old_name(self, name: str) -> str:
        return self._wanted.scope.source_name(name)

    def _one(self, name: str, info: CollectionInfo, followed: tuple[Followed, ...]) -> CollectionRules:
        known = self._catalog.collection(name)
        alone = self._wanted.references_alone
        return CollectionRules(
            info=info,
            references=followed,
            sets=tuple((number, field) for (to, field), number in self._sets.items() if to == info.name),
            required=() if known is None or alone else self._required(known),
            hidden=tuple(one.field for one in known.sensitive) if known is not None else (),
            unique=_unique(info) if self._wanted.is_package and not alone else (),
            looks_at_types=not alone,
        )

    def _required(self, known: CatalogCollection) -> tuple[str, ...]:
        dropped = self._redacted(known, (Redaction.DROP,))
        return tuple(path for path in known.required if not hides(dropped, path))

    def _followed(self, name: str, there: Mapping[str, CollectionInfo]) -> tuple[Followed, ...]:
        known = self._catalog.collection(name)
        found = []
        for one in known.references if known is not None else ():
            target = self._catalog.collection(one.to)
            if self._is_left_out(known, one, there) or known is None:
                continue
            to = self._new_names.get(one.to, one.to)
            number = self._sets.setdefault((to, one.to_field), len(self._sets))
            hidden = [at.field for at in known.sensitive]
            their_hidden = [at.field for at in target.sensitive] if target is not None else []
            is_hidden = hides(hidden, one.field) or hides(their_hidden, one.to_field)
            found.append(Followed(self._references, number, one, to, is_hidden))
            self._references += 1
        return tuple(found)

    def _is_left_out(self, mine: CatalogCollection | None, one: Reference, there: Mapping[str, CollectionInfo]) -> bool:
        """Leave out what leads to a collection that never leaves its database, and what is redacted on either end."""
        if one.to not in there and self._catalog.exclusion(one.to):
            return True
        changing = (Redaction.DROP, Redaction.MASK, Redaction.HASH)
        theirs = self._catalog.collection(one.to)
        return hides(self._redacted(mine, changing), one.field) or hides(self._redacted(theirs, changing), one.to_field)

    def _redacted(self, known: CatalogCollection | None, how: Collection[Redaction]) -> list[str]:
        if known is None or not self._wanted.scope.redact:
            return []
        return [one.field for one in known.sensitive if one.redaction in how]


def _unique(info: CollectionInfo) -> tuple[UniqueIndex, ...]:
    found = (unique_index(one) for one in info.indexes)
    return tuple(one for one in found if one is not None and one.is_whole and one.fields != ("_id",))
