"""What the checks look at, and the short forms in which they say what they found."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.model import Plan
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Source


@dataclass(frozen=True, slots=True)
class Rival:
    """Another run that has a collection of the target for itself; `is_active` while it is at work."""

    run_id: int
    collection: str
    is_active: bool


FindRivals = Callable[[Sequence[str], Sequence[str]], Awaitable[Sequence[Rival]]]
"""Asks the journal who has claimed one of these collections at one of these places (`Identity.claims`)."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What checks are told besides the plan and its ends, by whoever asks.

    `read_documents` lets them read whole collections. `sample` estimates conflicts from so many documents of each
    collection; 0 counts them exactly. `folder` is where the undo log is to lie. `for_people` adds what only
    somebody who decides about the run has a use for. `is_again` says that a face has checked the same a moment ago:
    reading that only leads to a warning is not done twice, unless warnings count.
    """

    read_documents: bool = True
    sample: int = 0
    folder: Path | None = None
    rivals: FindRivals | None = None
    for_people: bool = False
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What both ends looked like when they were asked: listings by name. `target` is None for an export.

    The checks that ask no end are made before anything was listed.
    """

    plan: Plan
    source: Source
    target: Source | None
    about: Circumstances = Circumstances()
    from_source: Mapping[str, CollectionInfo] = field(default_factory=dict)
    in_target: Mapping[str, CollectionInfo] = field(default_factory=dict)

    def pairs(self) -> Iterator[tuple[CollectionInfo, CollectionInfo]]:
        """Give the planned collections that the target has too: the source's and the target's."""
        for one in self.plan.collections:
            mine, theirs = self.from_source.get(one.name), self.in_target.get(one.name)
            if mine is not None and theirs is not None:
                yield mine, theirs

    def plain_pairs(self) -> Iterator[tuple[CollectionInfo, CollectionInfo]]:
        """Give those of the pairs in which documents meet documents."""
        for mine, theirs in self.pairs():
            if mine.kind is CollectionKind.PLAIN and theirs.kind is CollectionKind.PLAIN:
                yield mine, theirs

    def planned(self) -> Iterator[CollectionInfo]:
        """Give the planned collections as the source has them."""
        for one in self.plan.collections:
            if (info := self.from_source.get(one.name)) is not None:
                yield info


async def look(plan: Plan, source: Source, target: Source | None, about: Circumstances) -> Look:
    """List both ends at once. Raises Unreachable, AuthenticationFailed, NotAuthorised."""
    if target is None:
        return Look(plan, source, None, about, await _listed(source))
    try:
        async with asyncio.TaskGroup() as group:
            mine, theirs = group.create_task(_listed(source)), group.create_task(_listed(target))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None  # callers look for the error itself, to try again or to show it
    return Look(plan, source, target, about, mine.result(), theirs.result())


async def _listed(end: Source) -> Mapping[str, CollectionInfo]:
    await end.identity()
    return {one.name: one for one in await end.collections()}


def blocking(found: Collection[Finding], *, strict: bool) -> list[Finding]:
    """Give what keeps a run from starting: errors, and warnings too where the plan is strict; errors first."""
    severities = (Severity.ERROR, Severity.WARNING) if strict else (Severity.ERROR,)
    return [one for severity in severities for one in found if one.severity is severity]


def error(code: str, subject: str, message: str, hint: str = "", count: int = 1) -> Finding:
    """Say what keeps the run from starting."""
    return Finding(Severity.ERROR, code, printable(subject), printable(message), printable(hint), count)


def warning(code: str, subject: str, message: str, hint: str = "", count: int = 1) -> Finding:
    """Say what is to be confirmed."""
    return Finding(Severity.WARNING, code, printable(subject), printable(message), printable(hint), count)


def note(code: str, subject: str, message: str, hint: str = "") -> Finding:
    """Say what is good to know."""
    return Finding(Severity.NOTE, code, printable(subject), printable(message), printable(hint))
