"""Whether data of one version of an application may go where a catalog's version is in use."""

from tui_migrate.catalogs.model import Catalog, matches
from tui_migrate.findings import Finding, Severity
from tui_migrate.redaction import printable

_CODE = "catalog_version"


def version_finding(catalog: Catalog, made_with: str, subject: str, *, is_chosen: bool = True) -> Finding | None:
    """Compare the catalog that data were made with (`NAME VERSION`, as a package tells it) to a catalog, by its rules.

    Gives nothing where they are the same or the data do not tell. `is_chosen` is false where the name is that of the
    form of a file, which does not say which catalog anybody chose.
    """
    name, _, version = made_with.partition(" ")
    if not name or (name, version) == (catalog.name, catalog.version):
        return None
    if name != catalog.name:
        if not is_chosen:
            return None
        message = f"the data were made with the catalog {name}, and this is {catalog.name}"
        return _finding(Severity.WARNING, subject, message, "see that it is the same data")
    if not version or not catalog.version:
        return None
    rules = [one for one in catalog.versions if matches(one.source, version) and matches(one.target, catalog.version)]
    if catalog.versions and not rules:
        message = f"data of version {version} may not go to version {catalog.version} of {catalog.name}"
        return _finding(
            Severity.ERROR, subject, message, "use the catalog of its version, or bring the data to this one"
        )
    message = f"the data are of version {version}, and {catalog.name} is described in version {catalog.version}"
    if rules and rules[0].note:
        message = f"data of version {version} goes to {catalog.version}: {rules[0].note}"
    return _finding(Severity.WARNING, subject, message, "see that what differs between the two does not matter")


def _finding(severity: Severity, subject: str, message: str, hint: str) -> Finding:
    return Finding(severity, _CODE, printable(subject), printable(message), hint)
