import random
import struct
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import bson
import pytest
from bson import json_util
from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions
from bson.int64 import Int64
from bson.objectid import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from tests.suites.bson_values import documents, encode, names, values
from tests.suites.ids import OF_EVERY_TYPE, int32, text
from tui_migrate.documents import (
    MAX_DEPTH,
    RawId,
    canonical,
    content_hash,
    elements,
    has_empty_timestamp,
    id_filter,
    iterate,
    normalise,
    pack,
    raw_id,
    show_id,
    with_id,
    with_uuids,
)
from tui_migrate.errors import MalformedDocument
from tui_migrate.ordering import order_key

WALKERS: tuple[Callable[[bytes], object], ...] = (
    lambda one: list(iterate(one)),
    lambda one: list(elements(one)),
    raw_id,
    normalise,
    canonical,
    has_empty_timestamp,
    lambda one: [
        order_key(RawId(one[field.start : field.start + 1] + one[field.value : field.end])) for field in elements(one)
    ],
)


def _only_malformed(walk: Callable[[bytes], object], document: bytes) -> None:
    with suppress(MalformedDocument):
        walk(document)


@given(st.lists(documents, max_size=5))
def test_a_buffer_comes_apart_into_the_documents_it_was_made_of(parts: list[bytes]) -> None:
    assert list(iterate(b"".join(parts))) == parts


@given(st.lists(documents, min_size=1, max_size=3), st.data())
def test_a_buffer_that_is_cut_short_is_malformed_unless_cut_between_documents(
    parts: list[bytes], data: st.DataObject
) -> None:
    buffer = b"".join(parts)
    cut = data.draw(st.integers(0, len(buffer)))
    ends = {sum(map(len, parts[:count])) for count in range(len(parts) + 1)}
    if cut in ends:
        assert list(iterate(buffer[:cut])) == parts[: sorted(ends).index(cut)]
    else:
        with pytest.raises(MalformedDocument):
            list(iterate(buffer[:cut]))


def test_a_malformed_document_is_named_by_its_place_in_the_file() -> None:
    with pytest.raises(MalformedDocument, match="byte 105") as raised:
        list(iterate(pack(b"") + b"\x09\x00\x00\x00", base=100))
    assert raised.value.offset == 105


@given(documents, st.data())
def test_a_flipped_bit_or_a_cut_is_malformed_or_harmless(document: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(document) * 8 - 1))
    flipped = bytearray(document)
    flipped[place // 8] ^= 1 << place % 8
    for walk in WALKERS:
        _only_malformed(walk, bytes(flipped))
        _only_malformed(walk, document[: place // 8])


@given(st.binary(max_size=40))
def test_any_bytes_at_all_are_malformed_or_harmless(content: bytes) -> None:
    for walk in WALKERS:
        _only_malformed(walk, content)
        _only_malformed(walk, struct.pack("<i", len(content) + 5) + content + b"\x00")


@given(documents)
def test_the_fields_of_a_document_tile_it(document: bytes) -> None:
    position = 4
    for one in elements(document):
        assert one.start == position
        assert document[one.start] == one.kind
        assert document[one.start + 1 : one.value] == one.name + b"\x00"
        position = one.end
    assert position == len(document) - 1


@given(st.lists(st.tuples(names.filter(lambda name: name != "_id"), values), max_size=3), values, st.integers(0, 3))
def test_the_id_is_found_wherever_it_stands(fields: list[tuple[str, RawId]], identifier: RawId, place: int) -> None:
    document = encode(dict([*fields[:place], ("_id", identifier), *fields[place:]]))
    assert raw_id(document) == identifier
    normal = normalise(document)
    assert next(elements(normal)).name == b"_id"
    assert sorted(document) == sorted(normal)
    assert normalise(normal) == normal
    assert raw_id(normal) == identifier
    rest = [document[one.start : one.end] for one in elements(document) if one.name != b"_id"]
    assert [normal[one.start : one.end] for one in elements(normal)][1:] == rest


def test_a_document_without_id_has_none() -> None:
    assert raw_id(encode({"_i": int32(1), "_idd": int32(2)})) is None
    assert raw_id(pack(b"")) is None
    assert normalise(encode({"a": int32(1)})) == encode({"a": int32(1)})


@pytest.mark.parametrize("identifier", OF_EVERY_TYPE)
def test_an_id_that_ends_past_its_document_is_malformed(identifier: RawId) -> None:
    document = encode({"_id": identifier})
    for length in range(5, len(document) - 1):
        with pytest.raises(MalformedDocument):
            raw_id(struct.pack("<i", length + 1) + document[4:length] + b"\x00")


@given(documents, st.integers())
def test_the_canonical_form_knows_no_order_of_fields(document: bytes, seed: int) -> None:
    fields = [document[one.start : one.end] for one in elements(document)]
    random.Random(seed).shuffle(fields)
    assert canonical(pack(b"".join(fields))) == canonical(document)
    assert canonical(canonical(document)) == canonical(document)
    assert sorted(canonical(document)) == sorted(document)


def test_the_canonical_form_keeps_arrays_and_values() -> None:
    def array(*ids: RawId) -> RawId:
        return RawId(b"\x04" + encode({str(place): one for place, one in enumerate(ids)}))

    inner = encode({"b": int32(1), "a": int32(2)})
    swapped = encode({"a": int32(2), "b": int32(1)})
    assert canonical(encode({"x": array(RawId(b"\x03" + inner))})) == encode({"x": array(RawId(b"\x03" + swapped))})
    assert canonical(encode({"x": array(int32(2), int32(1))})) == encode({"x": array(int32(2), int32(1))})
    twelve = array(*(int32(-one) for one in range(12)))
    assert canonical(encode({"x": twelve})) == encode({"x": twelve})


def test_nesting_is_followed_to_a_limit() -> None:
    document = pack(b"")
    for _ in range(MAX_DEPTH):
        document = pack(b"\x03a\x00" + document)
    assert canonical(document) == document
    too_deep = pack(b"\x03a\x00" + document)
    with pytest.raises(MalformedDocument, match="nested"):
        canonical(too_deep)
    with pytest.raises(MalformedDocument, match="nested"):
        order_key(RawId(b"\x03" + pack(b"\x03a\x00" + too_deep)))


def test_a_hash_has_16_bytes_and_tells_documents_apart() -> None:
    one, other = (content_hash(encode({"_id": int32(number)})) for number in (1, 2))
    assert len(one) == 16
    assert one != other


def test_an_id_is_exchanged_and_the_rest_stays() -> None:
    document = encode({"_id": int32(1), "a": text("x")})
    assert with_id(document, text("longer")) == encode({"_id": text("longer"), "a": text("x")})
    with pytest.raises(MalformedDocument):
        with_id(encode({"a": int32(1)}), int32(1))


@given(st.lists(values, max_size=12))
def test_a_filter_asks_for_each_id_as_it_is(ids: list[RawId]) -> None:
    (field,) = elements(id_filter(ids))
    (operator,) = elements(id_filter(ids)[field.value : field.end])
    array = id_filter(ids)[field.value : field.end][operator.value : operator.end]
    assert (field.name, operator.name, operator.kind) == (b"_id", b"$in", 0x04)
    assert [RawId(array[one.start : one.start + 1] + array[one.value : one.end]) for one in elements(array)] == ids
    assert [one.name for one in elements(array)] == [str(place).encode() for place in range(len(ids))]


def test_a_filter_is_what_a_driver_reads() -> None:
    assert bson.decode(id_filter([int32(1), text("x")])) == {"_id": {"$in": [1, "x"]}}


def test_an_empty_timestamp_counts_at_the_top_and_outside_of_the_id() -> None:
    empty = RawId(b"\x11" + bytes(8))
    assert has_empty_timestamp(encode({"_id": int32(1), "t": empty}))
    assert not has_empty_timestamp(encode({"_id": empty}))
    assert not has_empty_timestamp(encode({"_id": int32(1), "d": RawId(b"\x03" + encode({"t": empty}))}))
    assert not has_empty_timestamp(encode({"_id": int32(1), "t": RawId(b"\x11" + bytes(7) + b"\x01")}))


@pytest.mark.parametrize(
    ("identifier", "shown"),
    [
        (UUID("0b279a76-d4b2-476a-813c-067e89608714"), "0b279a76-d4b2-476a-813c-067e89608714"),
        (ObjectId("65921598762b361f6d47f553"), "65921598762b361f6d47f553"),
        ("a\x1b[31m", repr("a\x1b[31m")),
        (-7, "-7"),
        (Int64(2**40), str(2**40)),
        (2.5, "2.5"),
        (float("nan"), "nan"),
        (None, "null"),
        (Binary(b"\x10\x00", 0), "(type 0x05) 02000000001000"),
    ],
)
def test_an_id_is_shown_as_people_write_it(identifier: object, shown: str) -> None:
    options: CodecOptions[dict[str, object]] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
    found = raw_id(bson.encode({"_id": identifier}, codec_options=options))
    assert found is not None
    assert show_id(found) == shown


UUIDS = st.uuids()


@given(UUIDS, st.text(max_size=20))
def test_a_uuid_reads_the_same_in_a_list_and_in_a_document(one: UUID, text: str) -> None:
    document = {
        "_id": Binary.from_uuid(one),
        "said": text + '{"$binary": {"base64": "' + 22 * "A" + '==", "subType": "04"}}',
    }
    written = json_util.dumps(document, json_options=json_util.CANONICAL_JSON_OPTIONS)
    shown = with_uuids(written)
    identifier = raw_id(bson.encode(document))
    assert identifier is not None
    assert shown.startswith(f'{{"_id": {{"$uuid": "{show_id(identifier)}"}}')
    assert json_util.loads(shown, json_options=json_util.CANONICAL_JSON_OPTIONS) == document
