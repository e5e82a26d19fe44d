"""Masking: no value of a field that a catalog calls sensitive is shown, whoever asks and in whatever form.

What servers say of documents that they refuse has no values in it when it comes from a store, see
`stores.mongodb.failures`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from typing import Final

from tui_migrate.catalogs.model import Catalog, Sensitive
from tui_migrate.comparison.model import ComparedCollection, Comparison, DocumentDifference, FieldChange, FieldKind
from tui_migrate.documents import RawId, pack
from tui_migrate.errors import MalformedDocument
from tui_migrate.findings import Finding
from tui_migrate.journal.records import RunRecord
from tui_migrate.mapping.edit import edit, plan_edits
from tui_migrate.plan.catalog_rules import catalog_of
from tui_migrate.plan.model import Plan
from tui_migrate.plan.yaml_form import from_yaml

MASK: Final = "***"

_ID: Final = "_id"
_IDS: Final = re.compile(r"\b_id\b.*", re.DOTALL)
_MASKED: Final = RawId(b"\x02\x04\x00\x00\x00***\x00")


@dataclass(frozen=True, slots=True)
class Mask:
    """What a catalog hides. `names` gives the catalog's name of a collection that is called otherwise.

    `collections` are those that findings may be about.
    """

    catalog: Catalog | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    collections: tuple[str, ...] = ()

    @classmethod
    def of_plan(cls, plan: Plan | None) -> "Mask":
        """Give what the catalog of a plan hides; without one nothing is. Raises InvalidFile."""
        catalog = catalog_of(plan) if plan is not None else None
        if plan is None or catalog is None:
            return NOTHING
        names = {one.target: one.source for one in plan.scope.renames}
        return cls(catalog, names, tuple(one.name for one in plan.collections))

    def hides(self, collection: str, path: str) -> bool:
        """Say whether the value at a dotted path is sensitive, has something sensitive in it, or is part of it.

        Numbers in the path may be places in an array. The empty path is the whole document.
        """
        through = ".".join(one for one in path.split(".") if not one.isdecimal())
        return any(
            not path or _overlap(one.field, path) or _overlap(one.field, through) for one in self._sensitive(collection)
        )

    def value(self, collection: str, path: str, shown: str | None) -> str | None:
        """Give a value as it may be shown: itself, or MASK; what is not there stays so."""
        return MASK if shown is not None and self.hides(collection, path) else shown

    def document(self, collection: str, document: bytes, key: bytes) -> bytes:
        """Give a document with MASK in the place of what is sensitive; what cannot be read becomes an empty one.

        Behind MASK stands what tells two values apart under one `key`, which is to be random and kept nowhere.
        """
        paths = [one.field for one in self._sensitive(collection)]
        if not paths:
            return document
        try:
            return edit(document, plan_edits((path, partial(_told_apart, key)) for path in paths))
        except MalformedDocument:
            return pack(b"")

    def finding(self, found: Finding) -> Finding:
        """Give a finding without the ids of documents where these are sensitive."""
        name = self._subject_of(found.subject)
        if not name or not self.hides(name, _ID):
            return found
        shown = f"_id {MASK}"
        return replace(found, subject=_IDS.sub(shown, found.subject), message=_IDS.sub(shown, found.message))

    def comparison(self, found: Comparison) -> Comparison:
        """Give a comparison without the values that are sensitive."""
        return replace(found, collections=tuple(map(self._collection, found.collections)))

    def _collection(self, found: ComparedCollection) -> ComparedCollection:
        return replace(found, documents=tuple(self._difference(found.name, one) for one in found.documents))

    def _difference(self, name: str, found: DocumentDifference) -> DocumentDifference:
        identifier = _MASKED if found.id and self.hides(name, _ID) else found.id
        return replace(found, id=identifier, fields=tuple(self._change(name, one) for one in found.fields))

    def _change(self, name: str, found: FieldChange) -> FieldChange:
        if found.kind is FieldKind.ORDER:  # which tells names alone
            return found
        left, right = (self.value(name, found.path, one) for one in (found.left, found.right))
        return replace(found, left=left, right=right)

    def _sensitive(self, collection: str) -> tuple[Sensitive, ...]:
        if self.catalog is None:
            return ()
        known = self.catalog.collection(self.names.get(collection, collection))
        return known.sensitive if known is not None else ()

    def _subject_of(self, subject: str) -> str:
        """Give the collection that a finding is about, or nothing."""
        fitting = (one for one in self.collections if subject == one or subject.startswith((f"{one} ", f"{one}.")))
        return max(fitting, key=len, default="")


NOTHING: Final = Mask()
"""Hides nothing."""


def masked_run(run: RunRecord) -> RunRecord:
    """Give a run without the ids that its catalog calls sensitive. Raises InvalidFile."""
    if "\ncatalog:" not in run.plan or not any(_ID in f"{one.subject} {one.message}" for one in run.findings):
        return run
    mask = Mask.of_plan(from_yaml(run.plan, f"the plan of run {run.id:04d}"))
    return replace(run, findings=tuple(map(mask.finding, run.findings)))


def _told_apart(key: bytes, value: RawId) -> RawId:
    text = f"{MASK} ({blake2b(value, digest_size=4, key=key).hexdigest()})\0".encode()
    return RawId(b"\x02" + len(text).to_bytes(4, "little") + text)


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
