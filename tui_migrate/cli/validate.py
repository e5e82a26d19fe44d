"""The command `validate`: it reads a whole package, or a database with a catalog, and writes nothing."""

import asyncio
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from tui_migrate.cli.encryption import DECRYPTING, Decrypting
from tui_migrate.cli.options import COMMON, Common, not_empty
from tui_migrate.cli.package_options import READING, PackageReading
from tui_migrate.errors import PackageDamaged, UsageError
from tui_migrate.findings import Severity
from tui_migrate.plan.model import PIPE

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.catalogs.model import Catalog
    from tui_migrate.cli.output import Output
    from tui_migrate.packages.package import Package
    from tui_migrate.paths import Home
    from tui_migrate.plan.model import PackageEnd
    from tui_migrate.reports.model import Report
    from tui_migrate.reports.package import Examined
    from tui_migrate.reports.validation import Validated

_PIPED: Final = "what came through the pipe"

InputPath = Annotated[Path | None, Parameter(show_default=False, metavar="PACKAGE")]
DatabaseText = Annotated[str, Parameter(show_default=False, metavar="END")]
CatalogText = Annotated[str | None, Parameter(show_default=False, metavar="NAME|FILE|none", validator=not_empty)]
ReportFile = Annotated[Path | None, Parameter(name=("--output", "-o"), show_default=False, metavar="FILE")]
PlanFile = Annotated[Path | None, Parameter(show_default=False, metavar="FILE")]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is wanted of a package: `catalog` is the one that was named, `word` how; see `validate`."""

    type_plan: str
    word: str
    catalog: "Catalog | None"
    has_types: bool


def validate(
    *,
    input: InputPath = None,
    url: DatabaseText = "",
    catalog: CatalogText = None,
    output: ReportFile = None,
    write_type_plan: PlanFile = None,
    reading: PackageReading = READING,
    decrypting: Decrypting = DECRYPTING,
    common: Common = COMMON,
) -> int:
    """Check a whole package: manifest, checksums, counts, every document and id, indexes, versions.

    With a catalog also what it says of the documents, of a package or of a database: references that lead to nothing,
    required fields, versions, types that change within a field. Writes nothing but the report. Exit codes: 0 whole,
    3 with warnings, 4 with errors.

    Parameters
    ----------
    input
        The package, in any form that an import reads; - is what comes through the pipe before this command.
    url
        A database in the place of a package: a URL, or a connection as NAME or NAME/DATABASE. Needs a catalog.
    catalog
        What is known of the data, see catalog list. A package of another system is held against the catalog of that
        system by itself; none declines that.
    output
        Write the report to this file too, in the form that its ending asks for: .json, .md, .html or .txt.
    write_type_plan
        Write what the texts of a JSON package look like to this YAML file, to be edited and given to --type-plan.
    """
    if (input is None) is not bool(url):
        raise UsageError("either --input or --url is needed, and not both", hint="name one package or one database")
    if input is None:
        if write_type_plan is not None or reading.type_plan:
            raise UsageError("a database has its types", hint="leave --write-type-plan and --type-plan away")
        return _validate_database(url, catalog or "", output, common)
    return _validate_package(input, catalog or "", output, write_type_plan, reading, decrypting, common)


def _validate_database(url: str, word: str, output: Path | None, common: Common) -> int:
    from tui_migrate.cli.passwords import ask_missing, typed_end
    from tui_migrate.cli.validating import named_catalog, validate_database
    from tui_migrate.reports.saving import refuse_place, save
    from tui_migrate.reports.validation import DATABASE_TITLE

    if output is not None:
        refuse_place(output, replaces=DATABASE_TITLE)
    catalog = named_catalog(word, common.place)
    if catalog is None:
        raise UsageError(
            "a database is held against a catalog, and none is named",
            hint="--catalog NAME; catalog list shows those there are, catalog infer drafts one",
        )
    passwords: dict[str, str] = {}
    end = typed_end(url, common.place, passwords, common.output)
    ask_missing([end], common.place, passwords)
    report = asyncio.run(validate_database(end, catalog, common, passwords))
    if output is not None:
        save(output, report, replaces=DATABASE_TITLE)
        note_report(output, common.output)
    return show_report(report, common.output)


def _validate_package(
    input: Path,
    word: str,
    output: Path | None,
    write_type_plan: Path | None,
    reading: PackageReading,
    decrypting: Decrypting,
    common: Common,
) -> int:
    from tui_migrate.cli.passwords import ask_missing
    from tui_migrate.cli.piped_input import package_path
    from tui_migrate.cli.validating import named_catalog
    from tui_migrate.reports.package import CHECK_TITLE, package_report
    from tui_migrate.reports.saving import refuse_place, refuse_to_replace, refuse_within, save
    from tui_migrate.reports.validation import with_validation

    if output is not None:
        refuse_place(output, replaces=CHECK_TITLE)
    if write_type_plan is not None:
        refuse_to_replace(write_type_plan)
    for one in filter(None, (output, write_type_plan)):
        refuse_within(one, input)
    asked = _Asked(reading.type_plan, word, named_catalog(word, common.place), has_types=write_type_plan is None)
    passwords: dict[str, str] = {}
    with package_path(input, common.place, common.output) as path:
        end = decrypting.source(reading.source(path), passwords)
        ask_missing([end], common.place, passwords)
        examined, validated = asyncio.run(_examine(end, asked, common.place, passwords))
    report = package_report(_PIPED if str(input) == PIPE else end.path, examined, time.time())
    if validated is not None:
        report = with_validation(report, validated)
    if output is not None:
        save(output, report, replaces=CHECK_TITLE)
        note_report(output, common.output)
    if write_type_plan is not None:
        _write_types(examined, write_type_plan, common.output)
    return show_report(report, common.output)


def note_report(path: Path, output: "Output") -> None:
    """Say where the report was written."""
    output.note(f"the report is in {path}")


def show_report(report: "Report", output: "Output") -> int:
    """Write a report and give the exit code that goes with its verdict."""
    from tui_migrate.cli.output import shows_unicode
    from tui_migrate.reports.json_form import form
    from tui_migrate.reports.model import Verdict
    from tui_migrate.reports.text import UNBROKEN, WIDTH, lines

    output.document(form(report))
    # Who reads a pipe, a program or a pager, looks for whole names.
    width = WIDTH if sys.stdout.isatty() else UNBROKEN
    for line in lines(report, unicode=shows_unicode(), width=width):
        output.line(line)
    return {Verdict.GOOD: 0, Verdict.WARNINGS: 3, Verdict.ERRORS: 4}[report.verdict]


async def _examine(
    end: "PackageEnd", asked: _Asked, home: "Home", passwords: dict[str, str]
) -> "tuple[Examined, Validated | None]":
    """Read the package; unless it may have its types, see first that it has none. Raises UsageError then."""
    from tui_migrate.cli.reading import choose_reading
    from tui_migrate.cli.validating import NONE, catalog_of_form, validate_package
    from tui_migrate.packages.types.choose import choose
    from tui_migrate.reports.package import examine

    if asked.type_plan:
        package = _open(end, passwords)
        try:
            end = replace(end, types=await choose(asked.type_plan, package))
        finally:
            await package.close()
    package, reading = _open(end, passwords), choose_reading()
    try:
        if not asked.has_types:
            await _refuse_types(package)
        examined = await examine(package, reading)
        reading.close()
        catalog = asked.catalog
        if catalog is None and asked.word != NONE:
            catalog = catalog_of_form(examined.form, home)
        if catalog is None:
            return examined, None
        return await validate_package(package, examined, catalog, is_own_choice=asked.catalog is not None)
    finally:
        reading.close()
        await package.close()


async def _refuse_types(package: "Package") -> None:
    with suppress(PackageDamaged):  # the check tells of it
        form = await package.form()
        if not form.infers_types:
            raise UsageError(f"a package of the form {form} has its types", hint="leave --write-type-plan away")


def _open(end: "PackageEnd", passwords: dict[str, str]) -> "Package":
    from tui_migrate.packages.recognised import RecognisedPackage
    from tui_migrate.plan.ends import read_options

    return RecognisedPackage(Path(end.path), read_options(end, passwords))


def _write_types(examined: "Examined", path: Path, output: "Output") -> None:
    from tui_migrate.packages.types import yaml_form

    if examined.inference is None or any(one.severity is Severity.ERROR for one in examined.findings):
        output.note(f"the package has errors, so {path} was not written")
    else:
        yaml_form.write(examined.inference, path)
