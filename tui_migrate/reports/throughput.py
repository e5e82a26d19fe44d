"""How fast a run was over its time, from the samples that its worker took."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from tui_migrate.journal.records import Sample
from tui_migrate.reports.model import Point, ReportChart

SHORTEST: Final = 0.5
"""Seconds that are measured together at least: what a batch did to shorter ones says nothing."""


def throughput_charts(samples: Sequence[Sample]) -> tuple[ReportChart, ...]:
    """Chart documents and bytes per second; nothing where nothing was measured or the run did nothing."""
    charts = (
        ReportChart("Throughput in documents", "documents/s", _lines(samples, lambda one: one.documents)),
        ReportChart("Throughput in bytes", "bytes/s", _lines(samples, lambda one: one.bytes)),
    )
    return tuple(one for one in charts if any(value for line in one.lines for _, value in line))


def _lines(samples: Sequence[Sample], done: Callable[[Sample], int]) -> tuple[tuple[Point, ...], ...]:
    lines = []
    begun = min((one.at for one in samples), default=0.0)
    for _, of_attempt in groupby(samples, key=lambda one: one.attempt):
        line: list[Point] = []
        for before, after in pairwise(_apart(list(of_attempt))):
            # A collection that is begun again has done less than before.
            rate = max(0, round((done(after) - done(before)) / (after.at - before.at)))
            line = line or [(_milliseconds(before.at - begun), rate)]
            line.append((_milliseconds(after.at - begun), rate))
        if line:
            lines.append(tuple(line))
    return tuple(lines)


def _apart(samples: list[Sample]) -> Iterator[Sample]:
    """Give the samples that lie far enough apart, the first and the last among them; time that ran back is left out."""
    kept = samples[:1]
    for one in samples[1:]:
        if one.at - kept[-1].at >= SHORTEST:
            kept.append(one)
    last = samples[-1]
    if last.at > kept[-1].at:
        kept = [*kept[: max(1, len(kept) - 1)], last]
    yield from kept


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
