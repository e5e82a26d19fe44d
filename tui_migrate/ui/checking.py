"""Running the preflight checks for the screen, which shows what they find as it comes."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from functools import partial

from tui_migrate.errors import TuiMigrateError
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.package import Package
from tui_migrate.packages.types.model import Inference
from tui_migrate.plan import preflight
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.ends import planned_source
from tui_migrate.plan.estimate import SAMPLE
from tui_migrate.plan.model import PackageEnd, Plan, Policy
from tui_migrate.plan.refusals import gravest_first
from tui_migrate.reports.masking import Mask
from tui_migrate.stores.base import Source
from tui_migrate.ui.look import Fault, LookState, Opening, first_error
from tui_migrate.worker.launch import find_rivals


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks found about a request. `at` is when they began, or ended where they have.

    `plan` is there as soon as it could be made, `inference` for a package without types once it was read. What a failed
    or cancelled check found before stays. One that was `quick` looked at a sample of each collection.
    """

    request: PlanRequest
    state: LookState
    at: float
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    inference: Inference | None = None
    fault: Fault | None = None
    quick: bool = False

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(one for one in self.findings if one.severity is severity)


async def check(
    request: PlanRequest, opening: Opening, report: Callable[[Checked], object], *, quick: bool = False
) -> None:
    """Make the plan and check it; say each time what is known by now. Faults are reported, not raised."""
    known = Checked(request, LookState.CONNECTING, opening.clock(), quick=quick)
    report(known)
    try:
        async with AsyncExitStack() as stack:
            source = await stack.enter_async_context(opening.source(request.source))
            to_package = isinstance(request.target, PackageEnd)
            target = None if to_package else await stack.enter_async_context(opening.source(request.target))
            plan = await build_plan(request, source)
            source = planned_source(plan, source)
            stack.push_async_callback(source.close)
            known = replace(known, plan=plan)
            async for latest in _checked(known, plan, source, target, opening):
                known = latest
                report(known)
            if isinstance(source, Package) and (await source.form()).infers_types:
                report(known)
                known = await _with_inference(known, source)
        report(replace(known, state=LookState.DONE, at=opening.clock()))
    except* TuiMigrateError as group:
        fault = Fault.of(first_error(group))
        report(replace(known, state=LookState.FAILED, fault=fault, at=opening.clock()))


async def _checked(
    known: Checked, plan: Plan, source: Source, target: Source | None, opening: Opening
) -> AsyncGenerator[Checked]:
    """Make the checks, and give what is known by now each time that something comes."""
    reads, told, mask = _reads_documents(known.request), list[preflight.Told](), Mask.of_plan(plan)
    about = preflight.Circumstances(
        sample=SAMPLE if known.quick else 0,
        folder=opening.home.runs,
        rivals=partial(find_rivals, opening.home),
        for_people=True,
    )
    async with aclosing(preflight.as_they_come(plan, source, target, about)) as coming:
        async for one in coming:
            if isinstance(one, preflight.Told):
                told.append(one)
            elif reads and one in preflight.READS:
                known = replace(known, state=LookState.READING)
            else:
                continue
            known = replace(known, findings=gravest_first(map(mask.finding, preflight.in_order(told))))
            yield known


async def _with_inference(known: Checked, package: Package) -> Checked:
    """Add what the fields of a package look like; where the checks did not come so far, it is read for that."""
    if (inference := await package.inference()) is None:
        found, mask = await package.check(), Mask.of_plan(known.plan)
        known = replace(known, findings=gravest_first((*known.findings, *map(mask.finding, found))))
        inference = await package.inference()
    return replace(known, inference=inference)


def _reads_documents(request: PlanRequest) -> bool:
    """True where a check has to read whole collections.

    It does for conflicts under `fail`, for a package's checksums, and for what a form without types would not keep.
    """
    if isinstance(request.source, PackageEnd):
        return True
    if isinstance(request.target, PackageEnd):
        return request.target.form.infers_types
    return request.policy is Policy.FAIL
