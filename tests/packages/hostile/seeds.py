"""Small packages of every form, whole ones, from which hostile ones are made."""

import asyncio
import gzip
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import bson

from tests.packages.encryption.contents import identity, sealed
from tests.packages.mongodump import writers
from tests.packages.samples import HEADER, MOMENT, Batches, fill, write_package
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import Keys, ReadOptions
from tui_migrate.packages.writing import Writing, create_writer

FAST: Final = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 -- in a folder of our own
JSON: Final = Path(__file__).parents[2] / "data" / "json_forms"
WORD: Final = "word"
AES_KEY: Final = bytes(range(32))

USERS: Final = [bson.encode({"_id": 1, "a": "x"}), bson.encode({"_id": 2, "b": [1.5, None]})]
ORDERS: Final = [bson.encode({"_id": "o", "c": {"d": bson.Int64(3)}})]
DOCUMENTS: Final = {"users": USERS, "orders": ORDERS}
TINY: Final[Batches] = {name: [documents] for name, documents in DOCUMENTS.items()}
"""Two collections, three documents."""

REVIEWED: Final[Batches] = {"projects": [USERS], "user": [[bson.encode({"_id": "u", "id": "u", "email": "a@b"})]]}
"""The same for XCodeReviewer, which knows only collections of its own."""


def written(path: Path, form: PackageForm, batches: Batches = TINY) -> Path:
    """Write a package as an export does; a test that runs in a loop of its own may call this too."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(write(path, form, batches))).result()
    return path


async def write(path: Path, form: PackageForm, batches: Batches = TINY) -> None:
    """Write a package as an export does, whatever its form."""
    if form is PackageForm.NATIVE:
        await write_package(path, batches)
        return
    mark = path.with_name(path.name + ".mark")
    writer = await create_writer(Writing(path, form, run_id=1, database="shop", moment=MOMENT, mark=mark))
    try:
        await writer.seal(HEADER, await fill(writer, batches))
    finally:
        await writer.close()
    mark.unlink(missing_ok=True)


@cache
def tiny(form: PackageForm) -> bytes:
    """The bytes of a tiny package that is one file."""
    with TemporaryDirectory(dir=FAST) as name:
        batches = REVIEWED if form is PackageForm.XCODEREVIEWER else TINY
        return written(Path(name) / "x", form, batches).read_bytes()


@cache
def tiny_folder() -> Mapping[str, bytes]:
    """The files of a tiny native package by their relative paths."""
    with TemporaryDirectory(dir=FAST) as name:
        root = written(Path(name) / "x", PackageForm.NATIVE)
        return {one.relative_to(root).as_posix(): one.read_bytes() for one in sorted(root.rglob("*")) if one.is_file()}


def put_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    """Lay files out in a folder."""
    for relative, content in files.items():
        (path / relative).parent.mkdir(parents=True, exist_ok=True)
        (path / relative).write_bytes(content)
    return path


@dataclass(frozen=True, slots=True)
class Sealing:
    """How bytes are encrypted, and what opens them."""

    seal: Callable[[bytes], bytes]
    options: ReadOptions


def sealings(folder: Path) -> dict[str, Sealing]:
    """All ways to encrypt; their keys lie in `folder`."""
    mine = identity()
    public = str(mine.to_public())
    identities, key = folder / "identity", folder / "key"
    for path, content in ((identities, f"{mine}\n".encode()), (key, AES_KEY)):
        path.touch(0o600)
        path.write_bytes(content)
    return {
        "recipient": Sealing(
            lambda plain: sealed(plain, recipients=[public]), ReadOptions(keys=Keys(identity_file=identities))
        ),
        "passphrase": Sealing(lambda plain: sealed(plain, passphrase=WORD), ReadOptions(keys=Keys(passphrase=WORD))),
        "key": Sealing(_sealed_by_aes, ReadOptions(keys=Keys(key_file=key))),
    }


def _sealed_by_aes(plain: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = bytes(12)  # the same each time, which is safe for bytes that are no secret
    return nonce + AESGCM(AES_KEY).encrypt(nonce, plain, None)


def tiny_dump(path: Path, *, packed: bool) -> Path:
    """A folder as mongodump lays it out."""
    return writers.write_folder(path, {"shop": DOCUMENTS}, packed=packed)


def dump_archive() -> bytes:
    """An archive as mongodump writes it, with collections that take turns."""
    return writers.archive({"shop": DOCUMENTS}, turn=1)


def json_samples() -> Mapping[str, bytes]:
    """Files of the other systems, unpacked, and what this program exports in their forms."""
    found = {one.name.removesuffix(".gz"): _unpacked(one.read_bytes()) for one in sorted(JSON.iterdir())}
    for form in (PackageForm.SECOND_BRAIN, PackageForm.GOFANNON, PackageForm.XCODEREVIEWER):
        found[f"own {form}"] = _unpacked(tiny(form))
    return found


def _unpacked(content: bytes) -> bytes:
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
