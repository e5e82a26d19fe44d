import json

import pytest

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.strict_json import MAX_NUMBER, Node, ascii_text, canonical, canonical_pieces, read


@pytest.mark.rule(24, "canonical bytes")
def test_canonical_form_is_ascii_sorted_and_ends_with_a_newline() -> None:
    assert canonical({"b": [1], "a": "é"}) == b'{\n "a": "\\u00e9",\n "b": [\n  1\n ]\n}\n'


def test_the_pieces_of_a_large_value_are_its_canonical_form() -> None:
    value = {"b": [{"x": number, "a": None} for number in range(5_000)], "a": ()}
    pieces = list(canonical_pieces(value))
    assert len(pieces) > 2
    assert "".join(pieces).encode() == canonical(value)
    assert canonical(value) == json.dumps(value, sort_keys=True, indent=1).encode() + b"\n"


def test_what_is_no_value_of_json_is_not_written() -> None:
    with pytest.raises(TypeError, match="set is no value"):
        canonical({"a": set()})


def test_a_list_that_is_taken_lets_go_of_its_values() -> None:
    values: list[object] = [1, 2]
    assert [node.number() for node in Node(values, "file").taken()] == [1, 2]
    assert values == [None, None]


@pytest.mark.parametrize(
    "content", [b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b"1.0", b"NaN", b"-Infinity", b"", b"\xff"]
)
def test_what_two_readers_could_take_differently_is_refused(content: bytes) -> None:
    with pytest.raises(PackageDamaged, match="not JSON as tui-migrate writes it"):
        read(ascii_text(content, "file"), "file")


@pytest.mark.parametrize("value", [True, "1", None, -1, MAX_NUMBER + 1, []])
def test_only_whole_numbers_within_bounds_are_numbers(value: object) -> None:
    with pytest.raises(PackageDamaged, match="file, count: a whole number"):
        Node(value, "file", "count").number()
    assert Node(MAX_NUMBER, "file").number() == MAX_NUMBER
