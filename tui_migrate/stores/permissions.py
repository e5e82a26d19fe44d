"""What a store's user may do beyond reading and writing documents, as far as the server tells it."""

from enum import Enum, StrEnum


class Action(StrEnum):
    """What takes a privilege of its own, by the name that MongoDB gives it and people grant it by."""

    BYPASS_VALIDATION = "bypassDocumentValidation"


class Permission(Enum):
    """What the server says of a user and an action."""

    GRANTED = "granted"
    DENIED = "denied"
    UNTOLD = "untold"
    """It does not say: it is found out by trying."""
