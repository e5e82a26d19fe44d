"""Tells the JSON forms apart by the keys around their documents, and opens their readers. All of it blocks."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from tui_migrate.errors import Refused
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.content import Content, read_exactly
from tui_migrate.packages.definition_faults import check_definitions
from tui_migrate.packages.indexed import IndexedPackage
from tui_migrate.packages.json_forms.daemon import Daemon
from tui_migrate.packages.json_forms.form import JsonForm
from tui_migrate.packages.json_forms.gofannon import Gofannon
from tui_migrate.packages.json_forms.guard import JsonCursor
from tui_migrate.packages.json_forms.second_brain import Rollback, SecondBrain
from tui_migrate.packages.json_forms.values import parse_text
from tui_migrate.packages.json_forms.xcodereviewer import XCodeReviewer
from tui_migrate.packages.package import Progress, ReadOptions
from tui_migrate.packages.types.model import Inference

BZIP2: Final = b"BZh"
_HEAD: Final = 64
_START: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{[^\0](?:[^\0]|$)"
    rb"|(?:\xff\xfe)?(?:[ \t\r\n]\0)*\{\0[ \t\r\n\"}]\0(?:[^\0]|$)"
    rb"|(?:\xfe\xff)?(?:\0[ \t\r\n])*\0\{\0[ \t\r\n\"}]"
    rb"|(?:\xff\xfe\0\0)?(?:[ \t\r\n]\0\0\0)*\{\0\0\0[ \t\r\n\"}]\0\0\0"
    rb"|(?:\0\0\xfe\xff)?(?:\0\0\0[ \t\r\n])*\0\0\0\{\0\0\0[ \t\r\n\"}]"
)
"""How a JSON object begins in UTF-8, UTF-16 and UTF-32, with a BOM or without."""

_HINT: Final = "packages of Second Brain Database, Gofannon, XCodeReviewer and Daemon's endpoint exports are known"


class JsonPackage(IndexedPackage):
    """A package in one of the JSON forms: what its fields look like is known once it was checked."""

    def __init__(self, form: JsonForm) -> None:
        super().__init__(form)
        self._json: Final = form

    async def inference(self) -> Inference:
        """Say what the fields look like. Reads the package where it was not checked yet."""
        await self._indexed()
        return self._json.inference()

    async def catalog(self) -> str:
        """Name the catalog that is called as the form is, and the version that the file has; empty if it tells none."""
        await self._indexed()
        return f"{self._json.form} {self._json.version}" if self._json.version else ""

    async def _index(self, progress: Progress | None) -> tuple[Finding, ...]:
        """Index it, then fill in the indexes that stand behind the documents."""
        found = await super()._index(progress)
        indexed = {
            name: replace(one, info=replace(one.info, indexes=self._json.indexes(name)))
            for name, one in (self._collections or {}).items()
        }
        self._collections = indexed
        faults = check_definitions("", [one.info for one in indexed.values()])
        faults = tuple(replace(one, subject=one.subject.removeprefix(".")) for one in faults)
        self._error = self._error or next((one for one in faults if one.severity is Severity.ERROR), None)
        return (*found, *(one for one in faults if one not in found))


def looks_like_json(content: Content) -> bool:
    """Say whether the content begins like a JSON object, or like one in another encoding, which is then refused.

    The length with which BSON begins can be the byte of a bracket; no text in UTF-8 has a zero byte behind it.
    """
    stream = content.open()
    try:
        head = read_exactly(stream, _HEAD)
    finally:
        stream.close()
    return _START.match(head) is not None


def open_json(path: Path, content: Content, options: ReadOptions) -> JsonPackage:
    """Open the reader of a JSON file. Raises Refused for JSON that is none of the known forms, PackageDamaged."""
    kind = _recognise(content, options)
    if kind is None:
        raise Refused(f"{content.name} is JSON, but no form of package that is known", hint=_HINT)
    return JsonPackage(kind(path, content, options))


def refuse_bzip2(content: Content) -> None:
    """Raise Refused for a file that bzip2 has packed, whatever its name says."""
    stream = content.open()
    try:
        head = read_exactly(stream, 10)
    finally:
        stream.close()
    if head.startswith(BZIP2) and head[4:10] == b"1AY&SY":
        raise Refused(f"{content.name} is packed by bzip2", hint="unpack it with bunzip2 and give the result")


def _recognise(content: Content, options: ReadOptions) -> type[JsonForm] | None:
    """Read keys until they tell, which the first one or two do of files as the systems write them."""
    cursor = JsonCursor(content, options.limits)
    has_data = False
    try:
        for key in cursor.members():
            first = cursor.peek()
            found = _TELLING.get((key, first)) or _TELLING.get((key, b""))
            if found is None and key == "metadata" and first == b"{":
                piece = cursor.value()
                found = _by_header(parse_text(piece.text, content.name, piece.offset))
            elif found is None and first == b"[":
                found = Rollback
            elif found is None:
                has_data = has_data or key == "data"
                cursor.pass_over()
            if found is not None:
                return found
    finally:
        cursor.close()
    return Gofannon if has_data else None


def _by_header(header: object) -> type[JsonForm] | None:
    if not isinstance(header, dict):
        return None
    if header.keys() & _SECOND_BRAIN_KEYS:
        return SecondBrain
    return Gofannon if "provider" in header else None


_SECOND_BRAIN_KEYS: Final = frozenset(("sbd_version", "export_timestamp"))
_TELLING: Final[dict[tuple[str, bytes], type[JsonForm]]] = {
    ("schema_version", b""): XCodeReviewer,
    ("endpoint", b""): Daemon,
    ("collections", b"["): SecondBrain,
    ("data", b"["): Daemon,
}
"""Keys, with the first byte of their value where that counts, that one form alone has."""
