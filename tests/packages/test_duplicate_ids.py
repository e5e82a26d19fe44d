import random
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.suites.bson_values import values
from tui_migrate.documents import RawId
from tui_migrate.ordering import order_key
from tui_migrate.packages import duplicate_ids
from tui_migrate.packages.duplicate_ids import Duplicate, DuplicateIds, key_bytes


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def raw(value: object) -> RawId:
    document = bson.encode({"_id": value})
    return RawId(document[4:5] + document[9:-1])


@contextmanager
def collected(entries: list[tuple[int, RawId, int]]) -> Iterator[list[Duplicate]]:
    ids = DuplicateIds()
    try:
        for collection, identifier, offset in entries:
            ids.add(collection, order_key(identifier), offset)
        yield sorted(one for one in ids.find() if one is not None)
    finally:
        ids.close()


def test_numbers_of_equal_value_are_one_id_whatever_their_type() -> None:
    decimals = [bson.Decimal128(text) for text in ("1", "1.00", "0.1", "1E+2")]
    entries = [raw(one) for one in (1, bson.Int64(1), 1.0, *decimals, 0.1, 100, -0.0, 0, 2**53, float(2**53))]
    with collected([(0, one, place) for place, one in enumerate(entries)]) as found:
        pairs = {(one.offset, one.earlier) for one in found}
    assert pairs == {(1, 0), (2, 0), (3, 0), (4, 0), (8, 6), (10, 9), (12, 11)}


def test_collections_are_apart() -> None:
    with collected([(0, raw("a"), 0), (1, raw("a"), 5), (1, raw("b"), 9), (1, raw("a"), 20)]) as found:
        assert found == [Duplicate(1, 20, 5)]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(values, values)
def test_bytes_are_equal_where_keys_are(one: RawId, other: RawId) -> None:
    first, second = order_key(one), order_key(other)
    assert (key_bytes(first) == key_bytes(second)) == (first == second)


numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(numbers)
def test_a_number_has_one_form(number: float) -> None:
    exact = Decimal(number)
    assert key_bytes((3, (1, number))) == key_bytes((3, (1, exact)))
    for other in (number + 1, -number, number * 1.5):
        assert (key_bytes((3, (1, number))) == key_bytes((3, (1, other)))) == (number == other)


def test_many_ids_go_to_files_that_have_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(duplicate_ids, "IN_MEMORY", 64 * 1024)
    monkeypatch.setattr(duplicate_ids, "MOST_AT_ONCE", 100)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    chosen = random.Random(3)
    numbers = list(range(20_000))
    chosen.shuffle(numbers)
    twice = chosen.sample(numbers, 50)
    before = open_files()
    with collected([(7, raw(n), place) for place, n in enumerate(numbers + twice)]) as found:
        assert len(found) == 50
        assert {(one.offset, one.earlier) for one in found} == {
            (20_000 + place, numbers.index(n)) for place, n in enumerate(twice)
        }
        assert list(tmp_path.iterdir()) == []
    assert open_files() == before


def test_one_id_over_and_over_is_found_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicate_ids, "MOST_AT_ONCE", 50)
    with collected([(0, raw("same"), place) for place in range(500)]) as found:
        assert len(found) == 499


def test_no_id_lies_in_a_file_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    real = struct.Struct("<16sIQ")

    class Watched:
        size = real.size
        iter_unpack = real.iter_unpack

        @staticmethod
        def pack(*values: object) -> bytes:
            written.append(real.pack(*values))
            return written[-1]

    monkeypatch.setattr(duplicate_ids, "_ENTRY", Watched)
    with collected([(0, raw("0123456789abcdef"), 1)]), collected([(0, raw("0123456789abcdef"), 1)]):
        assert written[0][:16] != written[1][:16]
        assert all(b"0123456789" not in one for one in written)
