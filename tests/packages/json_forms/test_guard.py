import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packages.json_forms.samples import TextContent
from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.content import Content, Stream
from tui_migrate.packages.json_forms import guard
from tui_migrate.packages.json_forms.guard import JsonCursor, Piece
from tui_migrate.packages.json_forms.values import RoundedNumber, parse_text
from tui_migrate.packages.limits import USUAL, Limits

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def cursor(text: bytes, limits: Limits = USUAL) -> JsonCursor:
    return JsonCursor(TextContent(text), limits)


def pieces(content: Content, limits: Limits = USUAL) -> list[Piece]:
    """The documents of `{"c": [...]}`."""
    reading = JsonCursor(content, limits)
    found = [reading.value() for _ in reading.members() for _ in reading.elements()]
    reading.finish()
    return found


def parsed(text: bytes) -> list[object]:
    return [parse_text(one.text, "text.json", one.offset) for one in pieces(TextContent(text))]


@given(documents=st.lists(values, max_size=5), indent=st.none() | st.integers(0, 3), chunk=st.integers(1, 40))
def test_every_value_is_cut_out_at_its_offset_whatever_the_size_of_what_is_read(
    documents: list[object], indent: int | None, chunk: int
) -> None:
    text = json.dumps({"c": documents}, indent=indent, ensure_ascii=False).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "CHUNK", chunk)
        found = pieces(TextContent(text))
        assert [json.loads(one.text) for one in found] == documents
        assert all(text[one.offset :].startswith(one.text) for one in found)
        again = JsonCursor(TextContent(text), USUAL)
        for one in reversed(found):
            again.go_to(one.offset)
            assert again.value() == one
        for is_read in (True, False):
            over = cursor(text)
            over.pass_over() if is_read else over.skip()
            over.finish()


@given(value=values)
def test_what_json_writes_is_read_as_json_reads_it(value: object) -> None:
    assert parse_text(json.dumps(value).encode(), "f", 0) == value


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\r\n\t "])
def test_a_bom_and_lines_that_end_in_two_characters_are_passed_over(start: bytes) -> None:
    text = start + b'{"c":\r\n[1,\r\n{"a":\r\n2}\r\n]\r\n}\r\n'
    assert [one.text for one in pieces(TextContent(text))] == [b"1", b'{"a":\r\n2}']


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_refused_by_name(encoding: str) -> None:
    with pytest.raises(PackageDamaged, match=encoding[:6].upper()):
        cursor('{"c": []}'.encode(encoding)).value()


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        (b"", 0),
        (b'{"c": [1 2]}', 9),
        (b'{"c": [1,]}', 9),
        (b'{"c": [,1]}', 7),
        (b'{"c" [1]}', 5),
        (b"{c: []}", 1),
        (b'{"c": [1], "c": []}', 11),
        (b'{"c": [1]} x', 11),
        (b'{"c": [1]', 9),
        (b'{"c": [{"a": 1', 7),
        (b'{"c": ["a', 7),
        (b'{"c": [{"a": [1}]}', 15),
        (b'{"c": [[{1]]]}', 10),
        (b'{"c": [' + b"9" * 5000 + b"]}", 7),
        (b'{"\xff": []}', 2),
    ],
)
def test_what_is_no_json_is_named_with_its_offset(text: bytes, offset: int) -> None:
    with pytest.raises(PackageDamaged, match=f"text.json, byte {offset}: "):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "offset", "what"),
    [
        (b'{"a": 1, "b": {"x": [{"a": 1}], "\\u0061": 2, "a": 3}}', 45, "twice"),
        (b'{"a": "\\ud800"}', 7, "half"),
        (b'{"a": "\\\\\\udfff"}', 9, "half"),
        (b'{"a": "\\ud83d\\ude00\\ud83d"}', 19, "half"),
        (b'{"a": "\xed\xa0\x80"}', 7, "UTF-8"),
        (b'{"a": "\n"}', 7, "JSON"),
        (b'{"a": 01}', 7, "JSON"),
        (b'{"a": nul}', 6, "JSON"),
        (b'{"a": ' + b"1" * 4500 + b"}", 0, "read"),
    ],
)
def test_what_a_document_may_not_hold_is_named_with_its_offset(text: bytes, offset: int, what: str) -> None:
    with pytest.raises(PackageDamaged, match=f"f, byte {offset + 100}: .*{what}"):
        parse_text(text, "f", 100)


def test_escaped_pairs_and_backslashes_before_a_u_are_no_halves() -> None:
    assert parse_text(b'"\\ud83d\\ude00 \\\\ud800"', "f", 0) == "😀 \\ud800"


def test_numbers_that_are_not_json_are_read_and_those_that_are_rounded_are_known() -> None:
    found = parse_text(b"[NaN, Infinity, -Infinity, 1.10, 1e5, 0.1, 1e999, 1.00000000000000000001]", "f", 0)
    assert isinstance(found, list)
    assert str(found[:3]) == "[nan, inf, -inf]"
    assert [isinstance(one, RoundedNumber) for one in found[3:]] == [False, False, False, True, True]


def test_what_is_skipped_may_have_any_number_of_keys_of_any_length_and_any_size() -> None:
    inner = b",".join(b'"%d":[{"a":1}]' % one for one in range(300))
    text = b'{"' + b"k" * 5000 + b'":{' + inner + b'},"l":[' + b"[1],{}," * 60_000 + b"0]}"
    limits = Limits(entries=100)
    over = cursor(text, limits)
    over.skip()
    over.finish()
    for broken in (text[:-3] + b",0]}", text[:-1], text[:-3] + b"0 1]}", text.replace(b'"l":', b'"l" ')):
        with pytest.raises(PackageDamaged):
            cursor(broken, limits).skip()


def test_ten_thousand_levels_are_refused_where_they_pass_the_limit() -> None:
    text = b'{"c": [' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"]}"
    with pytest.raises(PackageDamaged, match=rf"byte {7 + 5 * 180 + 1}: .*deeper than 180"):
        pieces(TextContent(text))


class Endless:
    """A string that does not end, made as it is read."""

    name = "endless.json"

    def __init__(self, start: bytes, filling: bytes, size: int) -> None:
        self._start, self._filling, self._size = start, filling, size
        self.given = 0

    def open(self, offset: int = 0) -> Stream:
        assert offset == 0
        return self

    def read(self, size: int, /) -> bytes:
        if self._start:
            start, self._start = self._start, b""
            return start
        size = min(size, self._size - self.given)
        self.given += size
        return (self._filling * (size // len(self._filling) + 1))[:size]

    def close(self) -> None:
        pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "filling"),
    [
        (b'{"c": [{"a": "', b"x"),
        (b'{"c": [{"a": "', b'\\"'),
        (b'{"', b"x"),
        (b'{"c": [', b"1"),
        (b'{"c": [[', b"1,"),
        (b'{"c": [[', b"[],"),
        (b'{"c": [{"a": ', b" "),
    ],
)
def test_a_value_of_a_gigabyte_is_refused_and_never_held(start: bytes, filling: bytes) -> None:
    content = Endless(start, filling, 1024**3)
    with pytest.raises(PackageDamaged):
        pieces(content)
    assert content.given <= 80 * 1024**2


@pytest.mark.parametrize(
    ("text", "least"), [(b'["a,b" ,1, "\\\\",2,"\\",,"]', 32), (b'{"a:b" : ":", "\\\\" :2,"d\\":e":4}', 42)]
)
def test_values_are_counted_outside_strings(text: bytes, least: int) -> None:
    assert cursor(text, Limits(document=least)).value().text == text
    with pytest.raises(PackageDamaged, match="more than"):
        cursor(text, Limits(document=least - 1)).value()
