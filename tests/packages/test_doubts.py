import bson
import pytest
from bson import Int64, Regex
from hypothesis import given, settings

from tests.packages.samples import documents
from tui_migrate.documents import pack
from tui_migrate.findings import Severity
from tui_migrate.packages import doubts as module
from tui_migrate.packages.doubts import doubts
from tui_migrate.packages.validity import walk

ONE = b"\x10a\0\1\0\0\0"
BAD = b"\2\0\0\0\xff\0"
WITH_SCOPE = pack(b"\x0fa\0" + (18).to_bytes(4, "little") + BAD + pack(b"\x0ab\0"))


@settings(derandomize=True, deadline=None)
@given(documents)
def test_nothing_is_odd_in_what_bson_writes(document: bytes) -> None:
    walk(document)
    assert list(doubts(document)) == []


@pytest.mark.parametrize(
    ("document", "code", "field"),
    [
        (pack(ONE + ONE), "key_twice", "the field a is"),
        (pack(b"\x03b\0" + pack(ONE + ONE)), "key_twice", "the field b.a is"),
        (pack(b"\x04b\0" + pack(b"\x030\0" + pack(ONE + ONE))), "key_twice", "the field b.0.a is"),
        (pack(b"\x02a\0" + BAD), "text_not_utf8", "the text of the field a"),
        (pack(b"\x0da\0" + BAD), "text_not_utf8", "the text of the field a"),
        (pack(b"\x0ea\0" + BAD), "text_not_utf8", "the text of the field a"),
        (pack(b"\x0ba\0\xff\0\0"), "text_not_utf8", "the text of the field a"),
        (pack(b"\x0ca\0" + BAD + bytes(12)), "text_not_utf8", "the text of the field a"),
        (WITH_SCOPE, "text_not_utf8", "the text of the field a"),
        (pack(b"\x04b\0" + pack(b"\x020\0" + BAD)), "text_not_utf8", "the text of the field b.0"),
        (pack(b"\x0a\xff\0"), "text_not_utf8", "the name of the field"),
    ],
)
def test_what_is_odd_is_a_warning_with_its_field(document: bytes, code: str, field: str) -> None:
    assert not walk(document)
    (found,) = doubts(document)
    assert (found.code, found.severity) == (code, Severity.WARNING)
    assert field in found.message


def test_large_documents_are_looked_at_as_well() -> None:
    document = pack(b"\x02t\0" + (300_001).to_bytes(4, "little") + b"x" * 300_000 + b"\0" + ONE + ONE)
    assert not walk(document)
    assert [one.code for one in doubts(document)] == ["key_twice"]


def test_a_second_id_is_an_error() -> None:
    document = bson.encode({"_id": 1})
    (found,) = doubts(pack(document[4:-1] * 2))
    assert (found.code, found.severity) == ("id_twice", Severity.ERROR)


def test_a_name_may_stand_in_several_documents_and_an_array_has_no_names() -> None:
    assert list(doubts(bson.encode({"a": {"a": {"a": 1}}, "b": [{"a": Int64(1)}, {"a": Regex("a")}]}))) == []
    assert list(doubts(pack(b"\x04a\0" + pack(b"\x0a0\0\x0a0\0")))) == []


def test_how_many_names_are_compared_is_bounded_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NAMES", 2)
    assert [one.code for one in doubts(bson.encode(dict.fromkeys("abc", 1)))] == ["keys_not_compared"]
