"""The filter of the history: words that a run has to hold, and `key:value` for one of its columns.

    state:failed prod               failed runs that have `prod` anywhere
    kind:copy conn:staging          copies from or to something with `staging` in its name
    note:"ticket 12" -state:rolled  a note with these words, and not rolled back

All parts have to hold. Upper and lower case are one. `-` before a part turns it round; quotes keep blanks. A word with
a colon whose first part is no key is a text like any other, so that URLs can be looked for.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tui_migrate.journal.records import RunRecord
from tui_migrate.ui.wording import state_words
from tui_migrate.wording import ends_words, run_name

_PART: Final = re.compile(r'(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)

_COLUMNS: Final[dict[str, Callable[[RunRecord], str]]] = {
    "state": lambda run: f"{run.state.value} {run.state.value.replace('_', ' ')} {state_words(run.state)[2:]}",
    "kind": lambda run: run.kind.value,
    "conn": lambda run: f"{run.source}\n{run.target}",
    "from": lambda run: run.source,
    "to": lambda run: run.target,
    "env": lambda run: run.environment.value,
    "note": lambda run: run.description,
    "by": lambda run: run.created_by,
    "run": lambda run: run_name(run.id),
}
KEYS: Final = tuple(_COLUMNS)
_ALIASES: Final = {"connection": "conn", "source": "from", "target": "to", "environment": "env", "text": ""}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a filter: a column (empty: all of them), what it has to hold, or not to hold."""

    column: str
    text: str
    negated: bool

    def holds(self, run: RunRecord) -> bool:
        """Say whether a run meets it."""
        return (self.text in _content(run, self.column).casefold()) is not self.negated


@dataclass(frozen=True, slots=True)
class RunQuery:
    """A filter; one without parts takes every run."""

    parts: tuple[Part, ...]

    def matches(self, run: RunRecord) -> bool:
        """Say whether a run meets all parts."""
        return all(one.holds(run) for one in self.parts)


def parse(text: str) -> RunQuery:
    """Read a filter. Any text is one: it is typed while it is looked at."""
    return RunQuery(tuple(_part(match) for match in _PART.finditer(text)))


def _part(match: re.Match[str]) -> Part:
    minus, key, quoted, word = match.groups()
    value = quoted if quoted is not None else word
    column = _ALIASES.get((key or "").casefold(), (key or "").casefold())
    if column and column not in _COLUMNS:
        column, value = "", f"{key}:{value}"
    return Part(column, value.casefold(), bool(minus))


def _content(run: RunRecord, column: str) -> str:
    if column:
        return _COLUMNS[column](run)
    return "\n".join((*(one(run) for one in _COLUMNS.values()), ends_words(run)))
