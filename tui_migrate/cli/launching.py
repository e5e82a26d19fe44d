"""The way of every new run: look at both ends, plan, check, and then show, save or start what was planned."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from tui_migrate.cli.errors_out import CheckFailed
from tui_migrate.cli.follow import caught_signals, follow
from tui_migrate.cli.options import Handling
from tui_migrate.cli.output import Output
from tui_migrate.cli.render import finding_form, forecast_form, run_form
from tui_migrate.cli.summary import conclude, findings_lines
from tui_migrate.cli.tables import table
from tui_migrate.cli.wording import arrow, duration
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.reader import JournalReader
from tui_migrate.mapping.words import scope_words
from tui_migrate.paths import Home
from tui_migrate.plan import preflight
from tui_migrate.plan.checks.paging import explain_words
from tui_migrate.plan.ends import open_planned_source, open_source
from tui_migrate.plan.estimate import SAMPLE
from tui_migrate.plan.forecast import ASSUMPTION, CollectionForecast, Forecast, forecast
from tui_migrate.plan.model import End, PackageEnd, Plan
from tui_migrate.plan.refusals import refusals
from tui_migrate.stores.base import Source
from tui_migrate.validation.model import lists_documents
from tui_migrate.wording import number, run_name, size, waiting_words
from tui_migrate.worker import launch
from tui_migrate.worker.backups import note_made_for

CONFLICT: Final = "conflict"
"""The code of the finding that says how many documents differ in the target."""

IN_USE: Final = "target_in_use"
"""The code of the finding that says that another run has a collection of the target."""

_TIMES_NAMED: Final = 5
"""Collections whose time a dry run names, the longest first."""

_REFUSED_EXIT_CODE: Final = 4
_ALWAYS: Final = ("documents", "insert", "unchanged", "present")
_COUNTED: Final = ("documents", "insert", "replace", "unchanged", "skip", "refuse", "ask", "reject", "delete")
_SHORTER: Final = {"in target": "there", "documents": "all", "unchanged": "equal"}
"""What is said in heads where the table is else too wide."""

_WIDTH: Final = 80
_COUNTED_BY_ID: Final = ("documents", "insert", "present", "reject", "delete")


@dataclass(frozen=True, slots=True)
class Launching:
    """One command's way from a plan to a run."""

    home: Home
    output: Output
    handling: Handling
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    create: Callable[[Home, Plan], Awaitable[int]] = launch.create_run
    """Records the plan as a run and gives its id."""

    @asynccontextmanager
    async def source(self, end: End) -> AsyncIterator[Source]:
        """Open an end to look at, and close it."""
        source = open_source(end, self.home, self.passwords)
        try:
            yield source
        finally:
            await source.close()

    @asynccontextmanager
    async def planned(self, plan: Plan) -> AsyncIterator[Source]:
        """Open the source of a plan to look at, as the target is to get it, and close it."""
        source = open_planned_source(plan, self.home, self.passwords)
        try:
            yield source
        finally:
            await source.close()

    async def carry_out(self, plan: Plan) -> int:
        """Check a plan and do with it what the options say. Raises CheckFailed, and what stores raise."""
        plan = self.as_asked(plan)
        for line in scope_words(plan.scope):
            self.output.note(line)
        findings = await self.check(plan)
        if self.handling.dry_run is None:
            refuse_errors(findings, strict=plan.strict)
        if self.handling.dry_run is None and not self.handling.validate_only:
            for line in findings_lines(self._told(findings)):
                self.output.note(line)
            if words := explain_line(self._told(findings)):
                self.output.note(words)
        if self.handling.validate_only:
            return self._show_checked(findings)
        if self.handling.dry_run is not None:
            return await self._show_forecast(plan, findings)
        return await self._run(plan)

    def as_asked(self, plan: Plan) -> Plan:
        """Give the plan as the options that hold for saved plans too want it."""
        return replace(plan, strict=True) if self.handling.strict else plan

    def _told(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """What is shown before a run: warnings; notes too where only the checks were asked for."""
        shown = (Severity.WARNING, Severity.NOTE) if self.handling.validate_only else (Severity.WARNING,)
        return tuple(one for one in findings if one.severity in shown)

    async def check(self, plan: Plan) -> tuple[Finding, ...]:
        """Make the checks of a plan as the options want them. Raises what stores raise."""
        about = preflight.Circumstances(
            read_documents=self.handling.dry_run != "quick",
            sample=SAMPLE if self.handling.quick else 0,
            folder=self.home.runs,
            rivals=partial(launch.find_rivals, self.home),
            for_people=True,
        )
        async with self.planned(plan) as source:
            if isinstance(plan.target, PackageEnd):
                return await preflight.check(plan, source, None, about=about)
            async with self.source(plan.target) as target:
                return await preflight.check(plan, source, target, about=about)

    def _show_checked(self, findings: tuple[Finding, ...]) -> int:
        self.output.document({"valid": True, "findings": [finding_form(one) for one in findings]})
        for line in brief_lines(self._told(findings)):
            self.output.line(line)
        if words := explain_line(self._told(findings)):
            self.output.line(words)
        self.output.line("the checks found nothing that stands in the way; nothing was written")
        return 0

    async def _show_forecast(self, plan: Plan, findings: tuple[Finding, ...]) -> int:
        # Documents that differ are what the forecast is about: they are counted in it, not refused before it. And
        # another run may have ended when this one is started.
        refuse_errors([one for one in findings if one.code not in (CONFLICT, IN_USE)], strict=plan.strict)
        exact = self.handling.dry_run == "exact"
        sample = SAMPLE if self.handling.quick else 0
        async with self.planned(plan) as source:
            if isinstance(plan.target, PackageEnd):
                found = await forecast(plan, source, None, exact=exact, sample=sample)
            else:
                async with self.source(plan.target) as target:
                    found = await forecast(plan, source, target, exact=exact, sample=sample)
        shown = [finding_form(one) for one in findings]
        self.output.document({**forecast_form(found), "findings": shown})
        for line in forecast_lines(found):
            self.output.line(line)
        for line in brief_lines([one for one in findings if one.code != CONFLICT]):
            self.output.line(line)
        if words := explain_line(findings):
            self.output.line(words)
        if words := refusals(findings).words(plan.max_rejects):
            self.output.line(words)
        if exact and found.total.undo:
            self.output.line(f"the undo log takes about {size(found.total.undo)}")
        if exact:
            self.output.line(time_line(found))
        if found.sample:
            self.output.line(f"estimated from {number(found.sample)} documents of each larger collection; 95 % sure")
        self.output.line("nothing was written")
        if found.total.refuse:
            self.output.line(f"  {arrow()} as planned, this is refused: choose --conflict-resolution skip or overwrite")
        return _REFUSED_EXIT_CODE if found.total.refuse else 0

    async def _run(self, plan: Plan) -> int:
        backup = await self._back_up(plan) if self.handling.backup_first else ""
        with caught_signals() as signals:
            run_id = await self.create(self.home, plan)
            if backup:
                await note_made_for(self.home, backup, run_id)

            async def begin() -> None:
                if warning := await launch.start(self.home, run_id, self.passwords, self.output.pipe):
                    self.output.note(warning)

            if not self.handling.detach:
                self.output.note(f"run {run_name(run_id)}: started; it goes on if this terminal is closed")
                return conclude(await follow(self.home, run_id, signals, begin), self.home, self.output)
            await begin()
        return await show_detached(self.home, run_id, self.output)

    async def _back_up(self, plan: Plan) -> str:
        from tui_migrate.cli.backing_up import back_up_target  # which launches by this very module

        return await back_up_target(self, plan)


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


def refuse_errors(findings: Sequence[Finding], *, strict: bool) -> None:
    """Raise CheckFailed where one of the findings is an error, or a warning of a strict plan."""
    if errors := preflight.blocking(findings, strict=strict):
        raise CheckFailed(findings, errors)


def brief_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Show findings without the notes that list the documents of others, a hundred each, and say who has these."""
    short = tuple(one for one in findings if not lists_documents(one))
    yield from findings_lines(short)
    if len(short) < len(findings):
        yield f"  {arrow()} --json names more of the documents, by _id"


def explain_line(findings: Sequence[Finding]) -> str:
    """Say, once for all of them, where the findings' pages are."""
    words = explain_words(*findings)
    return f"  {arrow()} {words}" if words else ""


def time_line(found: Forecast) -> str:
    """Say about how long a run would take, and which collections the most of it."""
    longest = sorted(found.collections, key=lambda one: one.seconds, reverse=True)
    each = [f"{one.name} {duration(one.seconds)}" for one in longest[:_TIMES_NAMED]]
    more = ", …" if len(longest) > _TIMES_NAMED else ""
    named = f" ({', '.join(each)}{more})" if len(longest) > 1 else ""
    return f"the run takes about {duration(found.total.seconds)}{named}: {ASSUMPTION}"


def forecast_lines(found: Forecast) -> list[str]:
    """Show what a dry run counted, a collection a line and the sum below; what happens nowhere has no column.

    Below stands what is left to say of documents that are asked about or left because of their age.
    """
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
        if found.sample:
            columns["±"] = [number(one.margin) for one in rows]
        columns["bytes"] = [size(one.size) for one in rows]
    cells, places = list(zip(*columns.values(), strict=True)), range(2, len(columns))
    lines = table(list(columns), cells, numbers=places)
    if max(map(len, lines)) > _WIDTH:
        lines = table([_SHORTER.get(one, one) for one in columns], cells, numbers=places)
    return [*lines, *_policy_lines(found.total)]


def _policy_lines(total: CollectionForecast) -> list[str]:
    said: list[str] = []
    if total.ask:
        said.append(f"ask: {waiting_words(total.ask)}, and the run with them")
    if total.newer:
        said.append(f"skip: {number(total.newer)} left because the target's is newer")
    if total.untold:
        said.append(f"skip: {number(total.untold)} left because it cannot be told which is newer")
    return said
