"""What a worker says in the log before it tries again, and how a face understands it.

It is a line of the log like any other, as that of `hindrance` is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.journal.hindrance import last_hindrance
from tui_migrate.journal.records import Event

RETRY: Final = "; again in "
"""What stands in the line of every second try, and in no other."""

_LINE: Final = re.compile(rf"(.*){RETRY}(\d+\.\d) s \((\d+) of (\d+)\)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Retry:
    """The second try that was said last: after what, which one of how many, and when it is made.

    `since` is when the first fault in a row was met, `at` when the next try begins (seconds since 1970).
    """

    message: str
    tries: int
    most: int
    since: float
    at: float


def retry_line(message: str, seconds: float, tries: int, most: int) -> str:
    """Say in a line of the log that what met this fault is tried again after some seconds."""
    return f"{message}{RETRY}{seconds:.1f} s ({tries} of {most})"


def pending_retry(events: Sequence[Event]) -> Retry | None:
    """Read the last line of the log, oldest first, where it says so; None where something else has happened since.

    What holds the run up may be said in between.
    """
    row = list[tuple[Event, re.Match[str]]]()
    for one in reversed(events):
        if last_hindrance((one,)) is not None:
            continue
        found = _LINE.match(one.message)
        if found is None:
            break
        row.append((one, found))
        if found[3] == "1":
            break
    if not row:
        return None
    last, (message, seconds, tries, most) = row[0][0], row[0][1].groups()
    return Retry(message, int(tries), int(most), row[-1][0].at, last.at + float(seconds))
