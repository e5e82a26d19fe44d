"""What becomes of one document under a conflict policy: the truth table of the design, in one place.

| | not in target | in target, equal | in target, different |
| --- | --- | --- | --- |
| fail | insert | unchanged | refuse |
| skip | insert | unchanged | keep the target's |
| overwrite | insert | unchanged | replace |
"""

from enum import StrEnum
from typing import Final

from tui_migrate.documents import RawId, raw_id, with_id
from tui_migrate.plan.model import Policy


class Decision(StrEnum):
    """What to do with a document."""

    INSERT = "insert"
    UNCHANGED = "unchanged"
    REPLACE = "replace"
    SKIP = "skip"
    REFUSE = "refuse"


_IF_DIFFERENT: Final = {
    Policy.FAIL: Decision.REFUSE,
    Policy.SKIP: Decision.SKIP,
    Policy.OVERWRITE: Decision.REPLACE,
}


def decide(policy: Policy, document: bytes, found: bytes | None) -> Decision:
    """Decide about a normalised document, given the target's normalised document of the same key or None."""
    if found is None:
        return Decision.INSERT
    if found == document or as_stored(document, found) == found:
        return Decision.UNCHANGED
    return _IF_DIFFERENT[policy]


def as_stored(document: bytes, found: bytes | None) -> bytes:
    """Give the form in which a document would replace the one found.

    Ids of different numeric types can be one key (1 and 1.0); a replace keeps the `_id` that is stored.
    """
    if found is None:
        return document
    mine, theirs = raw_id(document), raw_id(found)
    if mine is None or theirs is None or mine == theirs:
        return document
    return with_id(document, RawId(theirs))


def is_other_id_type(document: bytes, found: bytes | None) -> bool:
    """Say whether two documents of one key have `_id`s of different stored form."""
    return found is not None and raw_id(document) != raw_id(found)
