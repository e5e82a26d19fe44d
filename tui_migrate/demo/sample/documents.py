"""The sample's documents as BSON bytes: all of them for the source, and the part that the target begins with."""

from collections.abc import Callable, Iterator
from typing import Final

import bson

from tui_migrate.demo.sample import accounts, conversations, families
from tui_migrate.demo.sample.accounts import Document
from tui_migrate.demo.sample.identity import OWN
from tui_migrate.demo.sample.sizes import Sizes

_MAKERS: Final[dict[str, Callable[[int, Sizes], Document]]] = {
    "users": accounts.user,
    "tenants": accounts.tenant,
    "tenant_memberships": accounts.membership,
    "families": families.family,
    "family_relationships": families.relationship,
    "workspaces": conversations.workspace,
    "chat_sessions": conversations.session,
    "chat_messages": conversations.message,
    "permanent_tokens": accounts.permanent_token,
}

TARGET_COLLECTIONS: Final = (
    "users",
    "tenants",
    "tenant_memberships",
    "families",
    "workspaces",
    "chat_sessions",
    "chat_messages",
)
"""What the target has already; the other collections and the view are made by a migration."""

OWN_DOCUMENTS: Final = 5
"""Documents of its own in each of these collections of the target."""

_WITH_OWN: Final = frozenset(("users", "tenant_memberships", "chat_sessions"))

_PERCENT_THERE: Final = {"families": 100}
_PERCENT_THERE_ELSE: Final = 40

_CHANGED_ONE_IN: Final = 8

_OLDER: Final[dict[str, Document]] = {
    "users": {"full_name": "name withheld", "failed_login_attempts": 9},
    "tenants": {"plan": "trial"},
    "tenant_memberships": {"status": "invited", "permissions": []},
    "workspaces": {"settings": {}, "is_archived": True},
    "chat_sessions": {"title": "untitled", "summary": "none yet"},
    "chat_messages": {"score": 0.0, "content": "(draft)"},
}
"""What an older state of a document had otherwise. No field of a unique index is among them."""


def source_documents(collection: str, sizes: Sizes) -> Iterator[bytes]:
    """Generate a collection of the source."""
    make = _MAKERS[collection]
    for number in range(sizes.count(collection)):
        yield bson.encode(make(number, sizes))


def target_documents(collection: str, sizes: Sizes) -> Iterator[bytes]:
    """Generate what the target begins with: part of the source's documents, some in an older state, and a few more."""
    if collection not in TARGET_COLLECTIONS:
        return
    make = _MAKERS[collection]
    share = _PERCENT_THERE.get(collection, _PERCENT_THERE_ELSE)
    kept = 0
    for number in range(sizes.count(collection)):
        if number * share // 100 == (number + 1) * share // 100:
            continue
        document = make(number, sizes)
        if kept % _CHANGED_ONE_IN == 0 and collection in _OLDER:
            document = {**document, **_OLDER[collection]}
        kept += 1
        yield bson.encode(document)
    if collection in _WITH_OWN:
        for number in range(OWN, OWN + OWN_DOCUMENTS):
            yield bson.encode(make(number, sizes))
