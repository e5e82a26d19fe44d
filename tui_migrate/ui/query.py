"""The filters of tables with columns of their own: words that a row has to hold, and `key:value` for one column.

    state:failed prod      failed ones that have `prod` anywhere
    note:"ticket 12"       quotes keep blanks
    -state:rolled          `-` before a part turns it round

All parts have to hold. Upper and lower case are one. A word with a colon whose first part is no key is a text like any
other, so that URLs can be looked for.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

_PART: Final = re.compile(r'(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a filter: a column (empty: all of them), what it has to hold, or not to hold."""

    column: str
    text: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Language(Generic[Item]):
    """What can be asked of items of a kind: what each column holds, other names for columns, and the whole text.

    An alias of the empty name stands for the whole text.
    """

    columns: Mapping[str, Callable[[Item], str]]
    aliases: Mapping[str, str]
    whole: Callable[[Item], str]

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.columns)

    def parse(self, text: str) -> "Query[Item]":
        """Read a filter. Any text is one: it is typed while it is looked at."""
        return Query(self, tuple(self._part(match) for match in _PART.finditer(text)))

    def content(self, item: Item, column: str) -> str:
        """Give what a column of an item holds; of the empty one, all of it."""
        if column:
            return self.columns[column](item)
        return "\n".join((*(one(item) for one in self.columns.values()), self.whole(item)))

    def _part(self, match: re.Match[str]) -> Part:
        minus, key, quoted, word = match.groups()
        value = quoted if quoted is not None else word
        column = self.aliases.get((key or "").casefold(), (key or "").casefold())
        if column and column not in self.columns:
            column, value = "", f"{key}:{value}"
        return Part(column, value.casefold(), bool(minus))


@dataclass(frozen=True, slots=True)
class Query(Generic[Item]):
    """A filter; one without parts takes every item."""

    language: Language[Item]
    parts: tuple[Part, ...]

    def matches(self, item: Item) -> bool:
        """Say whether an item meets all parts."""
        return all(
            (one.text in self.language.content(item, one.column).casefold()) is not one.negated for one in self.parts
        )
