"""What a comparison is asked for and what it finds: A is the left side, B the right one."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from tui_migrate.documents import RawId

USUAL_LISTED: Final = 20
"""How many documents of a collection are listed that differ, where nobody asks for more or fewer."""


class Kind(StrEnum):
    """How a document, a collection or a definition differs."""

    ONLY_LEFT = "only_left"
    ONLY_RIGHT = "only_right"
    DIFFERENT = "different"


class FieldKind(StrEnum):
    """How a field of the right document differs from that of the left."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    TYPE = "type"
    """Its value has another type: 1 became 1.0, or a text."""
    ORDER = "order"
    """The fields at this path are the same in another order; the path is empty for the document's own."""


class Way(StrEnum):
    """How the documents of a collection were compared."""

    MERGED = "merged by _id"
    SORTED = "sorted by _id"
    """Where a side does not come in the order of `_id`."""
    MULTISET = "as a set, without _id"
    """Capped and time-series collections: a changed document is one on the left alone and one on the right alone."""
    SIZES = "_id and size only"
    """Content was not looked at: what is the same so is not proved to be equal."""
    DIGESTS = "digests of the manifests"
    """Of what has equal digests nothing was read; everything else was compared."""
    DEFINITION = "definition only"
    """A view, or a collection that one side alone has."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs: a dotted path (`items.0.price`), how, and both values as text, None where there is none."""

    path: str
    kind: FieldKind
    left: str | None = None
    right: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentDifference:
    """A document that one side lacks or has otherwise.

    `hashes` are those of the left and the right document, empty where there is none. `reason` says what no field tells.
    `fields` are known of the first documents of a collection alone.
    """

    kind: Kind
    id: RawId
    hashes: tuple[bytes, bytes]
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class DefinitionDifference:
    """What differs of a collection or view but its documents: `thing` is `index`, `kind`, `options` or `view`.

    `fields` are the options that differ, each by its name, of a collection that has others.
    """

    thing: str
    name: str
    kind: Kind
    left: str = ""
    right: str = ""
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """Documents by how they compare. `same_size` have `_id` and size in common, and their content was not compared."""

    only_left: int = 0
    only_right: int = 0
    different: int = 0
    equal: int = 0
    same_size: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.only_left + other.only_left,
            self.only_right + other.only_right,
            self.different + other.different,
            self.equal + other.equal,
            self.same_size + other.same_size,
        )

    @property
    def differences(self) -> int:
        """How many differ."""
        return self.only_left + self.only_right + self.different

    @property
    def seen(self) -> int:
        """How many were compared."""
        return self.differences + self.equal + self.same_size

    def unproved(self) -> "Counts":
        """Call what is equal the same in size alone."""
        return replace(self, equal=0, same_size=self.same_size + self.equal)


@dataclass(frozen=True, slots=True)
class ComparedCollection:
    """A collection or view. `presence` is None where both sides have it; then `counts` say how its documents compare.

    `documents` are the first that differ, and `notes` what is to be known of the way it was compared. Of one that a
    single side has, `counts` hold how many documents that says it has; of a view, `is_view`, there are none to count.
    """

    name: str
    way: Way
    presence: Kind | None = None
    counts: Counts = Counts()
    definitions: tuple[DefinitionDifference, ...] = ()
    documents: tuple[DocumentDifference, ...] = ()
    notes: tuple[str, ...] = ()
    is_view: bool = False

    @property
    def differs(self) -> bool:
        """True where anything about it differs."""
        return self.presence is not None or bool(self.counts.differences or self.definitions)

    @property
    def is_proved(self) -> bool:
        """True where what counts as equal was proved to be."""
        return not self.counts.same_size


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome. `canonical` says that the order of fields was left aside, because a side does not keep it."""

    collections: tuple[ComparedCollection, ...]
    canonical: bool = False
    fast: bool = False
    notes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """True where anything differs."""
        return any(one.differs for one in self.collections)

    @property
    def is_proved(self) -> bool:
        """True where nothing that counts as equal went without a look at its content."""
        return all(one.is_proved for one in self.collections)

    @property
    def counts(self) -> Counts:
        """The sum over the collections."""
        return sum((one.counts for one in self.collections), start=Counts())


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the comparison of a collection is: what was found by now, of about so many `documents`.

    Of one that a single side has, `presence` says which, and `counts` how many documents that has.
    """

    name: str
    counts: Counts = Counts()
    documents: int = 0
    presence: Kind | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be compared and how. Without `names` every collection is, less those in `exclude`.

    `parallel` is how many collections or ranges are read at once, `listed` how many documents of each are listed.
    """

    names: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fast: bool = False
    parallel: int = 2
    listed: int = USUAL_LISTED


@dataclass(frozen=True, slots=True)
class Rules:
    """How two documents are compared: by bytes, or with their fields in one order; how many are looked at in detail."""

    canonical: bool = False
    sizes: bool = False
    listed: int = USUAL_LISTED


@dataclass(slots=True)
class Found:
    """What was found since the last mark: counts, and the documents that differ in the order in which they were met."""

    counts: Counts = field(default_factory=Counts)
    differences: list[DocumentDifference] = field(default_factory=list)
