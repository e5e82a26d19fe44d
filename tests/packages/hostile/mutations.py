"""Ways to damage bytes, and values within JSON, as hypothesis strategies."""

import json
import struct
from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

MOST_EDITS: Final = 4

LENGTHS: Final = tuple(
    struct.pack("<i", one)
    for one in (0, 1, 4, 5, 6, -1, -(2**31), 2**31 - 1, 16 * 1024 * 1024, 16 * 1024 * 1024 + 16_385, 2**24 + 2**20)
)
"""What a length in BSON may claim."""

BSON_TOKENS: Final = (
    *LENGTHS,
    b"\xff\xff\xff\xff",
    b"\x6d\xe2\x99\x81",
    b"\x05\x00\x00\x00\x00",
    b"\x10_id\x00\x01\x00\x00\x00",
    b"\x03a\x00\x05\x00\x00\x00\x00",
    b"\x02a\x00\x02\x00\x00\x00x\x00",
    *(bytes((kind,)) for kind in (0, *range(0x01, 0x14), 0x7F, 0xFF, 0x80)),
)
JSON_TOKENS: Final = (
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"NaN", b"-Infinity", b"1e999", b"-0", b"null", b"true", b'""'),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"\xff", b"\r\n", b"\\ud800", b"\\u0000", b'{"$oid": "x"}'),
    *(b'{"a": 1, "a": 2}', b"[" * 200, b'{"a":' * 200, b"9" * 4400, b'{"$numberLong": "9"}', b'"_id": 1,'),
    *(b'{"$date": {"$numberLong": "99999999999999999999"}}', b'{"$binary": {"base64": "!", "subType": "zz"}}'),
)
GZIP_TOKENS: Final = (b"\x1f\x8b\x08", b"\x1f\x8b\x08" + bytes(5) + b"\x03", b"\x03\x00" + bytes(8), b"\xff" * 8)
TAR_TOKENS: Final = (bytes(512), b"ustar\x0000", b"77777777777\x00", b"../", b"/", b"\x80", b"x", b"5", b"1")

ODD_VALUES: Final[Sequence[object]] = (
    *(None, True, 0, -1, 1, 2**31, 2**53 + 1, 2**64, 10**40, 1.5, -0.0, float("nan"), float("inf")),
    *("", "x", "../x", "/etc/passwd", "shop/users.bson.gz", "\x00", "\x1b[31m", "\ud800", "é", "a" * 300, "0" * 64),
    *([], {}, [[]], [None], {"": None}, {"$oid": "x"}, {"$numberLong": "x"}, {"$date": "x"}, {"$numberInt": "1"}),
    *({"$code": "x", "$scope": 1}, {"$undefined": True}, {"$minKey": 1}, {"$binary": {"base64": "", "subType": "0"}}),
)


@st.composite
def damaged_bytes(draw: st.DrawFn, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """One of the seeds with a few edits."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, MOST_EDITS))):
        _edit(draw, content, seeds, tokens)
    return bytes(content)


def _edit(draw: st.DrawFn, content: bytearray, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
    at = draw(st.integers(0, max(0, len(content) - 1)))
    length = draw(st.sampled_from((1, 2, 4, 8, 40, 512)))
    match draw(st.sampled_from(("flip", "set", "put", "put over", "drop", "double", "cut", "move", "splice", "fill"))):
        case "flip" if content:
            content[at] ^= 1 << draw(st.integers(0, 7))
        case "set" if content:
            content[at] = draw(st.integers(0, 255))
        case "put":
            content[at:at] = draw(st.sampled_from(tokens) | st.binary(max_size=8))
        case "put over":
            token = draw(st.sampled_from(tokens))
            content[at : at + len(token)] = token
        case "drop":
            del content[at : at + length]
        case "double":
            content[at:at] = content[at : at + length]
        case "cut":
            del content[at:]
        case "move":
            to = draw(st.integers(0, max(0, len(content) - 1)))
            part = bytes(content[at : at + length])
            content[to : to + len(part)] = part
        case "splice":
            other = draw(st.sampled_from(seeds))
            start = draw(st.integers(0, max(0, len(other) - 1)))
            content[at:] = other[start:]
        case "fill":
            content[at : at + length] = draw(st.sampled_from((b"\0", b"\xff", b" ", b"\x80"))) * length


@st.composite
def damaged_json(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, a JSON text, with a few values exchanged, taken out, doubled or wrapped."""
    root: list[object] = [json.loads(draw(st.sampled_from(seeds)))]
    for _ in range(draw(st.integers(1, MOST_EDITS))):
        holder, key = draw(st.sampled_from(_places(root)))
        _edit_value(draw, holder, key)
    return json.dumps(root[0] if root else None).encode()


def _places(root: list[object]) -> list[tuple[object, object]]:
    found: list[tuple[object, object]] = []
    waiting: list[object] = [root]
    while waiting:
        one = waiting.pop()
        items = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        for key, value in items:
            found.append((one, key))
            waiting.append(value)
    return found or [(root, None)]


def _edit_value(draw: st.DrawFn, holder: object, key: object) -> None:
    if key is None or not isinstance(holder, list | dict):
        return
    odd = json.loads(json.dumps(draw(st.sampled_from(ODD_VALUES))))
    how = draw(st.sampled_from(("change", "change", "drop", "add", "wrap", "rename")))
    if isinstance(holder, list) and isinstance(key, int):
        if how == "drop":
            del holder[key]
        elif how == "add":
            holder.insert(key, odd)
        else:
            holder[key] = [holder[key]] if how == "wrap" else odd
    elif isinstance(holder, dict) and isinstance(key, str):
        if how == "drop":
            del holder[key]
        elif how in ("add", "rename"):
            name = draw(st.sampled_from(("", "_id", "id", "$oid", "x", "data", "collections", "..", "\x00", "ä" * 130)))
            holder[name] = holder.pop(key) if how == "rename" else odd
        else:
            holder[key] = {"a": holder[key]} if how == "wrap" else odd
