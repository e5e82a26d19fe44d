from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.errors import InvalidFile, UsageError
from tui_migrate.packages.types import yaml_form
from tui_migrate.packages.types.model import FieldType, Inference, InferredField, TypePlan, ValueType
from tui_migrate.packages.types.paths import under

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
fields = st.builds(
    lambda collection, name, kind, count, more, example: InferredField(
        collection, under("", name), kind, count, count + more, (example,)
    ),
    names,
    names,
    st.sampled_from(ValueType),
    st.integers(1, 10**6),
    st.integers(0, 1),
    names,
)


@given(some=st.lists(fields, max_size=6, unique_by=lambda one: (one.collection, one.path)))
def test_what_is_written_is_read_again(some: list[InferredField]) -> None:
    inference = Inference(tuple(sorted(some, key=lambda one: one.collection)))
    plan = yaml_form.from_yaml(yaml_form.to_yaml(inference), "plan.yaml")
    assert len(plan.fields) == len(some)
    for one in inference.fields:
        kind = one.type if one.is_sure else ValueType.AS_WRITTEN
        assert FieldType(one.collection, one.path, kind) in plan.fields


def test_counts_and_examples_stand_beside_each_field() -> None:
    text = yaml_form.to_yaml(
        Inference(
            (
                InferredField("users", "made", ValueType.DATE, 1200, 1200, ("2025-11-01 10:00:00",)),
                InferredField("users", "owner", ValueType.OBJECT_ID, 3, 4, ("0123456789abcdef01234567",)),
            )
        )
    )
    assert '"made": date  # all 1,200, such as 2025-11-01 10:00:00\n' in text
    assert '"owner": as_written  # 3 of 4 look like object_id, such as 0123456789abcdef01234567\n' in text


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("collections:\n  users:\n    a: dates\n", 3, "none of"),
        ("collections:\n  users:\n    a[: date\n", 3, "path"),
        ("collections:\n  users:\n    a: date\n    a: date\n", 4, "twice"),
        ("collections:\n  users: date\n", 2, "mapping"),
        ("types: {}\n", 1, "unknown"),
        ("", 1, "empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(InvalidFile, match=what) as caught:
        yaml_form.from_yaml(text, "plan.yaml")
    assert caught.value.line == line


def test_a_file_is_written_for_the_owner_alone_and_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    yaml_form.write(Inference(()), path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert yaml_form.load(path) == TypePlan()
    with pytest.raises(UsageError):
        yaml_form.load(tmp_path / "none.yaml")
