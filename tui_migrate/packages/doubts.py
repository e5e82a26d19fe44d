"""What is odd in a document that is well-formed BSON: names that stand twice, text that is not UTF-8.

A server may hold it and a package keeps it as it is, but no driver writes it, and drivers differ in what they read.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from tui_migrate.documents import elements
from tui_migrate.findings import Severity
from tui_migrate.packages.files import shown
from tui_migrate.packages.members import DAMAGED_HINT

MOST_NAMES: Final = 100_000
"""Fields of one document, or of one within it, whose names are compared: a bound on memory, past what is of use."""

_SHOWN: Final = 100
_HINT: Final = "it is imported as it is; compare it with the source"
_STRINGS: Final = frozenset((0x02, 0x0D, 0x0E))


class Doubt(NamedTuple):
    """One thing that is odd, as a finding tells it."""

    code: str
    message: str
    severity: Severity = Severity.WARNING
    hint: str = _HINT


def doubts(document: bytes) -> Iterator[Doubt]:
    """Give what is odd in a well-formed document, the first of each kind."""
    found: dict[str, Doubt] = {}
    _look(document, 0, len(document), (), found, has_names=True)
    yield from found.values()


def _look(
    content: bytes, start: int, stop: int, path: tuple[bytes, ...], found: dict[str, Doubt], *, has_names: bool
) -> None:
    """Look at one document within `content`, or at an array, whose names mean nothing."""
    names: set[bytes] = set()
    for kind, name, _, value, end in elements(content, start, stop):
        here = (*path, name)
        if not has_names:
            pass
        elif name in names:
            _add_name(here, found)
        elif len(names) < MOST_NAMES:
            names.add(name)
        else:
            message = f"it has more than {MOST_NAMES:,} fields: not all names are compared"
            found.setdefault("keys_not_compared", Doubt("keys_not_compared", message))
        if not _is_utf8(name):
            _add_text("the name of the field", here, found)
        if kind in (0x03, 0x04):
            _look(content, value, end, here, found, has_names=kind == 0x03)
        elif kind == 0x0F:
            scope = value + 8 + int.from_bytes(content[value + 4 : value + 8], "little")
            _add_text_of(content[value + 8 : scope], here, found)
            _look(content, scope, end, here, found, has_names=True)
        elif kind in _STRINGS:
            _add_text_of(content[value + 4 : end], here, found)
        elif kind in (0x0B, 0x0C):
            _add_text_of(content[value:end] if kind == 0x0B else content[value + 4 : end - 12], here, found)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _add_text_of(text: bytes, path: tuple[bytes, ...], found: dict[str, Doubt]) -> None:
    if not _is_utf8(text):
        _add_text("the text of the field", path, found)


def _add_text(what: str, path: tuple[bytes, ...], found: dict[str, Doubt]) -> None:
    message = f"{what} {_shown(path)} is not UTF-8"
    found.setdefault("text_not_utf8", Doubt("text_not_utf8", message))


def _add_name(path: tuple[bytes, ...], found: dict[str, Doubt]) -> None:
    if path == (b"_id",):
        found.setdefault("id_twice", Doubt("id_twice", "it has a second _id", Severity.ERROR, DAMAGED_HINT))
        return
    message = f"the field {_shown(path)} is there twice"
    found.setdefault("key_twice", Doubt("key_twice", message))


def _shown(path: tuple[bytes, ...]) -> str:
    text = b".".join(path).decode(errors="backslashreplace")
    return shown(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
