"""What the fuzz run feeds: for each reader its seeds, how they are damaged, and how the result is laid out on disk.

A reader that has a checksum or a packing before it is fed twice: as the file lies there, and beneath, with the checksum
made right again, so that the damage reaches what parses it.
"""

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from tests.packages.hostile import seeds
from tests.packages.hostile.forging import with_checksum, with_documents, with_metadata, with_sums
from tests.packages.hostile.mutations import (
    BSON_TOKENS,
    GZIP_TOKENS,
    JSON_TOKENS,
    TAR_TOKENS,
    damaged_bytes,
    damaged_json,
)
from tests.packages.mongodump import writers
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import ReadOptions

Lay = Callable[[Path, bytes], Path]
"""Lays damaged bytes out at a path that is free, and gives the path of the package."""

Damage = Callable[[Sequence[bytes]], st.SearchStrategy[bytes]]


@dataclass(frozen=True, slots=True)
class Reader:
    """One way into a reader, and the whole contents with which that goes well."""

    name: str
    whole: Sequence[bytes]
    damage: Damage
    lay: Lay
    options: ReadOptions = ReadOptions()  # noqa: RUF009 -- frozen

    @property
    def contents(self) -> st.SearchStrategy[bytes]:
        """Damaged ones."""
        return self.damage(self.whole)


def readers(folder: Path) -> list[Reader]:
    """All of them; keys lie in `folder`."""
    return [*_native(), *_tar(), *_dumps(), *_archives(), *_json(), *_encrypted(folder)]


def one_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def packed_file(path: Path, content: bytes) -> Path:
    return one_file(path, gzip.compress(content, 1, mtime=0))


def by(*tokens: bytes) -> Damage:
    """Damage bytes, with these that mean something to the reader among what is put in."""
    return lambda whole: damaged_bytes(whole, tokens)


_BY_BSON = by(*BSON_TOKENS)
_BY_TEXT = by(*JSON_TOKENS)
_BY_GZIP = by(*GZIP_TOKENS)
_USERS = (b"".join(seeds.USERS),)
_DOCUMENTS = (*_USERS, b"".join(seeds.ORDERS))


def _native() -> Iterator[Reader]:
    files = seeds.tiny_folder()
    manifest = (files["manifest.json"],)

    def folder_with(relative: str, lay: Callable[[bytes], bytes] = bytes) -> Lay:
        return lambda path, content: seeds.put_folder(path, {**files, relative: lay(content)})

    yield Reader("native manifest", manifest, _BY_TEXT, folder_with("manifest.json"))
    yield Reader("native manifest, sealed", manifest, damaged_json, folder_with("manifest.json", with_checksum))
    data = "shop/users.bson.gz"
    yield Reader("native data", (files[data],), _BY_GZIP, folder_with(data))
    yield Reader("native documents, sealed", _USERS, _BY_BSON, _with_documents)
    texts = (gzip.decompress(files["shop/users.metadata.json.gz"]),)
    yield Reader("native metadata, sealed", texts, damaged_json, _with_metadata)
    yield Reader("native metadata text, sealed", texts, _BY_TEXT, _with_metadata)


def _with_documents(path: Path, content: bytes) -> Path:
    return seeds.put_folder(path, with_documents(seeds.tiny_folder(), content, count=2))


def _with_metadata(path: Path, content: bytes) -> Path:
    return seeds.put_folder(path, with_metadata(seeds.tiny_folder(), content))


def _tar() -> Iterator[Reader]:
    whole, damage = (seeds.tiny(PackageForm.TAR),), by(*TAR_TOKENS, *GZIP_TOKENS)
    yield Reader("tar", whole, damage, one_file)
    yield Reader("tar, headers summed", whole, damage, lambda path, content: one_file(path, with_sums(content)))


def _dumps() -> Iterator[Reader]:
    yield Reader("bson", _DOCUMENTS, _BY_BSON, one_file)
    yield Reader("bson, packed", _DOCUMENTS, _BY_BSON, packed_file)
    yield Reader("bson's packing", (gzip.compress(_USERS[0], mtime=0),), _BY_GZIP, one_file)

    def dump_with(name: str, *, packed: bool) -> Lay:
        def lay(path: Path, content: bytes) -> Path:
            seeds.tiny_dump(path, packed=packed)
            writers.write(path / name, content, packed=packed)
            return path

        return lay

    text = (writers.metadata("users").encode(),)
    prelude = (b'{"ServerVersion":"8.0.4","ToolVersion":"100.10.0"}',)
    for packed in (False, True):
        kind = "dump, packed" if packed else "dump"
        yield Reader(f"{kind}: documents", _DOCUMENTS, _BY_BSON, dump_with("shop/users.bson", packed=packed))
        lay = dump_with("shop/users.metadata.json", packed=packed)
        yield Reader(f"{kind}: metadata", text, damaged_json, lay)
        yield Reader(f"{kind}: metadata text", text, _BY_TEXT, lay)
        yield Reader(f"{kind}: prelude", prelude, _BY_TEXT, dump_with("prelude.json", packed=packed))


def _archives() -> Iterator[Reader]:
    whole = seeds.tiny(PackageForm.ARCHIVE)
    plain = (seeds.dump_archive(), gzip.decompress(whole))
    yield Reader("archive", plain, _BY_BSON, one_file)
    yield Reader("archive, packed", plain, _BY_BSON, packed_file)
    yield Reader("archive's packing", (whole,), _BY_GZIP, one_file)


def _json() -> Iterator[Reader]:
    for name, text in seeds.json_samples().items():
        yield Reader(f"json {name}", (text,), damaged_json, one_file)
        yield Reader(f"json text {name}", (text,), _BY_TEXT, one_file)


def _encrypted(folder: Path) -> Iterator[Reader]:
    archive = gzip.decompress(seeds.tiny(PackageForm.ARCHIVE))
    text = seeds.json_samples()["second_brain.json"]
    damage = by(b"-> X25519 x\n", b"\n---", b" 20", b" 99", b"\n", b"A" * 43, b"\xff" * 16)
    for name, sealing in seeds.sealings(folder).items():
        plain = text if name == "key" else archive
        yield Reader(f"encrypted, {name}", (sealing.seal(plain),), damage, one_file, sealing.options)
        beneath = damaged_json if name == "key" else _BY_BSON
        yield Reader(f"beneath encryption, {name}", (plain,), beneath, _sealed_by(sealing.seal), sealing.options)


def _sealed_by(seal: Callable[[bytes], bytes]) -> Lay:
    return lambda path, content: one_file(path, seal(content))
