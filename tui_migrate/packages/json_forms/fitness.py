"""What a JSON form cannot keep of a database: said before anything is written, and refused where it comes up later."""

import io
import json
from collections.abc import Iterator, Sequence
from typing import Final

from tui_migrate.definitions import is_id_index
from tui_migrate.documents import pack, raw_id, show_id
from tui_migrate.errors import MalformedDocument, PackageDamaged, Refused
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.content import Stream
from tui_migrate.packages.files import shown
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms.guard import JsonCursor
from tui_migrate.packages.json_forms.tree import Tree, inexact_field, is_exact, tree_of
from tui_migrate.packages.json_forms.values import parse_text
from tui_migrate.packages.json_forms.xcodereviewer import LISTS, SINGLE
from tui_migrate.packages.limits import USUAL
from tui_migrate.stores.base import CollectionInfo, CollectionKind

_NO_OPTIONS: Final = pack(b"")
_NEVER_TOO_DEEP: Final = 1024
"""Bytes of a document below which it has no more levels than are read: each takes at least seven."""

_NEVER_TOO_LONG: Final = 1024 * 1024
"""Characters of a JSON text that passes no limit of the reader but that of its levels."""

_HINT: Final = "leave it out, or choose a form that keeps all: native, tar or archive"


def exact_tree(collection: str, document: bytes) -> Tree:
    """Make JSON of a document. Raises Refused where JSON cannot keep it as it is, naming document and field."""
    reason = unfit(document)
    if reason is not None:
        raise Refused(f"{shown(collection)}: {reason}", hint=_HINT)
    return tree_of(document)


def unfit(document: bytes) -> str | None:
    """Say why a document cannot be kept as it is in JSON; None where it can."""
    try:
        tree = tree_of(document)
        if is_exact(document, tree):
            return _unread(document, tree)
    except (MalformedDocument, PackageDamaged, ValueError, RecursionError):
        pass
    field = inexact_field(document)
    what = f"the field {shown(field[:60])!r}" if field else "a document"
    return f"{_named(document)}: {what} holds what JSON cannot keep exactly"


def _unread(document: bytes, tree: Tree) -> str | None:
    """Say why a document that is exact would not be read again."""
    if len(document) < _NEVER_TOO_DEEP:
        return None
    reason = unreadable(json.dumps(tree))
    return None if reason is None else f"{_named(document)} would not be read again: {reason}"


def unreadable(text: str, most: int | None = None) -> str | None:
    """Say why the reader would not take a JSON text, of `most` bytes or as many as a document's may have."""
    if len(text) <= _NEVER_TOO_LONG and text.count("{") + text.count("[") <= USUAL.depth:
        return None
    content = _TextContent(text.encode())
    try:
        cursor = JsonCursor(content, USUAL)
        try:
            piece = cursor.value(most)
        finally:
            cursor.close()
        parse_text(piece.text, content.name, piece.offset)
    except PackageDamaged as error:
        return error.message
    return None


class _TextContent:
    """JSON text in memory, as the reader takes it."""

    name: Final = "as JSON"

    def __init__(self, text: bytes) -> None:
        self._text = text

    def open(self, offset: int = 0) -> Stream:
        return io.BytesIO(self._text[offset:])


def _named(document: bytes) -> str:
    try:
        identifier = raw_id(document)
    except MalformedDocument:
        identifier = None
    return "a document without _id" if identifier is None else f"_id {shown(show_id(identifier)[:80])}"


def definition_findings(form: PackageForm, collections: Sequence[CollectionInfo]) -> Iterator[Finding]:
    """Say what of these collections' definitions a JSON form leaves behind."""
    for one in collections:
        if one.kind is not CollectionKind.PLAIN:
            message = f"the form {form} has plain collections alone, and this is a {one.kind}"
            yield _finding(Severity.ERROR, "kind_not_kept", one, message, _HINT)
        elif form is PackageForm.XCODEREVIEWER and one.name not in (*LISTS, *SINGLE):
            message = f"the form {form} has the collections {', '.join((*SINGLE, *LISTS))} alone"
            yield _finding(Severity.ERROR, "collection_not_kept", one, message, _HINT)
        elif one.options != _NO_OPTIONS:
            message = f"the form {form} does not keep a collection's options, such as its validator"
            yield _finding(Severity.WARNING, "options_not_kept", one, message, _HINT)
        indexes = [index for index in one.indexes if not is_id_index(index)]
        if form is not PackageForm.SECOND_BRAIN and indexes:
            left = "1 is" if len(indexes) == 1 else f"{len(indexes)} are"
            message = f"the form {form} does not keep indexes; {left} left behind"
            yield _finding(Severity.WARNING, "indexes_not_kept", one, message, _HINT)
        elif any(unfit(index) is not None for index in indexes):
            message = "an index is defined by what JSON cannot keep exactly"
            yield _finding(Severity.ERROR, "index_not_kept", one, message, _HINT)
    if form is PackageForm.XCODEREVIEWER and "user" not in {one.name for one in collections}:
        message = f"the form {form} is of one user, and the collection user is not among those to be exported"
        yield Finding(Severity.ERROR, "collection_missing", "user", message, "add the collection user")


def _finding(severity: Severity, code: str, one: CollectionInfo, message: str, hint: str) -> Finding:
    return Finding(severity, code, shown(one.name), message, hint)
