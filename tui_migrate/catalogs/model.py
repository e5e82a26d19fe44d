"""A catalog: an application's collections, what refers to what, whose a document is, and what must not get out."""

from dataclasses import dataclass
from enum import StrEnum


class OnMissing(StrEnum):
    """How much a reference to a document that is not there matters."""

    ERROR = "error"
    WARN = "warn"


class Redaction(StrEnum):
    """What becomes of a sensitive field where a run redacts."""

    DROP = "drop"
    """The field is left out."""
    MASK = "mask"
    """Its value becomes `***`, whatever its type was."""
    HASH = "hash"
    """Its value becomes a keyed hash: equal values stay equal within one run. That of an address has an `@` too."""
    KEEP = "keep"
    """It stays in the data, and is masked in reports and on screens."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that names a document of a collection `to` by its `to_field`.

    `field` is a dotted path. Arrays on the way are gone through, and an array at its end is a list of references. A
    field that is missing or null refers to nothing.
    """

    field: str
    to: str
    to_field: str = "_id"
    on_missing: OnMissing = OnMissing.ERROR


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A field (dotted path, through arrays) whose value is nobody's business, and what redacting does to it."""

    field: str
    redaction: Redaction
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OwnerPath:
    """The way from a document to the id of the user it belongs to.

    Along `steps`, each a reference of the document reached so far, to the document whose `field` holds the id.
    """

    field: str
    steps: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogCollection:
    """One collection.

    `order` breaks ties where references leave the order of import open; lower comes first. `excluded` is the reason why
    it never leaves its database, empty for one that may. `owner` is None where documents belong to nobody.
    `timestamp` is the dotted path of the field that says when a document was last changed, empty for none.
    """

    name: str
    description: str = ""
    order: int = 0
    excluded: str = ""
    references: tuple[Reference, ...] = ()
    required: tuple[str, ...] = ()
    sensitive: tuple[Sensitive, ...] = ()
    owner: OwnerPath | None = None
    timestamp: str = ""


@dataclass(frozen=True, slots=True)
class VersionRule:
    """Data of the versions that match `source` (`1.*`) may go to an application of those that match `target`.

    `note` is said as a warning where it is not empty.
    """

    source: str
    target: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """An application's data. `version` is the application's that the catalog describes.

    It is empty where the application tells none. Collections are named exactly, or by a pattern with one `*`
    (`ipam_*`). `versions` is empty where any may go anywhere; `text` is the YAML it was read from, as a plan keeps it.
    """

    name: str
    title: str
    version: str
    collections: tuple[CatalogCollection, ...]
    description: str = ""
    versions: tuple[VersionRule, ...] = ()
    text: str = ""

    @property
    def label(self) -> str:
        """Its name, and the version where it has one: `xcodereviewer 2.0.0`."""
        return f"{self.name} {self.version}".rstrip()

    def collection(self, name: str) -> CatalogCollection | None:
        """Give what the catalog says of a collection: by its name, else by the first pattern that it matches."""
        exact = next((one for one in self.collections if one.name == name), None)
        return exact or next((one for one in self.collections if matches(one.name, name)), None)

    def exclusion(self, name: str) -> str:
        """Give the reason why a collection never leaves its database, or nothing where it may."""
        found = self.collection(name)
        return found.excluded if found else ""


def is_pattern(name: str) -> bool:
    """Say whether a name of a catalog stands for many."""
    return "*" in name


def matches(pattern: str, name: str) -> bool:
    """Say whether a name or version is meant by a pattern; the one `*` in it stands for any text, also for none."""
    start, star, end = pattern.partition("*")
    if not star:
        return name == pattern
    return len(name) >= len(start) + len(end) and name.startswith(start) and name.endswith(end)
