"""Exports of Gofannon: `{metadata: {provider, exported_at, collections}, data: {collection: [documents]}}`.

There is no checksum but that of our own exports. Fields that begin with `_rev` belong to the database they come from
and are dropped; documents whose `_id` begins with `_design/` are views of CouchDB and are left out by name;
`_attachments` are stubs, whose content is not in the file. None of this holds for a file that keeps all types, as we
write it, whose metadata has to stand in front of the data. A collection that could not be exported reads `[]` like one
that is empty.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from tui_migrate.findings import Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms.checksums import KEY, Checksums
from tui_migrate.packages.json_forms.form import Document, JsonForm, as_text, number_of, unknown_key
from tui_migrate.packages.json_forms.guard import JsonCursor
from tui_migrate.packages.json_forms.references import Reference, References
from tui_migrate.packages.walking import Extent, Fault, Step

REVISION: Final = "_rev"
DESIGN: Final = "_design/"
ATTACHMENTS: Final = "_attachments"
REFERENCES: Final = (Reference("deployments", "agentId", "agents"), Reference("agents", "gofannon_agents", "agents"))


class Gofannon(JsonForm):
    """An export of Gofannon, whichever of its providers it is from."""

    form = PackageForm.GOFANNON

    def frame(self, cursor: JsonCursor) -> Iterator[Step]:
        """Walk all collections, then compare them with the list of them."""
        header: object = None
        own: object = None
        has_own = False
        self.checksums = Checksums()
        self._references = References("_id", REFERENCES)
        read: dict[str, int] = {}
        is_walked = False
        for key in cursor.members():
            if key == "metadata":
                header = self.parsed(cursor.value())
                if isinstance(header, dict):
                    yield from self.take_marker(header, is_late=is_walked)
            elif key == "data":
                is_walked = True
                for name in cursor.members():
                    yield from self._collection(cursor, name, read)
            elif key == KEY:
                has_own, own = True, self.parsed(cursor.value())
            else:
                yield unknown_key(key)
                cursor.skip()
        if not isinstance(header, dict):
            yield Fault("header_missing", "metadata", "the export has no metadata")
            header = {}
        yield from _compare(header, read)
        if has_own:
            yield from self.checksums.compare(own)
        yield from self._references.orphans()

    def shaped(self, collection: str, document: Document) -> Document | None:
        """Leave out design documents and revisions."""
        if self.is_extended:
            return document
        identifier = document.get("_id")
        if isinstance(identifier, str) and identifier.startswith(DESIGN):
            return None
        if any(name.startswith(REVISION) for name in document):
            return {name: value for name, value in document.items() if not name.startswith(REVISION)}
        return document

    def faults_of(self, collection: str, document: Document) -> Iterator[Fault]:
        """Tell of what is left out, and of attachments that are not there; take down ids and references."""
        self._references.take(collection, document)
        if self.is_extended:
            return
        identifier = document.get("_id")
        if self.shaped(collection, document) is None:
            message = f"{as_text(identifier)} is a design document of CouchDB and is left out"
            yield Fault("design_document", collection, message, hint="", severity=Severity.WARNING)
            return
        if ATTACHMENTS in document:
            message = f"the document {as_text(identifier)} has attachments, whose content is not in the export"
            hint = "the field is imported as it is; copy the attachments by other means"
            yield Fault("attachments", collection, message, hint=hint, severity=Severity.WARNING)
        for name in document:
            if name.startswith(REVISION):
                message = f"the field {name[:60]!r} is a revision of the database it comes from, and is dropped"
                yield Fault("revision", f"{collection}.{name[:60]}", message, hint="", severity=Severity.NOTE)

    def _collection(self, cursor: JsonCursor, name: str, read: dict[str, int]) -> Iterator[Step]:
        read[name] = 0
        for step in self.documents(cursor, name):
            if isinstance(step, Extent):
                read[name] += len(step.documents)
            yield step
        if not read[name]:
            message = "the collection is empty, or could not be exported: the export does not tell which"
            yield Fault("collection_empty", name, message, hint="compare with the source", severity=Severity.NOTE)


def _compare(header: Mapping[str, object], read: Mapping[str, int]) -> Iterator[Step]:
    """The list of collections has their names, or their names with the number of documents."""
    listed = header.get("collections")
    if not isinstance(listed, list | dict):
        return
    for name in listed:
        if isinstance(name, str) and name not in read:
            yield Fault("collection_missing", name, "the export's metadata names it, and it is not there")
        count = number_of(listed, name) if isinstance(listed, dict) else None
        if count is not None and name in read and read[name] > count:
            yield Fault("document_count", name, f"there are {read[name]:,} documents, not {count:,} as it says")
