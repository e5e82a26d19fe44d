"""What it takes to bring back something that a run took away, as the BSON document in its REMOVED frame.

collection  {options, indexes: [specification, …]}
view        {options}
index       its specification
validator   {before, after}: validator, level and action as they were, and as the run was about to set them
"""

from dataclasses import dataclass

from tui_migrate.definitions import field
from tui_migrate.documents import elements, pack
from tui_migrate.engine.undo_log import Removed, Thing
from tui_migrate.stores.base import CollectionInfo, CollectionKind


@dataclass(frozen=True, slots=True)
class Definition:
    """A collection or view as it was: the BSON documents of its options and of its indexes."""

    options: bytes
    indexes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ValidatorChange:
    """Validator, level and action of a collection, each set a BSON document."""

    before: bytes
    after: bytes


def of_collection(info: CollectionInfo, held_begin: int = 0, held: int = 0) -> Removed:
    """Give the record of a collection or view that is to be taken away."""
    thing = Thing.VIEW if info.kind is CollectionKind.VIEW else Thing.COLLECTION
    indexes = pack(b"".join(b"\x03%d\x00" % place + one for place, one in enumerate(info.indexes)))
    spec = pack(b"\x03options\x00" + info.options + b"\x04indexes\x00" + indexes)
    return Removed(thing, info.name, "", spec, info.uuid or b"", held_begin, held)


def of_validator(collection: str, change: ValidatorChange) -> Removed:
    """Give the record of a validator that is to be set otherwise."""
    spec = pack(b"\x03before\x00" + change.before + b"\x03after\x00" + change.after)
    return Removed(Thing.VALIDATOR, collection, "", spec)


def definition(removed: Removed) -> Definition:
    """Read the definition of a collection or view that was taken away."""
    indexes = _part(removed.spec, b"indexes")
    return Definition(_part(removed.spec, b"options"), tuple(indexes[one.value : one.end] for one in elements(indexes)))


def validator_change(removed: Removed) -> ValidatorChange:
    """Read what a validator was and what it was set to."""
    return ValidatorChange(_part(removed.spec, b"before"), _part(removed.spec, b"after"))


def _part(document: bytes, name: bytes) -> bytes:
    found = field(document, name)
    return pack(b"") if found is None else document[found.value : found.end]
