import io

import pytest

from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages.encryption.header import MAX_HEADER, MAX_LINE, decode, encode, read_header

BEGIN = b"age-encryption.org/v1\n"
MAC = b"--- " + encode(bytes(32)) + b"\n"
WHOLE = BEGIN + b"-> X25519 abc\n" + b"A" * 64 + b"\nQUI\n-> b-grease x y\n\n" + MAC


def test_a_header_is_read_and_the_stream_stands_behind_it() -> None:
    stream = io.BytesIO(WHOLE + b"payload")
    header = read_header(stream, "shop.age")
    assert stream.read() == b"payload"
    assert header.size == len(WHOLE)
    assert [(one.kind, one.arguments, one.body) for one in header.stanzas] == [
        ("X25519", ("X25519", "abc"), bytes(48) + b"AB"),
        ("b-grease", ("b-grease", "x", "y"), b""),
    ]
    assert header.mac == bytes(32)
    assert header.authenticated == WHOLE[: WHOLE.index(MAC) + 3]
    assert not header.has_passphrase


@pytest.mark.parametrize(
    ("content", "at"),
    [
        (BEGIN + MAC, len(BEGIN)),
        (BEGIN + b"-> x\n" + b"A" * 68 + b"\nAAAA\n" + MAC, len(BEGIN) + 5),
        (BEGIN + b"-> x\nAB\n" + MAC, len(BEGIN) + 5),
        (BEGIN + b"-> x\nAA==\n" + MAC, len(BEGIN) + 5),
        (BEGIN + b"-> x\nA A\n" + MAC, len(BEGIN) + 5),
        (BEGIN + b"->  x\n\n" + MAC, len(BEGIN)),
        (BEGIN + b"-> \n\n" + MAC, len(BEGIN)),
        (BEGIN + b"-> \xc3\xa4\n\n" + MAC, len(BEGIN)),
        (BEGIN + b"-> x\n\n---" + MAC[4:], len(BEGIN) + 6),
        (BEGIN + b"-> x\n\n--- AAAA\n", len(BEGIN) + 6),
        (BEGIN + b"-> " + b"x" * (MAX_LINE + 1), len(BEGIN)),
        (b"age-encryption.org/\n", 0),
    ],
)
def test_what_breaks_the_format_is_damage_with_its_place(content: bytes, at: int) -> None:
    with pytest.raises(PackageDamaged, match=rf"shop\.age is damaged at byte {at}:"):
        read_header(io.BytesIO(content), "shop.age")


def test_a_header_without_end_is_not_read_for_ever() -> None:
    stream = io.BytesIO(BEGIN + b"-> x\n\n" * MAX_HEADER)
    with pytest.raises(PackageDamaged, match="longer than any"):
        read_header(stream, "shop.age")
    assert stream.tell() <= MAX_HEADER + 1


def test_another_version_is_refused_and_is_no_damage() -> None:
    with pytest.raises(Refused, match="not known here") as caught:
        read_header(io.BytesIO(WHOLE.replace(b"v1", b"v2", 1)), "shop.age")
    assert type(caught.value) is Refused


@pytest.mark.parametrize("text", [b"A", b"AB", b"AA=", b"A\n", b"\xff", b"AAAAA", b"AA-_"])
def test_base64_has_one_way_of_being_written(text: bytes) -> None:
    assert decode(text) is None
