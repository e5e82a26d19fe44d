"""The first of two passes: walks over a whole package, checks every document, and notes where each collection lies.

Memory holds one step of the walk and the index, whatever the package claims.
"""

import time
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from tui_migrate.documents import raw_id
from tui_migrate.errors import MalformedDocument, PackageDamaged
from tui_migrate.findings import Finding, Severity
from tui_migrate.ordering import Key, order_key
from tui_migrate.packages.block_index import BlockCutter, Indexed
from tui_migrate.packages.definition_faults import check_definitions
from tui_migrate.packages.doubts import doubts
from tui_migrate.packages.duplicate_ids import DuplicateIds
from tui_migrate.packages.fault_list import FaultList
from tui_migrate.packages.members import DAMAGED_HINT
from tui_migrate.packages.validity import ID_FORBIDDEN, NO_IDS, walk
from tui_migrate.packages.walking import Declared, Extent, Fault, Passed, Step, WalkedForm
from tui_migrate.stores.base import CollectionInfo, CollectionKind

MAX_DEFINITIONS: Final = 64 * 1024 * 1024
"""Bytes of options and indexes that are kept in memory."""

SLICE_SECONDS: Final = 0.1
"""How long one piece of the work takes, after which a caller may stop it."""


@dataclass(slots=True)
class _Growing:
    """A collection that is being walked over."""

    info: CollectionInfo
    number: int
    blocks: BlockCutter = field(default_factory=BlockCutter)
    last: Key | None = None
    is_ascending: bool = True

    def done(self) -> Indexed:
        self.blocks.cut()
        index = self.blocks.index
        is_simple = self.info.simple_order and (self.is_ascending or not self.info.kind.has_keys)
        info = replace(self.info, documents=index.documents, size=index.size, simple_order=is_simple)
        return Indexed(info, index, index.mark())


class IndexBuild:
    """One pass over a package, a slice at a time. All of it blocks; no two threads at once."""

    def __init__(self, form: WalkedForm) -> None:
        self._form = form
        self._faults = FaultList()
        self._growing: dict[str, _Growing] = {}
        self._ids = DuplicateIds()
        self._definitions = 0
        self._work = self._run()
        self.done = 0

    def go_on(self) -> bool:
        """Work for a moment; say whether all is done.

        Raises as `WalkedForm.database` does, and StorageFailed where temporary files find no room.
        """
        until = time.monotonic() + SLICE_SECONDS
        return all(time.monotonic() < until for _ in self._work)

    def close(self) -> None:
        """Let go of all files."""
        self._work.close()
        self._ids.close()

    def findings(self) -> tuple[Finding, ...]:
        """What was found wrong. An import of documents without `_id` has to be told how many may be put aside."""
        found = self._faults.findings()
        missing = sum(one.count for one in found if _is_put_aside(one))
        hint = f"they are not written; --max-rejects {missing}, or more, puts them aside and imports the rest"
        return tuple(replace(one, hint=hint) if _is_put_aside(one) else one for one in found)

    def collections(self) -> Mapping[str, Indexed]:
        """What was found there, by names in their order. Only once all is done."""
        return {name: self._growing[name].done() for name in sorted(self._growing)}

    def _run(self) -> Generator[None]:
        yield from self._walk()
        yield from self._find_duplicates()
        infos = [one.info for one in self._growing.values()]
        for fault in check_definitions("", infos):
            subject = self._subject(fault.subject.removeprefix("."))
            self._faults.add(fault.code, subject, fault.message, hint=fault.hint, severity=fault.severity)

    def _walk(self) -> Generator[None]:
        try:
            self._form.database()
            with closing(self._form.walk()) as steps:
                for step in steps:
                    self._take(step)
                    yield
        except PackageDamaged as error:
            self._faults.add("file_damaged", str(self._form.path), error.message, hint=error.hint)
        except OSError as error:
            message = f"the package cannot be read on: {error.strerror}"
            self._faults.add("file_unreadable", str(self._form.path), message, hint="check the disk")

    def _take(self, step: Step) -> None:
        match step:
            case Extent():
                self._take_documents(step)
            case Passed():
                self.done = step.done
            case Fault():
                self._faults.add(step.code, step.subject, step.message, hint=step.hint, severity=step.severity)
            case Declared():
                self._declare(step.info)
            case _:
                assert_never(step)

    def _declare(self, info: CollectionInfo) -> None:
        if info.name in self._growing:
            self._faults.add("collection_twice", self._subject(info.name), "the collection is in the package twice")
            return
        self._definitions += len(info.options) + sum(map(len, info.indexes))
        if self._definitions > MAX_DEFINITIONS:
            raise PackageDamaged(
                f"options and indexes of all collections come to more than {MAX_DEFINITIONS:,} bytes",
                hint="that is no package of a database",
            )
        self._growing[info.name] = _Growing(info, len(self._growing))

    def _subject(self, collection: str) -> str:
        database = self._form.database()
        return f"{database}.{collection}" if database else collection

    def _take_documents(self, extent: Extent) -> None:
        growing = self._growing[extent.collection]
        for document, start, end in extent.places():
            growing.blocks.take(document, start, end)
            try:
                if not walk(document):
                    self._doubt(growing, document, start)
                identifier = raw_id(document)
                key = None if identifier is None else order_key(identifier)
            except MalformedDocument as error:
                self._add("document_malformed", growing, start, error.message)
                continue
            if key is None:
                self._miss_id(growing, start)
                continue
            if identifier is not None and identifier[0] in NO_IDS:
                self._add("id_forbidden", growing, start, ID_FORBIDDEN, self._form.missing_id)
            if growing.last is not None and not growing.last < key:
                growing.is_ascending = False
            growing.last = key
            if growing.info.kind.has_keys:
                self._ids.add(growing.number, key, start)

    def _doubt(self, growing: _Growing, document: bytes, start: int) -> None:
        for one in doubts(document):
            self._add(one.code, growing, start, one.message, one.severity, one.hint)

    def _miss_id(self, growing: _Growing, start: int) -> None:
        if growing.info.kind is not CollectionKind.TIMESERIES:
            growing.is_ascending = False
            self._add("id_missing", growing, start, "it has no _id", self._form.missing_id)

    def _find_duplicates(self) -> Generator[None]:
        by_number = {one.number: one for one in self._growing.values()}
        for found in self._ids.find():
            if found is not None:
                message = f"it has the _id of the document at byte {found.earlier}"
                self._add("id_duplicate", by_number[found.collection], found.offset, message)
            yield

    def _add(
        self,
        code: str,
        growing: _Growing,
        start: int,
        message: str,
        severity: Severity = Severity.ERROR,
        hint: str = DAMAGED_HINT,
    ) -> None:
        place = self._form.place(growing.info.name)
        subject = self._subject(growing.info.name)
        self._faults.add(
            code, subject, f"{place}, the document at byte {start}: {message}", hint=hint, severity=severity
        )


def _is_put_aside(finding: Finding) -> bool:
    return finding.code in ("id_missing", "id_forbidden") and finding.severity is Severity.WARNING
