"""What collections of a source depend on and what is left out, for whoever marks them: by catalog, view and bucket."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tui_migrate.catalogs import finding
from tui_migrate.catalogs.model import Catalog, CatalogCollection, is_pattern, matches
from tui_migrate.definitions import view_source
from tui_migrate.plan.model import End, PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind

NAMED: Final = 3
"""So many of a list of names are said, the rest as a number."""

_HALVES: Final = ((".files", ".chunks"), (".chunks", ".files"))


@dataclass(frozen=True, slots=True)
class Dependency:
    """A collection that another one needs, and by what: a field, its view, its GridFS bucket."""

    name: str
    by: str


class CatalogIndex:
    """A catalog to be asked about thousands of collections: by name at once, and only then by the few patterns."""

    def __init__(self, catalog: Catalog | None) -> None:
        self.catalog = catalog
        known = catalog.collections if catalog is not None else ()
        self._named = {one.name: one for one in known}
        self._patterns = [one for one in known if is_pattern(one.name)]

    def collection(self, name: str) -> CatalogCollection | None:
        """Give what the catalog says of a collection, as `Catalog.collection` does."""
        found = self._named.get(name)
        if found is not None or not self._patterns:
            return found
        return next((one for one in self._patterns if matches(one.name, name)), None)

    def exclusion(self, name: str) -> str:
        """Say why a collection never leaves its database, or nothing where it may."""
        found = self.collection(name)
        return found.excluded if found is not None else ""

    def depends_on(self, info: CollectionInfo, there: Collection[str]) -> tuple[Dependency, ...]:
        """Give the collections that this one of those that are `there` needs."""
        if info.kind is CollectionKind.VIEW:
            return (Dependency(view_source(info.options), "view"),)
        found = self.collection(info.name)
        needed: dict[str, str] = {}
        for one in found.references if found is not None else ():
            if one.to != info.name:
                needed.setdefault(one.to, one.field)
        for mine, other in _HALVES:
            if info.name.endswith(mine) and (twin := info.name.removesuffix(mine) + other) in there:
                needed.setdefault(twin, "GridFS")
        return tuple(Dependency(name, by) for name, by in needed.items())


class Exclusions:
    """Why collections are left out of a plan: by its catalog, or by the form of the package that is made."""

    def __init__(self, index: CatalogIndex, target: End | None) -> None:
        self._index = index
        infers = isinstance(target, PackageEnd) and target.form.infers_types
        self._form = target.form.value if isinstance(target, PackageEnd) and infers else ""
        self._own = CatalogIndex(finding.shipped(self._form) if self._form else None)

    def of(self, name: str) -> str:
        """Say who leaves a collection out, and why; empty where nobody does."""
        if (reason := self._index.exclusion(name)) and self._index.catalog is not None:
            return f"the catalog {self._index.catalog.name} excludes it: {reason}"
        if reason := self._own.exclusion(name):
            return f"the form {self._form} excludes it: {reason}"
        return ""


def missing(
    chosen: Collection[str], needs: Mapping[str, tuple[Dependency, ...]], target: Collection[str]
) -> Iterator[tuple[str, Dependency]]:
    """Give what marked collections need that is neither marked nor in the target."""
    marked = set(chosen)
    for name in chosen:
        for one in needs.get(name, ()):
            if one.name not in marked and one.name not in target:
                yield name, one


def missing_words(found: Collection[tuple[str, Dependency]]) -> str:
    """Say what is missing, in one sentence."""
    parts = [
        f"{printable(name)} needs {printable(one.name)} ({printable(one.by)})" for name, one in list(found)[:NAMED]
    ]
    more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
    return f"! Neither marked nor in the target: {'; '.join(parts)}{more}." if found else ""


def needs_words(needed: Collection[Dependency]) -> str:
    """Say shortly what a collection needs."""
    names = [one.name for one in needed]
    more = f" +{len(names) - NAMED}" if len(names) > NAMED else ""
    return f"needs {', '.join(names[:NAMED])}{more}" if names else ""
