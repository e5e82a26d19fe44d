"""Running the preflight checks for the screen: the quick ones first, then those that read documents."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from tui_migrate.errors import TuiMigrateError
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.package import Package
from tui_migrate.packages.types.model import Inference
from tui_migrate.plan import preflight
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.model import PackageEnd, Plan, Policy
from tui_migrate.ui.look import Fault, LookState, Opening, first_error


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks found about a request. `at` is when they began, or ended where they have.

    `plan` is there as soon as it could be made, `inference` for a package without types once it was read. What a failed
    or cancelled check found before stays.
    """

    request: PlanRequest
    state: LookState
    at: float
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    inference: Inference | None = None
    fault: Fault | None = None

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(one for one in self.findings if one.severity is severity)


async def check(request: PlanRequest, opening: Opening, report: Callable[[Checked], object]) -> None:
    """Make the plan and check it; say each time what is known by now. Faults are reported, not raised."""
    known = Checked(request, LookState.CONNECTING, opening.clock())
    report(known)
    try:
        async with AsyncExitStack() as stack:
            source = await stack.enter_async_context(opening.source(request.source))
            to_package = isinstance(request.target, PackageEnd)
            target = None if to_package else await stack.enter_async_context(opening.source(request.target))
            plan = await build_plan(request, source)
            quick = await preflight.check(plan, source, target, read_documents=False)
            known = replace(known, state=LookState.READING, plan=plan, findings=_worst_first(quick))
            if _reads_documents(request) and not known.of(Severity.ERROR):
                report(known)
                found = await preflight.check(plan, source, target)
                known = replace(known, findings=_worst_first(found))
            if isinstance(source, Package) and (await source.form()).infers_types:
                report(known)
                known = await _with_inference(known, source)
        report(replace(known, state=LookState.DONE, at=opening.clock()))
    except* TuiMigrateError as group:
        fault = Fault.of(first_error(group))
        report(replace(known, state=LookState.FAILED, fault=fault, at=opening.clock()))


async def _with_inference(known: Checked, package: Package) -> Checked:
    """Add what the fields of a package look like; where the checks did not come so far, it is read for that."""
    if (inference := await package.inference()) is None:
        found = await package.check()
        known = replace(known, findings=_worst_first((*known.findings, *found)))
        inference = await package.inference()
    return replace(known, inference=inference)


def _reads_documents(request: PlanRequest) -> bool:
    """True where a check has to read whole collections: conflicts under `fail`, a package's checksums."""
    into_store = not isinstance(request.target, PackageEnd)
    return isinstance(request.source, PackageEnd) or (into_store and request.policy is Policy.FAIL)


def _worst_first(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    order = list(Severity)
    return tuple(sorted(findings, key=lambda one: order.index(one.severity)))
