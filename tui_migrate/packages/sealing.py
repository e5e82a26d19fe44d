"""The last step of writing a package: the manifest, then the name. All of it blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tui_migrate.errors import PackageDamaged, Refused, TuiMigrateError
from tui_migrate.failpoints import failpoint
from tui_migrate.packages import files, layout
from tui_migrate.packages.entries import CollectionEntry
from tui_migrate.packages.files import shown, storing
from tui_migrate.packages.limits import CEILING
from tui_migrate.packages.manifest import Header, Manifest, parse
from tui_migrate.packages.members import Member
from tui_migrate.packages.opening import files_at, read_manifest
from tui_migrate.redaction import redact

_LEFT_OVER: Final = f"*{files.UNFINISHED}"


def manifest_of(header: Header, entries: Sequence[CollectionEntry], database: str) -> Manifest:
    """Make the manifest of a package. Passwords in the texts of the header are taken out."""
    source = replace(header.source, address=redact(header.source.address))
    clean = replace(header, source=source, operator=redact(header.operator), description=redact(header.description))
    manifest = Manifest(clean, tuple(entries))
    if manifest.database != database:
        raise ValueError(f"the package is of {database}, the manifest of {manifest.database}")
    return manifest


def give_name(partial: Path, path: Path) -> None:
    """Rename what is whole, never replacing anything. Raises Refused where `path` exists by now, StorageFailed."""
    with storing(path, "name the package"):
        try:
            files.rename_new(partial, path)
        except FileExistsError:
            raise Refused(
                f"{shown(path)} has come to exist meanwhile",
                hint=f"move it away and resume the run; the package waits at {shown(partial)}",
            ) from None
        failpoint("package.after_rename")
        files.sync_folder(path.parent)


def seal(partial: Path, path: Path, manifest: Manifest) -> None:
    """Write the manifest into the temporary folder and rename it, never replacing anything.

    Raises PackageDamaged where the folder does not hold exactly the manifest's files or where this version would not
    read the manifest again, Refused where `path` exists by now, StorageFailed.
    """
    content = manifest.to_bytes()
    parse(content, layout.MANIFEST)
    _check_listing(partial, manifest)
    with storing(partial, "finish"):
        files.sync_folder(partial / manifest.database)
        failpoint("package.before_manifest")
        files.write_file(partial / layout.MANIFEST, content)
        failpoint("package.after_manifest")
    give_name(partial, path)


def _check_listing(partial: Path, manifest: Manifest) -> None:
    """Compare the folder with the manifest, without what an interrupted run left of a manifest or a metadata file."""
    wanted = {file.path: file.size for entry in manifest.collections for file in entry.files}
    folder = partial / manifest.database
    with storing(partial, "list"):
        for left in (*partial.glob(_LEFT_OVER), *folder.glob(_LEFT_OVER), partial / layout.MANIFEST):
            left.unlink(missing_ok=True)
        found = {
            path.relative_to(partial).as_posix(): path.lstat().st_size for path in partial.rglob("*") if path != folder
        }
    for path in sorted(found.keys() | wanted.keys()):
        if found.get(path) != wanted.get(path):
            raise PackageDamaged(
                f"{shown(partial / path)} has {found.get(path, 'no')} bytes where {wanted.get(path, 'none')} are due",
                hint="start the export again as a new run",
            )


def is_sealed(path: Path, known: Mapping[str, Sequence[Member]]) -> bool:
    """Say whether a package of exactly these collections and members lies at a path.

    For a run that died between the rename and its own record of it: its checkpoints know the members.
    """
    try:
        manifest = read_manifest(files_at(path, CEILING))
    except TuiMigrateError:
        return False
    there = {entry.name: entry.members for entry in manifest.collections}
    return there == {name: tuple(members) for name, members in known.items()}
