"""Exports of one endpoint of Daemon: `{endpoint, description, exported_at, count, data: [...]}`.

The collection has the endpoint's name. An entry with an `id` and no `_id` gets its `id` as `_id`; one with neither
goes to the rejects.
"""

from collections.abc import Iterator, Mapping

from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms.form import (
    MOST_FRAME,
    Document,
    JsonForm,
    number_of,
    text_of,
    unknown_key,
    with_id_from,
)
from tui_migrate.packages.json_forms.guard import JsonCursor
from tui_migrate.packages.walking import Extent, Fault, Step


class Daemon(JsonForm):
    """An export of one endpoint."""

    form = PackageForm.DAEMON

    def frame(self, cursor: JsonCursor) -> Iterator[Step]:
        """Walk the entries once the name of the endpoint is known."""
        header: dict[str, object] = {}
        place: int | None = None
        read = 0
        for key in cursor.members():
            if key == "data":
                name = _collection(header)
                place = cursor.offset if name else self.passed_over(cursor)
                for step in self.documents(cursor, name) if name else ():
                    read += len(step.documents) if isinstance(step, Extent) else 0
                    yield step
            elif key in ("endpoint", "description", "exported_at", "count"):
                header[key] = self.parsed(cursor.value(MOST_FRAME))
                if place is not None and key == "endpoint" and _collection(header):
                    for step in self.documents_at(place, _collection(header)):
                        read += len(step.documents) if isinstance(step, Extent) else 0
                        yield step
            else:
                yield unknown_key(key)
                cursor.skip()
        if place is None or not _collection(header):
            cursor.fail("the export lacks the endpoint's name or its data")
        count = number_of(header, "count")
        if count is not None and count != read:
            message = f"there are {read:,} documents, not {count:,} as it says"
            yield Fault("document_count", _collection(header), message)

    def shaped(self, collection: str, document: Document) -> Document | None:
        """Give each entry its `_id`."""
        return with_id_from(document, "id")


def _collection(header: Mapping[str, object]) -> str:
    """Make the name of a collection of the endpoint's path; empty where it is not known."""
    return text_of(header, "endpoint").strip("/").replace("/", ".")
