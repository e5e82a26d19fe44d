"""Two sides made of one set of documents by known edits, and what a comparison has to say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from hypothesis import strategies as st

from tests.suites.documents import doc
from tests.suites.ids import OF_EVERY_TYPE, document, double, int32, int64, text
from tui_migrate.comparison.model import ComparedCollection, Counts, FieldKind, Kind
from tui_migrate.documents import RawId
from tui_migrate.ordering import Key, order_key

NAME: Final = "things"


class Edit(Enum):
    """What is done to a document on one side."""

    NONE = "none"
    DELETE = "delete"
    INSERT = "insert"
    CHANGE = "change"
    TYPE = "type"
    RENAME = "rename"
    REORDER = "reorder"
    NEST = "nest"
    ID_TYPE = "id_type"


_AS_DIFFERENT: Final[dict[Edit, frozenset[tuple[str, FieldKind]]]] = {
    Edit.CHANGE: frozenset({("n", FieldKind.CHANGED)}),
    Edit.TYPE: frozenset({("n", FieldKind.TYPE)}),
    Edit.RENAME: frozenset({("n", FieldKind.REMOVED), ("renamed", FieldKind.ADDED)}),
    Edit.REORDER: frozenset({("", FieldKind.ORDER)}),
    Edit.NEST: frozenset({("inner.a", FieldKind.CHANGED)}),
    Edit.ID_TYPE: frozenset({("_id", FieldKind.TYPE)}),
}


def original(identifier: RawId) -> bytes:
    return doc(identifier, n=int32(7), s=text("x"), inner=document(a=int32(1), b=text("y")))


def edited(identifier: RawId, edit: Edit) -> bytes | None:
    inner = document(a=int32(1), b=text("y"))
    match edit:
        case Edit.DELETE:
            return None
        case Edit.CHANGE:
            return doc(identifier, n=int32(8), s=text("x"), inner=inner)
        case Edit.TYPE:
            return doc(identifier, n=double(7.0), s=text("x"), inner=inner)
        case Edit.RENAME:
            return doc(identifier, renamed=int32(7), s=text("x"), inner=inner)
        case Edit.REORDER:
            return doc(identifier, s=text("x"), n=int32(7), inner=inner)
        case Edit.NEST:
            return doc(identifier, n=int32(7), s=text("x"), inner=document(a=int32(2), b=text("y")))
        case Edit.ID_TYPE:
            other = double(float(int.from_bytes(identifier[1:], "little", signed=True)))
            return doc(other, n=int32(7), s=text("x"), inner=inner)
    return original(identifier)


@dataclass(slots=True)
class Sides:
    """Both sides' documents, and the differences between them by key, with the fields that differ."""

    left: list[bytes] = field(default_factory=list)
    right: list[bytes] = field(default_factory=list)
    expected: dict[Key, tuple[Kind, frozenset[tuple[str, FieldKind]]]] = field(default_factory=dict)
    equal: int = 0


def sides(edits: Mapping[RawId, Edit], *, order_counts: bool = True) -> Sides:
    made = Sides()
    for identifier, edit in edits.items():
        key = order_key(identifier)
        if edit is Edit.INSERT:
            made.right.append(original(identifier))
            made.expected[key] = (Kind.ONLY_RIGHT, frozenset())
            continue
        made.left.append(original(identifier))
        if (after := edited(identifier, edit)) is None:
            made.expected[key] = (Kind.ONLY_LEFT, frozenset())
            continue
        made.right.append(after)
        if edit is Edit.NONE or (edit is Edit.REORDER and not order_counts):
            made.equal += 1
        else:
            made.expected[key] = (Kind.DIFFERENT, _AS_DIFFERENT[edit])
    return made


def told(collection: ComparedCollection) -> dict[Key, tuple[Kind, frozenset[tuple[str, FieldKind]]]]:
    return {
        order_key(one.id): (one.kind, frozenset((change.path, change.kind) for change in one.fields))
        for one in collection.documents
    }


def expected_counts(made: Sides) -> Counts:
    kinds: Sequence[Kind] = [kind for kind, _ in made.expected.values()]
    return Counts(kinds.count(Kind.ONLY_LEFT), kinds.count(Kind.ONLY_RIGHT), kinds.count(Kind.DIFFERENT), made.equal)


_PLAIN: Final = tuple(one for one in OF_EVERY_TYPE if one[0] not in (0x10, 0x12)) + tuple(
    int32(number) if number % 2 else int64(number) for number in range(10, 40)
)


@st.composite
def edit_lists(draw: st.DrawFn) -> dict[RawId, Edit]:
    """Edits by id; only whole numbers can get an `_id` of another type that is the same key."""
    ids = draw(st.lists(st.sampled_from(_PLAIN), unique=True, max_size=25))
    ids.sort(key=order_key)
    found = {}
    for one in ids:
        edit = draw(st.sampled_from(Edit))
        found[one] = Edit.NONE if edit is Edit.ID_TYPE and one[0] not in (0x10, 0x12) else edit
    return found
