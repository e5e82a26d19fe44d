from typing import Any

import pytest
from bson import encode
from hypothesis import given
from hypothesis import strategies as st

from tests.mapping.bson_values import DOCUMENTS, NAMES, plain, raw, values
from tui_migrate.documents import MAX_DEPTH, RawId, pack
from tui_migrate.errors import MalformedDocument
from tui_migrate.mapping.edit import Change, each_element, edit, plan_edits

MASK = raw("***")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)


def mask(_: RawId) -> RawId:
    return MASK


def drop(_: RawId) -> None:
    return None


def edited(document: bytes, *changes: tuple[str, Change]) -> dict[str, Any]:
    return plain(edit(document, plan_edits(changes)))


def test_a_value_is_set_and_another_left_out() -> None:
    document = values(_id=1, a="x", b=2, c={"d": 3, "e": 4})
    assert edited(document, ("a", mask), ("b", drop), ("c.d", drop)) == {"_id": 1, "a": "***", "c": {"e": 4}}


def test_arrays_are_gone_through_however_deep() -> None:
    document = values(a=[{"s": 1}, [{"s": 2}], 3, {"t": 4}])
    assert edited(document, ("a.s", mask)) == {"a": [{"s": "***"}, [{"s": "***"}], 3, {"t": 4}]}


def test_an_array_at_the_end_of_a_path_is_one_value() -> None:
    assert edited(values(a=[1, 2]), ("a", mask)) == {"a": "***"}


def test_each_element_changes_what_is_in_an_array() -> None:
    assert edited(values(a=[1, [2]], b=3), ("a", each_element(mask)), ("b", each_element(mask))) == {
        "a": ["***", ["***"]],
        "b": "***",
    }


def test_an_element_that_is_left_out_leaves_a_null_in_its_place() -> None:
    assert edited(values(a=[1, 2, 3]), ("a.1", drop)) == {"a": [1, None, 3]}
    assert edited(values(a=[1]), ("a", each_element(drop))) == {"a": [None]}


def test_changes_at_one_path_follow_each_other() -> None:
    seen: list[RawId] = []

    def look(value: RawId) -> RawId:
        seen.append(value)
        return value

    edit(values(a=1), plan_edits([("a", mask), ("a", look), ("a", drop), ("a", look)]))
    assert seen == [MASK]


def test_every_field_of_a_name_that_stands_twice_is_changed() -> None:
    field = values(a=1)[4:-1]
    assert edit(pack(field + field), plan_edits([("a", mask)])) == pack(2 * values(a="***")[4:-1])


def test_a_document_without_the_field_stays_the_very_same() -> None:
    document = values(_id=1, b={"a": 1})
    assert edit(document, plan_edits([("a", mask), ("b.c", drop), ("_id.x", drop)])) is document


def test_too_deep_a_document_is_refused() -> None:
    array = pack(b"")
    for _ in range(MAX_DEPTH + 2):
        array = pack(b"\x040\x00" + array)
    document = pack(b"\x04a\x00" + array)
    for change in (("a.b", mask), ("a", each_element(mask))):
        with pytest.raises(MalformedDocument):
            edit(document, plan_edits([change]))


@given(DOCUMENTS, PATHS)
def test_editing_is_what_editing_python_values_is(document: dict[str, Any], path: str) -> None:
    assert edited(encode(document), (path, mask)) == plain(encode(_masked(document, path.split("."))))


@given(DOCUMENTS, PATHS)
def test_all_other_bytes_stay(document: dict[str, Any], path: str) -> None:
    content = encode(document)
    masked = edit(content, plan_edits([(path, mask)]))
    assert edit(masked, plan_edits([(path, mask)])) == masked
    assert masked == encode(_masked(document, path.split(".")))


def _masked(value: Any, path: list[str]) -> Any:
    if not path:
        return "***"
    if isinstance(value, list):
        return [_masked(one, path) if isinstance(one, (dict, list)) else one for one in value]
    if isinstance(value, dict):
        return {
            name: _masked(one, path[1:]) if name == path[0] and _goes(one, path) else one for name, one in value.items()
        }
    return value


def _goes(value: Any, path: list[str]) -> bool:
    return len(path) == 1 or isinstance(value, (dict, list))
