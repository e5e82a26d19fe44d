import asyncio
import errno
import gzip
import json
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tui_migrate.errors import PackageDamaged, Refused, StorageFailed
from tui_migrate.packages import collection_file, files, members
from tui_migrate.packages.check import check
from tui_migrate.packages.entries import DocumentOrder
from tui_migrate.packages.manifest import SourceEntry
from tui_migrate.packages.members import Member
from tui_migrate.packages.writer import PackageWriter, is_sealed
from tui_migrate.stores.base import CollectionKind

from .samples import HEADER, info, numbered, small_package, write_package


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def new(path: Path) -> PackageWriter:
    return await PackageWriter.create(path, run_id=1, database="shop")


async def test_the_files_are_what_mongorestore_reads(tmp_path: Path) -> None:
    await write_package(tmp_path / "package", {"a/b c": [numbered(0, 3), numbered(3, 4)], "none": []})
    found = tree(tmp_path / "package")
    assert found.keys() == {
        "manifest.json",
        "shop/a%2Fb+c.bson.gz",
        "shop/a%2Fb+c.metadata.json.gz",
        "shop/none.bson.gz",
        "shop/none.metadata.json.gz",
    }
    assert gzip.decompress(found["shop/a%2Fb+c.bson.gz"]) == b"".join(numbered(0, 4))
    assert gzip.decompress(found["shop/none.bson.gz"]) == b""
    assert json.loads(gzip.decompress(found["shop/none.metadata.json.gz"]))["collectionName"] == "none"


def test_the_same_documents_and_header_give_the_same_bytes(tmp_path: Path) -> None:
    small_package(tmp_path / "one")
    small_package(tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


async def test_only_the_owner_can_read_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    await write_package(tmp_path / "package", {"users": [numbered(0, 3)]})
    assert names_in(tmp_path) == ["package"]
    for path in (tmp_path / "package").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
    assert (tmp_path / "package").stat().st_mode & 0o777 == 0o700


async def test_nothing_lies_at_the_final_path_until_it_is_sealed(tmp_path: Path) -> None:
    writer = await new(tmp_path / "package")
    await writer.write_metadata(info())
    await writer.open_collection("users", ())
    member = await writer.append(numbered(0, 3))
    await writer.close_collection()
    entry = await writer.entry(info(), [member], DocumentOrder.ID)
    assert names_in(tmp_path) == [".package.partial-1"]
    assert not (writer.partial / "manifest.json").exists()
    await writer.seal(HEADER, [entry])
    assert names_in(tmp_path) == ["package"]


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
async def test_an_output_that_exists_is_refused_and_stays(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "package"
    if kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.write_text("mine")
    else:
        path.symlink_to("nowhere")
    with pytest.raises(Refused, match="exists"):
        await new(path)
    assert names_in(tmp_path) == ["package"]


async def test_an_output_that_comes_to_exist_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    writer = await new(tmp_path / "package")
    (tmp_path / "package").mkdir()
    with pytest.raises(Refused, match="has come to exist"):
        await writer.seal(HEADER, [])
    assert names_in(tmp_path / "package") == []
    (tmp_path / "package").rmdir()
    again = await PackageWriter.reopen(tmp_path / "package", run_id=1, database="shop")
    await again.seal(HEADER, [])
    assert (tmp_path / "package" / "manifest.json").exists()


async def test_a_folder_that_cannot_be_written_to_fails_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for parent in (tmp_path / "file", tmp_path / "missing", Path("/proc")):
        with pytest.raises(StorageFailed) as failure:
            await new(parent / "package")
        assert str(parent) in failure.value.message
        assert failure.value.hint
    assert names_in(tmp_path) == ["file"]


async def test_a_temporary_folder_is_taken_up_only_while_it_is_empty(tmp_path: Path) -> None:
    await new(tmp_path / "package")
    writer = await new(tmp_path / "package")
    await writer.write_metadata(info())
    with pytest.raises(Refused, match="unfinished package"):
        await new(tmp_path / "package")
    other = await PackageWriter.create(tmp_path / "package", run_id=2, database="shop")
    await other.discard()
    await other.discard()
    assert names_in(tmp_path) == [".package.partial-1"]
    with pytest.raises(Refused, match="is gone"):
        await PackageWriter.reopen(tmp_path / "package", run_id=2, database="shop")


BATCHES = [numbered(0, 50), numbered(50, 90), numbered(90, 100)]


async def finish(writer: PackageWriter, known: Sequence[Member]) -> None:
    taken = list(known)
    await writer.write_metadata(info())
    await writer.open_collection("users", taken)
    for batch in BATCHES[len(taken) :]:
        taken.append(await writer.append(batch))
    await writer.close_collection()
    await writer.seal(HEADER, [await writer.entry(info(), taken, DocumentOrder.ID)])


@pytest.mark.rule(24, "fsync before a checkpoint, cut back to it on resume")
@pytest.mark.parametrize("checkpointed", [0, 1, 2, 3])
@pytest.mark.parametrize("torn", [0, 1, 11, 10_000])
async def test_a_tail_past_the_checkpoint_is_cut_and_the_result_is_the_same(
    tmp_path: Path, checkpointed: int, torn: int
) -> None:
    await finish(await new(tmp_path / "undisturbed"), ())
    writer = await new(tmp_path / "package")
    await writer.open_collection("users", ())
    known = [await writer.append(batch) for batch in BATCHES[:checkpointed]]
    with (writer.partial / "shop" / "users.bson.gz").open("ab") as file:
        file.write(members.pack(b"".join(BATCHES[0]))[:torn] + bytes(max(0, torn - 500)))
    (writer.partial / "shop" / "users.metadata.json.gz.new").write_bytes(b"torn")
    (writer.partial / "manifest.json").write_bytes(b"torn")
    del writer
    await finish(await PackageWriter.reopen(tmp_path / "package", run_id=1, database="shop"), known)
    assert tree(tmp_path / "package") == tree(tmp_path / "undisturbed")
    assert await check(tmp_path / "package") == ()


async def test_a_file_shorter_than_the_checkpoint_is_damage(tmp_path: Path) -> None:
    writer = await new(tmp_path / "package")
    await writer.open_collection("users", ())
    member = await writer.append(BATCHES[0])
    await writer.close()
    os.truncate(writer.partial / "shop" / "users.bson.gz", member.end - 1)
    with pytest.raises(PackageDamaged, match=f"{member.end} were written"):
        await writer.open_collection("users", [member])


@pytest.mark.rule(24, "the whole stream's digest is computed at the end")
async def test_a_member_that_changed_on_disk_is_found_before_sealing(tmp_path: Path) -> None:
    writer = await new(tmp_path / "package")
    await writer.write_metadata(info())
    await writer.open_collection("users", ())
    member = await writer.append(BATCHES[0])
    await writer.close_collection()
    path = writer.partial / "shop" / "users.bson.gz"
    for content in (members.pack(b"".join(BATCHES[1])), path.read_bytes() + b"\0", b""):
        path.write_bytes(content)
        with pytest.raises(PackageDamaged, match=r"users\.bson\.gz"):
            await writer.entry(info(), [member], DocumentOrder.ID)


async def test_a_folder_with_a_stranger_in_it_or_a_file_gone_is_not_sealed(tmp_path: Path) -> None:
    writer = await new(tmp_path / "package")
    await writer.write_metadata(info(kind=CollectionKind.VIEW))
    entry = await writer.entry(info(kind=CollectionKind.VIEW), (), DocumentOrder.NATURAL)
    stranger = writer.partial / "shop" / "stranger"
    stranger.touch()
    with pytest.raises(PackageDamaged, match="stranger"):
        await writer.seal(HEADER, [entry])
    stranger.unlink()
    (writer.partial / entry.metadata.path).unlink()
    with pytest.raises(PackageDamaged, match=r"users\.metadata"):
        await writer.seal(HEADER, [entry])
    assert names_in(tmp_path) == [".package.partial-1"]


async def test_a_header_that_no_reader_would_take_is_not_sealed(tmp_path: Path) -> None:
    writer = await new(tmp_path / "package")
    with pytest.raises(PackageDamaged, match="created_at"):
        await writer.seal(replace(HEADER, created_at="now"), [])
    assert names_in(tmp_path) == [".package.partial-1"]


async def test_names_that_upper_and_lower_case_alone_tell_apart_are_refused(tmp_path: Path) -> None:
    writer = await new(tmp_path / "package")
    await writer.write_metadata(info("users"))
    with pytest.raises(Refused, match="upper and lower case"):
        await writer.write_metadata(info("Users"))
    await writer.open_collection("users", ())
    with pytest.raises(Refused, match="upper and lower case"):
        await writer.open_collection("USERS", ())


async def test_no_password_reaches_the_manifest(tmp_path: Path) -> None:
    url = "mongodb://ada:s3cr:et@db.example/?tlsCertificateKeyFilePassword=s3cr"
    header = replace(HEADER, description=f"from {url}", operator=url, source=SourceEntry("mongodb", url, "shop", "8"))
    await write_package(tmp_path / "package", {"users": []}, header=header)
    content = (tmp_path / "package" / "manifest.json").read_text()
    assert "s3cr" not in content
    assert content.count("mongodb://ada:***@db.example/") == 3


async def test_a_failed_fsync_is_never_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = await new(tmp_path / "package")
    await writer.open_collection("users", ())
    member = await writer.append(BATCHES[0])
    calls = []

    def failing(descriptor: int) -> None:
        calls.append(descriptor)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(files, "sync", failing)
        with pytest.raises(StorageFailed, match=r"users\.bson\.gz"):
            await writer.append(BATCHES[1])
    for attempt in (
        lambda: writer.append(BATCHES[1]),
        lambda: writer.open_collection("users", [member]),
        writer.close_collection,
        lambda: writer.seal(HEADER, []),
    ):
        with pytest.raises(StorageFailed, match="Input/output error"):
            await attempt()
    assert len(calls) == 1
    await finish(await PackageWriter.reopen(tmp_path / "package", run_id=1, database="shop"), [member])


async def test_a_cancelled_append_is_cut_off_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = await new(tmp_path / "package")
    await writer.open_collection("users", ())
    member = await writer.append(BATCHES[0])
    started, go_on = threading.Event(), threading.Event()
    written: list[int] = []
    append = collection_file.CollectionFile.append

    def slow(self: collection_file.CollectionFile, documents: Sequence[bytes], level: int) -> Member:
        started.set()
        assert go_on.wait(30)
        late = append(self, documents, level)
        written.append(late.end)
        return late

    with monkeypatch.context() as patch:
        patch.setattr(collection_file.CollectionFile, "append", slow)
        task = asyncio.create_task(writer.append(BATCHES[1]))
        assert await asyncio.to_thread(started.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    path = writer.partial / "shop" / "users.bson.gz"
    assert path.stat().st_size == written[0] > member.end
    with pytest.raises(RuntimeError, match="no collection is open"):
        await writer.append(BATCHES[1])
    await writer.open_collection("users", [member])
    assert path.stat().st_size == member.end
    await finish(writer, [member])
    assert await check(tmp_path / "package") == ()


async def test_an_empty_batch_is_a_mistake(tmp_path: Path) -> None:
    writer = await new(tmp_path / "package")
    await writer.open_collection("users", ())
    with pytest.raises(ValueError, match="a batch has"):
        await writer.append([])


async def test_a_full_disk_names_the_path_and_leaves_a_package_to_resume(tmp_path: Path) -> None:
    script = """
        import asyncio, resource, sys
        from pathlib import Path
        from tui_migrate.errors import StorageFailed
        from tui_migrate.packages.writer import PackageWriter

        async def main() -> None:
            writer = await PackageWriter.create(Path(sys.argv[1]), run_id=1, database="shop", level=0)
            await writer.open_collection("users", ())
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
            document = (20_005).to_bytes(4, "little") + b"\\x05a\\0" + (19_992).to_bytes(4, "little") + bytes(19_994)
            try:
                for _ in range(3):
                    print((await writer.append([document])).end)
            except StorageFailed as error:
                print(error.message, "|", error.hint)

        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "package")]
    result = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=True)
    first, second, failure = result.stdout.splitlines()
    path = tmp_path / ".package.partial-1" / "shop" / "users.bson.gz"
    assert int(first) < int(second) < path.stat().st_size == 50_000
    assert str(path) in failure
    assert "bytes are free" in failure
    assert not (tmp_path / "package").exists()


async def test_a_package_that_was_named_before_the_crash_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "package"
    assert not await is_sealed(path, {})
    manifest = await write_package(path, {"users": [numbered(0, 3)], "none": []})
    known = {entry.name: entry.members for entry in manifest.collections}
    assert await is_sealed(path, known)
    assert not await is_sealed(path, {**known, "none": known["users"]})
    assert not await is_sealed(path, {"users": known["users"]})
