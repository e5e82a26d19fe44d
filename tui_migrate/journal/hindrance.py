"""What holds a run up most, as its worker says in the log and a face understands it again.

It is a line of the log like any other: whoever reads the log sees when it changed, and the journal needs no column.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui_migrate.journal.records import Event


class Hindrance(StrEnum):
    """What a run can wait for."""

    SOURCE = "source"
    TARGET = "target"
    NETWORK = "network"
    LIMIT = "rate limit"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class HeldUp:
    """What held a run up when its worker last said so, at a time in seconds since 1970; None where nothing did."""

    by: Hindrance | None
    at: float


_BY: Final = "held up by the "
_FREE: Final = "held up by nothing in particular"
_LINE: Final = re.compile(rf"{_BY}({'|'.join(map(re.escape, Hindrance))}): \d{{1,3}} % of the time\Z")

ADVICE: Final = {
    Hindrance.SOURCE: "reading the source takes longest: nothing here makes it faster",
    Hindrance.TARGET: "looking into the target and writing to it takes longest",
    Hindrance.NETWORK: "the way to the server and back takes longest: a larger batch makes it fewer times",
    Hindrance.LIMIT: "it keeps to the rate that was asked for",
    Hindrance.DISK: "the undo log and the journal wait for this machine's disk",
}


def hindrance_line(by: Hindrance | None, share: float) -> str:
    """Say in a line of the log what holds the run up, for which share (0 to 1) of the time."""
    return _FREE if by is None else f"{_BY}{by.value}: {min(100, round(100 * share))} % of the time"


def last_hindrance(events: Iterable[Event]) -> HeldUp | None:
    """Find what was last said of it among lines of the log, oldest first; None where nothing was."""
    for one in reversed(tuple(events)):
        if one.message == _FREE:
            return HeldUp(None, one.at)
        if found := _LINE.match(one.message):
            return HeldUp(Hindrance(found[1]), one.at)
    return None
