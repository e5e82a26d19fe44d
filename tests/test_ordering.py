import random
import struct
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise

import pytest
from bson.decimal128 import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from tests.suites.bson_values import values
from tests.suites.ids import (
    MAX_KEY,
    MIN_KEY,
    NULL,
    OF_EVERY_TYPE,
    binary,
    double,
    int32,
    int64,
    object_id,
    text,
)
from tests.suites.ids import document as as_document
from tui_migrate.documents import RawId, id_field, pack, raw_id
from tui_migrate.errors import MalformedDocument
from tui_migrate.ordering import order_key
from tui_migrate.stores.mongodb import MongoStore


def decimal(value: Decimal | str) -> RawId:
    return RawId(b"\x13" + Decimal128(value).bid)


def array(*inner: RawId) -> RawId:
    return RawId(b"\x04" + as_document(**{str(place): one for place, one in enumerate(inner)})[1:])


def test_ids_of_every_type_are_in_the_order_of_the_manual() -> None:
    keys = [order_key(one) for one in OF_EVERY_TYPE]
    assert all(left < right for left, right in pairwise(keys))


@pytest.mark.parametrize(
    "ascending",
    [
        (MIN_KEY, RawId(b"\x06"), NULL, double(float("nan")), int32(0), text(""), as_document(), array(), binary(b"")),
        (
            as_document(a=int32(1)),
            as_document(a=int32(1), b=int32(0)),
            as_document(b=int32(0)),
            as_document(a=text("")),
        ),
        (as_document(u=object_id(1)), as_document(u=object_id(2))),
        (array(), array(int32(9)), array(int32(9), int32(1)), array(int32(10)), array(text("")), array(object_id(1))),
        (binary(b"", 9), binary(b"z", 1), binary(b"a", 2), binary(b"aa", 0)),
        (RawId(b"\x0ba\x00\x00"), RawId(b"\x0ba\x00i\x00"), RawId(b"\x0bb\x00\x00")),
        (RawId(b"\x11" + struct.pack("<Q", 2**63)), RawId(b"\x0ba\x00\x00"), RawId(b"\x0d" + text("")[1:]), MAX_KEY),
        (
            decimal("-Infinity"),
            decimal("-1E+6000"),
            decimal("-1E-6000"),
            int32(0),
            decimal("1E-6000"),
            decimal("Infinity"),
        ),
        (int64(2**53), int64(2**53 + 1), decimal("9007199254740993.5"), double(2.0**53 + 2)),
    ],
)
def test_ids_are_told_apart_and_put_in_order(ascending: tuple[RawId, ...]) -> None:
    keys = [order_key(one) for one in ascending]
    assert all(left < right for left, right in pairwise(keys))


@pytest.mark.rule(7, "-0 is 0")
@pytest.mark.parametrize(
    "equal",
    [
        (int32(1), int64(1), double(1.0), decimal("1"), decimal("1.00")),
        (int32(0), double(-0.0), decimal("-0"), decimal("0E-10")),
        (double(float("nan")), decimal("NaN"), decimal("sNaN"), RawId(b"\x01\x01\x00\x00\x00\x00\x00\xf8\xff")),
        (double(float("inf")), decimal("Infinity")),
        (text("x"), RawId(b"\x0e" + text("x")[1:])),
        (as_document(a=int32(1)), as_document(a=double(1.0))),
        (RawId(b"\x13" + (6 << 125).to_bytes(16, "little")), int32(0)),
    ],
)
def test_ids_that_a_server_takes_for_one_have_one_key(equal: tuple[RawId, ...]) -> None:
    assert len({order_key(one) for one in equal}) == 1


@pytest.mark.rule(7, "numbers of every type are one key by value")
@given(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.decimals(allow_nan=False, places=3))
def test_numbers_compare_by_value_whatever_their_type(whole: int, broken: float, exact: Decimal) -> None:
    numbers: list[tuple[RawId, int | float | Decimal]] = [(int64(whole), whole), (double(broken), broken)]
    if len(exact.as_tuple().digits) <= 34:
        numbers.append((decimal(exact), exact))
    for left, left_value in numbers:
        for right, right_value in numbers:
            assert (order_key(left) < order_key(right)) == (left_value < right_value)
            assert (order_key(left) == order_key(right)) == (left_value == right_value)


@given(st.lists(values, max_size=8))
def test_any_ids_can_be_sorted_and_hashed(ids: list[RawId]) -> None:
    keys = [order_key(one) for one in ids]
    ordered = sorted(keys)
    assert all(not right < left for left, right in pairwise(ordered))
    assert len(set(keys)) <= len(ids)


@given(values, st.data())
def test_bytes_that_are_no_value_are_malformed(value: RawId, data: st.DataObject) -> None:
    assert order_key(value) == order_key(value)
    cut = data.draw(st.integers(0, len(value) - 1))
    with pytest.raises(MalformedDocument):
        order_key(RawId(value[:cut]))
    with pytest.raises(MalformedDocument):
        order_key(RawId(value + b"\x00"))


@given(st.binary(max_size=30))
def test_any_bytes_at_all_have_a_key_or_are_malformed(content: bytes) -> None:
    with suppress(MalformedDocument):
        hash(order_key(RawId(content)))


def _mixed(chance: random.Random) -> RawId:
    """One id of a type and a range in which SecantusDB orders as MongoDB does."""
    match chance.randrange(10):
        case 0:
            return int32(chance.randrange(-(2**31), 2**31))
        case 1:
            return int64(chance.randrange(-(2**63), 2**63))
        case 2:
            return double(chance.randrange(-(10**6), 10**6) / 8)
        case 3:
            return decimal(Decimal(chance.randrange(-(10**9), 10**9)).scaleb(-3))
        case 4 | 5:
            return text("".join(chance.choice("aAbBé漢\x00😀 ") for _ in range(chance.randrange(8))))
        case 6:
            return binary(chance.randbytes(chance.randrange(5)))
        case 7:
            return object_id(chance.randrange(2**96))
        case 8:
            return RawId(b"\x09" + struct.pack("<q", chance.randrange(-(2**40), 2**45)))
        case _:
            return RawId(b"\x11" + struct.pack("<Q", chance.randrange(2**64)))


async def test_the_order_is_that_of_a_server(mongodb_url: str, database: str) -> None:
    chance = random.Random(20)
    by_key = {order_key(one): one for one in (*OF_EVERY_TYPE, *(_mixed(chance) for _ in range(600)))}
    shuffled = list(by_key.values())
    chance.shuffle(shuffled)
    store = MongoStore(mongodb_url, database)
    assert await store.insert("things", [pack(id_field(b"_id", one)) for one in shuffled]) == ()
    read = [raw_id(one) async for block in store.read("things") for one in block.documents]
    await store.close()
    assert read == [by_key[key] for key in sorted(by_key)]
