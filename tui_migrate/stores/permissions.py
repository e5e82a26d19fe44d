"""What a store's user may do, as far as the server tells it."""

from enum import Enum, StrEnum


class Action(StrEnum):
    """What takes a privilege of its own, by the name that MongoDB gives it and people grant it by."""

    FIND = "find"
    INSERT = "insert"
    UPDATE = "update"
    REMOVE = "remove"
    CREATE_COLLECTION = "createCollection"
    DROP_COLLECTION = "dropCollection"
    RENAME_COLLECTION = "renameCollectionSameDB"
    CREATE_INDEX = "createIndex"
    DROP_INDEX = "dropIndex"
    MODIFY_COLLECTION = "collMod"
    LIST_COLLECTIONS = "listCollections"
    BYPASS_VALIDATION = "bypassDocumentValidation"


class Permission(Enum):
    """What the server says of a user and an action."""

    GRANTED = "granted"
    DENIED = "denied"
    UNTOLD = "untold"
    """It does not say: it is found out by trying."""
