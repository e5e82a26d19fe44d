from collections.abc import Mapping

import bson
import pytest
from bson import Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.suites.bson_values import documents, encode, names, values
from tui_migrate.comparison.fields import MOST_FIELDS, field_changes
from tui_migrate.comparison.model import FieldChange, FieldKind
from tui_migrate.documents import RawId, canonical, elements, pack


@given(left=documents, right=documents)
@settings(max_examples=150)
def test_nothing_is_told_of_equal_documents_alone(left: bytes, right: bytes) -> None:
    assert field_changes(left, left) == ()
    assert bool(field_changes(left, right)) == (left != right)
    if canonical(left) == canonical(right):
        assert field_changes(left, right, order_counts=False) == ()


@given(document=documents, name=names, value=values)
@settings(max_examples=60)
def test_a_field_more_is_all_that_is_told(document: bytes, name: str, value: RawId) -> None:
    longer = pack(document[4:-1] + encode({name: value})[4:-1])
    (one,) = field_changes(document, longer)
    assert (one.kind, one.left) == (FieldKind.ADDED, None)
    (other,) = field_changes(longer, document)
    assert (other.kind, other.right, other.left) == (FieldKind.REMOVED, None, one.right)


@given(fields=st.dictionaries(names, values, min_size=2, max_size=4))
@settings(max_examples=40)
def test_another_order_is_all_that_is_told(fields: dict[str, RawId]) -> None:
    first, second = encode(fields), encode(dict(reversed(fields.items())))
    assert [one.kind for one in field_changes(first, second)] == [FieldKind.ORDER]
    assert field_changes(first, second, order_counts=False) == ()


def changes(
    left: Mapping[str, object], right: Mapping[str, object]
) -> list[tuple[str, FieldKind, str | None, str | None]]:
    found = field_changes(bson.encode(left), bson.encode(right))
    return [(one.path, one.kind, one.left, one.right) for one in found]


def test_paths_lead_through_documents_and_arrays() -> None:
    left = {"a": {"b": [1, {"c": "x"}]}, "d": [1, 2]}
    right = {"a": {"b": [1, {"c": "y"}]}, "d": [1]}
    assert changes(left, right) == [
        ("a.b.1.c", FieldKind.CHANGED, '"x"', '"y"'),
        ("d.1", FieldKind.REMOVED, '{"$numberInt": "2"}', None),
    ]


def test_another_type_of_an_equal_number_is_told() -> None:
    assert changes({"a": 1}, {"a": 1.0}) == [("a", FieldKind.TYPE, '{"$numberInt": "1"}', '{"$numberDouble": "1.0"}')]
    assert [one[1] for one in changes({"a": 1}, {"a": Int64(1)})] == [FieldKind.TYPE]
    assert changes({"a": {"b": 1}}, {"a": "b"}) == [("a", FieldKind.TYPE, '{"b": {"$numberInt": "1"}}', '"b"')]


def test_what_is_told_is_bounded_and_cannot_act_on_a_terminal() -> None:
    left: dict[str, object] = {str(one): "x" * 100_000 for one in range(60)}
    found = field_changes(bson.encode(left), bson.encode(dict.fromkeys(left, "y\x1b[2J")))
    assert len(found) == MOST_FIELDS
    for one in found:
        assert one.left is not None
        assert one.right is not None
        assert len(one.left) < 3_000
        assert one.right.isprintable()
    assert all(one.path.isprintable() for one in field_changes(bson.encode({"a\x1b": 1}), bson.encode({})))


def test_a_name_that_stands_twice_is_paired_with_its_like() -> None:
    twice = pack(2 * b"\x08a\x00\x01")
    other = pack(b"\x08a\x00\x01\x08a\x00\x00")
    assert field_changes(twice, other) == (FieldChange("a", FieldKind.CHANGED, "true", "false"),)
    assert len(list(elements(twice))) == 2


@pytest.mark.parametrize("broken", [pack(b"\x42a\x00"), b"", bytes(20)])
def test_what_is_no_document_is_one_change(broken: bytes) -> None:
    (one,) = field_changes(broken, bson.encode({}))
    assert "cannot be read" in str(one.left)
