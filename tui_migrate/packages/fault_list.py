"""Collects the faults of a package, bounded however many there are."""

from dataclasses import replace
from typing import Final

from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.files import shown
from tui_migrate.packages.members import DAMAGED_HINT

MOST_PER_CODE: Final = 100


class FaultList:
    """Faults, one for each code and subject, with a count; past MOST_PER_CODE subjects of a code, one for the rest."""

    __slots__ = ("_found", "_subjects")

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Finding] = {}
        self._subjects: dict[str, int] = {}

    def add(
        self,
        code: str,
        subject: str,
        message: str,
        *,
        hint: str = DAMAGED_HINT,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Take in a fault; the first of a code and subject gives the message, which need not name the subject again."""
        subject = shown(subject)
        message = _without(subject, message)
        if (code, subject) not in self._found:
            if self._subjects.get(code, 0) >= MOST_PER_CODE:
                subject, message = "", f"more of the same, past the first {MOST_PER_CODE}"
            else:
                self._subjects[code] = self._subjects.get(code, 0) + 1
        known = self._found.get((code, subject))
        if known is None:
            self._found[code, subject] = Finding(severity, code, subject, message, hint)
        else:
            self._found[code, subject] = replace(known, count=known.count + 1)

    def findings(self) -> tuple[Finding, ...]:
        """Give the findings in the order in which they were found."""
        return tuple(self._found.values())


def _without(subject: str, message: str) -> str:
    """Leave out the subject in front of a message: “X is cut short” becomes “it is cut short”."""
    rest = message.removeprefix(subject)
    if not subject or rest == message or not rest.startswith((" ", ": ")):
        return message
    return rest.lstrip(": ") if rest.startswith((": ", " at byte ", ", ")) else f"it{rest}"
