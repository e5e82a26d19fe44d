import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.packages.tar_layout import (
    BLOCK,
    END,
    MAX_USTAR_SIZE,
    EntryKind,
    TarFault,
    headers,
    padding,
    parse_header,
    parse_records,
)

from .samples import MOMENT


def test_a_path_in_a_pax_header_is_bounded() -> None:
    assert parse_records(b"999 path=" + b"x" * 989 + b"\n") == {"path": "x" * 989}
    with pytest.raises(TarFault, match="not well-formed"):
        parse_records(b"1001 path=" + b"x" * 990 + b"\n")


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=250),
    st.integers(0, 2**63),
    st.booleans(),
)
def test_headers_say_what_they_were_made_of(path: str, size: int, reserve: bool) -> None:
    made = headers(path, EntryKind.FILE, size, MOMENT, reserve=reserve)
    plain = parse_header(made[-BLOCK:])
    if len(made) == BLOCK:
        assert (plain.path, plain.size) == (path, size)
    else:
        pax = parse_header(made[:BLOCK])
        records = parse_records(made[BLOCK : BLOCK + pax.size])
        assert pax.kind is EntryKind.PAX
        assert records.get("path", plain.path) == path
        assert int(records.get("size", plain.size)) == size
    assert reserve or len(made) == BLOCK or not path.isascii() or len(path) > 100 or size > MAX_USTAR_SIZE
    if size < 10**15:
        assert tarfile.TarInfo.frombuf(made[-BLOCK:], "utf-8", "strict").isreg()


def test_a_reserved_header_is_as_long_for_every_size() -> None:
    for path in ("shop/a", "shop/" + "x" * 250, "ärger/ü"):
        made = {len(headers(path, EntryKind.FILE, size, MOMENT, reserve=True)) for size in (0, 1, 8**11, 2**63)}
        assert len(made) == 1


def forged(at: int, content: bytes) -> bytes:
    """A header with something else at one place, and the checksum that fits."""
    made = bytearray(headers("shop/a", EntryKind.FILE, 5, MOMENT))
    made[at : at + len(content)] = content
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    return bytes(made)


@pytest.mark.rule(24, "nothing is hidden in a header whose checksum was made to fit")
@pytest.mark.parametrize(
    ("at", "content", "message"),
    [
        (len(b"shop/a\0"), b"more", "goes on behind its end"),
        (346, b"more", "goes on behind its end"),
        (0, b"\xff", "not UTF-8"),
        (124, b"0000000000x", "not an octal number"),
        (156, b"2", "neither a file nor a folder"),
        (157, b"/etc/passwd", "a link"),
        (257, b"other", "no header of a POSIX tar"),
    ],
)
def test_a_header_that_was_made_to_fit_is_refused_for_what_it_says(at: int, content: bytes, message: str) -> None:
    assert parse_header(forged(0, b"s")).path == "shop/a"
    with pytest.raises(TarFault, match=message):
        parse_header(forged(at, content))


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (b"9 path=a\n" * 2, "says path twice"),
        (b"13 linkpath=\n", "which no package has"),
        (b"9 size=x\n", "not a number"),
        (b"9 path=\xff\n", "not UTF-8"),
        (b"09 path=a\n", "not well-formed"),
    ],
)
def test_a_pax_header_that_says_what_none_of_ours_does_is_refused(records: bytes, message: str) -> None:
    with pytest.raises(TarFault, match=message):
        parse_records(records)


@given(st.binary(max_size=600))
@settings(max_examples=200)
def test_rubbish_is_no_header(content: bytes) -> None:
    for read in (parse_records, lambda it: parse_header(it.ljust(BLOCK, b"\0")[:BLOCK])):
        try:
            read(content)
        except TarFault:
            continue


def test_a_file_of_documents_beyond_8_gib_has_its_size_in_the_pax_header() -> None:
    size = 9 * 1024**3 + 1
    made = headers("shop/big.bson.gz", EntryKind.FILE, size, MOMENT, reserve=True)
    with tarfile.open(fileobj=io.BytesIO(made + bytes(padding(0)) + END), mode="r:") as tar:
        one = tar.next()
    assert one is not None
    assert (one.name, one.size) == ("shop/big.bson.gz", size)
