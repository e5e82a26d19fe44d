import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.suites.documents import doc
from tests.suites.ids import MAX_KEY, NULL, document, double, int32, int64, text
from tui_migrate.documents import RawId
from tui_migrate.stores.moments import Age, age, moment_of, path_of


def date(milliseconds: int) -> RawId:
    return RawId(b"\x09" + struct.pack("<q", milliseconds))


def timestamp(seconds: int, increment: int = 0) -> RawId:
    return RawId(b"\x11" + struct.pack("<II", increment, seconds))


def of(first: RawId | None, second: RawId | None) -> Age:
    mine, theirs = (
        moment_of(doc(int32(1), **({} if one is None else {"at": one})), path_of("at")) for one in (first, second)
    )
    return age(mine, theirs)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (date(-5), date(3)),
        (timestamp(1, 9), timestamp(2, 1)),
        (timestamp(2, 1), timestamp(2, 2)),
        (int32(3), double(3.5)),
        (double(float("-inf")), int64(-(2**60))),
        (text("2024-01-02"), text("2024-01-02T00:00:01")),
        (text("2024-01-02T10:00:00+02:00"), text("2024-01-02T09:00:00Z")),
    ],
)
def test_moments_of_one_type_compare(older: RawId, newer: RawId) -> None:
    assert (of(newer, older), of(older, newer), of(older, older)) == (Age.NEWER, Age.OLDER, Age.SAME)


@pytest.mark.parametrize(("one", "other"), [(int32(1), double(1.0)), (text("2024-01-02"), text("20240102"))])
def test_two_forms_of_one_moment_are_the_same(one: RawId, other: RawId) -> None:
    assert of(one, other) is Age.SAME


APART = (date(1), timestamp(1), int32(1), text("2024-01-02T10:00:00"), text("2024-01-02T10:00:00Z"))
NO_MOMENTS = (
    None,
    NULL,
    MAX_KEY,
    double(float("nan")),
    text("yesterday"),
    text("2024-13-01"),
    text("é"),
    text("9" * 99),
    text("2024-01-02T10:00:00." + "1" * 99),
)


@pytest.mark.parametrize("one", APART)
@pytest.mark.parametrize("other", [*APART, *NO_MOMENTS])
def test_what_is_of_two_types_or_no_moment_is_not_guessed_at(one: RawId, other: RawId | None) -> None:
    if one != other:
        assert of(one, other) is of(other, one) is Age.UNTOLD


def test_a_path_leads_through_documents_alone() -> None:
    nested = doc(int32(1), meta=document(at=int32(7)), list=RawId(b"\x04" + document(at=int32(7))[1:]))
    assert moment_of(nested, path_of("meta.at")) == moment_of(doc(int32(1), at=int32(7)), path_of("at"))
    for path in ("list.at", "meta.at.more", "meta", "meta.other", ""):
        assert moment_of(nested, path_of(path)) is None


@given(st.floats(allow_nan=False) | st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))
def test_numbers_compare_as_numbers(one: float, other: float) -> None:
    mine = int64(one) if isinstance(one, int) else double(one)
    expected = Age.SAME if one == other else Age.NEWER if one > other else Age.OLDER
    assert of(mine, double(other)) is expected
