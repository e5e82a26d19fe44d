"""Documents for tests of the mapping, given as Python values, and random ones."""

from typing import Any

from bson import decode, encode
from bson.int64 import Int64
from bson.objectid import ObjectId
from hypothesis import strategies as st

from tui_migrate.documents import RawId

Fields = dict[str, Any]


def raw(value: object) -> RawId:
    """Encode one value as its type byte and its bytes."""
    document = encode({"v": value})
    return RawId(document[4:5] + document[7:-1])


def values(**fields: object) -> bytes:
    return encode(fields)


def plain(document: bytes) -> Fields:
    found: Fields = decode(document)
    return found


NAMES = st.sampled_from(("a", "b", "c"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.integers(-2, 2).map(Int64)
    | st.sampled_from((-1.0, 0.0, -0.0, 0.5, 1.0, float("inf")))
    | st.sampled_from(("", "a", "b", "ab"))
    | st.sampled_from((ObjectId("0" * 24), ObjectId("1" * 24)))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=3)
