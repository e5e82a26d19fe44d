"""A catalog as JSON, and in a few lines."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from tui_migrate.amounts import amount
from tui_migrate.catalogs.model import Catalog, CatalogCollection, is_pattern
from tui_migrate.catalogs.order import import_order

if TYPE_CHECKING:
    from tui_migrate.catalogs.order import ImportOrder


def catalog_form(catalog: Catalog) -> dict[str, object]:
    """Give a catalog as JSON, with the order of import and the cycles that its references make."""
    order = _order(catalog)
    return {
        "name": catalog.name,
        "title": catalog.title,
        "version": catalog.version,
        "description": catalog.description,
        "versions": [asdict(one) for one in catalog.versions],
        "collections": [asdict(one) for one in catalog.collections],
        "import_order": list(order.names),
        "cycles": [list(one) for one in order.cycles],
        "text": catalog.text,
    }


def check_lines(catalog: Catalog) -> list[str]:
    """Say that a catalog is right, and what it comes to."""
    order = _order(catalog)
    excluded = [one.name for one in catalog.collections if one.excluded]
    references = sum(len(one.references) for one in catalog.collections)
    sensitive = sum(len(one.sensitive) for one in catalog.collections)
    owned = sum(one.owner is not None for one in catalog.collections)
    lines = [
        f"{catalog.label}: {catalog.title}",
        f"  {amount(len(catalog.collections), 'collection')}, {amount(references, 'reference')},"
        f" {amount(sensitive, 'sensitive field')}, {amount(owned, 'collection')} with an owner",
        f"  order of import: {', '.join(order.names)}",
    ]
    lines += [f"  refer to each other: {', '.join(one)}" for one in order.cycles]
    return lines + ([f"  never leave their database: {', '.join(excluded)}"] if excluded else [])


def _order(catalog: Catalog) -> "ImportOrder":
    return import_order(catalog, [one.name for one in catalog.collections if _is_imported(one)])


def _is_imported(one: CatalogCollection) -> bool:
    return not one.excluded and not is_pattern(one.name)
