"""Where the state of a comparison is kept, and what tells whether it is still of the same two ends."""

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tui_migrate.comparison.model import Request
from tui_migrate.comparison.state import State
from tui_migrate.errors import StorageFailed
from tui_migrate.paths import Home
from tui_migrate.stores.base import Source


@dataclass(frozen=True, slots=True)
class ComparedEnd:
    """A side: what people call it, what it is read through, and where it lies if it is a package."""

    label: str
    source: Source
    package: Path | None = None


async def open_state(
    home: Home, left: ComparedEnd, right: ComparedEnd, request: Request, *, resume: bool = False
) -> State:
    """Open the state of comparing these two with this selection; begun anew unless it can be resumed.

    It can be where the options are the same and no package has changed since. Raises what identifies an end, Refused
    where another process works on it, StorageFailed.
    """
    ends = (left, right)
    claims = [(one.label, sorted((await one.source.identity()).claims())) for one in ends]
    key = _hash([claims, sorted(request.names), sorted(request.exclude)])
    stamps = [await asyncio.to_thread(_stamp, one.package) for one in ends]
    fingerprint = _hash([stamps, request.fast, request.listed])
    path = home.state / "comparisons" / f"{key[:32]}.sqlite"
    return await asyncio.to_thread(State, path, fingerprint, resume=resume)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _stamp(package: Path | None) -> str:
    """Hash names, sizes and times of a package's files: of one that was changed it is another."""
    if package is None:
        return ""
    stamp = hashlib.sha256()
    try:
        for path in _files(package):
            status = path.stat()
            stamp.update(f"{os.fsencode(path)!r} {status.st_size} {status.st_mtime_ns}\n".encode())
    except OSError as error:
        raise StorageFailed(f"cannot look at {package}: {error.strerror}", hint="check its permissions") from error
    return stamp.hexdigest()


def _files(package: Path) -> Iterator[Path]:
    if package.is_dir():
        yield from sorted(package.rglob("*"))
    yield package
