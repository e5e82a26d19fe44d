"""Opening a native package to read: find the manifest, read a collection's metadata. All of it blocks."""

import hashlib
import os
from pathlib import Path

from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages import layout, metadata
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder
from tui_migrate.packages.files import shown
from tui_migrate.packages.limits import MANIFEST_PER_ENTRY, USUAL, Limit, Limits
from tui_migrate.packages.manifest import Manifest, parse_text, text_of
from tui_migrate.packages.members import DAMAGED_HINT, unpack_metadata
from tui_migrate.packages.native_files import FolderFiles, NativeFiles, has_manifest, is_folder, read_bounded
from tui_migrate.packages.tar_reader import TarFiles, is_tar
from tui_migrate.stores.base import CollectionInfo

__all__ = ("files_at", "has_manifest", "is_folder", "load_manifest", "load_metadata", "read_manifest")


def files_at(path: Path, limits: Limits = USUAL) -> NativeFiles:
    """Give the files of the native package at a path, a folder or a tar."""
    return TarFiles(path, limits) if os.path.lexists(path) and is_tar(path) else FolderFiles(path, limits)


def load_manifest(package: NativeFiles | Path) -> Manifest:
    """Read a package's manifest and see that its folder of documents is there.

    Raises UsageError where nothing lies there, Refused where what lies there is no native package or one of a newer
    version, PackageDamaged.
    """
    package = files_at(package) if isinstance(package, Path) else package
    manifest = read_manifest(package)
    if not package.has_folder(manifest.database):
        raise PackageDamaged(f"{package.where(manifest.database)} is missing or is not a folder", hint=DAMAGED_HINT)
    return manifest


def read_manifest(package: NativeFiles) -> Manifest:
    """Read a package's manifest alone. Raises as `load_manifest` does."""
    if not package.has_manifest():
        raise Refused(
            f"{shown(package.path)} has no {layout.MANIFEST}",
            hint="give a package that tui-migrate finished",
        )
    most, entries = package.limits.manifest, package.limits.entries
    hint = f"{Limit.ENTRIES.hint(entries)}: a manifest has {MANIFEST_PER_ENTRY} bytes for each"
    where = package.where(layout.MANIFEST)
    return parse_text(text_of(read_bounded(package, layout.MANIFEST, most, hint), where), where)


def load_metadata(package: NativeFiles, entry: CollectionEntry) -> CollectionInfo:
    """Read a collection's metadata from a package, with numbers from the manifest. Raises PackageDamaged."""
    file = package.where(entry.metadata.path)
    packed = read_bounded(package, entry.metadata.path, metadata.MAX_METADATA)
    if len(packed) != entry.metadata.size or hashlib.sha256(packed).hexdigest() != entry.metadata.sha256:
        raise PackageDamaged(f"{file} differs from the digest in the manifest", hint=DAMAGED_HINT)
    info = metadata.from_json(unpack_metadata(packed, metadata.MAX_METADATA, file), file)
    if (info.name, info.kind) != (entry.name, entry.type):
        raise PackageDamaged(
            f"{file} is of the {info.kind} {shown(info.name)}, not of the {entry.type} {shown(entry.name)}",
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
