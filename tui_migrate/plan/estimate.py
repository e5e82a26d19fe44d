"""Estimating what a run would do from a sample of each collection, with how far that may be off."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from math import sqrt
from typing import Final

from tui_migrate.errors import Refused
from tui_migrate.plan.decision import Decision, decide
from tui_migrate.plan.model import Plan
from tui_migrate.plan.newer import moment_path
from tui_migrate.stores.base import CollectionInfo, Source
from tui_migrate.stores.lookup import find_by_id, keyed
from tui_migrate.stores.probe import Probe

SAMPLE: Final = 1_000
"""Documents that a quick look takes of each collection: at worst 3.1 % off."""

_Z: Final = 1.96
"""Of the normal distribution, for an interval that holds the true share 95 times of 100."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a collection's documents, from 0 to 1, and between which it is (95 %)."""

    found: float
    low: float
    high: float

    @property
    def margin(self) -> float:
        """By how much the share may be off, to the farther side."""
        return max(self.high - self.found, self.found - self.low)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What would become of `sampled` of about `documents`: how many by decision, how many without `_id`, their bytes.

    `written` are the bytes of those that would be written, `before` of those that would be replaced.
    """

    documents: int
    sampled: int
    counts: Mapping[Decision, int]
    rejects: int = 0
    written: int = 0
    before: int = 0

    def share(self, decision: Decision) -> Share:
        """Say how large a share of the collection meets this decision."""
        return share(self.counts[decision], self.sampled)

    def scaled(self, count: int) -> int:
        """Give for a count of the sample about how many it is of the collection."""
        return round(count * self.documents / self.sampled) if self.sampled else 0


def share(count: int, of: int) -> Share:
    """Give a share with Wilson's interval, which holds for none and for all too."""
    if not of:
        return Share(0.0, 0.0, 1.0)
    found, square = count / of, _Z * _Z
    middle = (found + square / (2 * of)) / (1 + square / of)
    half = _Z * sqrt(found * (1 - found) / of + square / (4 * of * of)) / (1 + square / of)
    return Share(found, max(0.0, middle - half), min(1.0, middle + half))


async def estimate_collection(
    plan: Plan, info: CollectionInfo, source: Probe, there: CollectionInfo | None, target: Source | None, size: int
) -> Estimate | None:
    """Take a sample and decide about each of its documents as the engine would, reading both ends.

    None where the source cannot give documents of this collection at random.
    """
    counts = dict.fromkeys(Decision, 0)
    try:
        async with aclosing(source.sample(info.name, size)) as reading:
            documents = [one async for one in reading]
    except Refused:
        return None
    items = [one for one in map(keyed, documents) if one is not None]
    found, by = {}, moment_path(plan, info.name)
    if there is not None and target is not None:
        found = await find_by_id(target, there.name, [one.id for one in items], by)
    written = before = 0
    for one in items:
        decision = decide(plan.policy, one, found.get(one.key), by=by)
        counts[decision] += 1
        written += len(one.document) if decision.writes else 0
        before += found[one.key].size if decision in (Decision.REPLACE, Decision.QUEUE) else 0
    return Estimate(info.documents, len(documents), counts, len(documents) - len(items), written, before)
