import asyncio
import gzip
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages import members
from tui_migrate.packages.check import check
from tui_migrate.packages.entries import DocumentOrder
from tui_migrate.packages.members import Member
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.packages.tar_layout import END
from tui_migrate.packages.tar_writer import TarWriter
from tui_migrate.packages.writer import PackageWriter, discard_partial, is_sealed
from tui_migrate.stores.base import ReadOrder

from .samples import HEADER, MOMENT, SMALL, SMALL_VIEW, documents, fill, info, names, numbered, small_package, small_tar


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
