"""Writes a JSON form once through: one document to a line, what needs totals behind the data, nothing gone on with.

Every document is held against what reading it will give, and refused where that is not the same bytes.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from tui_migrate.definitions import is_id_index
from tui_migrate.errors import Refused
from tui_migrate.packages.archive_writer import Destination
from tui_migrate.packages.disk_work import DiskWork
from tui_migrate.packages.encryption.sink_form import Sink
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder
from tui_migrate.packages.files import shown
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms.checksums import KEY, Checksums
from tui_migrate.packages.json_forms.fitness import exact_tree, unreadable
from tui_migrate.packages.json_forms.form import MARKED, MARKER, MOST_FRAME
from tui_migrate.packages.json_forms.second_brain import MOST_DEFINED, VERSION, DocumentsChecksum
from tui_migrate.packages.json_forms.tree import Tree
from tui_migrate.packages.json_forms.xcodereviewer import LISTS, SCHEMA, SINGLE, STATISTICS
from tui_migrate.packages.manifest import Header
from tui_migrate.packages.members import Member
from tui_migrate.packages.sinks import GzipSink
from tui_migrate.redaction import redact
from tui_migrate.stores.base import CollectionInfo, CollectionKind

PROVIDER: Final = "tui-migrate"

Made = TypeVar("Made", bound="JsonWriter")


class JsonWriter(ABC):
    """One JSON file on its way. See `packages.writing.Writer` for what each call is for."""

    is_resumable: Final = False
    is_packed = False

    def __init__(self, destination: Destination, moment: float) -> None:
        self._destination: Final = destination
        self._work: Final = DiskWork(destination.abandon, destination.break_off)
        self._sink: Sink | None = None
        self._gathered: list[str] = []
        self._is_begun = False
        self._has_documents = False
        self.moment: Final = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat()
        self.infos: Final[dict[str, CollectionInfo]] = {}
        self.counts: Final[dict[str, int]] = {}
        self.checksums: Final = Checksums()
        self.name = ""

    @classmethod
    async def create(cls: type[Made], destination: Destination, *, moment: float) -> Made:
        """Open the destination; `moment` is when the run was made, in seconds since 1970. Raises what it does."""
        writer = cls(destination, moment)

        def begin() -> None:
            sink = destination.begin()
            writer._sink = GzipSink(sink) if cls.is_packed else sink

        await writer._work.run(begin)
        return writer

    async def write_metadata(self, info: CollectionInfo) -> None:
        """Take note of a collection. Raises Refused for a kind that is not plain."""
        if info.kind is not CollectionKind.PLAIN:
            raise Refused(
                f"{shown(info.name)} is a {info.kind}, which this form cannot keep",
                hint="leave it out, or choose another --format",
            )
        self.infos[info.name] = info

    async def open_collection(self, name: str, known: Sequence[Member]) -> None:
        """Begin a collection. Raises StorageFailed."""
        if known:
            raise ValueError("a stream is not gone on with")

        def begin() -> None:
            self._begin_file()
            self.name, self.counts[name], self._has_documents = name, 0, False
            self.checksums.begin(name)
            self.begin_collection(name)

        await self._work.undoubtedly(begin)

    async def append(self, documents: Sequence[bytes]) -> None:
        """Write documents. Raises Refused for one that JSON cannot keep as it is, StorageFailed."""

        def append() -> None:
            for document in documents:
                self.checksums.add(self.name, document)
                self.take(exact_tree(self.name, document))
            self.counts[self.name] += len(documents)
            self._flush()

        await self._work.undoubtedly(append)

    async def close_collection(self) -> None:
        """End a collection. Raises StorageFailed."""
        await self._work.undoubtedly(self.end_collection)

    async def entry(  # noqa: B027 -- it is nothing for every form
        self, info: CollectionInfo, known: Sequence[Member], order: DocumentOrder
    ) -> None:
        """What the file says of a collection stands in it already."""

    async def seal(self, header: Header, entries: Sequence[CollectionEntry]) -> None:
        """End the file and give it its name. Raises Refused, PackageDamaged, StorageFailed."""

        def seal() -> None:
            self._begin_file()
            self.end_file(header)
            self._flush()
            sink, self._sink = self._sink, None
            if sink is None:
                raise RuntimeError("the file has ended")
            sink.close()
            self._destination.finish()

        await self._work.undoubtedly(seal)

    async def close(self) -> None:
        """Break off where the file was not sealed. Never raises."""
        await self._work.let_go()

    def put(self, text: str) -> None:
        """Write text behind what was written so far."""
        self._gathered.append(text)

    def put_document(self, tree: Mapping[str, object]) -> None:
        """Write a document into the list that was begun."""
        self.put(f"{',' if self._has_documents else ''}\n{json.dumps(tree)}")
        self._has_documents = True

    def take(self, tree: Tree) -> None:
        """Take the next document."""
        self.put_document(tree)

    @abstractmethod
    def begin_file(self) -> None:
        """Write what stands before the first collection."""

    @abstractmethod
    def begin_collection(self, name: str) -> None:
        """Write what stands before the documents of a collection."""

    @abstractmethod
    def end_collection(self) -> None:
        """Write what stands behind them."""

    @abstractmethod
    def end_file(self, header: Header) -> None:
        """Write what stands behind the last collection."""

    def _begin_file(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            self.begin_file()

    def _flush(self) -> None:
        if self._sink is None:
            raise RuntimeError("the file has ended")
        self._sink.write("".join(self._gathered).encode("ascii"))
        self._gathered.clear()


class SecondBrainWriter(JsonWriter):
    """A package of Second Brain Database, packed with gzip as it packs its own."""

    is_packed = True

    def begin_file(self) -> None:
        """Begin the list of collections; the metadata, with its totals, stands behind it."""
        self._headers: list[dict[str, object]] = []
        self.put('{"collections": [')

    def begin_collection(self, name: str) -> None:
        """Begin an entry."""
        self._checksum = DocumentsChecksum()
        self.put(f'{"," if self._headers else ""}\n{{"collection_name": {json.dumps(name)},\n"documents": [')

    def take(self, tree: Tree) -> None:
        """Take a document along for the checksum."""
        self._checksum.add(tree)
        self.put_document(tree)

    def end_collection(self) -> None:
        """Write indexes and checksum."""
        info = self.infos[self.name]
        indexes = [exact_tree(info.name, index) for index in info.indexes if not is_id_index(index)]
        header: dict[str, object] = {
            "name": info.name,
            "document_count": self._checksum.documents,
            "size_bytes": self._checksum.size,
            "checksum": self._checksum.result(),
            "indexes": indexes,
        }
        if unreadable(json.dumps(header), MOST_DEFINED) is not None:
            raise Refused(
                f"the indexes of {shown(info.name)} make more JSON than is read again",
                hint="leave the collection out, or choose another --format",
            )
        self._headers.append(header)
        self.put(f'\n],\n"indexes": {json.dumps(indexes)},\n"metadata": {json.dumps(header)}}}')

    def end_file(self, header: Header) -> None:
        """Write the package's metadata."""
        metadata: dict[str, object] = {
            "version": VERSION,
            "sbd_version": "unknown",
            "export_timestamp": self.moment + "Z",
            "source_instance": redact(header.source.address),
            "exported_by": redact(header.operator),
            "tenant_id": None,
            "collections": self._headers,
            "total_documents": sum(self.counts.values()),
            "total_size_bytes": 0,
            "checksum": "",
            "compression": "gzip",
            "description": redact(header.description) or None,
            MARKER: MARKED,
        }
        self.put(f'\n],\n"metadata": {json.dumps(metadata)}}}\n')


class GofannonWriter(JsonWriter):
    """An export of Gofannon."""

    def begin_file(self) -> None:
        """Write the metadata and begin the data."""
        metadata = {
            "provider": PROVIDER,
            "exported_at": self.moment,
            "collections": sorted(self.infos),
            MARKER: MARKED,
        }
        self.put(f'{{"metadata": {json.dumps(metadata)},\n"data": {{')

    def begin_collection(self, name: str) -> None:
        """Begin a list of documents."""
        self.put(f"{',' if len(self.counts) > 1 else ''}\n{json.dumps(name)}: [")

    def end_collection(self) -> None:
        """End it."""
        self.put("\n]")

    def end_file(self, header: Header) -> None:
        """End the data, and put the checksums behind it."""
        self.put(f'\n}},\n"{KEY}": {json.dumps(self.checksums.result())}}}\n')


class XCodeReviewerWriter(JsonWriter):
    """An export of XCodeReviewer: the documents of its one user."""

    def begin_file(self) -> None:
        """Begin the data."""
        self._singles: dict[str, Tree] = {}
        head = f'"schema_version": "{SCHEMA}",\n"export_timestamp": "{self.moment}",\n"{MARKER}": {MARKED}'
        self.put(f'{{{head},\n"data": {{')

    def begin_collection(self, name: str) -> None:
        """Begin a list; user and settings are one document each and stand behind the lists."""
        if name not in (*LISTS, *SINGLE):
            raise Refused(f"XCodeReviewer has no collection {shown(name)}", hint="leave it out")
        if name in LISTS:
            self.put(f'\n"{name}": [')

    def take(self, tree: Tree) -> None:
        """Leave out the `_id` that reading gives back from the `id`."""
        if self.name in LISTS:
            self.put_document(_less_id(tree, tree.get("id")))
        elif self.name in self._singles:
            raise Refused(
                f"the collection {self.name} has several documents; an export of XCodeReviewer is of one user",
                hint="choose another --format",
            )
        else:
            self._singles[self.name] = tree

    def end_collection(self) -> None:
        """End a list."""
        if self.name in LISTS:
            self.put("\n],")

    def end_file(self, header: Header) -> None:
        """Write the user and the settings, and what the file says of itself."""
        user = self._singles.get("user", {})
        user_id = user.get("id")
        if user_id in (None, "") or user.get("email") in (None, ""):
            raise Refused(
                "an export of XCodeReviewer needs a user with id and email",
                hint="export the collection user too, or choose another --format",
            )
        if unreadable(json.dumps(user_id), MOST_FRAME) is not None:
            raise Refused("the id of the user makes more JSON than is read again", hint="choose another --format")
        for name in LISTS:
            if name not in self.counts:
                self.put(f'\n"{name}": [],')
        self.put(f'\n"user": {json.dumps(_less_id(user, user_id))}')
        if "settings" in self._singles:
            settings = self._singles["settings"]
            own = settings.get("id") if "id" in settings else user_id
            self.put(f',\n"settings": {json.dumps(_less_id(settings, own))}')
        statistics = {key: self.counts.get(name, 0) for key, name in STATISTICS.items()}
        self.put(f'\n}},\n"user_id": {json.dumps(user_id)},\n"statistics": {json.dumps(statistics)}')
        self.put(f',\n"{KEY}": {json.dumps(self.checksums.result())}}}\n')


def _less_id(tree: Tree, identifier: object) -> Tree:
    """Leave out an `_id` that stands in front and equals what reading takes it from."""
    if next(iter(tree), "") != "_id" or identifier is None or not _is_same(tree["_id"], identifier):
        return tree
    return {name: value for name, value in tree.items() if name != "_id"}


def _is_same(left: object, right: object) -> bool:
    return json.dumps(left) == json.dumps(right)


WRITERS: Final[Mapping[PackageForm, type[JsonWriter]]] = {
    PackageForm.SECOND_BRAIN: SecondBrainWriter,
    PackageForm.GOFANNON: GofannonWriter,
    PackageForm.XCODEREVIEWER: XCodeReviewerWriter,
}
