"""What the memory store holds its documents to: unique indexes and simple validators, read from raw BSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from tui_migrate.definitions import field, flag, index_name
from tui_migrate.documents import RawId, elements
from tui_migrate.errors import Refused, WriteRefused
from tui_migrate.ordering import Key, order_key
from tui_migrate.stores.base import Refusal

DUPLICATE_KEY = 11000
FAILED_VALIDATION = 121

_NULL = RawId(b"\x0a")


@dataclass(frozen=True, slots=True)
class UniqueIndex:
    """A unique index: the dotted paths of its key, and whether documents without any of them are left out."""

    name: str
    fields: tuple[str, ...]
    sparse: bool

    def entries(self, document: bytes) -> set[tuple[Key, ...]]:
        """Give the keys under which a document stands in the index; each element of an array is one."""
        values = [list(_values(document, path.encode().split(b"."))) for path in self.fields]
        if self.sparse and not any(values):
            return set()
        return set(product(*({order_key(one) for one in found or [_NULL]} for found in values)))


def unique_index(specification: bytes) -> UniqueIndex | None:
    """Read a unique index from its specification, None where it is not unique.

    Raises Refused for a partial one, whose filter this store cannot evaluate.
    """
    if not flag(specification, b"unique"):
        return None
    name = index_name(specification)
    if field(specification, b"partialFilterExpression") is not None:
        raise Refused(f"the memory store cannot keep the partial unique index {name!r}")
    key = field(specification, b"key")
    paths = () if key is None else tuple(one.name.decode() for one in elements(specification[key.value : key.end]))
    return UniqueIndex(name, paths, flag(specification, b"sparse"))


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
        is_there = next(_values(document, condition.name.split(b".")), None) is not None
        if wanted is not None and flag(operators, b"$exists") != is_there:
            return True
    return False


def duplicate(index: int, fields: tuple[str, ...]) -> Refusal:
    """The refusal of a document whose value stands in a unique index already."""
    return Refusal(index, DUPLICATE_KEY, f"another document has the same {', '.join(fields)}", fields)


def _values(document: bytes, path: Sequence[bytes]) -> Iterator[RawId]:
    """Give the values at a dotted path, entering arrays as an index does."""
    found = field(document, path[0])
    if found is None:
        return
    inner = document[found.value : found.end]
    if len(path) == 1:
        if found.kind != 0x04:
            yield RawId(bytes((found.kind,)) + inner)
        else:
            yield from (RawId(bytes((one.kind,)) + inner[one.value : one.end]) for one in elements(inner))
    elif found.kind == 0x03:
        yield from _values(inner, path[1:])
    elif found.kind == 0x04:
        for one in elements(inner):
            if one.kind == 0x03:
                yield from _values(inner[one.value : one.end], path[1:])
