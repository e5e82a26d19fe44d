import json
import struct

import bson
import pytest
from bson import json_util
from hypothesis import example, given

from tests.suites.bson_values import documents as any_documents
from tests.suites.bson_values import encode
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId, pack
from tui_migrate.findings import Severity
from tui_migrate.packages.json_forms.build import DocumentBuilder
from tui_migrate.packages.json_forms.fitness import unfit
from tui_migrate.packages.json_forms.tree import tree_of
from tui_migrate.packages.json_forms.values import parse_text
from tui_migrate.packages.types.apply import Rule


def built(json_text: bytes) -> bytes:
    builder = DocumentBuilder(Rule())
    document = parse_text(json_text, "f", 0)
    assert isinstance(document, dict)
    made = builder.build(document)
    assert builder.faults == []
    return made


@given(document=any_documents)
@example(document=pack(b"\x01f\x00" + struct.pack("<d", -0.0)))
@example(document=pack(b"\x05b\x00\x09\x00\x00\x00\x02\x05\x00\x00\x00hello"))
def test_what_is_said_to_be_kept_is_kept_byte_for_byte_and_nothing_else_is_written(document: bytes) -> None:
    if unfit(document) is None:
        assert built(json.dumps(tree_of(document)).encode()) == document


def scalar(kind: int, value: bytes) -> bytes:
    return encode({"v": RawId(bytes((kind,)) + value)})


KEPT = [
    encode({"v": int32(1)}),
    scalar(0x12, struct.pack("<q", 1)),
    scalar(0x12, struct.pack("<q", -(2**63))),
    scalar(0x01, struct.pack("<d", float("inf"))),
    scalar(0x01, struct.pack("<d", float("nan"))),
    scalar(0x06, b""),
    scalar(0x7F, b""),
    scalar(0xFF, b""),
    scalar(0x09, struct.pack("<q", 2**62)),
    scalar(0x11, struct.pack("<II", 7, 2**32 - 1)),
    scalar(0x05, b"\x01\x00\x00\x00\x80\xff"),
    scalar(0x0B, b"a/b\x00ix\x00"),
    scalar(0x0E, text("symbol")[1:]),
    scalar(0x0C, text("db.c")[1:] + bytes(range(12))),
    scalar(0x13, bytes.fromhex("0100000000000000000000000000403000"[:32])),
    bson.encode({"d": {"$ref": "c", "$id": 1}, "q": {"$regex": "a", "$options": "i"}, "o": {"$or": [{"a": 1}]}}),
    bson.encode({"$oid": "0" * 24, "_id": 1}),
]


@pytest.mark.parametrize("document", KEPT)
def test_every_type_is_kept(document: bytes) -> None:
    assert unfit(document) is None
    assert built(json.dumps(tree_of(document)).encode()) == document


NOT_KEPT = [
    bson.encode({"_id": 7, "v": {"$oid": "0" * 24}}),
    bson.encode({"_id": 7, "v": {"$numberInt": "1"}}),
    bson.encode({"_id": 7, "v": {"$oid": "no"}}),
    pack(b"\x10_id\x00\x07\x00\x00\x00\x01v\x00" + bytes.fromhex("010000000000f87f")),
    pack(b"\x10_id\x00\x07\x00\x00\x00\x02v\x00\x02\x00\x00\x00\xff\x00"),
    pack(b"\x10_id\x00\x07\x00\x00\x00\x0av\x00\x0av\x00"),
    pack(b"\x10_id\x00\x07\x00\x00\x00\x04v\x00" + pack(b"\x0a1\x00")),
    pack(b"\x10_id\x00\x07\x00\x00\x00\x08v\x00\x02"),
    pack(b"\x10_id\x00\x07\x00\x00\x00\x13v\x00" + b"\xff" * 15 + b"\x6f"),
]


@pytest.mark.parametrize("document", NOT_KEPT)
def test_what_cannot_be_kept_is_said_with_its_document_and_field(document: bytes) -> None:
    reason = unfit(document)
    assert reason is not None
    assert "_id 7" in reason
    assert "'v'" in reason


@pytest.mark.parametrize("relaxed", [False, True])
def test_extended_json_of_mongodb_is_read(relaxed: bool) -> None:
    document = bson.encode(
        {
            "oid": bson.ObjectId(b"a" * 12),
            "long": bson.Int64(5),
            "double": 2.5,
            "decimal": bson.Decimal128("1.50"),
            "date": bson.decode(scalar(0x09, struct.pack("<q", 1_000_123)))["v"],
            "old": bson.decode(scalar(0x09, struct.pack("<q", -5)))["v"],
            "binary": bson.Binary(b"\x00\xff", 128),
            "code": bson.Code("f()"),
            "scoped": bson.Code("f()", {"a": 1}),
            "regex": bson.Regex("^a", "i"),
            "time": bson.Timestamp(5, 6),
            "min": bson.MinKey(),
            "max": bson.MaxKey(),
        }
    )
    options = json_util.RELAXED_JSON_OPTIONS if relaxed else json_util.CANONICAL_JSON_OPTIONS
    found = bson.decode(built(json_util.dumps(bson.decode(document), json_options=options).encode()))
    expected = bson.decode(document)
    if relaxed:
        expected["long"] = 5
    assert found == expected


@pytest.mark.parametrize(
    "value",
    [
        {"$oid": "xyz"},
        {"$date": "yesterday"},
        {"$date": 2**70},
        {"$date": {"$numberLong": "12 "}},
        {"$numberLong": "9223372036854775808"},
        {"$numberInt": 5},
        {"$numberDecimal": "1_0"},
        {"$numberDecimal": "1" * 35},
        {"$binary": {"base64": "a", "subType": "00"}},
        {"$binary": {"base64": "YQ==", "subType": "zz"}},
        {"$timestamp": {"t": -1, "i": 0}},
        {"$minKey": True},
        {"$undefined": 1},
        {"$regularExpression": {"pattern": "\0", "options": ""}},
        {"$uuid": "1"},
        {"$code": "x", "$scope": 5},
    ],
)
def test_a_wrapper_with_another_content_is_a_fault_with_its_field(value: object) -> None:
    builder = DocumentBuilder(Rule())
    builder.build({"a": [{"b": value}]})
    (fault,) = builder.faults
    assert (fault.code, fault.path, fault.severity) == ("extended_json", "a[].b", Severity.ERROR)
