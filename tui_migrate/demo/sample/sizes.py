"""How many documents each collection of the sample has."""

from dataclasses import dataclass
from typing import Final

from tui_migrate.errors import UsageError

LEAST: Final = 100
"""With fewer documents some collection would be empty or a reference would point at itself."""

_PER_MILLE: Final = {
    "users": 100,
    "tenants": 20,
    "tenant_memberships": 120,
    "families": 20,
    "family_relationships": 40,
    "workspaces": 30,
    "chat_sessions": 110,
    "permanent_tokens": 40,
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Documents a collection; the sum is what was asked for."""

    users: int
    tenants: int
    tenant_memberships: int
    families: int
    family_relationships: int
    workspaces: int
    chat_sessions: int
    chat_messages: int
    permanent_tokens: int

    @classmethod
    def of(cls, documents: int) -> "Sizes":
        """Share documents out; what rounding leaves are chat messages. Raises UsageError below LEAST."""
        if documents < LEAST:
            raise UsageError(f"a sample of {documents} documents is too small", hint=f"ask for {LEAST} or more")
        shares = {name: documents * share // 1000 for name, share in _PER_MILLE.items()}
        return cls(chat_messages=documents - sum(shares.values()), **shares)

    def count(self, collection: str) -> int:
        """How many documents a collection has."""
        return int(getattr(self, collection))
