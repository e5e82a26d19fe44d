"""Checks of a run that takes a part of its source: what is left out, and what redaction makes equal."""

from collections.abc import Iterator
from typing import Final

from tui_migrate.amounts import documents_that
from tui_migrate.catalogs.model import Redaction
from tui_migrate.definitions import field, index_name, is_unique
from tui_migrate.documents import elements
from tui_migrate.findings import Finding, Severity
from tui_migrate.mapping.redacting import redacted_paths
from tui_migrate.plan.catalog_rules import catalog_of, exclusion
from tui_migrate.plan.checks.look import Look, note, warning
from tui_migrate.plan.checks.registry import check
from tui_migrate.plan.refusals import UP_TO
from tui_migrate.stores.base import CollectionKind

_WORDS: Final = {Redaction.MASK: "the same text in every document", Redaction.DROP: "missing from every document"}


@check("What belongs to no user is left out", no_owner=Severity.NOTE)
def left_out(seen: Look) -> Iterator[Finding]:
    """Name the collections that a run for one user leaves out, since the catalog does not say whose they are."""
    plan, catalog = seen.plan, catalog_of(seen.plan)
    if catalog is None or not plan.scope.owner or plan.retry_of:
        return
    planned = {one.name for one in plan.collections}
    for name, info in sorted(seen.from_source.items()):
        source = plan.scope.source_name(name)
        known = catalog.collection(source)
        is_kept_back = exclusion(source, catalog, plan.target) is not None
        if name in planned or is_kept_back or (known is not None and known.owner is not None):
            continue
        if info.kind is not CollectionKind.VIEW:
            message = f"it is left out: the catalog {catalog.name} does not say whose its documents are"
            yield note("no_owner", name, message, "give it an owner in a catalog of your own")


@check("Redaction and unique indexes", unique_redacted=Severity.WARNING)
def redacted_uniques(seen: Look) -> Iterator[Finding]:
    """Find unique indexes on fields that redaction makes equal, so that the target refuses all documents but one."""
    plan, catalog = seen.plan, catalog_of(seen.plan)
    if catalog is None or not plan.scope.redact or plan.retry_of or seen.target is None:
        return
    for info in seen.planned():
        redacted = redacted_paths(catalog, plan.scope.source_name(info.name))
        theirs = seen.in_target.get(info.name)
        for index in filter(is_unique, theirs.indexes if theirs is not None else info.indexes):
            key = field(index, b"key")
            paths = [one.name.decode() for one in elements(index[key.value : key.end])] if key is not None else []
            made_equal = [path for path in paths if path in redacted]
            if paths and len(made_equal) == len(paths) and info.documents > 1:
                what = " and ".join(f"{path} becomes {_WORDS[redacted[path]]}" for path in made_equal)
                refused = info.documents - 1
                yield warning(
                    "unique_redacted",
                    f"{info.name}.{index_name(index)}",
                    f"{UP_TO}{documents_that(refused, 'is', 'are')} refused: the index is unique, and redacted {what}",
                    "hash the field in the catalog in place of that; or let such documents be put aside:"
                    f" --max-rejects {refused}",
                    refused,
                )
