"""Hypothesis strategies for BSON as bytes: values of every type of the specification, and documents of them."""

import struct

from hypothesis import strategies as st

from tui_migrate.documents import RawId, pack

names = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=4)


def _string(text: str, kind: int) -> RawId:
    encoded = text.encode() + b"\x00"
    return RawId(bytes((kind,)) + struct.pack("<i", len(encoded)) + encoded)


def _binary(content: bytes, subtype: int) -> RawId:
    return RawId(b"\x05" + struct.pack("<i", len(content)) + bytes((subtype,)) + content)


def _scoped(code: str, scope: bytes) -> RawId:
    body = _string(code, 0x02)[1:] + scope
    return RawId(b"\x0f" + struct.pack("<i", len(body) + 4) + body)


def _fixed(kind: int, size: int) -> st.SearchStrategy[RawId]:
    return st.binary(min_size=size, max_size=size).map(lambda content: RawId(bytes((kind,)) + content))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
numbers: st.SearchStrategy[RawId] = st.one_of(
    st.floats().map(lambda one: RawId(b"\x01" + struct.pack("<d", one))),
    st.integers(-(2**31), 2**31 - 1).map(lambda one: RawId(b"\x10" + struct.pack("<i", one))),
    st.integers(-(2**63), 2**63 - 1).map(lambda one: RawId(b"\x12" + struct.pack("<q", one))),
    _fixed(0x13, 16),
)
scalars: st.SearchStrategy[RawId] = st.one_of(
    numbers,
    st.builds(_string, texts, st.sampled_from((0x02, 0x0D, 0x0E))),
    st.builds(_binary, st.binary(max_size=6), st.integers(0, 255)),
    _fixed(0x07, 12),
    st.sampled_from((RawId(b"\x08\x00"), RawId(b"\x08\x01"))),
    _fixed(0x09, 8),
    _fixed(0x11, 8),
    st.sampled_from((0x06, 0x0A, 0x7F, 0xFF)).map(lambda kind: RawId(bytes((kind,)))),
    st.tuples(names, names).map(lambda one: RawId(b"\x0b" + "\x00".join((*one, "")).encode())),
    st.builds(lambda text, oid: RawId(_string(text, 0x0C) + oid), texts, st.binary(min_size=12, max_size=12)),
)


def _documents_of(values: st.SearchStrategy[RawId]) -> st.SearchStrategy[bytes]:
    return st.dictionaries(names, values, max_size=4).map(encode)


def encode(fields: dict[str, RawId]) -> bytes:
    """Encode fields in their order."""
    return pack(b"".join(value[:1] + name.encode() + b"\x00" + value[1:] for name, value in fields.items()))


def _array(values: list[RawId]) -> RawId:
    return RawId(b"\x04" + encode({str(place): one for place, one in enumerate(values)}))


values: st.SearchStrategy[RawId] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        _documents_of(inner).map(lambda one: RawId(b"\x03" + one)),
        st.lists(inner, max_size=3).map(_array),
        st.builds(_scoped, texts, _documents_of(inner)),
    ),
    max_leaves=6,
)
documents: st.SearchStrategy[bytes] = _documents_of(values)
