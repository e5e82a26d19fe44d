"""The ids of the sample's documents, and their times: functions of collection and number."""

from typing import Final

from bson import Binary, Int64, ObjectId
from bson.binary import UUID_SUBTYPE
from bson.datetime_ms import DatetimeMS

from tui_migrate.demo.sample.chance import digest

BEGIN: Final = 1_704_067_200
"""2024-01-01 00:00:00 UTC in seconds since 1970: when the first document of each collection was made."""

DAY_MS: Final = 86_400_000

STEP_SECONDS: Final = {
    "users": 1_800,
    "tenants": 36_000,
    "tenant_memberships": 1_500,
    "families": 9_000,
    "family_relationships": 4_500,
    "workspaces": 6_000,
    "chat_sessions": 1_500,
    "chat_messages": 347,
    "permanent_tokens": 4_000,
}
"""Seconds between two documents of a collection; its names are all there are."""

COLLECTIONS: Final = tuple(STEP_SECONDS)

OWN: Final = 10_000_000
"""Documents numbered from here on stand in the target alone."""


def made_at(collection: str, number: int) -> DatetimeMS:
    """When a document was made."""
    drift = digest(collection, number, "ms", size=2)
    place = number if number < OWN else number - OWN
    return DatetimeMS((BEGIN + place * STEP_SECONDS[collection]) * 1000 + int.from_bytes(drift, "little") % 1000)


def later(moment: DatetimeMS, milliseconds: int) -> DatetimeMS:
    """A moment so many milliseconds after another."""
    return DatetimeMS(int(moment) + milliseconds)


def object_id(collection: str, number: int) -> ObjectId:
    """An ObjectId that begins with the second its document was made in, as a driver makes them."""
    seconds = int(made_at(collection, number)) // 1000
    return ObjectId(seconds.to_bytes(4, "big") + digest(collection, number, "id", size=8))


def uuid(collection: str, number: int) -> Binary:
    """A random-looking UUID (RFC 9562, version 4) as binary of subtype 4."""
    bits = bytearray(digest(collection, number, "id", size=16))
    bits[6] = bits[6] & 0x0F | 0x40
    bits[8] = bits[8] & 0x3F | 0x80
    return Binary(bytes(bits), UUID_SUBTYPE)


def user(number: int) -> ObjectId:
    """The id of a user."""
    return object_id("users", number)


def tenant(number: int) -> str:
    """The id of a tenant."""
    return f"tenant-{number:08d}"


def family(number: int) -> str:
    """The id of a family."""
    return f"fam_{number:08d}"


def relationship(number: int) -> Int64:
    """The id of a relationship in a family."""
    return Int64(number + 1)


def workspace(number: int) -> Binary:
    """The id of a workspace."""
    return uuid("workspaces", number)


def session(number: int) -> Binary:
    """The id of a chat session."""
    return uuid("chat_sessions", number)


def message(number: int) -> ObjectId:
    """The id of a chat message."""
    return object_id("chat_messages", number)
