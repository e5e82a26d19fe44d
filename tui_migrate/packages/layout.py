"""Where a package's files lie, and how a collection's name becomes a file's name, as mongodump does it.

Names are query-escaped (Go's `url.QueryEscape`: space to `+`, every byte but letters, digits and `-_.~` to `%XX`).
A name whose escaped form is longer than 238 bytes is cut to 208, and `%24` and the URL-safe base64 of the name's SHA-1
follow, so that the longest extension still fits into 255 bytes (mongo-tools 100.x, mongodump/prepare.go `outputPath`).
The full name then stands only in the metadata file.
"""

import base64
import hashlib
import re
from typing import Final
from urllib.parse import quote_plus, unquote_to_bytes

from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages.files import shown

MANIFEST: Final = "manifest.json"
DATA_SUFFIX: Final = ".bson.gz"
METADATA_SUFFIX: Final = ".metadata.json.gz"

LONGEST_NAME: Final = 238
KEPT_OF_LONG_NAME: Final = 208
_SEPARATOR: Final = "%24"
_HASH_LENGTH: Final = 27

_ESCAPED: Final = re.compile(r"(?:[A-Za-z0-9_.~+-]|%[0-9A-F]{2})+")
_FORBIDDEN_IN_DATABASE: Final = frozenset('/\\. "$*<>:|?')
_LONGEST_DATABASE: Final = 63
_LONGEST_COLLECTION: Final = 255


def escape(collection: str) -> str:
    """Give the stem of a collection's file names. Raises Refused for a name that no file can have."""
    try:
        escaped = quote_plus(collection, safe="", errors="strict")
        digest = hashlib.sha1(collection.encode(), usedforsecurity=False).digest()
    except UnicodeEncodeError as error:
        raise Refused(
            f"the collection name {collection!r} is not Unicode text", hint="rename the collection"
        ) from error
    if not collection or "\0" in collection:
        raise Refused(f"{collection!r} is no name for a collection", hint="rename the collection")
    if len(escaped) <= LONGEST_NAME:
        return escaped
    return escaped[:KEPT_OF_LONG_NAME] + _SEPARATOR + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def unescape(stem: str) -> str | None:
    """Give the collection's name back, or None where the stem is a cut one. Raises PackageDamaged for no such stem."""
    if len(stem) == LONGEST_NAME and stem[KEPT_OF_LONG_NAME:-_HASH_LENGTH] == _SEPARATOR:
        return None
    try:
        return _unescaped(stem)
    except ValueError as error:
        raise PackageDamaged(
            f"{shown(stem)} is not a collection's name as mongodump writes it",
            hint="the file was renamed; rename it back",
        ) from error


def _unescaped(stem: str) -> str:
    if not _ESCAPED.fullmatch(stem):
        raise ValueError(stem)
    return unquote_to_bytes(stem.replace("+", " ")).decode()


def check_database(name: str) -> str:
    """Give back a database's name that can name a folder, by MongoDB's own limits. Raises Refused."""
    fits = 0 < len(name.encode(errors="surrogateescape")) <= _LONGEST_DATABASE
    if not fits or not name.isprintable() or _FORBIDDEN_IN_DATABASE.intersection(name):
        raise Refused(
            f"the database name {shown(name)} cannot name a package's folder",
            hint=f'a name has 1 to {_LONGEST_DATABASE} bytes and none of the characters / \\ . space " $ * < > : | ?',
        )
    return name


def can_be_collection(name: str) -> bool:
    """Say whether a server takes a collection of this name (MongoDB manual, “Naming Restrictions”)."""
    size = len(name.encode(errors="surrogatepass"))
    return 0 < size <= _LONGEST_COLLECTION and not name.startswith(".") and not {"\0", "$"}.intersection(name)


def data_path(database: str, collection: str) -> str:
    """The path of a collection's documents within its package."""
    return f"{database}/{escape(collection)}{DATA_SUFFIX}"


def metadata_path(database: str, collection: str) -> str:
    """The path of a collection's metadata within its package."""
    return f"{database}/{escape(collection)}{METADATA_SUFFIX}"


class FileNames:
    """The names that a package's files have taken: no two may be one where upper and lower case are."""

    def __init__(self) -> None:
        self._taken: Final[dict[str, str]] = {}

    def claim(self, collection: str, relative: str) -> str:
        """Give the path back unless another collection's differs from it in upper and lower case alone: Refused."""
        other = self._taken.setdefault(relative.casefold(), collection)
        if other != collection:
            raise Refused(
                f"the collections {shown(other)} and {shown(collection)} differ in upper and lower case alone",
                hint="export them into two packages: on some file systems their files would be one",
            )
        return relative
