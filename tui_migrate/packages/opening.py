"""Opening a native package to read: find the manifest, read a collection's metadata. All of it blocks."""

import errno
import hashlib
import os
import stat
from pathlib import Path

from tui_migrate.errors import PackageDamaged, Refused, UsageError
from tui_migrate.packages import files, layout, metadata
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder
from tui_migrate.packages.files import shown
from tui_migrate.packages.manifest import MAX_MANIFEST, Manifest, parse
from tui_migrate.packages.members import DAMAGED_HINT, unpack
from tui_migrate.stores.base import CollectionInfo


def load_manifest(path: Path) -> Manifest:
    """Read a package's manifest and see that its folder of documents is there.

    Raises UsageError where nothing lies at `path`, Refused where what lies there is no native package or one of a newer
    version, PackageDamaged.
    """
    manifest = read_manifest(path)
    if not is_folder(path / manifest.database):
        raise PackageDamaged(f"{shown(path / manifest.database)} is missing or is not a folder", hint=DAMAGED_HINT)
    return manifest


def read_manifest(path: Path) -> Manifest:
    """Read a package's manifest alone. Raises as `load_manifest` does."""
    if not has_manifest(path):
        raise Refused(
            f"{shown(path)} has no {layout.MANIFEST}",
            hint="give the folder of a package that tui-migrate finished; a plain mongodump folder is none",
        )
    manifest_path = path / layout.MANIFEST
    return parse(files.read_bounded(manifest_path, MAX_MANIFEST), str(manifest_path))


def is_folder(path: Path) -> bool:
    """Say whether a folder lies there, and not a link to one."""
    return os.path.lexists(path) and stat.S_ISDIR(path.lstat().st_mode)


def has_manifest(path: Path) -> bool:
    """Say whether a folder has a manifest. Raises UsageError for what is not there or cannot be looked at, Refused."""
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            raise Refused(f"{shown(path)} is not a folder", hint="a package is a folder with a manifest.json in it")
        (path / layout.MANIFEST).lstat()
    except OSError as error:
        if error.errno == errno.ENOENT and path.is_dir():
            return False
        raise UsageError(
            f"cannot open the package {shown(path)}: {error.strerror}", hint="check the path and its permissions"
        ) from error
    return True


def load_metadata(path: Path, entry: CollectionEntry) -> CollectionInfo:
    """Read a collection's metadata from a package, with numbers from the manifest. Raises PackageDamaged."""
    file = path / entry.metadata.path
    packed = files.read_bounded(file, metadata.MAX_METADATA)
    if len(packed) != entry.metadata.size or hashlib.sha256(packed).hexdigest() != entry.metadata.sha256:
        raise PackageDamaged(f"{shown(file)} differs from the digest in the manifest", hint=DAMAGED_HINT)
    info = metadata.from_json(unpack(packed, metadata.MAX_METADATA, shown(file)), str(file))
    if (info.name, info.kind) != (entry.name, entry.type):
        raise PackageDamaged(
            f"{shown(file)} is of the {info.kind} {shown(info.name)}, not of the {entry.type} {shown(entry.name)}",
            hint=DAMAGED_HINT,
        )
    return CollectionInfo(
        name=info.name,
        kind=info.kind,
        options=info.options,
        indexes=info.indexes,
        uuid=info.uuid,
        documents=entry.documents,
        size=entry.bytes,
        simple_order=info.simple_order and (entry.order is DocumentOrder.ID or not info.kind.has_keys),
    )
