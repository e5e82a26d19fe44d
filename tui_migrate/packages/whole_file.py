"""A package that is one file and is written once through, from its start to its end. All of it blocks.

It has a temporary name until it is whole. Since nothing but its bytes tells whether it is, its digest is kept in the
run's folder before it gets its name: so a run that dies between the two finds out that its package is there.
"""

import os
from pathlib import Path
from typing import Final

from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages import files
from tui_migrate.packages.files import shown, storing
from tui_migrate.packages.place import partial_path
from tui_migrate.packages.sealing import give_name
from tui_migrate.packages.sinks import FileSink, digest_of_file


class WholeFile:
    """One such file on its way. `mark` is where its digest is kept."""

    def __init__(self, path: Path, run_id: int, mark: Path) -> None:
        self.path: Final = path.absolute()
        self.partial: Final = partial_path(self.path, run_id)
        self._mark: Final = mark
        self._sink: FileSink | None = None

    def begin(self) -> FileSink:
        """Make the temporary file anew. Raises Refused where the output exists, StorageFailed."""
        if os.path.lexists(self.path):
            raise Refused(f"the output {shown(self.path)} exists", hint="choose another name; nothing is replaced")
        self._sink = FileSink(self.partial)
        return self._sink

    def finish(self) -> None:
        """Read the file back and give it its name. Raises PackageDamaged, Refused, StorageFailed."""
        if self._sink is None:
            raise RuntimeError("the file was not begun")
        digest = self._sink.digest
        if digest_of_file(self.partial) != digest:
            raise PackageDamaged(
                f"{shown(self.partial)} does not hold what was written to it", hint="check the disk, then resume"
            )
        with storing(self._mark, "write"):
            files.write_file(self._mark, digest.encode())
        give_name(self.partial, self.path)

    def break_off(self) -> None:
        """A file does not keep anybody waiting."""

    def abandon(self) -> None:
        """Let go of the file. Never raises."""
        if self._sink is not None:
            self._sink.abandon()

    def is_finished(self) -> bool:
        """Say whether the file that this run made lies under its name."""
        try:
            return files.read_bounded(self._mark, 64).decode("ascii", "replace") == digest_of_file(self.path)
        except PackageDamaged:
            return False
