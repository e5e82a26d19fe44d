import bz2
import gzip
import zlib
from pathlib import Path

import pytest

from tests.packages.json_forms.samples import DATA, errors_of, everything, flips, opened, opened_text
from tui_migrate.errors import Refused

SAMPLES = ("second_brain.json.gz", "second_brain_guide.json.gz", "gofannon.json", "xcodereviewer.json", "daemon.json")


async def outcome(path: Path, text: bytes) -> str:
    """Say how a file is taken: refused, with errors, or read; anything else is raised."""
    put(path, text)
    try:
        package = opened(path)
        if await errors_of(package):
            return "errors"
        await everything(package)
    except Refused as error:
        return "refused" if error.hint else "refused without a hint"
    return "read"


def put(path: Path, text: bytes) -> None:
    path.write_bytes(text)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
async def test_a_file_cut_short_anywhere_is_never_taken_for_whole(tmp_path: Path, name: str) -> None:
    whole = (DATA / name).read_bytes().rstrip()
    for size in range(len(whole)):
        assert await outcome(tmp_path / "x", whole[:size]) in ("refused", "errors"), size


SMALL = {
    "gofannon.json": b'{"metadata":{"provider":"m"},"data":{"a":[{"_id":1},{"_id":"\\u00e9"}]}}',
    "xcodereviewer.json": b'{"schema_version":"2.0.0","user_id":1,"data":{"user":{"id":1,"email":"a"},"projects":[]}}',
    "daemon.json": b'{"endpoint":"e","count":1,"data":[{"id":1.5,"b":null}],"more":[true,{"a":1}]}',
    "second_brain.json.gz": gzip.compress(b'{"users":[{"_id":1,"a":"b"},{"_id":2,"a":["b"]}]}', mtime=0),
}


def sizes(*names: str) -> list[object]:
    """Small files always, the samples themselves in the full run."""
    full = [pytest.param((DATA / name).read_bytes(), id=name, marks=pytest.mark.crash_full) for name in names]
    return [*(pytest.param(SMALL[name], id=f"small {name}") for name in names), *full]


@pytest.mark.slow
@pytest.mark.parametrize("whole", sizes("second_brain.json.gz"))
async def test_every_flipped_bit_of_a_packed_file_is_found(tmp_path: Path, whole: bytes) -> None:
    text = gzip.decompress(whole)
    for number, one in enumerate(flips(whole)):
        if await outcome(tmp_path / "x", one) == "read":
            # Some bits are of no account: gzip's header has a time, and its last byte bits that nothing reads.
            assert zlib.decompress(one, zlib.MAX_WBITS | 16) == text, number


@pytest.mark.slow
@pytest.mark.parametrize("whole", sizes("gofannon.json", "xcodereviewer.json", "daemon.json"))
async def test_flipped_bits_of_a_file_without_checksum_are_taken_in_good_order(tmp_path: Path, whole: bytes) -> None:
    outcomes = [await outcome(tmp_path / "x", one) for one in flips(whole)]
    assert {"refused", "errors"} <= set(outcomes) <= {"refused", "errors", "read"}


@pytest.mark.slow
async def test_flipped_bits_within_the_documents_of_second_brain_meet_its_checksum(tmp_path: Path) -> None:
    whole = gzip.decompress((DATA / "second_brain.json.gz").read_bytes())
    start = whole.index(b'"user 3"')
    for number, one in enumerate(flips(whole[start : start + 60])):
        text = whole[:start] + one + whole[start + 60 :]
        assert await outcome(tmp_path / "x", text) in ("refused", "errors"), number


async def test_packing_is_seen_by_the_bytes_and_not_by_the_name(tmp_path: Path) -> None:
    plain = (DATA / "gofannon.json").read_bytes()
    assert await outcome(tmp_path / "a.json.gz", plain) == "read"
    assert await outcome(tmp_path / "b.json", gzip.compress(plain)) == "read"
    assert await outcome(tmp_path / "c.json.gz", b"this is not gzip") == "refused"
    path = tmp_path / "d.json"
    put(path, bz2.compress(plain))
    with pytest.raises(Refused, match="bzip2"):
        opened(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"100", b"NaN"),
    ],
)
async def test_oddities_that_change_nothing_are_read(tmp_path: Path, change: object) -> None:
    assert callable(change)
    assert await outcome(tmp_path / "x", change((DATA / "xcodereviewer.json").read_bytes())) == "read"


@pytest.mark.parametrize(
    "text",
    [
        '{"endpoint": "e", "data": []}'.encode("utf-16"),
        '{"endpoint": "e", "data": []}'.encode("utf-32"),
        '{\n"endpoint": "e", "data": []}'.encode("utf-16-le"),
        b'{"endpoint": "e", "data": [{"id": 1, "id": 1}]}',
        b'{"endpoint": "e", "data": [{"id": "\\udc00"}]}',
        b'{"endpoint": "e", "data": [{"id": "\xff"}]}',
        b'{"endpoint": "e", "data": [' + b"[" * 10_000 + b"]" * 10_000 + b"]}",
        b'{"endpoint": "e", "data": []} x',
        b'{"endpoint": "e", "endpoint": "f", "data": []}',
        b'{"endpoint": "' + b"e" * 300 + b'", "data": []}',
        b'{"endpoint": "e", "data": [{"id": 1' + b"0" * 5000 + b"}]}",
        b'{"endpoint": "e", "data": [{"id": 1e999}]}',
        b'{"data": []}',
        b'{"endpoint": "e", "data": [], "more": {"a" 1 ]}',
        b'{"endpoint": "e", "data": [], "more": {"a" 1 }}',
        b'{"endpoint": "e", "data": [], "more": [1 2]}',
        b'{"endpoint": "e", "data": [], "more": nul}',
        b'{"endpoint": "e", "data": [], "more": [[' + b"1, " * 100_000 + b"2 3]]}",
        b'{"data": [{"id": 1]}, "endpoint": "e"}',
        b'{"endpoint": "e"}',
    ],
)
async def test_hostile_text_is_refused_or_an_error(tmp_path: Path, text: bytes) -> None:
    assert await outcome(tmp_path / "x", text) in ("refused", "errors")


async def test_faults_name_file_and_offset(tmp_path: Path) -> None:
    text = b'{"endpoint": "e", "data": [{"id": 1}, {"id": 2, "a": 1, "a": 2}, {"id": 3}]}'
    (found,) = await errors_of(opened_text(tmp_path / "x.json", text))
    place = text.rindex(b'"a"')
    assert f"x.json, byte {place}: " in found.message
