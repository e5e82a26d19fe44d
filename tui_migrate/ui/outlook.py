"""What a backup or a restore would do: its plan, the checks of it, and what a restore would change. Nothing is written.

Each look gives frozen values, the next one whenever more is known; faults are reported, not raised.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

from tui_migrate.errors import TuiMigrateError
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan import preflight
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.ends import planned_source
from tui_migrate.plan.model import Plan
from tui_migrate.plan.refusals import gravest_first
from tui_migrate.plan.restoring import CollectionChange
from tui_migrate.reports.masking import Mask
from tui_migrate.stores.base import Source
from tui_migrate.ui.look import CONNECT_SECONDS, Fault, LookState, Opening, first_error, patience, place_words
from tui_migrate.worker.backing_up import looked_at
from tui_migrate.worker.backups import BackedUp, Backup
from tui_migrate.worker.launch import find_rivals
from tui_migrate.worker.restoring import restore_changes, restore_plan


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known by now. `at` is when it began, or ended where it has (seconds since 1970).

    `of` is what a backup is of; `changes` are what a restore would change, and `done` of about `total` documents are
    compared for that. `is_checked` says that all checks were made.
    """

    state: LookState
    at: float
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    is_checked: bool = False
    of: BackedUp | None = None
    changes: tuple[CollectionChange, ...] = ()
    done: int = 0
    total: int = 0
    fault: Fault | None = None

    def of_severity(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(one for one in self.findings if one.severity is severity)

    @property
    def can_start(self) -> bool:
        """True where all is known and nothing stands in the way."""
        return self.state is LookState.DONE and self.plan is not None and not self.of_severity(Severity.ERROR)


Report = Callable[[Outlook], object]


async def look_at_backup(request: PlanRequest, opening: Opening, report: Report) -> None:
    """Plan an export that is a backup, and check it."""
    known = Outlook(LookState.CONNECTING, opening.clock())
    report(known)
    try:
        async with opening.source(request.source) as source:
            async with patience(CONNECT_SECONDS, f"{place_words(request.source)} has not answered"):
                await source.identity()
            known = replace(known, plan=await build_plan(request, source), of=await looked_at(source))
            report(known)
            known = await _checked(known, opening, source, None)
        report(replace(known, state=LookState.DONE, at=opening.clock()))
    except* TuiMigrateError as group:
        report(_failed(known, group, opening))


async def look_at_restore(backup: Backup, request: PlanRequest, opening: Opening, report: Report) -> None:
    """Plan a restore, check it, and compare the backup with what is there now."""
    known = Outlook(LookState.CONNECTING, opening.clock())
    report(known)
    try:
        async with AsyncExitStack() as stack:
            target = await stack.enter_async_context(opening.source(request.target))
            async with patience(CONNECT_SECONDS, f"{place_words(request.target)} has not answered"):
                await target.identity()
            package = await stack.enter_async_context(opening.source(request.source))
            plan = await restore_plan(backup, request, package, target)
            source = planned_source(plan, package)
            known = replace(known, state=LookState.READING, plan=plan)
            report(known)
            known = await _checked(known, opening, source, target)
            report(known)
            if not known.of_severity(Severity.ERROR):
                telling = _Telling(known, report)
                known = replace(known, changes=await restore_changes(plan, source, target, telling))
        report(replace(known, state=LookState.DONE, at=opening.clock()))
    except* TuiMigrateError as group:
        report(_failed(known, group, opening))


async def _checked(known: Outlook, opening: Opening, source: Source, target: Source | None) -> Outlook:
    if known.plan is None:
        return known
    rivals = partial(find_rivals, opening.home)
    about = preflight.Circumstances(folder=opening.home.runs, rivals=rivals, for_people=True)
    mask = Mask.of_plan(known.plan)
    findings = map(mask.finding, await preflight.check(known.plan, source, target, about=about))
    return replace(known, findings=gravest_first(findings), is_checked=True)


def _failed(known: Outlook, error: BaseException, opening: Opening) -> Outlook:
    return replace(known, state=LookState.FAILED, fault=Fault.of(first_error(error)), at=opening.clock())


class _Telling:
    """Tells now and then how far a comparison is."""

    def __init__(self, known: Outlook, report: Report) -> None:
        self._known = known
        self._report = report
        self._told = 0

    def __call__(self, done: int, total: int) -> None:
        """Tell of each hundredth part."""
        if done >= self._told + max(1, total // 100) or done == total:
            self._told = done
            self._report(replace(self._known, done=done, total=total))
