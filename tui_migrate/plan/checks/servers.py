"""Checks of the servers themselves: how quickly they answer, what time it is there, and what they can do."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Final

from tui_migrate.definitions import field
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look, error, note, warning
from tui_migrate.plan.checks.registry import check
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Source
from tui_migrate.stores.probe import probe_of

SLOW_SECONDS: Final = 0.25
"""From how long an answer takes a server is called far away: each batch waits several times for one."""

CLOCK_SECONDS: Final = 5.0
"""How far clocks may differ before times in logs, TTL indexes and reports no longer fit together."""

_VERSION: Final = re.compile(r"(\d+)\.(\d+)")
_SINCE: Final = {b"timeseries": (5, 0), b"clusteredIndex": (5, 3), b"viewOn": (3, 4)}
"""From which version MongoDB has what an option asks for (its release notes)."""


def _ends(seen: Look) -> Iterator[tuple[str, Source]]:
    yield "source", seen.source
    if seen.target is not None:
        yield "target", seen.target


@check("Both ends answer, and how quickly", latency=Severity.WARNING, clock_differs=Severity.WARNING)
async def answers(seen: Look) -> AsyncIterator[Finding]:
    """Measure how long both ends take to answer, and compare clocks."""
    for name, end in _ends(seen) if seen.about.for_people else ():
        probe = probe_of(end)
        pulse = None if probe is None else await probe.pulse()
        if pulse is None or pulse.seconds <= 0:
            continue
        message = f"the {name} answers in {pulse.seconds * 1000:.0f} ms"
        if pulse.seconds > SLOW_SECONDS:
            hint = "run tui-migrate nearer to it, or with larger batches: --batch-documents"
            yield warning("latency", name, f"{message}, and every batch waits for it several times", hint)
        else:
            yield note("latency", name, message)
        if pulse.ahead is not None and abs(pulse.ahead) > CLOCK_SECONDS:
            way = "ahead of" if pulse.ahead > 0 else "behind"
            message = f"the clock of the {name} is {abs(pulse.ahead):,.0f} s {way} this machine's"
            yield warning("clock_differs", name, message, "set both by a time server (NTP)")


@check("The target is not older than the source", version_older=Severity.WARNING, feature_missing=Severity.ERROR)
def versions(seen: Look) -> Iterator[Finding]:
    """Compare the servers' versions, and what collections need with what the target's has."""
    if seen.target is None:
        return
    mine, theirs = (one.capabilities.server_version for one in (seen.source, seen.target))
    older, newer = _parsed(theirs), _parsed(mine)
    if older is None:
        return
    if newer is not None and newer[0] > older[0]:
        message = f"the source is of version {mine} and the target of {theirs}, an older one"
        yield warning("version_older", "target", message, "try it on a copy, or bring the target up to date first")
    for info in seen.planned():
        since, what = _needs(info)
        if info.name not in seen.in_target and since > older:
            message = f"{what} need a server of version {since[0]}.{since[1]}, and the target is of {theirs}"
            yield error("feature_missing", info.name, message, "leave it out, or bring the target up to date")


def _parsed(version: str) -> tuple[int, int] | None:
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else None


def _needs(info: CollectionInfo) -> tuple[tuple[int, int], str]:
    if info.kind is CollectionKind.TIMESERIES:
        return _SINCE[b"timeseries"], "time-series collections"
    if info.kind is CollectionKind.VIEW:
        return _SINCE[b"viewOn"], "views"
    if field(info.options, b"clusteredIndex") is not None:
        return _SINCE[b"clusteredIndex"], "clustered collections"
    return (0, 0), ""
