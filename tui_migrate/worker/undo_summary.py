"""What a run has made in its target, for a face that shows what a rollback would take away."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tui_migrate.engine.undo_log import Thing
from tui_migrate.engine.undo_reader import UndoReader
from tui_migrate.paths import Home


@dataclass(frozen=True, slots=True)
class UndoSummary:
    """The undo log's size in bytes, and what the run created, or was about to: indexes by collection and name.

    Indexes of collections that the run made itself go with these and are left out.
    """

    size: int
    collections: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()
    indexes: frozenset[tuple[str, str]] = frozenset()


async def summarise_undo(home: Home, run_id: int) -> UndoSummary:
    """Walk a run's undo log once, in a thread. Raises StorageFailed where it cannot be read."""
    return await asyncio.to_thread(_summarise, home.run(run_id).undo_log)


def _summarise(path: Path) -> UndoSummary:
    with UndoReader(path) as reader:
        made = reader.index().made
    collections = frozenset(one.collection for one in made if one.thing is Thing.COLLECTION)
    return UndoSummary(
        size=path.stat().st_size,
        collections=collections,
        views=frozenset(one.collection for one in made if one.thing is Thing.VIEW),
        indexes=frozenset(
            (one.collection, one.name) for one in made if one.thing is Thing.INDEX and one.collection not in collections
        ),
    )
