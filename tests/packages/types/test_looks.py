import uuid
from datetime import UTC, datetime, timedelta, timezone

import bson
import pytest
from bson import Decimal128, ObjectId
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.documents import pack
from tui_migrate.packages.json_forms.extended import Misfit, Raw
from tui_migrate.packages.types.looks import CONVERSIONS, looks_like
from tui_migrate.packages.types.model import ValueType


def value_of(raw: Raw) -> object:
    return bson.decode(pack(bytes((raw.kind,)) + b"v\x00" + raw.value))["v"]


milliseconds = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(  # noqa: DTZ001 -- as pymongo gives them
    lambda one: one.replace(microsecond=one.microsecond // 1000 * 1000)
)


@given(content=st.binary(max_size=40))
def test_bytes_as_python_writes_them_come_back(content: bytes) -> None:
    assert looks_like(str(content)) is ValueType.BINARY
    assert value_of(CONVERSIONS[ValueType.BINARY](str(content))) == content


@given(moment=milliseconds, is_aware=st.booleans())
def test_dates_as_python_writes_them_come_back(moment: datetime, is_aware: bool) -> None:
    text = str(moment.replace(tzinfo=UTC) if is_aware else moment)
    assert looks_like(text) is ValueType.DATE
    assert value_of(CONVERSIONS[ValueType.DATE](text)) == moment


@given(content=st.binary(min_size=12, max_size=12), number=st.uuids())
def test_ids_as_python_writes_them_come_back(content: bytes, number: uuid.UUID) -> None:
    assert looks_like(str(ObjectId(content))) is ValueType.OBJECT_ID
    assert value_of(CONVERSIONS[ValueType.OBJECT_ID](content.hex())) == ObjectId(content)
    assert looks_like(str(number)) is ValueType.UUID
    assert value_of(CONVERSIONS[ValueType.UUID](str(number))) == bson.Binary.from_uuid(number)


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=4).filter(lambda one: len(str(one)) < 30))
def test_decimals_as_python_writes_them_come_back(number: object) -> None:
    text = str(Decimal128(str(number)))
    assert value_of(CONVERSIONS[ValueType.DECIMAL](text)) == Decimal128(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", ValueType.AS_WRITTEN),
        ("0123456789abcdef01234567", ValueType.OBJECT_ID),
        ("0123456789ABCDEF01234567", ValueType.AS_WRITTEN),
        ("0123456789abcdef0123456", ValueType.AS_WRITTEN),
        ("٠١٢٣٤٥٦٧٨٩abcdef01234567", ValueType.AS_WRITTEN),
        ("2025-02-30 10:00:00", ValueType.AS_WRITTEN),
        ("2025-11-01 10:00:00", ValueType.DATE),
        ("2025-11-01 10:00:00+00:00", ValueType.DATE),
        ("2025-11-01 10:00:00.123456", ValueType.AS_WRITTEN),
        ("2025-11-01 10:00:00+02:00", ValueType.AS_WRITTEN),
        ("2025-11-01T10:00:00", ValueType.AS_WRITTEN),
        ("b'a", ValueType.AS_WRITTEN),
        ("b'\\q'", ValueType.AS_WRITTEN),
        ("b'a' + b'b'", ValueType.AS_WRITTEN),
        ("12.50", ValueType.DECIMAL),
        ("12", ValueType.DECIMAL),
        ("0012", ValueType.AS_WRITTEN),
        ("1" * 35, ValueType.AS_WRITTEN),
        ("12.5\n", ValueType.AS_WRITTEN),
    ],
)
def test_what_texts_look_like(text: str, kind: ValueType) -> None:
    assert looks_like(text) is kind


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ValueType.OBJECT_ID, "0123"),
        (ValueType.DATE, "2025-11-01"),
        (ValueType.DATE, str(datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=2))))),
        (ValueType.DATE, "2025-11-01 10:00:00.123456"),
        (ValueType.BINARY, "b'\u00e9'"),
        (ValueType.DECIMAL, "1_0"),
        (ValueType.DECIMAL, "1" * 35),
        (ValueType.DECIMAL, "1E+99999"),
        (ValueType.UUID, "0" * 32),
    ],
)
def test_what_does_not_fit_is_told(kind: ValueType, text: str) -> None:
    with pytest.raises(Misfit, match=r"it is|does not|is no|a date"):
        CONVERSIONS[kind](text)


def test_dates_as_other_languages_write_them_are_taken_where_the_plan_says_so() -> None:
    assert value_of(CONVERSIONS[ValueType.DATE]("2025-11-01T10:00:00.5Z")) == datetime(2025, 11, 1, 10, 0, 0, 500000)  # noqa: DTZ001 -- as pymongo gives it
