import json
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import bson
import pytest
from bson import Binary, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp

from tui_migrate.comparison.document_text import MAX_LINE, MAX_LINES, diff_lines, document_lines
from tui_migrate.documents import pack

EVERYTHING: dict[str, object] = {
    "_id": ObjectId("0123456789ab0123456789ab"),
    "zero": 0,
    "long": Int64(2),
    "double": 1.5,
    "decimal": Decimal128("1.00"),
    "text": "grün",
    "at": datetime(2026, 1, 2, tzinfo=UTC),
    "bytes": Binary(b"\x00\x01", 0),
    "uuid": Binary(bytes(16), 4),
    "regex": Regex("a.*", "i"),
    "stamp": Timestamp(3, 4),
    "none": None,
    "yes": True,
    "ends": [MinKey(), MaxKey()],
    "code": bson.Code("f()", {"x": 1}),
    "within": {"list": [1, [], {}]},
}


def whole(document: bytes) -> list[str]:
    lines, is_whole = document_lines(document)
    assert is_whole
    return lines


def test_every_type_reads_as_canonical_extended_json_in_its_stored_order() -> None:
    document = bson.encode(EVERYTHING)
    text = "\n".join(whole(document))
    read = bson.json_util.loads(text, json_options=bson.json_util.CANONICAL_JSON_OPTIONS)
    assert bson.encode(read) == document
    assert list(json.loads(text)) == list(EVERYTHING)


def test_a_uuid_reads_as_in_every_list() -> None:
    shown = whole(bson.encode({"_id": Binary(bytes.fromhex("36235f608c5742f2b8deda19f39d3ca7"), 4)}))
    assert shown[1] == '  "_id": {"$uuid": "36235f60-8c57-42f2-b8de-da19f39d3ca7"}'


def test_a_field_more_is_one_line_of_a_diff() -> None:
    first, second = (whole(bson.encode(one)) for one in ({"a": 1}, {"a": 1, "b": 2}))
    changed = [one for one in diff_lines(first, second, "x", "y") if one[0] in "+-"]
    assert changed[2:] == ['+  "b": {"$numberInt": "2"}']
    assert diff_lines(first, first, "x", "y") == []


def test_a_change_of_type_alone_is_a_difference() -> None:
    assert whole(bson.encode({"a": 1})) != whole(bson.encode({"a": Int64(1)}))


def test_nothing_can_act_on_the_terminal() -> None:
    text = "\n".join(whole(bson.encode({"a\x1b[2J": "b\x1b]0;c\x07\u202e"})))
    assert text.replace("\n", "").isprintable()
    assert "\u202e" not in text


@pytest.mark.parametrize(
    "fields",
    [
        lambda: {"a": [{"b": number} for number in range(600_000)]},
        lambda: {"a": "x" * 16_000_000},
        lambda: {"a": b"x" * 16_000_000},
        lambda: {str(number): number for number in range(900_000)},
    ],
    ids=["list", "text", "bytes", "fields"],
)
def test_the_largest_documents_are_cut_and_take_no_time(fields: Callable[[], dict[str, object]]) -> None:
    document = bson.encode(fields())
    began = time.thread_time()
    lines, is_whole = document_lines(document)
    assert time.thread_time() - began < 2
    assert len(lines) <= MAX_LINES
    assert is_whole == (len(lines) < MAX_LINES)
    assert max(map(len, lines)) < MAX_LINE + 200


def test_texts_that_differ_behind_the_cut_still_differ() -> None:
    first, second = (whole(bson.encode({"a": "x" * 5_000 + end})) for end in "yz")
    assert first != second


def test_what_cannot_be_decoded_is_shown_as_it_can() -> None:
    broken = pack(b"\x02a\x00" + struct.pack("<i", 3) + b"\xff\xfe\x00")
    assert '"a": "\\\\xff\\\\xfe"' in "\n".join(whole(broken))
    assert "cannot be read" in "\n".join(document_lines(pack(b"\x42a\x00"))[0])


def test_neither_the_app_nor_the_list_loads_bson() -> None:
    program = "import sys, tui_migrate.ui.app, tui_migrate.ui.screens.rollback_documents; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout.split()
    assert "tui_migrate.comparison.document_text" in loaded
    assert not {"bson", "pymongo"} & set(loaded)
