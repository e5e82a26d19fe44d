"""What the memory store holds its documents to: unique indexes and simple validators, read from raw BSON."""

from collections.abc import Mapping

from tui_migrate.definitions import field, flag, index_name
from tui_migrate.documents import elements
from tui_migrate.errors import Refused, WriteRefused
from tui_migrate.ordering import Key
from tui_migrate.stores.base import Refusal
from tui_migrate.stores.unique import UniqueIndex, unique_index, values_at

DUPLICATE_KEY = 11000
FAILED_VALIDATION = 121


def kept_index(specification: bytes) -> UniqueIndex | None:
    """Read a unique index from its specification, None where it is not unique.

    Raises Refused for a partial one, whose filter this store cannot evaluate.
    """
    if field(specification, b"partialFilterExpression") is not None and flag(specification, b"unique"):
        raise Refused(f"the memory store cannot keep the partial unique index {index_name(specification)!r}")
    return unique_index(specification)


class UniqueEntries:
    """A unique index with what stands in it: which document holds which entry."""

    def __init__(self, index: UniqueIndex, documents: Mapping[Key, bytes]) -> None:
        """Build the index. Raises WriteRefused where two documents have the same entry."""
        self.index = index
        self._owners: dict[tuple[Key, ...], Key] = {}
        for key, document in documents.items():
            if self.is_taken(key, document):
                raise WriteRefused(f"two documents have the same {', '.join(index.fields)}")
            self.add(key, document)

    def is_taken(self, key: Key, document: bytes) -> bool:
        """Say whether another document than that of this key stands where this one would."""
        return any(self._owners.get(entry, key) != key for entry in self.index.entries(document))

    def add(self, key: Key, document: bytes) -> None:
        """Enter a document that is not taken."""
        self._owners.update((entry, key) for entry in self.index.entries(document))

    def remove(self, document: bytes) -> None:
        """Take a document out that was entered."""
        for entry in self.index.entries(document):
            del self._owners[entry]


def fails_validator(options: bytes, document: bytes) -> bool:
    """Say whether a document breaks a validator of the form `{path: {$exists: bool}, …}`.

    Any other condition is kept with the options but not evaluated.
    """
    validator = field(options, b"validator")
    if validator is None or validator.kind != 0x03:
        return False
    for condition in elements(options[validator.value : validator.end]):
        if condition.kind != 0x03 or condition.name.startswith(b"$"):
            continue
        operators = options[validator.value : validator.end][condition.value : condition.end]
        wanted = field(operators, b"$exists")
        is_there = next(values_at(document, condition.name.split(b".")), None) is not None
        if wanted is not None and flag(operators, b"$exists") != is_there:
            return True
    return False


def duplicate(index: int, fields: tuple[str, ...]) -> Refusal:
    """The refusal of a document whose value stands in a unique index already."""
    return Refusal(index, DUPLICATE_KEY, f"another document has the same {', '.join(fields)}", fields)
