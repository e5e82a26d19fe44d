import pytest

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.strict_json import MAX_NUMBER, Node, canonical, read


@pytest.mark.rule(24, "canonical bytes")
def test_canonical_form_is_ascii_sorted_and_ends_with_a_newline() -> None:
    assert canonical({"b": [1], "a": "é"}) == b'{\n "a": "\\u00e9",\n "b": [\n  1\n ]\n}\n'


@pytest.mark.parametrize(
    "content", [b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b"1.0", b"NaN", b"-Infinity", b"", b"\xff"]
)
def test_what_two_readers_could_take_differently_is_refused(content: bytes) -> None:
    with pytest.raises(PackageDamaged, match="not JSON as tui-migrate writes it"):
        read(content, "file")


@pytest.mark.parametrize("value", [True, "1", None, -1, MAX_NUMBER + 1, []])
def test_only_whole_numbers_within_bounds_are_numbers(value: object) -> None:
    with pytest.raises(PackageDamaged, match="file, count: a whole number"):
        Node(value, "file", "count").number()
    assert Node(MAX_NUMBER, "file").number() == MAX_NUMBER
