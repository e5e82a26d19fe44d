"""The command that reports on a run: `report`. It reads the journal alone, and no database."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from tui_migrate.cli.options import COMMON, Common
from tui_migrate.cli.runs import RunId

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.paths import Home
    from tui_migrate.reports.model import Report

FINDINGS_READ: Final = 100_000
"""Findings of one run that a report has; a run keeps far fewer."""

ReportFile = Annotated[Path | None, Parameter(name=("--output", "-o"), show_default=False, metavar="FILE")]


def report(run: RunId, /, *, output: ReportFile = None, common: Common = COMMON) -> int:
    """Report on a run: how it stands, what it did in each collection, and all that was found.

    Exit code 0 once the report was made, whatever it says of the run.

    Parameters
    ----------
    output
        Write the report to this file too, in the form that its ending asks for: .json, .md, .html or .txt.
    """
    from tui_migrate.cli.validate import note_report, show_report
    from tui_migrate.cli.wording import parse_run_id
    from tui_migrate.reports.saving import save

    made = asyncio.run(_made(common.place, parse_run_id(run)))
    if output is not None:
        save(output, made, replaces=made.title)
        note_report(output, common.output)
    show_report(made, common.output)
    return 0


async def _made(home: "Home", run_id: int) -> "Report":
    """Make the report of a run as it stands now. Raises RunNotFound."""
    from tui_migrate.cli.records import read_findings, read_run, read_samples
    from tui_migrate.reports.findings import run_report

    found = await read_run(home, run_id)
    findings, samples = await read_findings(home, run_id, FINDINGS_READ), await read_samples(home, run_id)
    return run_report(found, findings, time.time(), samples)
