"""A finding: one thing that a check found, as the journal keeps it and every face shows it."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters: an error stops a run, a warning is confirmed, a note is read."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    `code` is a stable word (`target_differs`), `subject` what it is about (`shop.users`, `shop.users _id 7`), `message`
    one sentence, `hint` the next step or empty, `count` how many times it stands for.
    """

    severity: Severity
    code: str
    subject: str
    message: str
    hint: str = ""
    count: int = 1
