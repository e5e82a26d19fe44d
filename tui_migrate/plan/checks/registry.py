"""What a check is: a function with the codes that it can give, when it is made, and what it is called."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look

Found = Iterator[Finding] | AsyncIterator[Finding]


class Phase(IntEnum):
    """When a check is made, in this order."""

    PLAN = 1
    """Of the plan alone: neither end is asked."""
    PACKAGE = 2
    """Reading the source's package; an error in it is the last word."""
    ENDS = 3
    """Of what both ends list and say of themselves."""
    DOCUMENTS = 4
    """Reading documents; only where no error was found before."""


READS: Final = frozenset((Phase.PACKAGE, Phase.DOCUMENTS))
"""The phases that are left out where no documents may be read."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `codes` are those of its findings with the worst severity of each; each has a page of its name.

    `passed_on` are the codes of findings that it passes on from a package's own check, which have pages too.
    """

    title: str
    phase: Phase
    codes: Mapping[str, Severity]
    find: Callable[[Look], Found]
    passed_on: tuple[str, ...] = ()

    async def run(self, seen: Look) -> AsyncIterator[Finding]:
        """Make the check. Raises what asking an end raises."""
        found = self.find(seen)
        if isinstance(found, AsyncIterator):
            async for one in found:
                yield one
        else:
            for one in found:
                yield one


def check(
    title: str, phase: Phase = Phase.ENDS, passed_on: tuple[str, ...] = (), **codes: Severity
) -> Callable[[Callable[[Look], Found]], Check]:
    """Make a check of a function."""

    def made(find: Callable[[Look], Found]) -> Check:
        return Check(title, phase, codes, find, passed_on)

    return made
