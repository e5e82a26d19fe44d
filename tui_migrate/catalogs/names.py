"""What the names of fields and collections suggest. They rank what was looked up; alone they prove nothing."""

import re
from typing import Final

from tui_migrate.catalogs.model import Redaction

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z\W_\d]+|\d+")
_OF_IDS: Final = frozenset(("id", "ids", "ref", "refs", "uuid", "oid", "key", "keys"))
_SELF: Final = frozenset(("parent", "root", "reply", "previous", "next", "original"))
_PEOPLE: Final = ("user", "account", "person", "people", "member", "customer")
_OWNING: Final = frozenset(("owner", "author", "creator", "created", "customer", "account", "user"))

SENSITIVE: Final = (
    (("password",), Redaction.DROP),
    (("passwd",), Redaction.DROP),
    (("passphrase",), Redaction.DROP),
    (("secret",), Redaction.DROP),
    (("token",), Redaction.DROP),
    (("api", "key"), Redaction.DROP),
    (("apikey",), Redaction.DROP),
    (("private", "key"), Redaction.DROP),
    (("credential",), Redaction.DROP),
    (("otp",), Redaction.DROP),
    (("ssn",), Redaction.DROP),
    (("iban",), Redaction.DROP),
    (("card", "number"), Redaction.DROP),
    (("email",), Redaction.MASK),
    (("phone",), Redaction.MASK),
    (("full", "name"), Redaction.MASK),
    (("birth",), Redaction.DROP),
    (("birthday",), Redaction.DROP),
)
"""Words in a field's name that tell of something nobody's business, and how it is redacted."""


def words(name: str) -> list[str]:
    """Split a name at underscores, capitals and digits, each word small and in the singular."""
    return [_singular(one.lower()) for one in _WORD.findall(name)]


def affinity(field: str, target: str, own: str) -> int:
    """Say how well a field's path fits as a reference to a collection: 2 by its whole name, 1 in part, else 0.

    `own` is the collection that the field is in.
    """
    named: list[str] = []
    for segment in reversed(field.split(".")):
        named = words(segment)
        while named and named[-1] in _OF_IDS:
            named.pop()
        if named:
            break
    wanted = words(target)
    if not named or not wanted:
        return 0
    if named == wanted:
        return 2
    if named[-len(wanted) :] == wanted or wanted[-len(named) :] == named:
        return 1
    return 1 if target == own and named[0] in _SELF else 0


def is_people(collection: str) -> bool:
    """Say whether a collection is called like one of those who data belong to."""
    named = words(collection)
    return bool(named) and named[-1] in _PEOPLE


def may_own(field: str) -> bool:
    """Say whether a reference is called like one to the owner."""
    return bool(_OWNING.intersection(words(field.rpartition(".")[2])))


def sensitivity(field: str) -> tuple[str, Redaction] | None:
    """Give the words that make a field's name suspicious, and how to redact it; None where it has none."""
    named = words(field.rpartition(".")[2])
    for wanted, redaction in SENSITIVE:
        size = len(wanted)
        if any(tuple(named[at : at + size]) == wanted for at in range(len(named) - size + 1)):
            return " ".join(wanted), redaction
    return None


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith("ses") and len(word) > 4:
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3 else word
