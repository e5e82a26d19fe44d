import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.packages.json_forms.build import DocumentBuilder
from tui_migrate.packages.types import infer
from tui_migrate.packages.types.apply import rule_of
from tui_migrate.packages.types.infer import MOST_EXAMPLE, Inferring
from tui_migrate.packages.types.model import FieldType, InferredField, TypePlan, ValueType
from tui_migrate.packages.types.paths import element_of, parts, under

OID = "0123456789abcdef01234567"
WHEN = "2025-11-01 10:00:00.123000"


def inferred(*documents: dict[str, object]) -> dict[str, InferredField]:
    looking = Inferring()
    for one in documents:
        looking.take("c", one)
    return {one.path: one for one in looking.result().fields}


def test_fields_are_counted_with_examples_wherever_they_stand() -> None:
    found = inferred(
        {"_id": OID, "a": {"when": WHEN}, "list": [OID, None, OID], "deep": [[{"x": OID}]]},
        {"_id": OID, "a": {"when": None}, "list": [], "deep": [[{"x": "no"}]]},
        {"_id": OID, "a": 5, "list": None, "n": "12.5", "t": "text", "w": {"$oid": OID}},
    )
    assert {path: (one.type, one.count, one.total) for path, one in found.items()} == {
        "_id": (ValueType.OBJECT_ID, 3, 3),
        "a.when": (ValueType.DATE, 1, 1),
        "list[]": (ValueType.OBJECT_ID, 2, 2),
        "deep[][].x": (ValueType.OBJECT_ID, 1, 2),
        "n": (ValueType.AS_WRITTEN, 1, 1),
    }
    assert found["a.when"].examples == (WHEN,)


def test_only_fields_of_which_every_value_fits_are_accepted_and_decimals_stay() -> None:
    looking = Inferring()
    looking.take("c", {"_id": OID, "mixed": OID, "n": "1.5"})
    looking.take("c", {"_id": OID, "mixed": 5, "n": "2"})
    assert looking.result().accepted() == TypePlan(
        (FieldType("c", "_id", ValueType.OBJECT_ID), FieldType("c", "n", ValueType.AS_WRITTEN))
    )


def test_a_field_that_is_now_a_decimal_and_now_a_text_is_a_text() -> None:
    assert inferred({"n": "1.5"}, {"n": "none"}) == {}


def test_examples_are_short_and_fit_for_a_terminal() -> None:
    (found,) = inferred({"b": str(b"\x1b" * 50)}).values()
    assert len(found.examples[0]) == MOST_EXAMPLE
    assert found.examples[0].isprintable()


def test_keys_that_are_data_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infer, "MOST_PATHS", 100)
    looking = Inferring()
    for number in range(300):
        looking.take("c", {f"key {number}": OID})
    assert len(looking.result().fields) == 100
    assert looking.left_out == "c"


@given(names=st.lists(st.none() | st.text(max_size=5), min_size=1, max_size=5).filter(lambda some: some[0] is not None))
def test_paths_come_back_whatever_the_names(names: list[str | None]) -> None:
    path = ""
    for name in names:
        path = element_of(path) if name is None else under(path, name)
    assert parts(path) == tuple(names)


@pytest.mark.parametrize("path", ["a[", "a]b", "a[]b", "a\\", "[]", "a[1]", "a\\b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        parts(path)


def test_a_plan_is_followed_and_what_does_not_fit_is_told_with_its_field() -> None:
    rule = rule_of({"a.b": ValueType.DATE, "list[]": ValueType.OBJECT_ID, "n": ValueType.DECIMAL})
    builder = DocumentBuilder(rule)
    builder.build({"a": {"b": WHEN}, "list": [OID, None, {"$oid": OID}], "n": 10**30})
    assert builder.faults == []
    builder.build({"a": {"b": "soon"}, "list": [OID, 5], "n": True})
    assert [(one.code, one.path) for one in builder.faults] == [
        ("type_misfit", "a.b"),
        ("type_misfit", "list[]"),
        ("type_misfit", "n"),
    ]
    assert "soon" in builder.faults[0].message
