"""The command that checks a package: `validate`. It reads all of it, writes nothing, and needs no database."""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from tui_migrate.cli.encryption import DECRYPTING, Decrypting
from tui_migrate.cli.options import COMMON, Common
from tui_migrate.cli.package_options import READING, PackageReading
from tui_migrate.errors import PackageDamaged, UsageError
from tui_migrate.findings import Severity
from tui_migrate.plan.model import PIPE

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.cli.output import Output
    from tui_migrate.packages.package import Package
    from tui_migrate.plan.model import PackageEnd
    from tui_migrate.reports.model import Report
    from tui_migrate.reports.package import Examined

_PIPED: Final = "what came through the pipe"

ReportFile = Annotated[Path | None, Parameter(name=("--output", "-o"), show_default=False, metavar="FILE")]
PlanFile = Annotated[Path | None, Parameter(show_default=False, metavar="FILE")]


def validate(
    *,
    input: Path,
    output: ReportFile = None,
    write_type_plan: PlanFile = None,
    reading: PackageReading = READING,
    decrypting: Decrypting = DECRYPTING,
    common: Common = COMMON,
) -> int:
    """Check a whole package: manifest, checksums, counts, every document and id, indexes, versions.

    Writes nothing but the report, and needs no database. Exit codes: 0 whole, 3 with warnings, 4 with errors.

    Parameters
    ----------
    input
        The package, in any form that an import reads; - is what comes through the pipe before this command.
    output
        Write the report to this file too, in the form that its ending asks for: .json, .md, .html or .txt.
    write_type_plan
        Write what the texts of a JSON package look like to this YAML file, to be edited and given to --type-plan.
    """
    from tui_migrate.cli.passwords import ask_missing
    from tui_migrate.cli.piped_input import package_path
    from tui_migrate.reports.package import CHECK_TITLE, package_report
    from tui_migrate.reports.saving import refuse_place, refuse_to_replace, refuse_within, save

    if output is not None:
        refuse_place(output, replaces=CHECK_TITLE)
    if write_type_plan is not None:
        refuse_to_replace(write_type_plan)
    for one in filter(None, (output, write_type_plan)):
        refuse_within(one, input)
    passwords: dict[str, str] = {}
    with package_path(input, common.place, common.output) as path:
        end = decrypting.source(reading.source(path), passwords)
        ask_missing([end], common.place, passwords)
        examined = asyncio.run(_examine(end, reading.type_plan, passwords, has_types=write_type_plan is None))
    report = package_report(_PIPED if str(input) == PIPE else end.path, examined, time.time())
    if output is not None:
        save(output, report, replaces=CHECK_TITLE)
    if write_type_plan is not None:
        _write_types(examined, write_type_plan, common.output)
    return show_report(report, common.output)


def show_report(report: "Report", output: "Output") -> int:
    """Write a report and give the exit code that goes with its verdict."""
    from tui_migrate.cli.output import shows_unicode
    from tui_migrate.reports.json_form import form
    from tui_migrate.reports.model import Verdict
    from tui_migrate.reports.text import lines

    output.document(form(report))
    for line in lines(report, unicode=shows_unicode()):
        output.line(line)
    return {Verdict.GOOD: 0, Verdict.WARNINGS: 3, Verdict.ERRORS: 4}[report.verdict]


async def _examine(end: "PackageEnd", type_plan: str, passwords: dict[str, str], *, has_types: bool) -> "Examined":
    """Read the package; unless it may have its types, see first that it has none. Raises UsageError then."""
    from tui_migrate.cli.reading import choose_reading
    from tui_migrate.packages.types.choose import choose
    from tui_migrate.reports.package import examine

    if type_plan:
        package = _open(end, passwords)
        try:
            end = replace(end, types=await choose(type_plan, package))
        finally:
            await package.close()
    package, reading = _open(end, passwords), choose_reading()
    try:
        if not has_types:
            await _refuse_types(package)
        return await examine(package, reading)
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
