"""What a manifest says of a package that is no whole copy: which documents were meant, and how they were changed.

A manifest of a whole copy has no such entry, as those of earlier versions have none.
"""

from dataclasses import dataclass

from tui_migrate.packages.strict_json import Node


@dataclass(frozen=True, slots=True)
class PartFilter:
    """The documents of a collection (by its name in the source) that match a query, in canonical Extended JSON."""

    collection: str
    query: str


@dataclass(frozen=True, slots=True)
class PartRename:
    """A collection `source` that the package has as `target`."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Part:
    """How a package differs from a whole copy. `owner` is the id of the one user whose documents it has, or empty."""

    filters: tuple[PartFilter, ...] = ()
    owner: str = ""
    redacted: bool = False
    renames: tuple[PartRename, ...] = ()


def part_from(node: Node) -> Part:
    """Read the entry of a manifest strictly. Raises PackageDamaged."""
    fields = node.fields(Part.__dataclass_fields__)
    redacted = fields["redacted"].value
    if not isinstance(redacted, bool):
        fields["redacted"].fail("true or false is wanted here")
    filters = [one.fields(PartFilter.__dataclass_fields__) for one in fields["filters"].items()]
    renames = [one.fields(PartRename.__dataclass_fields__) for one in fields["renames"].items()]
    return Part(
        filters=tuple(PartFilter(one["collection"].text(), one["query"].text()) for one in filters),
        owner=fields["owner"].text(),
        redacted=redacted,
        renames=tuple(PartRename(one["source"].text(), one["target"].text()) for one in renames),
    )
