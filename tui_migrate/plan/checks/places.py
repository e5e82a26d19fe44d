"""Checks of where things are to go: what is no place to read or write, and what is taken already."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from tui_migrate.errors import UsageError
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.encryption.payload import check_installed
from tui_migrate.packages.encryption.recipients import check_recipients
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.layout import escape
from tui_migrate.packages.writer import find_obstacle
from tui_migrate.plan.build import RESERVED_DATABASES
from tui_migrate.plan.checks.look import Look, error, note
from tui_migrate.plan.checks.registry import Phase, check
from tui_migrate.plan.model import Environment, PackageEnd, StoreEnd

_FORMS_OF_FILES: Final = (PackageForm.NATIVE, PackageForm.TAR)
"""The forms in which each collection becomes files named after it."""


@check(
    "What belongs to the server is left alone",
    Phase.PLAN,
    reserved_database=Severity.ERROR,
    reserved_collection=Severity.ERROR,
)
def reserved(seen: Look) -> Iterator[Finding]:
    """Find databases and collections that belong to the server."""
    for end in (seen.plan.source, seen.plan.target):
        if isinstance(end, StoreEnd) and end.database in RESERVED_DATABASES:
            yield error("reserved_database", end.label, "this database belongs to the server", "name another")
    for one in seen.plan.collections:
        if one.name.startswith(("system.", "enxcol_.")):
            yield error("reserved_collection", one.name, "this collection belongs to the server", "leave it out")


@check(
    "A package can be made where it is to lie",
    Phase.PLAN,
    output_exists=Severity.ERROR,
    output_folder=Severity.ERROR,
    output_unwritable=Severity.ERROR,
    output_space=Severity.WARNING,
)
def package_place(seen: Look) -> Iterator[Finding]:
    """Find what is in the way of a new package."""
    if isinstance(seen.plan.target, PackageEnd) and not seen.plan.target.is_pipe:
        size = sum(one.size for one in seen.plan.collections)
        obstacle = find_obstacle(Path(seen.plan.target.path), size)
        if obstacle is not None:
            yield obstacle


@check("A package can be encrypted as asked", Phase.PLAN, encryption=Severity.ERROR)
def encryption(seen: Look) -> Iterator[Finding]:
    """Find what a plan that somebody wrote by hand may ask for, and nobody can do."""
    end = seen.plan.target
    if not isinstance(end, PackageEnd) or not (end.recipients or end.with_passphrase):
        return
    if end.recipients and end.with_passphrase:
        message = "it cannot be encrypted for recipients and with a passphrase at once"
        yield error("encryption", end.label, message, "choose one of the two")
    if end.form is not PackageForm.ARCHIVE:
        message = f"a package of the form {end.form} is not written encrypted"
        yield error("encryption", end.label, message, f"choose the form {PackageForm.ARCHIVE}")
    try:
        check_recipients(end.recipients)
        if end.with_passphrase:
            check_installed()
    except UsageError as fault:
        yield error("encryption", end.label, fault.message, fault.hint)


@check("The files of a package have names of their own", Phase.PLAN, names_clash=Severity.ERROR)
def package_names(seen: Look) -> Iterator[Finding]:
    """Find collections whose files a file system that ignores upper and lower case would take for one."""
    if not isinstance(seen.plan.target, PackageEnd) or seen.plan.target.form not in _FORMS_OF_FILES:
        return
    taken: dict[str, str] = {}
    for one in seen.plan.collections:
        other = taken.setdefault(escape(one.name).casefold(), one.name)
        if other != one.name:
            message = f"it differs from {other} in upper and lower case alone, and so would their files"
            yield error("names_clash", one.name, message, "export the two into two packages")


@check("The target's environment", Phase.PLAN, target_production=Severity.NOTE)
def environment(seen: Look) -> Iterator[Finding]:
    """Say that the target is in production, or does not say that it is not."""
    end = seen.plan.target
    if seen.about.for_people and isinstance(end, StoreEnd) and end.environment is Environment.PRODUCTION:
        message = "the target counts as production: its connection says so, or nothing else"
        yield note("target_production", end.label, message)


@check("Source and target are two places", source_is_target=Severity.ERROR)
async def source_is_target(seen: Look) -> AsyncIterator[Finding]:
    """Find one database, or one collection, behind both ends."""
    # A package keeps the uuids of what it was made of, and may be read back into just that.
    if seen.target is None or isinstance(seen.plan.source, PackageEnd):
        return
    hint = "name another database as the target"
    mine, theirs = await seen.source.identity(), await seen.target.identity()
    if mine.is_same_place(theirs):
        yield error("source_is_target", seen.plan.target.label, "source and target are the same database", hint)
        return
    for one, other in seen.pairs():
        if one.uuid is not None and one.uuid == other.uuid:
            message = "source and target are one and the same collection, reached by different addresses"
            yield error("source_is_target", one.name, message, hint)


@check("No other run has the target", target_in_use=Severity.ERROR)
async def target_in_use(seen: Look) -> AsyncIterator[Finding]:
    """Find runs of this home that have claimed a collection of the plan at this target."""
    if seen.target is None or seen.about.rivals is None:
        return
    places = (await seen.target.identity()).claims()
    for one in await seen.about.rivals(places, [planned.name for planned in seen.plan.collections]):
        run = one.run_id
        if one.is_active:
            message = f"run {run:04d} is at work on this collection of the target"
            hint = f"wait for it: tui-migrate attach {run}; or end it: tui-migrate cancel {run}"
        else:
            message = f"run {run:04d} has begun to write to this collection of the target and can still go on"
            hint = f"tui-migrate resume {run}, or give it up: tui-migrate cancel {run}"
        yield error("target_in_use", one.collection, message, hint)
