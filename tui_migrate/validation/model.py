"""What validation finds: a finding, and the documents it is about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tui_migrate.documents import RawId, show_id
from tui_migrate.findings import Finding, Severity
from tui_migrate.redaction import printable

MOST_NAMED: Final = 100
"""Documents that are named of each finding."""
FEW: Final = 3
"""Documents that its message names."""

MASKED: Final = "***"
_BY_ID: Final = "by _id: "
_MOST_CHARACTERS: Final = 80
_MESSAGE_CHARACTERS: Final = 1_500
"""The longest list of ids in one message, which every face shows whole."""


@dataclass(frozen=True, slots=True)
class Example:
    """A document by its `_id`, and what about it: the value of a reference, a type. Fit to be read, and masked."""

    document: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """A finding about a field (dotted path) of a collection, and at most MOST_NAMED documents that it stands for.

    `says_all` is true where its message names all of these.
    """

    finding: Finding
    collection: str
    field: str = ""
    examples: tuple[Example, ...] = ()
    says_all: bool = False


def shown(value: RawId | None, *, hidden: bool = False) -> str:
    """Write an id as a finding may have it; one that is nobody's business is masked."""
    if value is None:
        return "(no _id)"
    if hidden:
        return MASKED
    text = printable(show_id(value))
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"


def few(examples: tuple[Example, ...]) -> str:
    """Name the first documents, for a message."""
    return ", ".join(dict.fromkeys(one.document for one in examples[:FEW]))


def findings_of(issue: Issue) -> Iterator[Finding]:
    """Give the findings that a run keeps of it: the finding itself, then notes that name the documents it is about.

    A journal adds up findings of one code and subject, so each note has a subject of its own.
    """
    yield issue.finding
    if issue.says_all or len(issue.examples) <= FEW:
        return
    start, named = 1, list[str]()
    for place, one in enumerate(issue.examples, 1):
        text = f"{one.document} → {one.about}" if one.about else one.document
        if named and sum(map(len, named)) + 2 * len(named) + len(text) > _MESSAGE_CHARACTERS:
            yield _note(issue, start, named)
            start, named = place, []
        named.append(text)
    yield _note(issue, start, named)


def lists_documents(finding: Finding) -> bool:
    """Say whether a finding is one of the notes that name the documents of another, whose message names a few."""
    return finding.severity is Severity.NOTE and finding.message.startswith(_BY_ID)


def _note(issue: Issue, start: int, named: list[str]) -> Finding:
    finding = issue.finding
    subject = f"{finding.subject} ({start} to {start + len(named) - 1})"
    return Finding(Severity.NOTE, finding.code, subject, f"{_BY_ID}{', '.join(named)}", count=len(named))
