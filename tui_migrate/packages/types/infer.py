"""Infers what the fields of JSON documents look like: every value is counted, none is guessed at.

Memory is bounded by the number of paths: documents whose keys are data, such as ids, have any number of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.packages.json_forms.extended import is_wrapped
from tui_migrate.packages.types.looks import looks_like
from tui_migrate.packages.types.model import Inference, InferredField, ValueType
from tui_migrate.packages.types.paths import element_of, under
from tui_migrate.redaction import printable

MOST_PATHS: Final = 10_000
"""Paths of a whole package that are followed."""

MOST_NAME: Final = 255
"""Characters of a key that is followed: one that is longer is data."""

MOST_EXAMPLES: Final = 3
MOST_EXAMPLE: Final = 60
"""Characters of an example."""


@dataclass(slots=True)
class _Seen:
    """What was seen at one path: how many values but null, and of each type how many looked like it."""

    total: int = 0
    counts: dict[ValueType, int] = field(default_factory=dict)
    examples: dict[ValueType, list[str]] = field(default_factory=dict)
    names: dict[str, "_Seen"] = field(default_factory=dict)
    each: "_Seen | None" = None

    def take(self, text: str) -> None:
        kind = looks_like(text)
        if kind is ValueType.AS_WRITTEN:
            return
        count = self.counts.get(kind, 0)
        self.counts[kind] = count + 1
        if count < MOST_EXAMPLES:
            self.examples.setdefault(kind, []).append(shortened(text))


def shortened(text: str) -> str:
    """Give the beginning of a text as it may stand in a message."""
    return printable(text if len(text) <= MOST_EXAMPLE else text[: MOST_EXAMPLE - 1] + "…")


class Inferring:
    """Looks at documents one by one."""

    def __init__(self) -> None:
        self._collections: dict[str, _Seen] = {}
        self._paths = 0
        self.left_out: str = ""
        """The first collection in which there were more paths than are followed."""

    def take(self, collection: str, document: dict[str, object]) -> None:
        """Look at a document as it stands in the file."""
        self._take_names(self._collections.setdefault(collection, _Seen()), document, collection)

    def _take_names(self, seen: _Seen, document: dict[str, object], collection: str) -> None:
        names = seen.names
        for name, value in document.items():
            if value is None:
                continue
            below = names.get(name)
            if below is None:
                below = self._new(collection, len(name))
                if below is None:
                    continue
                names[name] = below
            self._take_value(below, value, collection)

    def _new(self, collection: str, length: int = 0) -> _Seen | None:
        if self._paths >= MOST_PATHS or length > MOST_NAME:
            self.left_out = self.left_out or collection
            return None
        self._paths += 1
        return _Seen()

    def _take_value(self, seen: _Seen, value: object, collection: str) -> None:
        seen.total += 1
        if type(value) is str:
            seen.take(value)
        elif isinstance(value, dict):
            if value and is_wrapped(value):
                seen.total -= 1
            else:
                self._take_names(seen, value, collection)
        elif isinstance(value, list) and value:
            seen.each = seen.each or self._new(collection)
            if seen.each is not None:
                for one in value:
                    if one is not None:
                        self._take_value(seen.each, one, collection)

    def result(self) -> Inference:
        """Say what all fields look like, in the order of their names.

        A field of which every value could be a decimal is told as one that stays as it is written: text and Decimal
        cannot be told apart.
        """
        found: list[InferredField] = []
        for name in sorted(self._collections):
            found.extend(_fields(name, "", self._collections[name]))
        return Inference(tuple(found))


def _fields(collection: str, path: str, seen: _Seen) -> Iterator[InferredField]:
    if seen.counts:
        kind = max(seen.counts, key=lambda one: seen.counts[one])
        count, examples = seen.counts[kind], tuple(seen.examples[kind])
        if kind is not ValueType.DECIMAL:
            yield InferredField(collection, path, kind, count, seen.total, examples)
        elif count == seen.total:
            yield InferredField(collection, path, ValueType.AS_WRITTEN, count, seen.total, examples)
    for name in sorted(seen.names):
        yield from _fields(collection, under(path, name), seen.names[name])
    if seen.each is not None:
        yield from _fields(collection, element_of(path), seen.each)
