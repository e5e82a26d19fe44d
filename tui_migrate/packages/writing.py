"""Writing a package, whatever its form: the protocol that an export drives, and the choice of who fulfils it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from tui_migrate.errors import Refused
from tui_migrate.packages.archive_writer import ArchiveWriter, Destination
from tui_migrate.packages.encryption.sink_form import Sink
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.manifest import Header
from tui_migrate.packages.members import Member
from tui_migrate.packages.sinks import PipeSink
from tui_migrate.packages.tar_writer import TarWriter
from tui_migrate.packages.whole_file import WholeFile
from tui_migrate.packages.writer import PackageWriter, is_sealed
from tui_migrate.stores.base import CollectionInfo


class Writer(Protocol):
    """One package on its way: all metadata, then one collection after the other in one order, then the seal.

    One task uses it at a time, and one collection is open at a time. After a failed or cancelled call it is of no more
    use: where it `is_resumable` another one takes the package up from the last checkpoint, else it is begun again.
    """

    @property
    def is_resumable(self) -> bool:
        """True where what was written can be gone on with after an interruption."""
        ...

    async def write_metadata(self, info: CollectionInfo) -> object:
        """Take a collection's options and indexes. Raises Refused for what the form cannot keep, StorageFailed."""
        ...

    async def open_collection(self, name: str, known: Sequence[Member]) -> None:
        """Open a collection behind these members, which only a resumable writer is given."""
        ...

    async def append(self, documents: Sequence[bytes]) -> Member | None:
        """Write whole documents; a resumable writer has made them durable when this returns, and says where they lie.

        Raises StorageFailed.
        """
        ...

    async def close_collection(self) -> None:
        """Close the open collection. Raises StorageFailed."""
        ...

    async def entry(
        self, info: CollectionInfo, known: Sequence[Member], order: DocumentOrder
    ) -> CollectionEntry | None:
        """Read a finished collection back for the manifest; None for a form without. Raises PackageDamaged."""
        ...

    async def seal(self, header: Header, entries: Sequence[CollectionEntry]) -> object:
        """Finish the package and give it its name. Raises Refused, PackageDamaged, StorageFailed."""
        ...

    async def close(self) -> None:
        """Let go of open files and pipes. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Writing:
    """What package a run writes, and where.

    `path` is None for a stream into the pipe `descriptor`, which a run has once, or not any more: then that is None
    too. `moment` is when the run was made, in seconds since 1970; `mark` a file of the run's own for a digest.
    """

    path: Path | None
    form: PackageForm
    run_id: int
    database: str
    moment: float
    mark: Path
    server_version: str = ""
    recipients: tuple[str, ...] = ()
    passphrase: str | None = field(default=None, repr=False)
    descriptor: int | None = None

    @property
    def is_encrypted(self) -> bool:
        """True where it becomes an age file."""
        return bool(self.recipients) or self.passphrase is not None

    @property
    def is_resumable(self) -> bool:
        """True where an interrupted run goes on with what it wrote."""
        return self.form in (PackageForm.NATIVE, PackageForm.TAR)


async def create_writer(writing: Writing) -> Writer:
    """Begin a package, anew for a form that is not resumable. Raises Refused, UsageError, StorageFailed."""
    run_id, database = writing.run_id, writing.database
    if not writing.is_resumable:
        destination = _Encrypted(writing, _destination(writing)) if writing.is_encrypted else _destination(writing)
        return await _stream_writer(writing, destination)
    if writing.path is None or writing.is_encrypted:
        raise Refused(
            f"the form {writing.form} is neither encrypted nor written into a pipe",
            hint=f"leave --format away, or choose --format {PackageForm.ARCHIVE}",
        )
    if writing.form is PackageForm.TAR:
        return await TarWriter.create(writing.path, run_id=run_id, database=database, moment=int(writing.moment))
    return await PackageWriter.create(writing.path, run_id=run_id, database=database)


async def reopen_writer(writing: Writing, finished: Mapping[str, Sequence[Member]]) -> Writer:
    """Take up a package of a resumable form, of which these collections are finished, in the order they were written.

    Raises Refused where what was written is gone.
    """
    if not writing.is_resumable or writing.path is None:
        raise ValueError(f"a package of the form {writing.form} is not taken up again")
    run_id, database = writing.run_id, writing.database
    if writing.form is PackageForm.TAR:
        moment = int(writing.moment)
        return await TarWriter.reopen(writing.path, run_id=run_id, database=database, moment=moment, finished=finished)
    return await PackageWriter.reopen(writing.path, run_id=run_id, database=database)


async def is_written(writing: Writing, known: Mapping[str, Sequence[Member]]) -> bool:
    """Say whether the run's whole package, of exactly these members, has its name already."""
    if writing.path is None:
        return False
    if writing.is_resumable:
        return await is_sealed(writing.path, known)
    return await asyncio.to_thread(WholeFile(writing.path, writing.run_id, writing.mark).is_finished)


async def _stream_writer(writing: Writing, destination: Destination) -> Writer:
    """Choose the writer of a form that is written once through."""
    if writing.form is PackageForm.ARCHIVE:
        return await ArchiveWriter.create(destination, database=writing.database, server_version=writing.server_version)
    from tui_migrate.packages.json_forms.writer import WRITERS as JSON_WRITERS

    if writing.form in JSON_WRITERS:
        return await JSON_WRITERS[writing.form].create(destination, moment=writing.moment)
    raise Refused(f"no package of the form {writing.form} can be written", hint="choose another --format")


def _destination(writing: Writing) -> Destination:
    if writing.path is not None:
        return WholeFile(writing.path, writing.run_id, writing.mark)
    if writing.descriptor is None:
        raise Refused(
            f"run {writing.run_id:04d} wrote into a pipe, which is gone, and cannot be gone on with",
            hint=f"start the export again; tui-migrate cancel {writing.run_id} closes the record of this run",
        )
    return _Pipe(writing.descriptor)


class _Pipe:
    """A pipe as a destination: that it was closed behind its last byte is all that can be seen of its end."""

    def __init__(self, descriptor: int) -> None:
        self._sink = PipeSink(descriptor)

    def begin(self) -> PipeSink:
        return self._sink

    def finish(self) -> None:
        """The reader has come to the end."""

    def break_off(self) -> None:
        self._sink.break_off()

    def abandon(self) -> None:
        self._sink.abandon()


class _Encrypted:
    """A destination for an age file."""

    def __init__(self, writing: Writing, below: Destination) -> None:
        from tui_migrate.packages.encryption.sink import encrypting_sink

        self._below = below
        self._wrap = partial(encrypting_sink, recipients=writing.recipients, passphrase=writing.passphrase)
        self._abandon_sink = below.abandon

    def begin(self) -> Sink:
        sink = self._wrap(self._below.begin())
        self._abandon_sink = sink.abandon
        return sink

    def finish(self) -> None:
        self._below.finish()

    def break_off(self) -> None:
        self._below.break_off()

    def abandon(self) -> None:
        self._abandon_sink()
        self._below.abandon()
