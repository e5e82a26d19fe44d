"""Opening the ends of a plan: a database through its store, or a package on disk."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tui_migrate.connections import locate
from tui_migrate.errors import TuiMigrateError, UsageError
from tui_migrate.mapping.source import mapped
from tui_migrate.packages.content import FileContent
from tui_migrate.packages.encryption.layer import Need, need_of
from tui_migrate.packages.package import Keys, ReadOptions
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.paths import Home
from tui_migrate.plan.catalog_rules import catalog_of
from tui_migrate.plan.model import End, PackageEnd, Plan, RunKind
from tui_migrate.stores import registry
from tui_migrate.stores.base import Source, Target


def open_source(end: End, home: Home, passwords: Mapping[str, str], *, is_patient: bool = True) -> Source:
    """Open an end to look at and read from. `passwords` are by the end's label. Raises CredentialsMissing.

    Where nobody `is_patient`, a server that turns us away is soon said to: somebody watches, and can try again.
    """
    if isinstance(end, PackageEnd):
        return RecognisedPackage(Path(end.path), read_options(end, passwords))
    return registry.open_source(replace(locate(end, home, passwords), is_patient=is_patient))


def open_planned_source(plan: Plan, home: Home, passwords: Mapping[str, str]) -> Source:
    """Open the source of a plan as the target is to get it. `passwords` are by the end's label.

    Raises CredentialsMissing, and UsageError, Refused, InvalidFile for a scope that cannot be applied.
    """
    return planned_source(plan, open_source(plan.source, home, passwords))


def planned_source(plan: Plan, source: Source) -> Source:
    """Give the opened source of a plan as the target is to get it; to close that closes it too.

    Raises UsageError, Refused, InvalidFile for a scope that cannot be applied.
    """
    if plan.scope.is_whole or plan.kind is RunKind.ROLLBACK:
        return source
    planned = [plan.scope.source_name(one.name) for one in plan.collections]
    return mapped(source, plan.scope, catalog_of(plan), planned)


def open_target(end: End, home: Home, passwords: Mapping[str, str]) -> Target:
    """Open a database to write to. Raises UsageError for a package, which is written by an export only."""
    if isinstance(end, PackageEnd):
        raise UsageError(f"{end.path} is a package and cannot be written to", hint="export makes a new package")
    return registry.open_target(locate(end, home, passwords))


def needs_passphrase(end: PackageEnd, passwords: Mapping[str, str]) -> bool:
    """Say whether a package is to be written under a passphrase, or was, that `passwords` lacks. Blocks.

    What cannot be looked at needs none: whoever opens it says what is wrong with it.
    """
    if passwords.get(end.label):
        return False
    if end.with_passphrase:
        return True
    path = Path(end.path)
    try:
        return path.is_file() and need_of(FileContent(path.resolve())) is Need.PASSPHRASE
    except (OSError, TuiMigrateError):
        return False


def read_options(end: PackageEnd, passwords: Mapping[str, str]) -> ReadOptions:
    """Give how a package is to be read, with what opens it. `passwords` are by the end's label."""
    keys = Keys(
        passphrase=passwords.get(end.label),
        identity_file=Path(end.identity_file) if end.identity_file else None,
        key_file=Path(end.key_file) if end.key_file else None,
    )
    return ReadOptions(end.database, end.types, keys, end.limits)
