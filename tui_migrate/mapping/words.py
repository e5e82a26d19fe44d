"""A scope in words, for whoever is about to start a run."""

from typing import Final

from tui_migrate.mapping.model import Scope
from tui_migrate.redaction import printable

MOST_CHARACTERS: Final = 200
"""How much of a filter is shown."""


def scope_words(scope: Scope) -> list[str]:
    """Say what of a source is meant and how it is changed, a sentence each; nothing where it is all, as it is."""
    words = [f"Only documents of {printable(one.collection)} that match {_short(one.query)}." for one in scope.filters]
    if scope.owner:
        words.append(f"Only what belongs to the user {_short(scope.owner)}, and what that refers to.")
    if scope.owner_to:
        words.append(
            f"What is the user {_short(scope.owner or scope.owner_from)}'s becomes {_short(scope.owner_to)}'s."
        )
    words += [f"{printable(one.source)} becomes {printable(one.target)}." for one in scope.renames]
    if scope.redact:
        words.append("Sensitive fields are redacted, as the catalog says.")
    return words


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= MOST_CHARACTERS else f"{shown[: MOST_CHARACTERS - 1]}…"
