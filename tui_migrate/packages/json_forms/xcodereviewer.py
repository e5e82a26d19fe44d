"""Exports and backups of XCodeReviewer: one user with projects, tasks, issues and settings.

`{schema_version, export_timestamp, user_id, data: {user, projects, audit_tasks, audit_issues, settings}, statistics}`,
a backup with `backup_metadata` besides. Documents there have an `id`: it becomes their `_id` as well, and stays. The
settings have none: they are one to a user, and get the user's id.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Final

from tui_migrate.findings import Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms.form import (
    MARKER,
    Document,
    JsonForm,
    as_text,
    number_of,
    unknown_key,
    with_id_from,
)
from tui_migrate.packages.json_forms.guard import JsonCursor
from tui_migrate.packages.walking import Extent, Fault, Step

SCHEMA: Final = "2.0.0"
LISTS: Final = ("projects", "audit_tasks", "audit_issues")
SINGLE: Final = ("user", "settings")
REFERENCES: Final[Mapping[str, tuple[str, str]]] = {
    "audit_tasks": ("project_id", "projects"),
    "audit_issues": ("task_id", "audit_tasks"),
}
STATISTICS: Final[Mapping[str, str]] = {
    "total_projects": "projects",
    "total_tasks": "audit_tasks",
    "total_issues": "audit_issues",
}
MOST_FOLLOWED: Final = 200_000
"""Ids that references are held against, some 20 MB; the references of a larger export are not looked at."""

_OTHER_KEYS: Final = ("export_timestamp", "backup_metadata")


class XCodeReviewer(JsonForm):
    """An export of one user's data."""

    form = PackageForm.XCODEREVIEWER

    def _begin(self) -> None:
        self.user_id: object = None
        self._references = References()
        self._user: Document = {}
        self._settings_at: int | None = None

    def frame(self, cursor: JsonCursor) -> Iterator[Step]:
        """Walk all of it, then see that nothing required is missing."""
        self._begin()
        header: dict[str, object] = {}
        counts: dict[str, int] = {}
        for key in cursor.members():
            if key == "data":
                for name in cursor.members():
                    yield from self._part(cursor, name, counts)
            elif key in ("schema_version", "user_id", "statistics", MARKER, *_OTHER_KEYS):
                header[key] = self.parsed(cursor.value())
                self.user_id = header.get("user_id")
                self.is_extended = MARKER in header
            else:
                yield unknown_key(key)
                cursor.skip()
        if self._settings_at is not None:
            yield from self.documents_at(self._settings_at, "settings")
        yield from _missing(header, self._user)
        yield from _schema(header)
        yield from _statistics(header, counts)
        yield from self._references.orphans()

    def shaped(self, collection: str, document: Document) -> Document | None:
        """Give each document its `_id`."""
        if collection == "settings" and "id" not in document and "_id" not in document and self.user_id is not None:
            return {"_id": self.user_id, **document}
        return with_id_from(document, "id")

    def faults_of(self, collection: str, document: Document) -> Iterator[Fault]:
        """Take down ids and what refers to them."""
        if collection == "user":
            self._user = document
        self._references.take(collection, document)
        yield from ()

    def _part(self, cursor: JsonCursor, name: str, counts: dict[str, int]) -> Iterator[Step]:
        if name == "settings":
            is_null = cursor.peek() == b"n"
            self._settings_at = self.passed_over(cursor)
            if is_null:
                self._settings_at = None
        elif name == "user":
            yield from self.one_document(cursor, name)
        elif name in LISTS:
            counts[name] = 0
            for step in self.documents(cursor, name):
                if isinstance(step, Extent):
                    counts[name] += len(step.documents)
                yield step
        else:
            yield unknown_key(f"data.{name}")
            cursor.skip()


class References:
    """Ids of documents, and references that led nowhere when they came by: their target may follow."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()
        self._open: list[tuple[str, bytes, str, str]] = []
        self._is_full = False

    def take(self, collection: str, document: Mapping[str, object]) -> None:
        """Take down a document's id and its reference."""
        if len(self._known) + len(self._open) >= MOST_FOLLOWED:
            self._is_full = True
            return
        if collection in LISTS:
            self._known.add(_hashed(collection, document.get("id")))
        field, target = REFERENCES.get(collection, ("", ""))
        given = document.get(field) if field else None
        if given is not None and (hashed := _hashed(target, given)) not in self._known:
            self._open.append((collection, hashed, as_text(document.get("id")), as_text(given)))

    def orphans(self) -> Iterator[Fault]:
        """Tell of references whose target is not in the file."""
        if self._is_full:
            message = f"there are more than {MOST_FOLLOWED:,} ids; references were not looked at"
            yield Fault("references_unchecked", "data", message, hint="", severity=Severity.NOTE)
            return
        for collection, hashed, identifier, given in self._open:
            field, target = REFERENCES[collection]
            if hashed not in self._known:
                message = f"{identifier} has the {field} {given}, which is not among the {target}"
                yield Fault(
                    "orphan",
                    f"{collection} {identifier}",
                    message,
                    hint="add what it refers to",
                    severity=Severity.WARNING,
                )


def _hashed(collection: str, identifier: object) -> bytes:
    text = f"{collection}:{json.dumps(identifier, sort_keys=True)}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _missing(header: Mapping[str, object], user: Mapping[str, object]) -> Iterator[Fault]:
    found = {"user_id": header.get("user_id"), "data.user.id": user.get("id"), "data.user.email": user.get("email")}
    for path, value in found.items():
        if value in (None, ""):
            yield Fault("field_missing", path, f"the required field {path} is missing", hint="export it again")


def _schema(header: Mapping[str, object]) -> Iterator[Fault]:
    version = header.get("schema_version")
    if not isinstance(version, str) or version.partition(".")[0] != "2":
        message = f"the export has schema version {as_text(version)}; version 2 is supported"
        yield Fault("schema_unsupported", "schema_version", message, hint="export it again with a newer XCodeReviewer")


def _statistics(header: Mapping[str, object], counts: Mapping[str, int]) -> Iterator[Fault]:
    statistics = header.get("statistics")
    for key, name in STATISTICS.items() if isinstance(statistics, dict) else ():
        said = number_of(statistics, key) if isinstance(statistics, dict) else None
        if said is not None and said != counts.get(name, 0):
            message = f"there are {counts.get(name, 0):,} documents, not {said:,} as the statistics say"
            yield Fault("document_count", name, message)
