"""All checks, in the order in which what they find is told."""

from typing import Final

from tui_migrate.findings import Severity
from tui_migrate.plan.checks import (
    catalogs,
    conflicts,
    contents,
    definitions,
    dependencies,
    disk,
    limits,
    mirror,
    newer,
    packages,
    places,
    privileges,
    scope,
    selection,
    servers,
    uniqueness,
    validators,
)
from tui_migrate.plan.checks.registry import Check

CHECKS: Final[tuple[Check, ...]] = (
    packages.package,
    selection.missing,
    selection.retry_places,
    places.reserved,
    selection.gridfs_halves,
    places.package_place,
    places.encryption,
    places.package_names,
    catalogs.excluded,
    catalogs.version,
    places.source_is_target,
    places.target_in_use,
    servers.answers,
    servers.versions,
    privileges.privileges,
    privileges.validation_bypass,
    mirror.fitness,
    definitions.kinds,
    dependencies.views_without_source,
    definitions.sharded,
    definitions.collations,
    definitions.differences,
    mirror.replacements,
    definitions.expiring,
    dependencies.references,
    dependencies.depending_views,
    packages.definitions_kept,
    packages.documents_kept,
    limits.documents,
    limits.batches,
    newer.fields,
    newer.presence,
    conflicts.conflicts,
    uniqueness.uniqueness,
    validators.validators,
    contents.contents,
    disk.undo_space,
    catalogs.circles,
    scope.left_out,
    scope.redacted_uniques,
    catalogs.sensitive,
    definitions.timestamps,
    places.environment,
)


def codes() -> dict[str, Severity | None]:
    """Give every code that a check can give with its worst severity; of one that is passed on that is not known."""
    found: dict[str, Severity | None] = {}
    for one in CHECKS:
        found |= {code: found.get(code) or severity for code, severity in one.codes.items()}
        found |= {code: found.get(code) for code in one.passed_on}
    return found
