"""An import or a copy on its way: what its stages share."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.engine.context import RunContext
from tui_migrate.engine.doubt import Ours
from tui_migrate.engine.rejects import RejectFile
from tui_migrate.engine.undo_log import Made, Making, Removed, Thing, UndoLog
from tui_migrate.ordering import Key
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Target

PART_BYTES: Final = 8 * 1024 * 1024
"""Source bytes plus before-images that are written together."""


@dataclass(slots=True)
class MadeThings:
    """What this run has created in the target, and what it was about to when an earlier attempt died.

    `removed` is what it took away of the target's own, or was about to, by the last record of each thing. `uuids` are
    those of the collections that it made last, empty where that is not known.
    """

    done: set[tuple[Thing, str, str]] = field(default_factory=set)
    begun: set[tuple[Thing, str, str]] = field(default_factory=set)
    removed: dict[tuple[Thing, str, str], Removed] = field(default_factory=dict)
    uuids: dict[str, bytes] = field(default_factory=dict)

    def add(self, made: Made) -> None:
        """Take up one record of the undo log."""
        key = (made.thing, made.collection, made.name)
        if made.thing is Thing.COLLECTION:
            self.uuids[made.collection] = made.uuid
        if made.making is Making.GIVEN_UP:
            self.begun.discard(key)
        else:
            (self.done if made.making is Making.DONE else self.begun).add(key)

    def remove(self, removed: Removed) -> None:
        """Take up the record of something that is to be taken away."""
        self.removed[removed.thing, removed.collection, removed.name] = removed

    def has_collection(self, name: str) -> bool:
        """Say whether the run created this collection or view."""
        return (Thing.COLLECTION, name, "") in self.done or (Thing.VIEW, name, "") in self.done


@dataclass(slots=True)
class Migration:
    """The state of one attempt at an import or a copy.

    `infos` are the source's collections by name, `there` the target's as of the start of this attempt, `ours` what an
    earlier attempt wrote behind its last checkpoint, by collection and key, and `deleted` how many documents of each it
    deleted there. `mirrors` is how the plan is to be read.
    """

    context: RunContext
    target: Target
    undo: UndoLog
    rejects: RejectFile
    made: MadeThings
    infos: dict[str, CollectionInfo]
    there: dict[str, CollectionInfo]
    ours: dict[str, dict[Key, Ours]]
    deleted: Counter[str] = field(default_factory=Counter)
    mirrors: bool = False

    def removals(self) -> list[str]:
        """The collections and views that a mirror takes away altogether."""
        return [one.name for one in self.context.plan.collections if one.remove]

    def planned(self) -> list[CollectionInfo]:
        """The collections to fill, in the plan's order, without views."""
        names = [one.name for one in self.context.plan.collections if not one.remove]
        return [self.infos[name] for name in names if self.infos[name].kind is not CollectionKind.VIEW]

    def views(self) -> list[CollectionInfo]:
        """The views of the plan, each behind those it looks at."""
        names = [one.name for one in self.context.plan.collections if not one.remove]
        return [self.infos[name] for name in names if self.infos[name].kind is CollectionKind.VIEW]

    async def make(self, thing: Thing, collection: str, name: str = "") -> None:
        """Record that a thing is about to be created."""
        await self.undo.note_made(Made(thing, collection, name))

    async def have_made(self, thing: Thing, collection: str, name: str = "", uuid: bytes | None = None) -> None:
        """Record that a thing has been created."""
        made = Made(thing, collection, name, uuid or b"", Making.DONE)
        await self.undo.note_made(made)
        self.made.add(made)

    async def give_up(self, thing: Thing, collection: str, name: str = "") -> None:
        """Record that the target has refused to create a thing."""
        await self.undo.note_made(Made(thing, collection, name, making=Making.GIVEN_UP))

    async def remove(self, removed: Removed) -> Removed:
        """Record that something of the target's own is about to be taken away."""
        placed = await self.undo.note_removed(removed)
        self.made.remove(placed)
        return placed

    async def close(self) -> None:
        """Close the files."""
        await self.undo.close()
        await self.rejects.close()
