"""What all packages have in common as a source: they are read from their start to their end, and by nothing else."""

from collections.abc import AsyncGenerator, Collection, Sequence
from pathlib import Path
from typing import Final

from tui_migrate.documents import RawId
from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages.files import shown
from tui_migrate.stores.base import CollectionKind, ReadOrder
from tui_migrate.stores.permissions import Action, Permission


class SequentialPackage:
    """A package that its own reader makes a `Source`: here is what it refuses, and that nothing of it stays open."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    def lookup(self, collection: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
        """Raise Refused: a package has no index by id."""
        raise Refused(
            f"{len(ids)} documents of {shown(collection)} cannot be looked up in a package",
            hint="a package is read from its start to its end: use it as source, not as target",
        )

    async def permissions(self, action: Action, collections: Collection[str]) -> dict[str, Permission]:
        """Nothing that takes a privilege can be done to a package."""
        return dict.fromkeys(collections, Permission.DENIED)

    async def close(self) -> None:
        """Nothing is held open between calls."""

    def _no_collection(self, collection: str) -> Refused:
        return Refused(
            f"the package {shown(self.path)} has no collection {shown(collection)}",
            hint="plan again: the package is another than it was",
        )


def check_order(collection: str, kind: CollectionKind, order: ReadOrder) -> None:
    """See that a collection can be read in an order. Raises Refused for capped and time-series collections by `_id`."""
    if order is ReadOrder.BY_ID and not kind.has_keys:
        raise Refused(
            f"{shown(collection)} lies in natural order and cannot be read by _id",
            hint="import it into a collection that the run creates",
        )


def replaced(collection: str) -> PackageDamaged:
    """Make the error for a position that is none in what lies there now."""
    return PackageDamaged(
        f"{shown(collection)} is not what was read before the interruption: the package was replaced",
        hint="put the package back that the run began with, or start a new run",
    )
