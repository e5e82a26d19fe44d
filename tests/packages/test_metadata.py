import json
import tracemalloc
from dataclasses import replace
from typing import Any

import bson
import pytest
from bson import Decimal128, Int64, Regex
from bson.datetime_ms import DatetimeMS
from hypothesis import given, settings

from tui_migrate.documents import pack
from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages.metadata import MAX_METADATA, from_json, to_json
from tui_migrate.stores.base import CollectionInfo, CollectionKind

from .samples import DATA, ID_INDEX, NO_OPTIONS, documents, info

SAMPLES = sorted((DATA / "mongodump").glob("*.metadata.json"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: str(path.name))
def test_what_mongodump_wrote_is_read_and_written_the_same(sample: object) -> None:
    content = (DATA / "mongodump" / str(sample)).read_bytes()
    assert to_json(from_json(content, "sample")) == content


def test_the_samples_are_there_and_mean_what_they_say() -> None:
    read = {(found := from_json(path.read_bytes(), path.name)).name: found for path in SAMPLES}
    assert len(read) == 8
    assert read["recent"].kind is CollectionKind.VIEW
    assert read["events"].kind is CollectionKind.CAPPED
    assert not read["names_fr"].simple_order
    assert read["users"].simple_order
    assert read["users"].options == NO_OPTIONS
    assert read["users"].indexes[0] == ID_INDEX
    assert read["users"].uuid == bytes.fromhex("e116e3e75862483192aad284b70cbcd9")
    assert bson.decode(read["events"].options) == {"capped": True, "size": 1048576, "max": 1000}


@settings(derandomize=True, deadline=None)
@given(documents, documents)
def test_options_and_indexes_come_back_to_the_byte_or_are_refused(options: bytes, index: bytes) -> None:
    given_info = CollectionInfo("users", CollectionKind.TIMESERIES, options, (index, ID_INDEX))
    try:
        content = to_json(given_info)
    except Refused:
        assert "$" in repr(bson.decode(options)) + repr(bson.decode(index))
    else:
        assert replace(from_json(content, "users"), simple_order=True) == given_info


def test_types_that_look_alike_stay_apart() -> None:
    options: dict[str, Any] = {
        "a": 1,
        "b": Int64(1),
        "c": 1.0,
        "d": Decimal128("1.00"),
        "e": -0.0,
        "f": bson.Binary(bytes(16), 4),
        "g": bson.Binary(b"x", 128),
        "h": DatetimeMS(2**60),
        "i": Regex("^a", "i"),
        "validator": {"name": {"$regex": "^a", "$options": "i"}, "mail": {"$regex": "@"}, "age": {"$type": "int"}},
    }
    given_info = info(**options)
    text = to_json(given_info)
    assert from_json(text, "users") == given_info
    assert b'{"$regex":"^a","$options":"i"}' in text
    assert b'{"$regularExpression":{"pattern":"^a","options":"i"}}' in text


@pytest.mark.parametrize(
    "options",
    [
        pack(b"\x06a\x00"),  # undefined
        pack(b"\x0ea\x00\x02\x00\x00\x00x\x00"),  # symbol
        pack(b"\x10a\x00\x01\x00\x00\x00\x10a\x00\x02\x00\x00\x00"),  # one name twice
        pack(b"\x02a\x00\x02\x00\x00\x00\xff\x00"),  # no UTF-8
        b"\x05\x00\x00\x00",
    ],
)
def test_options_that_would_change_are_refused(options: bytes) -> None:
    with pytest.raises(Refused, match="users"):
        to_json(replace(info(), options=options))


def test_a_missing_uuid_is_left_out_as_mongodump_does() -> None:
    content = to_json(replace(info(), uuid=None))
    assert "uuid" not in json.loads(content)
    assert from_json(content, "users").uuid is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"indexes":[]}',
        b'{"indexes":[],"collectionName":"a","type":"collection","more":1}',
        b'{"indexes":[],"collectionName":"a","type":"capped"}',
        b'{"indexes":[],"collectionName":"a","type":"table"}',
        b'{"indexes":[],"collectionName":"","type":"view"}',
        b'{"indexes":[1],"collectionName":"a","type":"view"}',
        b'{"indexes":"ab","collectionName":"a","type":"view"}',
        b'{"indexes":[],"collectionName":"a","type":"view","uuid":"00"}',
        b'{"indexes":[],"collectionName":"a","type":"view","uuid":"' + b"A" * 32 + b'"}',
        b'{"indexes":[],"collectionName":"a","collectionName":"b","type":"view"}',
        b'{"indexes":[],"options":7,"collectionName":"a","type":"view"}',
        b'{"indexes":[],"options":{"a":{"$oid":"zz"}},"collectionName":"a","type":"view"}',
        b'{"indexes":[],"options":{"a":{"$numberDecimal":"x"}},"collectionName":"a","type":"view"}',
        b'{"indexes":[],"options":{"a":{"$numberLong":"' + b"9" * 40 + b'"}},"collectionName":"a","type":"view"}',
        b'{"options":' * 5000,
        b"\xff",
        b'{"indexes":[],"options":{"a":NaN},"collectionName":"a","type":"view"}',
        b'{"indexes":[],"options":{"a":-Infinity},"collectionName":"a","type":"view"}',
        b'{"indexes":[],"options":{"a":1e999},"collectionName":"a","type":"view"}',
    ],
)
def test_broken_metadata_is_damage(content: bytes) -> None:
    with pytest.raises(PackageDamaged, match="here"):
        from_json(content, "here")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"indexes":[], "\xc3\xbc" ]', "no JSON at byte 20"),
        (b'{"a": "\xff"}', "no UTF-8 at byte 7"),
        (b'{"options":' * 5000, "nested too deeply"),
        (b'{"indexes":[],"collectionName":"a","type":"view","uuid":"zz"}', "uuid is not 32 hex digits"),
        (b'{"indexes":[],"collectionName":"a","type":"vie"}', "the type is unknown"),
        (b'{"options":{"viewOn":"b"},"indexes":[],"collectionName":"a","type":"collection"}', "options have viewOn"),
        (b'{"options":{"viewOn":"b"},"indexes":[],"collectionName":"a","type":"timeseries"}', "which makes a view"),
        (
            b'{"options":{"timeseries":{}},"indexes":[],"collectionName":"a","type":"collection"}',
            "which makes a timeser",
        ),
        (b'{"indexes":[],"options":{"a":{"$oid":"zz"}},"collectionName":"a","type":"view"}', "none that Extended JSON"),
        (b'{"indexes":[{"v":NaN}],"collectionName":"a","type":"view"}', "NaN is no number"),
    ],
)
def test_what_is_wrong_is_said_in_our_words_and_with_its_place(content: bytes, told: str) -> None:
    with pytest.raises(PackageDamaged, match=told):
        from_json(content, "here")


@pytest.mark.parametrize(
    "content",
    [
        b'{"indexes":[' + b"{}," * 100_000 + b"{}]}",
        b'{"options":{"a":[' + b"0," * 8_000_000 + b"0]}}",
        b'{"options":{"a":"' + b"x" * MAX_METADATA + b'"}}',
    ],
)
def test_what_metadata_takes_of_memory_is_bounded(content: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(PackageDamaged, match=r"more than 100,000 values|larger than 16,777,216 bytes"):
            from_json(content, "here")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
