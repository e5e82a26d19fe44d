"""Checks of which collections were picked."""

from collections.abc import Iterator

from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look, error
from tui_migrate.plan.checks.registry import check


@check("The source has every planned collection", collection_missing=Severity.ERROR)
def missing(seen: Look) -> Iterator[Finding]:
    """Find collections that have gone since the plan was made."""
    for one in seen.plan.collections:
        if one.name not in seen.from_source and not one.remove:
            yield error("collection_missing", one.name, "the source has no such collection any more", "plan again")


@check(
    "A retry finds what its first run left",
    collection_gone=Severity.ERROR,
    kind_differs=Severity.ERROR,
)
def retry_places(seen: Look) -> Iterator[Finding]:
    """A retry adds documents to what its first run left, and creates nothing."""
    for one in seen.plan.collections if seen.plan.retry_of else ():
        theirs = seen.in_target.get(one.name)
        if theirs is None:
            yield error("collection_gone", one.name, "the target has no such collection any more", "start a new run")
        elif not theirs.kind.has_keys:
            message = f"a {theirs.kind} collection is only written by the run that creates it"
            yield error("kind_differs", one.name, message, "roll the first run back and start a new one")


@check("A GridFS bucket goes whole", gridfs_half=Severity.ERROR)
def gridfs_halves(seen: Look) -> Iterator[Finding]:
    """Find one collection of a bucket without the other."""
    planned = {one.name for one in seen.plan.collections}
    for name in planned:
        for mine, other in ((".files", ".chunks"), (".chunks", ".files")):
            twin = name.removesuffix(mine) + other
            if name.endswith(mine) and twin in seen.from_source and twin not in planned:
                yield error("gridfs_half", name, f"a GridFS bucket goes whole: {twin} is missing", f"add {twin}")
