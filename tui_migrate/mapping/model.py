"""The scope of a plan: which of the documents, whose, under which names, and what is taken out of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rename:
    """A collection `source` that the target gets under another name."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents of a collection (by its name in the source) are meant: a query as canonical Extended JSON."""

    collection: str
    query: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the source is meant, and how it is changed on its way.

    `owner` is the id of the one user whose documents are meant, and `owner_to` that of the user who gets them, both as
    Extended JSON of the value, empty for none; both need a catalog. `owner_from` is whose they are where all documents
    are meant, since the source has one user's alone. `redact` applies the catalog's rules for sensitive
    fields; `redaction_key` (hex) keys the hashes, so that a resumed run gives the same ones.
    """

    renames: tuple[Rename, ...] = ()
    filters: tuple[Filter, ...] = ()
    owner: str = ""
    owner_to: str = ""
    owner_from: str = ""
    redact: bool = False
    redaction_key: str = ""

    @property
    def is_whole(self) -> bool:
        """True where every document is meant, just as it is."""
        return self == Scope()

    def source_name(self, name: str) -> str:
        """Say what a collection of the plan, which has the target's names, is called in the source."""
        return next((one.source for one in self.renames if one.target == name), name)
