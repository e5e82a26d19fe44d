from collections.abc import Callable

import bson
import pytest
from bson import Code, Decimal128, Int64, MaxKey, MinKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.suites.bson_values import documents as any_documents
from tui_migrate.documents import MAX_DEPTH, pack
from tui_migrate.errors import MalformedDocument
from tui_migrate.packages import validity
from tui_migrate.packages.validity import IdOrder, walk

from .samples import documents


@settings(derandomize=True, deadline=None)
@given(documents)
def test_what_bson_writes_is_well_formed(document: bytes) -> None:
    walk(document)


@settings(derandomize=True, deadline=None)
@given(documents, st.data())
def test_broken_bytes_are_told_and_nothing_worse(document: bytes, data: st.DataObject) -> None:
    broken = bytearray(document)
    broken[data.draw(st.integers(0, len(broken) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        walk(bytes(broken))
        IdOrder().fault(bytes(broken))
    except MalformedDocument:
        pass


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\x05\0\0\0\1",
        pack(b"\x02a\0\x02\0\0\0xy"),
        pack(b"\x03a\0" + pack(b"\x02b\0\x02\0\0\0xy")),
        pack(b"\x04a\0\x05\0\0\0\1"),
        pack(b"\x0fa\0\x05\0\0\0\0"),
        pack(b"\x0fa\0\x0e\0\0\0\x09\0\0\0x\0\x05\0\0\0\0"),
        pack(b"\x0fa\0\x0f\0\0\0\x02\0\0\0xy\x05\0\0\0\0"),
        pack(b"\x0ca\0\x02\0\0\0xy" + bytes(12)),
        pack(b"\x20a\0"),
        pack(b"\x08a\0\2"),
        pack(b"\x03a\0" + pack(b"\x08a\0\xff")),
    ],
)
def test_a_malformed_document_is_told(document: bytes) -> None:
    with pytest.raises(MalformedDocument):
        walk(document)


def test_code_with_scope_and_dbpointer_are_walked() -> None:
    walk(bson.encode({"a": Code("x", {"y": [1, {"z": "t"}]})}))
    walk(pack(b"\x0ca\0\x02\0\0\0x\0" + bytes(12)))


def test_depth_is_bounded() -> None:
    document = pack(b"")
    for _ in range(MAX_DEPTH):
        document = pack(b"\x03a\0" + document)
    walk(document)
    with pytest.raises(MalformedDocument, match="nested deeper"):
        walk(pack(b"\x03a\0" + document))


def faults(*ids: object) -> list[str]:
    order = IdOrder()
    return [order.fault(bson.encode({"_id": identifier})) for identifier in ids]


def test_ids_ascend_across_types() -> None:
    assert faults(MinKey(), None, -1, 0.5, Int64(1), "a", {"a": 1}, MaxKey()) == [""] * 8


@pytest.mark.rule(7, "dedupe by value")
def test_equal_ids_are_duplicates_whatever_their_type() -> None:
    assert faults(1, 1.0, Decimal128("1.00"), 2) == ["", "id_duplicate", "id_duplicate", ""]
    assert faults("b", "a") == ["", "id_order"]
    assert IdOrder().fault(bson.encode({"a": 1})) == "id_missing"


@pytest.mark.parametrize("kind", [b"\x04_id\0" + pack(b""), b"\x06_id\0", b"\x0b_id\0a\0\0"])
def test_an_id_that_no_server_takes_is_told(kind: bytes) -> None:
    assert IdOrder().fault(pack(kind)) == "id_forbidden"


@pytest.mark.parametrize("nested", [b"\x03\0", b"\x04\0", None])
def test_depth_is_bounded_however_little_a_level_takes(nested: bytes | None) -> None:
    document = pack(b"")
    for _ in range(MAX_DEPTH + 1):
        code = b"\1\0\0\0\0" + document
        document = pack(nested + document if nested else b"\x0f\0" + (len(code) + 4).to_bytes(4, "little") + code)
    with pytest.raises(MalformedDocument, match="nested deeper"):
        walk(document)


def verdict(judge: Callable[[bytes], object], document: bytes) -> str:
    try:
        judge(document)
    except MalformedDocument as error:
        return error.message
    return ""


@settings(max_examples=300, derandomize=True, deadline=None)
@given(any_documents, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3), st.integers(0, 3))
def test_the_quick_look_says_what_the_slow_one_says(document: bytes, hits: list[tuple[int, int]], cut: int) -> None:
    broken = bytearray(document)
    for at, value in hits:
        if at < len(broken):
            broken[at] = value
    content = bytes(broken[: len(broken) - cut])
    assert verdict(walk, content) == verdict(lambda one: validity._walk(one, 0, len(one), 0), content)


def test_the_quick_look_is_what_usual_documents_pass() -> None:
    usual = bson.encode({"_id": 1, "a": [1.5, None, {"b": "x" * 200}], "c": b"\x00", "d": True, "e": {}})
    assert validity._is_written_alike(usual)
    large = bson.encode({"_id": 1, "a": [1.5, None, {"b": "x" * 300_000}], "c": b"\x00", "e": {}})
    assert not validity._is_written_alike(large)
    assert validity._is_plainly_sound(large, 0, len(large), 0)
