import asyncio
import io
import random
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.suites.store_cases import everything
from tui_migrate.errors import Refused, UsageError
from tui_migrate.findings import Severity
from tui_migrate.packages.check import check
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import Limits
from tui_migrate.packages.native_files import NativeFiles
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.reader import PackageSource
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.packages.tar_layout import BLOCK, EntryKind, headers
from tui_migrate.packages.tar_reader import TarFiles
from tui_migrate.stores.base import ReadOrder

from .samples import MOMENT, numbered, small_package

FLIPS = 500
TRUNCATIONS = 120


def codes(path: Path) -> set[str]:
    findings = asyncio.run(check(path))
    assert all(one.severity is Severity.ERROR and one.hint for one in findings)
    return {one.code for one in findings}


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
