"""What a restore does to indexes, options and views, in words: A is the backup, B the database as it is now."""

from collections.abc import Iterator
from typing import Final

from tui_migrate.comparison.model import DefinitionDifference, FieldChange, FieldKind, Kind
from tui_migrate.redaction import printable

_VALIDATION: Final = {
    "validator": "validator",
    "validationLevel": "level of the validator",
    "validationAction": "action of the validator",
}
_INDEXES: Final = {
    Kind.ONLY_LEFT: "is made: it is missing now",
    Kind.ONLY_RIGHT: "is dropped: the backup does not have it",
    Kind.DIFFERENT: "goes back to the backup's",
}


def change_words(one: DefinitionDifference) -> str:
    """Say what becomes of a definition: `the validator goes back to the backup's`."""
    if one.thing == "index":
        return f"index {printable(one.name)} {_INDEXES[one.kind]}"
    if one.thing == "kind":
        return f"its kind goes back from {one.right} to {one.left}: it is made anew"
    if one.thing == "view":
        return "the view goes back to the backup's definition"
    said = list(map(_option_words, one.fields)) or ["its options go back to the backup's"]
    again = any(each.path not in _VALIDATION for each in one.fields)
    return f"{', '.join(said)}{'; for that it is emptied and made anew' if again else ''}"


def versions(one: DefinitionDifference) -> Iterator[tuple[str, str, str]]:
    """Give what changes by name, each as it is now and as it becomes; empty where it is, or will be, none."""
    if one.fields:
        for each in one.fields:
            yield each.path, each.right or "", each.left or ""
    else:
        yield f"{one.thing} {printable(one.name)}", one.right, one.left


def _option_words(one: FieldChange) -> str:
    name = _VALIDATION.get(one.path, f"option {printable(one.path)}")
    if one.kind is FieldKind.ADDED:
        return f"the {name} goes: the backup has none"
    if one.kind is FieldKind.REMOVED:
        return f"the {name} of the backup comes back: there is none now"
    return f"the {name} goes back to the backup's"
