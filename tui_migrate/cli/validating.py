"""Validation with a catalog for the command `validate`: which one, and what it shows of a package or a database."""

from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import UsageError
from tui_migrate.findings import Severity

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from collections.abc import Sequence

    from tui_migrate.catalogs.model import Catalog
    from tui_migrate.cli.options import Common
    from tui_migrate.packages.forms import PackageForm
    from tui_migrate.packages.package import Package
    from tui_migrate.paths import Home
    from tui_migrate.plan.model import StoreEnd
    from tui_migrate.reports.model import Report
    from tui_migrate.reports.package import Examined
    from tui_migrate.reports.validation import Validated
    from tui_migrate.stores.base import CollectionInfo, Source
    from tui_migrate.validation.model import Issue

NONE: Final = "none"
"""What declines the catalog that goes with a package's form."""


def named_catalog(word: str, home: "Home") -> "Catalog | None":
    """Find the catalog that the command line names, if it does. Raises UsageError, InvalidFile."""
    from tui_migrate.catalogs.finding import find

    return find(word, home) if word and word != NONE else None


def catalog_of_form(form: "PackageForm | None", home: "Home") -> "Catalog | None":
    """Find the catalog that is called as a form is: the user's own, or the one that came with the program."""
    from tui_migrate.catalogs.finding import find, shipped

    if form is None or shipped(form.value) is None:
        return None
    return find(form.value, home)


async def catalog_of_package(package: "Package", home: "Home") -> "Catalog | None":
    """Find the catalog that a package was made with, or else that goes with its form; None where it is not known here.

    Raises what the package does that cannot be read, InvalidFile for a catalog of the user's own with a fault.
    """
    from tui_migrate.catalogs.finding import find, own_folder, shipped

    name = (await package.catalog()).partition(" ")[0]
    if not name:
        return catalog_of_form(await package.form(), home)
    is_known = name in {path.stem for path in own_folder(home).glob("*.yaml")} or shipped(name) is not None
    return find(name, home) if is_known else None


async def validate_package(
    package: "Package", examined: "Examined", catalog: "Catalog", *, is_own_choice: bool
) -> "tuple[Examined, Validated | None]":
    """Hold a package that was examined against a catalog; one that has errors is not read once more.

    What its check has said of references is left out where the catalog follows the same.
    """
    from dataclasses import replace

    from tui_migrate.reports.validation import Validated
    from tui_migrate.validation.told import without_references
    from tui_migrate.validation.versions import version_finding

    if examined.form is None or any(one.severity is Severity.ERROR for one in examined.findings):
        return examined, None
    issues = await _issues(package, examined.collections, catalog, is_package=True)
    is_chosen = not examined.form.infers_types
    version = version_finding(catalog, examined.catalog, "the package", is_chosen=is_chosen)
    told = replace(examined, findings=without_references(examined.findings, examined.form, catalog))
    return told, Validated(catalog.label, issues, version, is_own_choice)


async def validate_database(
    end: "StoreEnd", catalog: "Catalog", common: "Common", passwords: dict[str, str]
) -> "Report":
    """Read a database and report on it; nothing can be written to it."""
    import time

    from tui_migrate.plan.ends import open_source
    from tui_migrate.plan.presence import refuse_absent
    from tui_migrate.reports.validation import Validated, database_report

    source = open_source(end, common.place, passwords, is_patient=not common.output.is_watched)
    try:
        database = (await source.identity()).database
        collections = await source.collections()
        if not collections:
            await refuse_absent(source, end)
            raise UsageError(f"{end.label} has no collections", hint="names of databases are case-sensitive")
        issues = await _issues(source, collections, catalog, is_package=False)
    finally:
        await source.close()
    return database_report(end.label, database, collections, Validated(catalog.label, issues), time.time())


async def _issues(
    source: "Source", collections: "Sequence[CollectionInfo]", catalog: "Catalog", *, is_package: bool
) -> "tuple[Issue, ...]":
    from tui_migrate.cli.reading import choose_reading, validating_text
    from tui_migrate.validation.rules import Wanted, rules_of
    from tui_migrate.validation.validate import validate

    reading = choose_reading(validating_text)

    async def pace(done: int, total: int) -> None:
        reading(done, total)

    rules = rules_of(catalog, collections, Wanted(is_package=is_package))
    try:
        async with aclosing(validate(source, rules, pace=pace)) as found:
            return tuple([one async for one in found])
    finally:
        reading.close()
