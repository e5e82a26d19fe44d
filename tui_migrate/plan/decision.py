"""What becomes of one document under a conflict policy: the truth table of the design, in one place.

| | not in target | in target, equal | in target, different |
| --- | --- | --- | --- |
| fail | insert | unchanged | refuse |
| skip | insert | unchanged | keep the target's |
| overwrite | insert | unchanged | replace |
| newer | insert | unchanged | replace if the source's moment is later, else keep the target's |
| ask | insert | unchanged | queue it for the operator |
"""

from enum import StrEnum
from typing import Final

from tui_migrate.documents import RawId, content_hash, raw_id, with_id
from tui_migrate.plan.model import Policy
from tui_migrate.stores.lookup import Found, Keyed
from tui_migrate.stores.moments import Age, FieldPath, age, moment_of


class Decision(StrEnum):
    """What to do with a document."""

    INSERT = "insert"
    UNCHANGED = "unchanged"
    REPLACE = "replace"
    SKIP = "skip"
    REFUSE = "refuse"
    TIED = "tied"
    """Keep the target's: both were changed at one moment, and differ all the same."""
    UNDATED = "undated"
    """Keep the target's: which of the two was changed later cannot be told."""

    QUEUE = "queue"
    """Leave it until the operator has decided."""

    @property
    def keeps(self) -> bool:
        """True where the target's document stays though it differs."""
        return self in (Decision.SKIP, Decision.TIED, Decision.UNDATED)

    @property
    def writes(self) -> bool:
        """True where a document is written."""
        return self in (Decision.INSERT, Decision.REPLACE)


_IF_DIFFERENT: Final = {
    Policy.FAIL: Decision.REFUSE,
    Policy.SKIP: Decision.SKIP,
    Policy.OVERWRITE: Decision.REPLACE,
    Policy.ASK: Decision.QUEUE,
}

_BY_AGE: Final = {
    Age.NEWER: Decision.REPLACE,
    Age.OLDER: Decision.SKIP,
    Age.SAME: Decision.TIED,
    Age.UNTOLD: Decision.UNDATED,
}


def decide(policy: Policy, item: Keyed, found: Found | None, *, exactly: bool = False, by: FieldPath = ()) -> Decision:
    """Decide about a document, given what the target has under its key, or None; `exactly` as `is_equal` has it.

    `by` is the path of the moments that the policy `newer` compares; what was found was taken down with it.
    """
    if found is None:
        return Decision.INSERT
    if is_equal(item, found, exactly=exactly):
        return Decision.UNCHANGED
    if policy is Policy.NEWER:
        return _BY_AGE[age(moment_of(item.document, by), found.moment)]
    return _IF_DIFFERENT[policy]


def is_equal(item: Keyed, found: Found, *, exactly: bool = False) -> bool:
    """Say whether the target has a document as it would be stored there.

    A mirror wants it `exactly` as it is in the source, the number type of its `_id` too.
    """
    if found.digest == item.digest:
        return True
    if exactly or not is_other_id_type(item, found):
        return False
    return content_hash(as_stored(item.document, found.id)) == found.digest


def as_stored(document: bytes, stored: RawId | None) -> bytes:
    """Give the form in which a normalised document would replace the one that is stored under its key.

    Ids of different numeric types can be one key (1 and 1.0); a replace keeps the `_id` that is stored.
    """
    return document if stored is None or raw_id(document) == stored else with_id(document, stored)


def is_other_id_type(item: Keyed, found: Found | None) -> bool:
    """Say whether two documents of one key have `_id`s of different stored form."""
    return found is not None and found.id != item.id
