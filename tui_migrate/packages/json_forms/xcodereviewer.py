"""Exports and backups of XCodeReviewer: one user with projects, tasks, issues and settings.

`{schema_version, export_timestamp, user_id, data: {user, projects, audit_tasks, audit_issues, settings}, statistics}`,
a backup with `backup_metadata` besides. Documents there have an `id`: it becomes their `_id` as well, and stays. The
settings have none: they are one to a user, and get the user's id.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms.checksums import KEY, Checksums
from tui_migrate.packages.json_forms.form import (
    MARKER,
    MOST_FRAME,
    Document,
    JsonForm,
    as_text,
    number_of,
    text_of,
    unknown_key,
    with_id_from,
)
from tui_migrate.packages.json_forms.guard import JsonCursor
from tui_migrate.packages.json_forms.references import Reference, References
from tui_migrate.packages.walking import Extent, Fault, Step

SCHEMA: Final = "2.0.0"
LISTS: Final = ("projects", "audit_tasks", "audit_issues")
SINGLE: Final = ("user", "settings")
REFERENCES: Final = (
    Reference("audit_tasks", "project_id", "projects"),
    Reference("audit_issues", "task_id", "audit_tasks"),
)
STATISTICS: Final[Mapping[str, str]] = {
    "total_projects": "projects",
    "total_tasks": "audit_tasks",
    "total_issues": "audit_issues",
}
_OTHER_KEYS: Final = ("export_timestamp", "backup_metadata")


class XCodeReviewer(JsonForm):
    """An export of one user's data."""

    form = PackageForm.XCODEREVIEWER

    def _begin(self) -> None:
        self.user_id: object = None
        self._references = References("id", REFERENCES)
        self._user: Document = {}
        self._settings_at: int | None = None

    def frame(self, cursor: JsonCursor) -> Iterator[Step]:
        """Walk all of it, then see that nothing required is missing."""
        self._begin()
        self.checksums = Checksums()
        header: dict[str, object] = {}
        counts: dict[str, int] = {}
        for key in cursor.members():
            if key == "data":
                for name in cursor.members():
                    yield from self._part(cursor, name, counts)
            elif key in ("schema_version", "user_id", "statistics", KEY, MARKER, *_OTHER_KEYS):
                header[key] = self.parsed(cursor.value(MOST_FRAME))
                self.user_id = header.get("user_id")
                if key == MARKER:
                    yield from self.take_marker(header)
            else:
                yield unknown_key(key)
                cursor.skip()
        if self._settings_at is not None:
            yield from self.documents_at(self._settings_at, "settings")
        yield from _missing(header, self._user)
        yield from _schema(header)
        self.version = text_of(header, "schema_version")
        yield from _statistics(header, counts)
        if KEY in header:
            yield from self.checksums.compare(header[KEY])
        yield from self._references.orphans()

    def shaped(self, collection: str, document: Document) -> Document | None:
        """Give each document its `_id`."""
        if collection == "settings" and "id" not in document and "_id" not in document and self.user_id is not None:
            return {"_id": self.user_id, **document}
        return with_id_from(document, "id")

    def faults_of(self, collection: str, document: Document) -> Iterator[Fault]:
        """Take down ids and what refers to them."""
        if collection == "user":
            self._user = {name: document[name] for name in ("id", "email") if name in document}
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
