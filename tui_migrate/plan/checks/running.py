"""Making the checks: phase by phase, those of a phase at the same time, and what they find as it comes."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.package import Package
from tui_migrate.plan.checks.all import CHECKS
from tui_migrate.plan.checks.look import Circumstances, Look, look
from tui_migrate.plan.checks.registry import Check, Phase
from tui_migrate.plan.model import PackageEnd, Plan
from tui_migrate.stores.base import Source

AT_ONCE: Final = 4
"""How many checks may ask and read at the same time."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, and the place of its check among all."""

    place: int
    finding: Finding


class _Telling:
    """Hands findings on as they come, and knows whether one is an error."""

    def __init__(self) -> None:
        # Holds no more than the findings, which whoever asked keeps all.
        self.queue: asyncio.Queue[Told | Phase | None] = asyncio.Queue()
        self.has_error = False

    def tell(self, place: int, finding: Finding) -> None:
        self.has_error = self.has_error or finding.severity is Severity.ERROR
        self.queue.put_nowait(Told(place, finding))


async def as_they_come(
    plan: Plan, source: Source, target: Source | None, about: Circumstances
) -> AsyncGenerator[Told | Phase]:
    """Give findings as they come, and each phase as it begins; whoever stops listening ends the checks.

    What could be found without the end that fails is given before. Raises Unreachable, AuthenticationFailed,
    NotAuthorised.
    """
    telling = _Telling()

    async def work() -> None:
        try:
            await _make_all(Look(plan, source, target, about), telling)
        finally:
            telling.queue.put_nowait(None)

    task = asyncio.create_task(work())
    try:
        while (told := await telling.queue.get()) is not None:
            yield told
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def in_order(found: Sequence[Told]) -> tuple[Finding, ...]:
    """Put findings in the order of the registry and of their subjects, however they came."""

    def key(one: Told) -> tuple[int, str]:
        # A package is told of in the order in which it lies.
        return one.place, "" if CHECKS[one.place].phase is Phase.PACKAGE else one.finding.subject

    return tuple(one.finding for one in sorted(found, key=key))


async def check(
    plan: Plan,
    source: Source,
    target: Source | None,
    *,
    read_documents: bool = True,
    about: Circumstances | None = None,
) -> tuple[Finding, ...]:
    """Make all checks and give what they found, in a fixed order. `read_documents` counts where `about` is not given.

    Raises Unreachable, AuthenticationFailed, NotAuthorised.
    """
    told = as_they_come(plan, source, target, about or Circumstances(read_documents=read_documents))
    async with aclosing(told):
        return in_order([one async for one in told if isinstance(one, Told)])


async def _make_all(seen: Look, telling: _Telling) -> None:
    plan, about = seen.plan, seen.about
    await _make(Phase.PLAN, seen, telling)
    if isinstance(plan.source, PackageEnd) and about.read_documents and not plan.retry_of:
        if not isinstance(seen.source, Package):
            raise TypeError("the source of this plan is opened as a package")
        await _make(Phase.PACKAGE, seen, telling)
        if telling.has_error:
            return
    seen = await look(plan, seen.source, seen.target, about)
    await _make(Phase.ENDS, seen, telling)
    if about.read_documents and not telling.has_error:
        await _make(Phase.DOCUMENTS, seen, telling)


async def _make(phase: Phase, seen: Look, telling: _Telling) -> None:
    """Make the checks of a phase at the same time, as many as may be. Raises the first error that one of them meets."""
    telling.queue.put_nowait(phase)
    turn = asyncio.Semaphore(AT_ONCE)

    async def make(place: int, one: Check) -> None:
        async with turn:
            async for finding in one.run(seen):
                telling.tell(place, finding)

    try:
        async with asyncio.TaskGroup() as group:
            for place, one in enumerate(CHECKS):
                if one.phase is phase:
                    group.create_task(make(place, one))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None  # callers look for the error itself, to try again or to show it
