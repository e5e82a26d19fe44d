"""Every bit of a small package flipped, one at a time, and every length it can be cut to.

What has checksums (native packages, archives, gzip, encryption) tells of each. What has none cannot: a plain `.bson`
file whose numbers or letters change is another whole file; so are a plain dump's metadata, where a flag or a name may
change, and a file's time and system in the header of gzip (RFC 1952 protects what is packed, not that header). Of
those every flip is either told of, or what is read is well-formed.
"""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.packages.hostile import seeds
from tests.packages.hostile.looking import look, reported
from tests.packages.mongodump import writers
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import ReadOptions

STEP = 41
SHORT_STEP = 5
"""Every so many-th bit where all of them take long; primes, so that each bit of a byte has its turn."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(dir=seeds.FAST) as name:
        yield Path(name)


Predicate = Callable[[], Awaitable[bool]]


async def unseen_flips(path: Path, holds: Predicate, step: int = 1) -> list[tuple[str, int, int]]:
    """Flip the bits of a file in place; give those after which it does not hold."""
    whole = _read(path)
    found = []
    with path.open("r+b", buffering=0) as file:
        for number in range(0, len(whole) * 8, step):
            at, bit = divmod(number, 8)
            file.seek(at)
            file.write(bytes((whole[at] ^ 1 << bit,)))
            if not await holds():
                found.append((path.name, at, bit))
            file.seek(at)
            file.write(whole[at : at + 1])
    return found


async def unseen_cuts(path: Path, holds: Predicate, step: int = 1) -> list[tuple[str, int]]:
    """Cut a file to every length, longest first; give those after which it does not hold."""
    whole = _read(path)
    found = []
    for length in range(len(whole) - 1, -1, -step):
        _truncate(path, length)
        if not await holds():
            found.append((path.name, length))
    put(path, whole)
    return found


def _read(path: Path) -> bytes:
    return path.read_bytes()


def put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _truncate(path: Path, length: int) -> None:
    with path.open("r+b") as file:
        file.truncate(length)


def checking(path: Path, options: ReadOptions = ReadOptions()) -> Predicate:  # noqa: B008 -- frozen
    return lambda: reported(path, options)


def unharmed(path: Path) -> Predicate:
    """Told of, or well-formed: `look` sees to the latter."""

    async def holds() -> bool:
        seen = await look(path)
        return seen.is_reported or seen.contents is not None

    return holds


def unchanged(path: Path, due: object) -> Predicate:
    """Told of, or without any effect."""

    async def holds() -> bool:
        seen = await look(path)
        return seen.is_noticed or seen.contents == due

    return holds


NATIVE = tuple(seeds.tiny_folder())


@pytest.mark.slow
@pytest.mark.rule(24, "validate finds every flipped bit and every truncation")
@pytest.mark.parametrize("step", [SHORT_STEP, pytest.param(1, marks=pytest.mark.crash_full)])
@pytest.mark.parametrize("relative", NATIVE)
async def test_every_flip_and_cut_of_a_native_package_is_told_of(folder: Path, relative: str, step: int) -> None:
    package = seeds.put_folder(folder / "x", seeds.tiny_folder())
    assert not await reported(package)
    assert await unseen_flips(package / relative, checking(package), step) == []
    assert await unseen_cuts(package / relative, checking(package), step) == []
    assert not await reported(package)


@pytest.mark.slow
@pytest.mark.parametrize("step", [STEP, pytest.param(1, marks=[pytest.mark.crash_full, pytest.mark.timeout(1_800)])])
async def test_every_flip_and_cut_of_a_tar_is_told_of(folder: Path, step: int) -> None:
    path = folder / "x.tar"
    path.write_bytes(seeds.tiny(PackageForm.TAR))
    assert not await reported(path)
    assert await unseen_flips(path, checking(path), step) == []
    assert await unseen_cuts(path, checking(path), step) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", ["recipient", *(pytest.param(one, marks=pytest.mark.crash_full) for one in ("passphrase", "key"))]
)
async def test_every_flip_and_cut_of_an_encrypted_package_is_told_of(folder: Path, way: str) -> None:
    sealing = seeds.sealings(folder)[way]
    is_json = way == "key"
    plain = seeds.json_samples()["own second_brain_database"] if is_json else seeds.tiny(PackageForm.ARCHIVE)
    path = folder / "x"
    path.write_bytes(sealing.seal(plain))
    holds = checking(path, sealing.options)
    assert not await holds()
    assert await unseen_flips(path, holds) == []
    assert await unseen_cuts(path, holds) == []


@pytest.mark.slow
async def test_every_flip_of_our_own_archive_is_told_of_or_without_effect(folder: Path) -> None:
    path = folder / "x"
    path.write_bytes(seeds.tiny(PackageForm.ARCHIVE))
    due = (await look(path)).contents
    assert due is not None
    assert await unseen_flips(path, unchanged(path, due)) == []
    assert await unseen_cuts(path, checking(path)) == []


@pytest.mark.slow
@pytest.mark.crash_full
@pytest.mark.parametrize("packed", [False, True])
async def test_every_flip_of_mongodumps_archive_is_told_of_or_without_effect_on_documents(
    folder: Path, packed: bool
) -> None:
    path = folder / "x"
    path.write_bytes(gzip.compress(seeds.dump_archive(), mtime=0) if packed else seeds.dump_archive())
    due = (await look(path)).contents
    assert due == {name: seeds.DOCUMENTS[name] for name in sorted(seeds.DOCUMENTS)}
    assert await unseen_flips(path, unchanged(path, due)) == []
    assert await unseen_cuts(path, checking(path)) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("packed", "step"),
    [(False, SHORT_STEP), *(pytest.param(one, 1, marks=pytest.mark.crash_full) for one in (False, True))],
)
async def test_no_flip_or_cut_of_a_dump_does_harm(folder: Path, packed: bool, step: int) -> None:
    path = seeds.tiny_dump(folder / "x", packed=packed)
    due = (await look(path)).contents
    assert due is not None
    holds = unchanged(path, due) if packed else unharmed(path)
    files = [one for one in sorted(path.rglob("*")) if one.is_file() and "orders" not in one.name]
    for file in files:
        assert await unseen_flips(file, holds, step) == []
        assert await unseen_cuts(file, unharmed(path), step) == []


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
async def test_no_flip_or_cut_of_a_single_file_does_harm(folder: Path, packed: bool) -> None:
    path = writers.write(folder / "users.bson", b"".join(seeds.USERS), packed=packed)
    if packed:
        path = path.with_name("users.bson.gz")
    due = (await look(path)).contents
    assert due == {"users": seeds.USERS}
    assert await unseen_flips(path, unchanged(path, due) if packed else unharmed(path)) == []
    assert await unseen_cuts(path, unharmed(path)) == []


def test_bits_are_put_back_and_cuts_are_made(tmp_path: Path) -> None:
    """What proves the rest finds what is not told of: nobody looks, and every flip and cut is given."""
    path = tmp_path / "x"
    path.write_bytes(b"ab")

    async def never() -> bool:
        return False

    assert len(asyncio.run(unseen_flips(path, never))) == 16
    assert [length for _, length in asyncio.run(unseen_cuts(path, never))] == [1, 0]
    assert path.read_bytes() == b"ab"
