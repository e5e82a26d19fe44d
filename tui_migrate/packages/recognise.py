"""Finding out what form a package has, by its bytes and never by its name, and opening its reader. All of it blocks."""

from pathlib import Path

from tui_migrate.packages.opening import has_manifest
from tui_migrate.packages.package import Package, ReadOptions
from tui_migrate.packages.reader import PackageSource


def open_package(path: Path, options: ReadOptions) -> Package:
    """Open the reader of whatever lies at a path.

    Raises UsageError where nothing is there or it cannot be looked at, Refused where it is no form of package that is
    known, CredentialsMissing and WrongKey where it is encrypted.
    """
    has_manifest(path)
    return PackageSource(path)
