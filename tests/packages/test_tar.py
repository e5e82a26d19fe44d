import asyncio
import gzip
import io
import random
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.suites.store_cases import everything
from tui_migrate.errors import PackageDamaged, Refused, UsageError
from tui_migrate.findings import Severity
from tui_migrate.packages import members
from tui_migrate.packages.check import check
from tui_migrate.packages.entries import DocumentOrder
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import Limits
from tui_migrate.packages.members import Member
from tui_migrate.packages.native_files import NativeFiles
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.reader import PackageSource
from tui_migrate.packages.recognised import RecognisedPackage
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
from tui_migrate.packages.tar_reader import TarFiles
from tui_migrate.packages.tar_writer import TarWriter
from tui_migrate.packages.writer import PackageWriter, discard_partial, is_sealed
from tui_migrate.stores.base import ReadOrder

from .samples import HEADER, MOMENT, SMALL, SMALL_VIEW, documents, fill, info, names, numbered, small_package, small_tar

FLIPS = 500
TRUNCATIONS = 120


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    small_tar(tmp_path / "package.tar")
    return tmp_path / "package.tar"


def codes(path: Path) -> set[str]:
    findings = asyncio.run(check(path))
    assert all(one.severity is Severity.ERROR and one.hint for one in findings)
    return {one.code for one in findings}


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {one.name: b"" if (file := tar.extractfile(one)) is None else file.read() for one in tar}


def test_it_holds_the_very_files_of_a_folder_and_the_manifest_last(tar: Path, tmp_path: Path) -> None:
    small_package(tmp_path / "package")
    folder = {one.relative_to(tmp_path / "package").as_posix(): one for one in (tmp_path / "package").rglob("*")}
    found = contents(tar)
    assert found == {name: b"" if one.is_dir() else one.read_bytes() for name, one in folder.items()}
    assert next(iter(found)) == "shop"
    assert list(found)[-1] == "manifest.json"
    assert tar.stat().st_mode & 0o777 == 0o600


def test_what_the_systems_tar_unpacks_is_a_package_that_is_whole(tar: Path, tmp_path: Path) -> None:
    (tmp_path / "unpacked").mkdir()
    done = subprocess.run(["tar", "xf", tar, "-C", tmp_path / "unpacked"], capture_output=True, check=True)
    assert done.stderr == b""
    assert asyncio.run(check(tmp_path / "unpacked")) == ()
    assert gzip.decompress((tmp_path / "unpacked/shop/users.bson.gz").read_bytes()) == b"".join(numbered(0, 30))


def test_its_headers_name_nobody_and_no_time_but_its_own(tar: Path, tmp_path: Path) -> None:
    with tarfile.open(tar) as opened:
        for one in opened:
            assert (one.uid, one.gid, one.uname, one.gname, one.mtime) == (0, 0, "", "", MOMENT)
            assert one.mode == (0o700 if one.isdir() else 0o600)
    small_tar(tmp_path / "again.tar")
    assert tar.read_bytes() == (tmp_path / "again.tar").read_bytes()
    assert tar.read_bytes().endswith(END)


@pytest.mark.parametrize("form", ["ustar", "pax", "gnu"])
def test_a_tar_that_another_program_made_of_the_same_files_is_taken(tar: Path, tmp_path: Path, form: str) -> None:
    (tmp_path / "files").mkdir()
    subprocess.run(["tar", "xf", tar, "-C", tmp_path / "files"], check=True)
    options = ["--pax-option=delete=atime,delete=ctime,delete=mtime"] if form == "pax" else []
    command = ["tar", f"--format={form}", *options, "-cf", str(tmp_path / "other.tar"), "-C", str(tmp_path / "files")]
    subprocess.run([*command, "shop", "manifest.json"], check=True)
    assert asyncio.run(check(tmp_path / "other.tar")) == ()


def test_a_tar_that_was_made_again_with_more_in_its_headers_is_refused_with_what_to_do(tar: Path) -> None:
    with tarfile.open(tar) as opened:
        entries = [(one, b"" if (file := opened.extractfile(one)) is None else file.read()) for one in opened]
    with tarfile.open(tar, "w", format=tarfile.PAX_FORMAT) as opened:
        for one, content in entries:
            one.pax_headers = {"mtime": "1769860800.5"}
            opened.addfile(one, io.BytesIO(content))
    (found, *_) = asyncio.run(check(tar))
    assert found.code == "tar_damaged"
    assert "--format=ustar" in found.hint


def test_a_path_in_a_pax_header_is_bounded() -> None:
    assert parse_records(b"999 path=" + b"x" * 989 + b"\n") == {"path": "x" * 989}
    with pytest.raises(TarFault, match="not well-formed"):
        parse_records(b"1001 path=" + b"x" * 990 + b"\n")


async def test_it_is_read_as_a_folder_is(tar: Path, tmp_path: Path) -> None:
    await asyncio.to_thread(small_package, tmp_path / "package")
    found = RecognisedPackage(tar)
    assert await found.form() is PackageForm.TAR
    assert await found.check() == ()
    assert await found.collections() == await PackageSource(tmp_path / "package").collections()
    assert await everything(found, "users", order=ReadOrder.BY_ID) == numbered(0, 30)
    first = await anext(aiter(found.read("users")))
    rest = [one async for block in found.read("users", after=first.position) for one in block.documents]
    assert rest == numbered(20, 30)


@pytest.mark.slow
@pytest.mark.rule(24, "padding in a tar is zero")
def test_no_flipped_bit_goes_unseen(tar: Path) -> None:
    whole = tar.read_bytes()
    chosen = random.Random(20_260_131)
    places = [(at, bit) for at in range(len(whole)) for bit in range(8)]
    unseen = []
    for at, bit in chosen.sample(places, FLIPS):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << bit
        tar.write_bytes(flipped)
        if not codes(tar):
            unseen.append((at, bit))
    assert unseen == []


@pytest.mark.crash_full
def test_no_flipped_bit_at_all_goes_unseen(tar: Path) -> None:
    whole = tar.read_bytes()
    for at in range(len(whole)):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << bit
            tar.write_bytes(flipped)
            assert codes(tar), (at, bit)


def test_no_truncation_and_no_addition_goes_unseen(tar: Path) -> None:
    whole = tar.read_bytes()
    lengths = {0, 1, BLOCK, len(whole) - 1, len(whole) - BLOCK, len(whole) - 2 * BLOCK}
    for length in {*lengths, *random.Random(7).sample(range(len(whole)), TRUNCATIONS)}:
        tar.write_bytes(whole[:length])
        try:
            assert codes(tar), length
        except Refused:  # so short that it is no tar at all
            assert length < BLOCK
    for tail in (b"\0", b"x", bytes(BLOCK), b"x" * BLOCK, whole):
        tar.write_bytes(whole + tail)
        assert "tar_damaged" in codes(tar), tail[:1]


Entries = list[tuple[tarfile.TarInfo, bytes]]


def rebuilt(path: Path, change: Callable[[Entries], None]) -> None:
    """Write the tar anew, by Python's own writer, with something changed."""
    with tarfile.open(path) as tar:
        entries = [(one, b"" if (file := tar.extractfile(one)) is None else file.read()) for one in tar]
    for one, _ in entries:
        one.pax_headers = {}
    change(entries)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for one, content in entries:
            tar.addfile(one, io.BytesIO(content))


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    one = tarfile.TarInfo(name)
    one.type, one.linkname = kind, link
    return one, b""


def replace_users(entries: Entries, new: tuple[tarfile.TarInfo, bytes]) -> None:
    entries[1] = new


def shuffle(entries: Entries) -> None:
    entries.reverse()


def drop_folder(entries: Entries) -> None:
    del entries[0]


@pytest.mark.parametrize("change", [shuffle, drop_folder])
def test_the_order_does_not_matter_nor_whether_the_folder_is_there(
    tar: Path, change: Callable[[Entries], None]
) -> None:
    rebuilt(tar, change)
    assert codes(tar) == set()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda it: it.append(entry("../evil")), "tar_name"),
        (lambda it: it.append(entry("/etc/evil")), "tar_name"),
        (lambda it: it.append(entry("shop/./users.bson.gz")), "tar_name"),
        (lambda it: it.append(entry("shop/USERS.bson.gz")), "tar_name"),
        (lambda it: it.append(it[1]), "tar_name"),
        (lambda it: it.append(entry("shop/extra")), "file_extra"),
        (lambda it: it.append(entry("other", tarfile.DIRTYPE)), "file_extra"),
        (lambda it: it.append(entry("shop/x", tarfile.SYMTYPE, "/etc/passwd")), "tar_damaged"),
        (lambda it: it.append(entry("shop/x", tarfile.LNKTYPE, "manifest.json")), "tar_damaged"),
        (lambda it: it.append(entry("shop/x", tarfile.CHRTYPE)), "tar_damaged"),
        (lambda it: it.append(entry("shop/x", tarfile.FIFOTYPE)), "tar_damaged"),
        (lambda it: it.append(entry("shop/x", tarfile.GNUTYPE_SPARSE)), "tar_damaged"),
        (lambda it: it.__delitem__(1), "file_missing"),
        (lambda it: it.__delitem__(-1), "manifest_missing"),
        (lambda it: replace_users(it, (it[1][0], b"x" * it[1][0].size)), "member_damaged"),
    ],
)
def test_what_no_package_has_is_found(tar: Path, change: Callable[[Entries], None], code: str) -> None:
    rebuilt(tar, change)
    found = [one for one in asyncio.run(check(tar)) if one.code == code]
    assert found
    if code.startswith("tar_"):
        assert "at byte" in found[0].message
        assert str(tar) in (found[0].subject, found[0].message.rpartition(" of ")[2])


def test_more_entries_than_the_limit_are_not_listed(tar: Path) -> None:
    package: NativeFiles = TarFiles(tar, Limits(entries=3))
    assert not package.has_manifest()
    assert {one.code for one in asyncio.run(RecognisedPackage(tar, ReadOptions(limits=Limits(entries=3))).check())} >= {
        "tar_damaged"
    }


def test_a_size_beyond_the_end_is_found_and_nothing_is_read(tar: Path) -> None:
    lie = headers("shop/x", EntryKind.FILE, 2**62, MOMENT)
    tar.write_bytes(lie + tar.read_bytes())
    assert "tar_damaged" in codes(tar)


def test_what_is_not_there_or_no_tar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        asyncio.run(check(tmp_path / "nothing.tar"))
    with pytest.raises(UsageError):
        TarFiles(tmp_path / "nothing.tar").has_manifest()


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


@given(st.binary(max_size=600))
@settings(max_examples=200)
def test_rubbish_is_no_header(content: bytes) -> None:
    for read in (parse_records, lambda it: parse_header(it.ljust(BLOCK, b"\0")[:BLOCK])):
        try:
            read(content)
        except TarFault:
            continue


def names_in(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


async def test_nothing_lies_at_the_final_path_until_it_is_sealed(tmp_path: Path) -> None:
    writer = await new(tmp_path / "x.tar")
    entries = await fill(writer, SMALL, infos={"recent": SMALL_VIEW})
    assert names_in(tmp_path) == [".x.tar.partial-1"]
    assert writer.partial.stat().st_mode & 0o777 == 0o600
    await writer.seal(HEADER, entries)
    assert names_in(tmp_path) == ["x.tar"]


async def new(path: Path) -> TarWriter:
    return await TarWriter.create(path, run_id=1, database="shop", moment=MOMENT)


async def again(path: Path, finished: dict[str, list[Member]]) -> TarWriter:
    return await TarWriter.reopen(path, run_id=1, database="shop", moment=MOMENT, finished=finished)


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
async def test_an_output_that_exists_is_refused_and_stays(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.tar"
    if kind == "file":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    with pytest.raises(Refused, match="exists"):
        await new(path)
    assert names_in(tmp_path) == ["x.tar"]


async def test_an_output_that_comes_to_exist_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    writer = await new(tmp_path / "x.tar")
    entries = await fill(writer, SMALL, infos={"recent": SMALL_VIEW})
    (tmp_path / "x.tar").write_text("mine")
    with pytest.raises(Refused, match="has come to exist"):
        await writer.seal(HEADER, entries)
    assert (tmp_path / "x.tar").read_text() == "mine"
    (tmp_path / "x.tar").unlink()
    await writer.seal(HEADER, entries)
    assert await check(tmp_path / "x.tar") == ()


async def test_an_unfinished_file_is_taken_up_only_by_its_run_and_can_be_removed(tmp_path: Path) -> None:
    await new(tmp_path / "x.tar")
    writer = await new(tmp_path / "x.tar")
    await writer.open_collection("users", ())
    await writer.close()
    with pytest.raises(Refused, match="unfinished"):
        await new(tmp_path / "x.tar")
    await discard_partial(tmp_path / "x.tar", 1)
    await discard_partial(tmp_path / "x.tar", 1)
    with pytest.raises(Refused, match="is gone"):
        await again(tmp_path / "x.tar", {})


BATCHES = [numbered(0, 50), numbered(50, 90), numbered(90, 100)]


async def finish(path: Path, first: list[Member], second: Sequence[Member]) -> None:
    """Take the tar up with `first` finished and `second` on its way, and write the rest."""
    writer = await again(path, {"first": first})
    infos = [info("first"), info("second")]
    for one in infos:
        await writer.write_metadata(one)
    taken = list(second)
    await writer.open_collection("second", taken)
    for batch in BATCHES[len(taken) :]:
        taken.append(await writer.append(batch))
    await writer.close_collection()
    known = {"first": first, "second": taken}
    await writer.seal(HEADER, [await writer.entry(one, known[one.name], DocumentOrder.ID) for one in infos])


@pytest.mark.parametrize("known", range(4))
@pytest.mark.parametrize("rubbish", [b"", b"torn", b"x" * 5_000])
async def test_a_torn_tail_is_cut_and_the_result_is_the_same(tmp_path: Path, known: int, rubbish: bytes) -> None:
    whole = await new(tmp_path / "whole.tar")
    entries = await fill(whole, {"first": BATCHES[:1], "second": BATCHES})
    await whole.seal(HEADER, entries)
    writer = await new(tmp_path / "x.tar")
    await writer.open_collection("first", ())
    first = [await writer.append(BATCHES[0])]
    await writer.close_collection()
    await writer.open_collection("second", ())
    second = [await writer.append(batch) for batch in BATCHES]
    await writer.close()
    with writer.partial.open("ab") as file:
        file.write(rubbish)
    await finish(tmp_path / "x.tar", first, second[:known])
    assert (tmp_path / "x.tar").read_bytes() == (tmp_path / "whole.tar").read_bytes()
    assert await is_sealed(tmp_path / "x.tar", {"first": first, "second": second})
    assert not await is_sealed(tmp_path / "x.tar", {"first": first, "second": second[:2]})
    assert not await is_sealed(tmp_path / "other.tar", {})


async def test_a_tar_that_lost_what_was_written_is_not_gone_on_with(tmp_path: Path) -> None:
    writer = await new(tmp_path / "x.tar")
    await writer.open_collection("first", ())
    member = await writer.append(BATCHES[0])
    await writer.close()
    writer.partial.write_bytes(writer.partial.read_bytes()[:-1])
    writer = await again(tmp_path / "x.tar", {})
    with pytest.raises(PackageDamaged, match="written before the interruption"):
        await writer.open_collection("first", [member])


async def test_a_tar_that_the_disk_changed_meanwhile_is_not_sealed(tmp_path: Path) -> None:
    writer = await new(tmp_path / "x.tar")
    await writer.write_metadata(info())
    await writer.open_collection("users", ())
    member = await writer.append(numbered(0, 9))
    await writer.close_collection()
    content = bytearray(writer.partial.read_bytes())
    content[content.index(members.HEADER) + 30] ^= 1
    writer.partial.write_bytes(content)
    with pytest.raises(PackageDamaged):
        await writer.entry(info(), [member], DocumentOrder.ID)
    await writer.close()


async def test_a_collection_that_is_not_in_the_manifest_is_not_sealed_in(tmp_path: Path) -> None:
    writer = await new(tmp_path / "x.tar")
    await fill(writer, {"users": [numbered(0, 9)]})
    with pytest.raises(PackageDamaged, match="manifest"):
        await writer.seal(HEADER, [])
    await writer.close()


async def test_names_that_differ_in_case_alone_are_refused(tmp_path: Path) -> None:
    writer = await new(tmp_path / "x.tar")
    await writer.write_metadata(info("users"))
    with pytest.raises(Refused, match="upper and lower case"):
        await writer.write_metadata(info("Users"))


@given(
    st.dictionaries(names, st.lists(st.lists(documents, min_size=1, max_size=3), max_size=3), max_size=3),
    st.sampled_from(["shop", "lädchen"]),
)
@settings(max_examples=25)
def test_documents_go_through_a_tar_byte_for_byte(batches: dict[str, list[list[bytes]]], database: str) -> None:
    folded = {name.casefold(): name for name in batches}
    batches = {name: batches[name] for name in folded.values()}

    async def prove(folder: Path) -> None:
        from dataclasses import replace

        header = replace(HEADER, source=replace(HEADER.source, database=database))
        tar, plain = folder / "x.tar", folder / "x"
        writer = await TarWriter.create(tar, run_id=1, database=database, moment=MOMENT)
        await writer.seal(header, await fill(writer, batches, order=DocumentOrder.NATURAL))
        other = await PackageWriter.create(plain, run_id=1, database=database)
        await other.seal(header, await fill(other, batches, order=DocumentOrder.NATURAL))
        source = RecognisedPackage(tar)
        for name, parts in batches.items():
            found = [one async for block in source.read(name, order=ReadOrder.NATURAL) for one in block.documents]
            assert found == [one for part in parts for one in part]
        assert {one.code for one in await check(tar)} == {one.code for one in await check(plain)}
        files = {one.relative_to(plain).as_posix(): one.read_bytes() for one in plain.rglob("*") if one.is_file()}
        assert {name: one for name, one in contents(tar).items() if name != database} == files

    with TemporaryDirectory() as name:
        asyncio.run(prove(Path(name)))


def test_a_file_of_documents_beyond_8_gib_has_its_size_in_the_pax_header() -> None:
    size = 9 * 1024**3 + 1
    made = headers("shop/big.bson.gz", EntryKind.FILE, size, MOMENT, reserve=True)
    with tarfile.open(fileobj=io.BytesIO(made + bytes(padding(0)) + END), mode="r:") as tar:
        one = tar.next()
    assert one is not None
    assert (one.name, one.size) == ("shop/big.bson.gz", size)
