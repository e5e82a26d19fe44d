"""The files of a native package that is one tar, read strictly: nothing is in it but what a package has."""

import os
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from operator import eq
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from tui_migrate.errors import UsageError
from tui_migrate.findings import Finding
from tui_migrate.packages import files, layout
from tui_migrate.packages.fault_list import FaultList
from tui_migrate.packages.files import shown
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import USUAL, Limit, Limits
from tui_migrate.packages.members import DAMAGED_HINT
from tui_migrate.packages.native_files import damaged
from tui_migrate.packages.tar_layout import (
    BLOCK,
    RECORD_BLOCKS,
    EntryKind,
    TarFault,
    TarHeader,
    padded,
    parse_header,
    parse_records,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a tar: where its bytes begin, and how many they are."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found in a tar."""

    entries: Mapping[str, Entry]
    folders: frozenset[str]
    faults: tuple[Finding, ...]


class TarFiles:
    """A package that is a tar. Its headers are read when it is first asked for something, its files where they lie."""

    def __init__(self, path: Path, limits: Limits = USUAL) -> None:
        self.path = path
        self.limits: Final = limits
        self._lock: Final = threading.Lock()
        self._scanned: Contents | None = None

    @property
    def form(self) -> PackageForm:
        """One file."""
        return PackageForm.TAR

    def where(self, relative: str) -> str:
        """The tar's path and the file's in it."""
        return f"{shown(self.path)}: {shown(relative)}"

    def has_manifest(self) -> bool:
        """Say whether the tar has one. Raises UsageError where nothing is there, PackageDamaged for no regular file."""
        if not os.path.lexists(self.path):
            raise UsageError(f"cannot open the package {shown(self.path)}: it is not there", hint="check the path")
        return layout.MANIFEST in self._scan().entries

    def has_folder(self, database: str) -> bool:
        """A tar may leave out the entry of a folder."""
        return bool(database)

    def listing(self, database: str, faults: FaultList) -> Mapping[str, int | None]:
        """Give the files that could be found, and the faults of the tar."""
        found = self._scan()
        for one in found.faults:
            faults.add(one.code, one.subject, one.message, hint=one.hint)
        for folder in found.folders - {database} if database else ():
            faults.add("file_extra", folder, "the manifest does not know this folder")
        return {path: entry.size for path, entry in found.entries.items()}

    def open(self, relative: str) -> BinaryIO:
        """Open a file where it lies. Raises PackageDamaged where it is not there."""
        entry = self._scan().entries.get(relative)
        if entry is None:
            raise damaged(f"{self.where(relative)} is missing")
        return open_entry(self.path, entry)

    def _scan(self) -> Contents:
        with self._lock:
            if self._scanned is None:
                with files.open_regular(self.path) as file:
                    self._scanned = _Scan(file, shown(self.path), self.limits).run()
            return self._scanned


def open_entry(path: Path, entry: Entry) -> BinaryIO:
    """Open a part of a file as if it were a file of its own. Raises PackageDamaged."""
    return cast("BinaryIO", BufferedReader(_Part(files.open_regular(path), entry)))


class _Part(RawIOBase):
    """The bytes of one entry as a file of their own."""

    def __init__(self, file: BinaryIO, entry: Entry) -> None:
        self._file = file
        self._entry = entry
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._entry.size}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:  # the type of all buffers has a name from Python 3.12 on
        view = memoryview(buffer).cast("B")
        size = max(0, min(len(view), self._entry.size - self._at))
        content = os.pread(self._file.fileno(), size, self._entry.offset + self._at)
        view[: len(content)] = content
        self._at += len(content)
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Scan:
    """One walk over the headers of a tar, from its start to its end."""

    def __init__(self, file: BinaryIO, name: str, limits: Limits) -> None:
        self._file = file
        self._name = name
        self._limits = limits
        self._size = os.fstat(file.fileno()).st_size
        self._at = 0
        self._entries: dict[str, Entry] = {}
        self._folders: set[str] = set()
        self._folded: set[str] = set()
        self._faults = FaultList()

    def run(self) -> Contents:
        """Give the files and the faults; behind a header that cannot be read nothing more is found."""
        try:
            while self._next():
                pass
        except TarFault as fault:
            self._add("tar_damaged", self._name, str(fault), fault.hint)
        return Contents(self._entries, frozenset(self._folders), self._faults.findings())

    def _add(self, code: str, subject: str, message: str, hint: str = DAMAGED_HINT) -> None:
        place = f"at byte {self._at}" if subject == self._name else f"at byte {self._at} of {self._name}"
        self._faults.add(code, subject, f"{message}, {place}", hint=hint)

    def _read(self, size: int) -> bytes:
        try:
            self._file.seek(self._at)
            content = self._file.read(size)
        except OSError as error:
            raise TarFault(f"the tar cannot be read: {error.strerror}") from error
        if len(content) != size:
            raise TarFault(f"the tar ends after {self._size} bytes, where more are due")
        return content

    def _next(self) -> bool:
        block = self._read(BLOCK)
        if not any(block):
            self._check_end()
            return False
        header = parse_header(block)
        if header.kind is EntryKind.PAX:
            header = self._with_records(header)
        self._at += BLOCK
        self._take(header)
        if len(self._folded) > self._limits.entries:
            most = self._limits.entries
            raise TarFault(f"there are more than {most:,} entries", Limit.ENTRIES.hint(most))
        return True

    def _with_records(self, pax: TarHeader) -> TarHeader:
        """Read a pax header's records and the header behind it, which they overrule."""
        if not 0 < pax.size <= BLOCK * RECORD_BLOCKS:
            raise TarFault(f"a pax header has {pax.size} bytes")
        content = self._read(BLOCK + padded(pax.size))[BLOCK:]
        if any(content[pax.size :]):
            raise TarFault("the padding of a pax header is not zero")
        records = parse_records(content[: pax.size])
        self._at += BLOCK + padded(pax.size)
        header = parse_header(self._read(BLOCK))
        if header.kind is EntryKind.PAX:
            raise TarFault("one pax header follows another")
        size = int(records.get("size", header.size))
        if header.size not in (0, size):
            raise TarFault(f"a header says {header.size} bytes, and the pax header before it {size}")
        return TarHeader(records.get("path", header.path), header.kind, size)

    def _take(self, header: TarHeader) -> None:
        start, size = self._at, header.size
        if size > self._size - start:
            self._add("tar_damaged", header.path, f"an entry of {size} bytes does not fit into the tar")
            raise TarFault(f"the tar ends after {self._size} bytes, where more are due")
        path = header.path.removesuffix("/") if header.kind is EntryKind.FOLDER else header.path
        self._check_name(path)
        if header.kind is EntryKind.FOLDER:
            if size:
                raise TarFault("a folder has contents")
            self._folders.add(path)
        elif path not in self._entries:
            self._entries[path] = Entry(start, size)
        self._at = start + size
        if any(self._read(padded(size) - size)):
            self._add("tar_padding", path, "the padding of a file is not zero")
        self._at = start + padded(size)

    def _check_name(self, path: str) -> None:
        parts = path.split("/")
        if path.startswith("/") or {"", ".", ".."}.intersection(parts):
            self._add("tar_name", path, "the name leads out of the package or names it in a roundabout way")
        if path.casefold() in self._folded:
            self._add("tar_name", path, "this name is there twice, upper and lower case apart")
        self._folded.add(path.casefold())

    def _check_end(self) -> None:
        """Two blocks of zeros end a tar; programs fill up to a whole record with more of them."""
        rest = self._size - self._at
        if rest < 2 * BLOCK:
            raise TarFault("the end of the tar is cut short")
        if rest > 2 * BLOCK and (self._size % (BLOCK * RECORD_BLOCKS) or rest > BLOCK * (RECORD_BLOCKS + 1)):
            raise TarFault("the tar goes on behind its end")
        if any(self._read(rest)):
            raise TarFault("the tar goes on behind its end")


def is_tar(path: Path) -> bool:
    """Say whether a regular file begins as a tar does, one letter of its mark may be damaged. Raises PackageDamaged."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
    except OSError:  # whoever opens it says why
        return False
    with files.open_regular(path) as file:
        head = file.read(BLOCK)
    return has_tar_mark(head)


def has_tar_mark(head: bytes) -> bool:
    """Say whether the first bytes of a file are those of a tar, one letter of its mark may be damaged."""
    return len(head) == BLOCK and sum(map(eq, head[257:262], b"ustar")) >= len(b"ustar") - 1
