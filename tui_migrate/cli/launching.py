"""The way of every new run: look at both ends, plan, check, and then show, save or start what was planned."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.cli.errors_out import CheckFailed
from tui_migrate.cli.follow import caught_signals, follow
from tui_migrate.cli.options import Handling
from tui_migrate.cli.output import Output
from tui_migrate.cli.render import finding_form, forecast_form, run_form
from tui_migrate.cli.summary import conclude, findings_lines
from tui_migrate.cli.tables import table
from tui_migrate.cli.wording import arrow
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.reader import JournalReader
from tui_migrate.paths import Home
from tui_migrate.plan import preflight
from tui_migrate.plan.ends import open_source
from tui_migrate.plan.forecast import Forecast, forecast
from tui_migrate.plan.model import End, PackageEnd, Plan
from tui_migrate.stores.base import Source
from tui_migrate.wording import number, run_name, size
from tui_migrate.worker import launch

CONFLICT: Final = "conflict"
"""The code of the finding that says how many documents differ in the target."""

_REFUSED_EXIT_CODE: Final = 4
_ALWAYS: Final = ("documents", "insert", "unchanged", "present")
_COUNTED: Final = ("documents", "insert", "replace", "unchanged", "skip", "refuse", "reject")
_COUNTED_BY_ID: Final = ("documents", "insert", "present", "reject")


@dataclass(frozen=True, slots=True)
class Launching:
    """One command's way from a plan to a run."""

    home: Home
    output: Output
    handling: Handling
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)

    @asynccontextmanager
    async def source(self, end: End) -> AsyncIterator[Source]:
        """Open an end to look at, and close it."""
        source = open_source(end, self.home, self.passwords)
        try:
            yield source
        finally:
            await source.close()

    async def carry_out(self, plan: Plan) -> int:
        """Check a plan and do with it what the options say. Raises CheckFailed, and what stores raise."""
        findings = await self._check(plan)
        if self.handling.dry_run is None:
            refuse_errors(findings)
            for line in findings_lines(tuple(one for one in findings if one.severity is Severity.WARNING)):
                self.output.note(line)
        if self.handling.validate_only:
            return self._show_checked(findings)
        if self.handling.dry_run is not None:
            return await self._show_forecast(plan, findings)
        return await self._run(plan)

    async def _check(self, plan: Plan) -> tuple[Finding, ...]:
        async with self.source(plan.source) as source:
            if isinstance(plan.target, PackageEnd):
                return await preflight.check(plan, source, None)
            async with self.source(plan.target) as target:
                read = self.handling.dry_run != "quick"
                return await preflight.check(plan, source, target, read_documents=read)

    def _show_checked(self, findings: tuple[Finding, ...]) -> int:
        self.output.document({"valid": True, "findings": [finding_form(one) for one in findings]})
        self.output.line("the checks found nothing that stands in the way; nothing was written")
        return 0

    async def _show_forecast(self, plan: Plan, findings: tuple[Finding, ...]) -> int:
        # Documents that differ are what the forecast is about: they are counted in it, not refused before it.
        refuse_errors([one for one in findings if one.code != CONFLICT])
        exact = self.handling.dry_run == "exact"
        async with self.source(plan.source) as source:
            if isinstance(plan.target, PackageEnd):
                found = await forecast(plan, source, None, exact=exact)
            else:
                async with self.source(plan.target) as target:
                    found = await forecast(plan, source, target, exact=exact)
        shown = [finding_form(one) for one in findings]
        self.output.document({**forecast_form(found), "findings": shown})
        for line in forecast_lines(found):
            self.output.line(line)
        for line in findings_lines(tuple(one for one in findings if one.code != CONFLICT)):
            self.output.line(line)
        if exact and found.total.undo:
            self.output.line(f"the undo log takes about {size(found.total.undo)}")
        self.output.line("nothing was written")
        if found.total.refuse:
            self.output.line(f"  {arrow()} as planned, this is refused: choose --conflict-resolution skip or overwrite")
        return _REFUSED_EXIT_CODE if found.total.refuse else 0

    async def _run(self, plan: Plan) -> int:
        with caught_signals() as signals:
            run_id = await launch.create_run(self.home, plan)

            async def begin() -> None:
                if warning := await launch.start(self.home, run_id, self.passwords, self.output.pipe):
                    self.output.note(warning)

            if not self.handling.detach:
                self.output.note(f"run {run_name(run_id)}: started; it goes on if this terminal is closed")
                return conclude(await follow(self.home, run_id, signals, begin), self.home, self.output)
            await begin()
        return await show_detached(self.home, run_id, self.output)


async def show_detached(home: Home, run_id: int, output: Output) -> int:
    """Print the id of a run that was started and is left alone."""
    reader = await JournalReader.open(home.journal)
    try:
        run = await reader.run(run_id)
    finally:
        await reader.close()
    output.document(run_form(run))
    output.line(run_name(run_id))
    output.note(f"run {run_name(run_id)}: started; {output.command(f'attach {run_id}')} follows it")
    return 0


def refuse_errors(findings: list[Finding] | tuple[Finding, ...]) -> None:
    """Raise CheckFailed where one of the findings is an error."""
    if any(one.severity is Severity.ERROR for one in findings):
        raise CheckFailed(findings)


def forecast_lines(found: Forecast) -> list[str]:
    """Show what a dry run counted, a collection a line and the sum below; what happens nowhere has no column."""
    rows = [*found.collections, found.total]
    names = [*(one.name for one in found.collections), "total"]
    exists = [*("yes" if one.exists else "no" for one in found.collections), ""]
    counts = {
        "there already" if name == "present" else name: [getattr(one, name) for one in rows]
        for name in (_COUNTED if found.exact else _COUNTED_BY_ID)
        if name in _ALWAYS or getattr(found.total, name)
    }
    columns = {"collection": names, "in target": exists}
    columns |= {head: list(map(number, column)) for head, column in counts.items()}
    if found.exact:
        columns["bytes"] = [size(one.size) for one in rows]
    return table(list(columns), list(zip(*columns.values(), strict=True)), numbers=range(2, len(columns)))
