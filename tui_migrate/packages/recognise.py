"""Finding out what form a package has, by its bytes and never by its name, and opening its reader. All of it blocks.

A file is looked at beneath its encryption and its packing. A new form is a line of `_FORMS`.
"""

import re
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_migrate.documents import MIN_DOCUMENT
from tui_migrate.errors import Refused, UsageError
from tui_migrate.packages.content import Content, FileContent
from tui_migrate.packages.encryption.layer import opened
from tui_migrate.packages.files import shown
from tui_migrate.packages.gzip_content import GzipContent
from tui_migrate.packages.indexed import IndexedPackage
from tui_migrate.packages.json_forms.opening import looks_like_json, open_json, refuse_bzip2
from tui_migrate.packages.mongodump.archive import Archive
from tui_migrate.packages.mongodump.bson_file import BsonFile
from tui_migrate.packages.mongodump.folder import DumpFolder
from tui_migrate.packages.mongodump.listing import is_dump
from tui_migrate.packages.mongodump.prelude import MAGIC
from tui_migrate.packages.mongodump.single_files import data_content, is_gzip, read_head
from tui_migrate.packages.native_files import FolderFiles, has_manifest, has_marked_metadata
from tui_migrate.packages.package import Package, ReadOptions
from tui_migrate.packages.reader import PackageSource
from tui_migrate.packages.tar_reader import TarFiles, has_tar_mark, is_tar

_HEAD: Final = 512
_KNOWN: Final = (
    "a package is a folder or a tar that tui-migrate exported, what mongodump wrote (a folder, a .bson file, an "
    "archive), or an export of Second Brain Database (encrypted too, with --key-file), Gofannon, "
    "XCodeReviewer or Daemon"
)
_UNFINISHED: Final = re.compile(r"\..+\.partial-[0-9]+")
_BSON_TYPES: Final = frozenset((*range(0x01, 0x14), 0x7F, 0xFF))
_INT32: Final = struct.Struct("<i")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to be recognised: its path without links, what lies in it, and how that begins."""

    path: Path
    content: Content
    head: bytes
    options: ReadOptions


@dataclass(frozen=True, slots=True)
class FileForm:
    """A form that lies in one file: how to tell it by its first bytes, and how to open it."""

    fits: Callable[[Candidate], bool]
    open: Callable[[Candidate], Package]


def open_package(path: Path, options: ReadOptions) -> Package:
    """Open the reader of whatever lies at a path.

    Raises UsageError where nothing is there or it cannot be looked at, Refused where it is no form of package that is
    known, CredentialsMissing and WrongKey where it is encrypted, PackageDamaged.
    """
    try:
        mode = path.stat().st_mode
        resolved = path.resolve(strict=True)
    except OSError as error:
        raise UsageError(
            f"cannot open the package {shown(path)}: {error.strerror}", hint="check the path and its permissions"
        ) from error
    if stat.S_ISDIR(mode):
        return _open_folder(path, options)
    if not stat.S_ISREG(mode):
        raise Refused(f"{shown(path)} is neither a file nor a folder", hint=_KNOWN)
    if is_tar(resolved):
        return PackageSource(TarFiles(resolved, options.limits))
    return _open_file(resolved, options)


def _open_folder(path: Path, options: ReadOptions) -> Package:
    if has_manifest(path):
        return PackageSource(FolderFiles(path.absolute(), options.limits))
    if _UNFINISHED.fullmatch(path.resolve().name):
        raise Refused(
            f"{shown(path)} is an export that was not finished", hint="resume the run that writes it, then import"
        )
    try:
        fits = is_dump(path)
        is_ours = fits and has_marked_metadata(path)
    except OSError as error:
        raise UsageError(
            f"cannot open the package {shown(path)}: {error.strerror}", hint="check the path and its permissions"
        ) from error
    if not fits:
        raise Refused(f"{shown(path)} has neither a manifest.json nor files of a dump", hint=_KNOWN)
    if not is_ours:
        return IndexedPackage(DumpFolder(path, options))
    if has_manifest(path.resolve().parent):
        raise Refused(f"{shown(path)} is a part of a package", hint="give the folder above it, where the manifest lies")
    return PackageSource(FolderFiles(path.absolute(), options.limits))


def _open_file(path: Path, options: ReadOptions) -> Package:
    content = opened(FileContent(path), options.keys)
    unpacked = _unpacked(path, content, options)
    if has_tar_mark(read_head(unpacked, _HEAD)):
        raise Refused(
            f"{shown(path)} is a tar that was packed or encrypted", hint="give the tar itself: gunzip it first"
        )
    found = _recognised(path, unpacked, options)
    if found is None:
        refuse_bzip2(content)
        raise Refused(f"{shown(path)} is no package of a form that is known", hint=_KNOWN)
    return found


def _unpacked(path: Path, content: Content, options: ReadOptions) -> Content:
    """Give what lies beneath gzip, where that is how the content begins."""
    if isinstance(content, FileContent):
        return data_content(path, options.limits.unpacked)
    return GzipContent(content, options.limits.unpacked) if is_gzip(read_head(content, 4)) else content


def _recognised(path: Path, content: Content, options: ReadOptions) -> Package | None:
    candidate = Candidate(path, content, read_head(content, _HEAD), options)
    return next((form.open(candidate) for form in _FORMS if form.fits(candidate)), None)


def _is_bson(candidate: Candidate) -> bool:
    """Say whether it begins as a document does: with its length, then a field or its end.

    What is named so is damaged where it does not, or has no bytes that could tell.
    """
    head = candidate.head
    if candidate.path.name.removesuffix(".gz").endswith(".bson"):
        return True
    if len(head) <= MIN_DOCUMENT:
        return head == _INT32.pack(MIN_DOCUMENT) + b"\x00"
    (length,) = _INT32.unpack_from(head)
    if not MIN_DOCUMENT <= length <= candidate.options.limits.document:
        return False
    return (head[4] in _BSON_TYPES and b"\x00" in head[5:]) or (length == MIN_DOCUMENT and not head[4])


_FORMS: Final = (
    FileForm(lambda it: it.head.startswith(MAGIC), lambda it: IndexedPackage(Archive(it.path, it.content, it.options))),
    FileForm(lambda it: looks_like_json(it.content), lambda it: open_json(it.path, it.content, it.options)),
    FileForm(_is_bson, lambda it: IndexedPackage(BsonFile(it.path, it.content, it.options))),
)
