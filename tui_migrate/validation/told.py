"""What the check of a package tells of references by itself, so that nobody is told twice."""

from collections.abc import Sequence
from typing import Final

from tui_migrate.catalogs.model import Catalog
from tui_migrate.findings import Finding
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms import gofannon, xcodereviewer

_FOLLOWED: Final = {
    PackageForm.GOFANNON: gofannon.REFERENCES,
    PackageForm.XCODEREVIEWER: xcodereviewer.REFERENCES,
}
"""References that the check of a form follows."""

_CODES: Final = ("orphan", "references_unchecked")


def without_references(found: Sequence[Finding], form: PackageForm, catalog: Catalog) -> tuple[Finding, ...]:
    """Leave out what the check of a package found of references, where validation with the catalog follows them all.

    That counts them however many there are, and knows what is in the target.
    """
    known = {(one.name, each.field, each.to) for one in catalog.collections for each in one.references}
    own = {(one.collection, one.field, one.target) for one in _FOLLOWED.get(form, ())}
    return tuple(one for one in found if one.code not in _CODES) if own <= known else tuple(found)
