"""The sample's collection options, indexes and view, as BSON bytes."""

from typing import Final

import bson
from bson import Int64

from tui_migrate.demo.sample.identity import COLLECTIONS

DATABASE: Final = "second_brain"
VIEW: Final = "active_users"

_SIXTY_YEARS: Final = 60 * 365 * 86_400
"""Far enough for a TTL index never to delete a document of the sample."""

_OPTIONS: Final[dict[str, dict[str, object]]] = {
    "users": {
        "validator": {
            "$jsonSchema": {
                "bsonType": "object",
                "required": ["username", "email", "created_at"],
                "properties": {
                    "username": {"bsonType": "string"},
                    "email": {"bsonType": "string", "pattern": "@"},
                    "is_active": {"bsonType": "bool"},
                    "created_at": {"bsonType": "date"},
                },
            }
        },
        "validationLevel": "strict",
        "validationAction": "error",
    },
    VIEW: {
        "viewOn": "users",
        "pipeline": [
            {"$match": {"is_active": True}},
            {"$project": {"username": 1, "email": 1, "role": 1, "last_login": 1}},
        ],
    },
}

_INDEXES: Final[dict[str, tuple[dict[str, object], ...]]] = {
    "users": (
        {"key": {"email": 1}, "name": "email_unique", "unique": True},
        {"key": {"username": 1}, "name": "username_unique", "unique": True},
        {"key": {"phone": 1}, "name": "phone_sparse", "sparse": True},
        {
            "key": {"last_login": -1},
            "name": "last_login_of_active",
            "partialFilterExpression": {"is_active": True},
        },
    ),
    "tenants": (
        {"key": {"slug": 1}, "name": "slug_unique", "unique": True},
        {"key": {"domains": 1}, "name": "domains"},
    ),
    "tenant_memberships": (
        {"key": {"tenant_id": 1, "user_id": 1}, "name": "tenant_user_unique", "unique": True},
        {"key": {"user_id": 1, "status": 1}, "name": "user_status"},
    ),
    "families": ({"key": {"admin_user_ids": 1}, "name": "admins"},),
    "family_relationships": ({"key": {"family_id": 1, "user_a_id": 1, "user_b_id": 1}, "name": "family_users"},),
    "workspaces": ({"key": {"members.user_id": 1, "is_archived": 1}, "name": "members"},),
    "chat_sessions": ({"key": {"user_id": 1, "updated_at": -1}, "name": "user_recent"},),
    "chat_messages": ({"key": {"session_id": 1, "created_at": 1}, "name": "session_in_order"},),
    "permanent_tokens": (
        {"key": {"token_hash": 1}, "name": "token_unique", "unique": True},
        {"key": {"expires_at": 1}, "name": "expired_tokens", "expireAfterSeconds": Int64(_SIXTY_YEARS)},
    ),
}

_LACKING_IN_TARGET: Final = frozenset(("phone_sparse", "user_status", "session_in_order"))
"""Indexes that a migration makes in collections which the target has already."""


def options(collection: str) -> bytes:
    """Give the options a collection or view is created with, as a BSON document."""
    return bson.encode(_OPTIONS.get(collection, {}))


def indexes(collection: str, *, in_target: bool = False) -> tuple[bytes, ...]:
    """Give the definitions of a collection's indexes less that on `_id`, as BSON documents."""
    return tuple(
        bson.encode({"v": 2, **one})
        for one in _INDEXES.get(collection, ())
        if not (in_target and one["name"] in _LACKING_IN_TARGET)
    )


def source_names() -> tuple[str, ...]:
    """Give the names of the source's collections, and of its view last."""
    return (*COLLECTIONS, VIEW)
