"""What lies in a dump's folder: which files belong to which collection, and what does not belong there. All blocks.

mongodump writes `<database>/<collection>.bson` and `.metadata.json`, or the same with `.gz`, a `prelude.json` at the
top or in the database's folder, and `oplog.bson` at the top (mongo-tools 100.x, mongodump/prepare.go).
"""

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tui_migrate.errors import PackageDamaged, UsageError
from tui_migrate.findings import Severity
from tui_migrate.packages import layout
from tui_migrate.packages.files import shown
from tui_migrate.packages.limits import Limit, Limits
from tui_migrate.packages.mongodump.namespaces import (
    OPLOG,
    choose_database,
    left_out,
    left_out_databases,
    oplog_left_out,
)
from tui_migrate.packages.mongodump.single_files import read_file
from tui_migrate.packages.walking import Fault

PACKED: Final = ".gz"
DATA: Final = ".bson"
METADATA: Final = ".metadata.json"
PRELUDE: Final = "prelude.json"

_MAX_PRELUDE: Final = 1024 * 1024


@dataclass(slots=True)
class DumpFiles:
    """The files of one collection. `name` is None where only the metadata has it, of a name too long for a file."""

    name: str | None
    data: Path | None = None
    metadata: Path | None = None

    @property
    def shown(self) -> str:
        """What to call it in a message before its name is known."""
        path = self.data or self.metadata
        return self.name if self.name is not None else path.name if path else ""


@dataclass(slots=True)
class Listing:
    """The chosen database of a dump, its collections by the stems of their files, and what was wrong on the way."""

    database: str
    folder: Path
    files: dict[str, DumpFiles] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    server_version: str = ""

    def size(self) -> int:
        """Bytes of all files as they lie on the disk."""
        paths = [path for one in self.files.values() for path in (one.data, one.metadata) if path is not None]
        return sum(path.stat().st_size for path in paths if path.is_file())


def stem_of(name: str) -> tuple[str, str] | None:
    """Part a file's name into a collection's stem and `.bson` or `.metadata.json`; None for any other name."""
    bare = name.removesuffix(PACKED)
    for suffix in (METADATA, DATA):
        if bare.endswith(suffix) and bare != suffix:
            return bare.removesuffix(suffix), suffix
    return None


def is_dump(path: Path) -> bool:
    """Say whether a folder, or one within it, holds a file of a dump. Raises OSError."""
    with os.scandir(path) as items:
        for item in items:
            if _is_of_collection(item.name) and not item.is_dir(follow_symlinks=False):
                return True
            if item.is_dir(follow_symlinks=False) and _has_collections(Path(item.path)):
                return True
    return False


def _is_of_collection(name: str) -> bool:
    parted = stem_of(name)
    return parted is not None and parted != (OPLOG, DATA)


def _has_collections(folder: Path) -> bool:
    try:
        with os.scandir(folder) as items:
            return any(_is_of_collection(item.name) for item in items)
    except PermissionError:
        return True  # opening it says what is the matter


def list_dump(path: Path, wanted: str, limits: Limits) -> Listing:
    """Look at a dump's folder, or at the folder of one of its databases.

    Raises as `choose_database` does, and PackageDamaged where there are too many files or the folder cannot be read.
    """
    top = _entries(path, limits)
    own = path.resolve().name
    if any(_is_of_collection(name) for name in top):
        if wanted and wanted != own:
            raise UsageError(
                f"{shown(path)} is the folder of one database, {shown(own)}, not of {shown(wanted)}",
                hint="leave the database out, or give the folder above it",
            )
        listing = Listing(own, path)
        _take_files(listing, top)
        return listing
    databases = [name for name, mode in top.items() if stat.S_ISDIR(mode) and _has_collections(path / name)]
    database = choose_database(databases, wanted, shown(path))
    listing = Listing(database, path / database)
    listing.faults.extend(left_out_databases([name for name in databases if name != database]))
    for name, mode in sorted(top.items()):
        if name not in databases:
            _take_other(listing, path / name, mode)
    _take_files(listing, _entries(path / database, limits))
    return listing


def _entries(folder: Path, limits: Limits) -> dict[str, int]:
    """Give the names in a folder and the mode of each. Raises PackageDamaged."""
    found: dict[str, int] = {}
    try:
        with os.scandir(folder) as items:
            for item in items:
                found[item.name] = item.stat(follow_symlinks=False).st_mode
                if len(found) > 2 * limits.entries:
                    raise PackageDamaged(
                        f"{shown(folder)} has more than {2 * limits.entries:,} files",
                        hint=Limit.ENTRIES.hint(limits.entries),
                    )
    except OSError as error:
        raise PackageDamaged(
            f"cannot read the folder {shown(folder)}: {error.strerror}", hint="check the folder and its permissions"
        ) from error
    return found


def _take_files(listing: Listing, entries: dict[str, int]) -> None:
    folded: dict[str, str] = {}
    for name, mode in sorted(entries.items()):
        path = listing.folder / name
        parted = stem_of(name)
        if parted is None or stat.S_ISDIR(mode):
            _take_other(listing, path, mode)
        elif _is_regular(listing, path, mode) and _is_single(listing, folded, name, path):
            _take_file(listing, path, *parted)


def _is_regular(listing: Listing, path: Path, mode: int) -> bool:
    if stat.S_ISREG(mode):
        return True
    listing.faults.append(Fault("file_kind", shown(path), "this is a link, a folder or a device where a file belongs"))
    return False


def _is_single(listing: Listing, folded: dict[str, str], name: str, path: Path) -> bool:
    other = folded.setdefault(name.removesuffix(PACKED).casefold(), name)
    if other == name:
        return True
    if other.removesuffix(PACKED) == name.removesuffix(PACKED):
        message, hint = f"{shown(other)} lies beside it: one of them is not of this dump", "take away the wrong one"
    else:
        message = f"it differs from {shown(other)} in upper and lower case alone: on some systems they are one"
        hint = "import them from two folders"
    listing.faults.append(Fault("names_clash", shown(path), message, hint))
    return False


def _take_file(listing: Listing, path: Path, stem: str, suffix: str) -> None:
    try:
        name = stem if stem.startswith("$") else layout.unescape(stem)
    except PackageDamaged as error:
        listing.faults.append(Fault("file_name", shown(path), error.message, error.hint))
        return
    fault = left_out(listing.database, name) if name is not None else None
    if fault is not None:
        listing.faults.append(fault)
        return
    files = listing.files.setdefault(stem, DumpFiles(name))
    if suffix == DATA:
        files.data = path
    else:
        files.metadata = path


def _take_other(listing: Listing, path: Path, mode: int) -> None:
    """Take note of what is no collection's file."""
    bare = path.name.removesuffix(PACKED)
    if stat.S_ISREG(mode) and bare == PRELUDE:
        listing.faults.extend(_read_prelude(listing, path))
    elif stat.S_ISREG(mode) and bare == OPLOG + DATA:
        listing.faults.append(oplog_left_out(shown(path)))
    elif not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        _is_regular(listing, path, mode)
    else:
        message = "no file of a dump has such a name: it is left out"
        listing.faults.append(
            Fault("file_extra", shown(path), message, "see whether it belongs there", Severity.WARNING)
        )


def _read_prelude(listing: Listing, path: Path) -> Iterator[Fault]:
    try:
        found = json.loads(read_file(path, _MAX_PRELUDE))
    except (PackageDamaged, ValueError, RecursionError):
        message = "it is not JSON as mongodump writes it, and is left aside"
        yield Fault("prelude_damaged", shown(path), message, severity=Severity.WARNING)
        return
    version = found.get("ServerVersion") if isinstance(found, dict) else None
    if isinstance(version, str) and len(version) <= 100:
        listing.server_version = shown(version)
