"""The sample's workspaces, chat sessions and chat messages."""

from typing import Final

from bson import Binary, Code, Decimal128, Int64, Timestamp

from tui_migrate.demo.sample import identity, words
from tui_migrate.demo.sample.accounts import Document
from tui_migrate.demo.sample.chance import Chance, digest
from tui_migrate.demo.sample.identity import DAY_MS, later, made_at
from tui_migrate.demo.sample.sizes import Sizes

_ODD_SCORES: Final = (float("nan"), -0.0, float("inf"), float("-inf"), 5e-324, 1.7976931348623157e308)
"""Doubles that are easily lost on the way through text or arithmetic."""


def workspace(number: int, sizes: Sizes) -> Document:
    """A workspace with members, and a rule in JavaScript."""
    chance = Chance("workspaces", number)
    made = made_at("workspaces", number)
    owner = number % sizes.users
    return {
        "_id": identity.workspace(number),
        "tenant_id": identity.tenant(chance.below(sizes.tenants)),
        "owner_id": identity.user(owner),
        "name": chance.pick(words.TOPICS).capitalize(),
        "members": [
            {"user_id": identity.user((owner + place) % sizes.users), "role": role, "joined_at": made}
            for place, role in enumerate(("owner", "editor", "viewer", "viewer")[: 1 + chance.below(4)])
        ],
        "settings": {
            "layout": {"columns": 1 + chance.below(3), "zoom": 0.5 + chance.below(100) / 64},
            "automation": Code("function (note) { return note.tags.length > " + str(chance.below(5)) + "; }"),
            "pinned": [],
        },
        "is_archived": chance.one_in(7),
        "created_at": made,
        "updated_at": later(made, chance.below(500) * DAY_MS),
    }


def session(number: int, sizes: Sizes) -> Document:
    """A chat session of one user."""
    chance = Chance("chat_sessions", number)
    made = made_at("chat_sessions", number)
    return {
        "_id": identity.session(number),
        "user_id": identity.user(_speaker(number, sizes)),
        "tenant_id": identity.tenant(chance.below(sizes.tenants)),
        "title": chance.pick(words.TOPICS),
        "model": chance.pick(words.MODELS),
        "message_count": chance.below(40),
        "total_tokens": Int64(chance.below(200_000)),
        "total_cost": Decimal128(f"0.{chance.below(1_000_000):06d}"),
        "tags": sorted({chance.pick(words.TOPICS) for _ in range(chance.below(4))}),
        "is_active": chance.one_in(3),
        "summary": None,
        "created_at": made,
        "updated_at": later(made, chance.below(30) * DAY_MS + chance.below(DAY_MS)),
    }


def message(number: int, sizes: Sizes) -> Document:
    """A chat message; it answers the one before it in its session."""
    chance = Chance("chat_messages", number)
    made = made_at("chat_messages", number)
    place = number % sizes.chat_sessions
    before = number - sizes.chat_sessions
    sentences = " ".join(chance.pick(words.SENTENCES) for _ in range(1 + chance.below(5)))
    document: dict[str, object] = {
        "_id": identity.message(number),
        "session_id": identity.session(place),
        "user_id": identity.user(_speaker(place, sizes)),
        "role": "assistant" if (number // sizes.chat_sessions) % 2 else "user",
        "parent_id": identity.message(before) if before >= 0 else None,
        "content": f"{chance.pick(words.OPENINGS)} {chance.pick(words.TOPICS)}. {sentences}",
        "tokens": {"prompt": chance.below(400), "completion": chance.below(900)},
        "score": chance.pick(_ODD_SCORES) if chance.one_in(20) else chance.below(1_000_000) / 1_000_000,
        "embedding": [chance.below(2_001) / 1_000 - 1 for _ in range(6)],
        "written": Timestamp(int(made) // 1000, 1 + chance.below(9)),
        "created_at": made,
        "updated_at": made,
    }
    if chance.one_in(12):
        content = Binary(digest("attachment", number, size=32))
        document["attachments"] = [{"name": f"sketch-{number}.png", "sha256": content, "size": chance.below(2**20)}]
    return document


def _speaker(session_number: int, sizes: Sizes) -> int:
    """The number of the user whom a session belongs to."""
    return session_number % sizes.users
