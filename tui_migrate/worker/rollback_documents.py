"""The documents that a rollback touches: listed from the undo log alone, and one of them as it was and as it is now."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from itertools import chain, islice
from typing import Final

from tui_migrate.documents import RawId, content_hash, normalise, show_id
from tui_migrate.engine.rollback_rule import Verdict, is_as_left, is_lost, judge
from tui_migrate.engine.undo_log import Intent, Operation, Outcome, Thing
from tui_migrate.engine.undo_reader import Group, UndoReader, damaged, read_index
from tui_migrate.errors import TuiMigrateError
from tui_migrate.journal.reader import JournalReader
from tui_migrate.paths import Home, RunFolder
from tui_migrate.plan.ends import open_planned_source
from tui_migrate.plan.model import Plan, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Source
from tui_migrate.stores.opened import opened
from tui_migrate.worker.rollback_preview import KeptDocument, Reason, cut_id, opened_target, patience

LISTED: Final = 500
"""How many documents of a collection are listed, beside those that are kept."""

READ_SECONDS: Final = 20.0
SOURCE_SECONDS: Final = 5.0


class Fate(Enum):
    """What becomes of a document."""

    DELETED = "deleted"
    """The run inserted it."""
    PUT_BACK = "put_back"
    """The run replaced it."""
    BROUGHT_BACK = "brought_back"
    """The run deleted it."""
    UNSURE = "unsure"
    """The run was cut short, and a look did not find it written: it is undone if it came all the same."""
    NO_IMAGE = "no_image"
    """It is kept: what was there before was not recorded."""
    CHANGED = "changed"
    """It is kept: somebody changed it since."""
    GONE = "gone"
    """It is kept away: somebody deleted it since."""
    ANOTHER = "another"
    """It is kept: the run deleted it, and somebody put one there since."""
    ALREADY = "already"
    """Nothing: it is as it was before the run."""
    NOT_WRITTEN = "not_written"
    """Nothing: a look did not find it written, and it did not come since."""

    @property
    def is_kept(self) -> bool:
        """True where it stays as somebody else has left it, or for want of a before-image."""
        return self in (Fate.NO_IMAGE, Fate.CHANGED, Fate.GONE, Fate.ANOTHER)


_DEEDS: Final = {
    Operation.INSERT: Fate.DELETED,
    Operation.REPLACE: Fate.PUT_BACK,
    Operation.DELETE: Fate.BROUGHT_BACK,
}
_KEPT: Final = {Reason.CHANGED: Fate.CHANGED, Reason.DELETED: Fate.GONE, Reason.NO_IMAGE: Fate.NO_IMAGE}


@dataclass(frozen=True, slots=True)
class TouchedDocument:
    """A document that a rollback is about. `shown_id` is for people, printable and cut.

    `offset` and `place` say where its record stands in the undo log: the group, and the number within it.
    """

    collection: str
    shown_id: str
    fate: Fate
    offset: int
    place: int


@dataclass(frozen=True, slots=True)
class TouchedList:
    """Documents of a collection: those that are kept, then the first `LISTED`, by the order of the undo log.

    `total` records of documents are in the log. `held` documents besides are put back with the whole collection.
    """

    documents: tuple[TouchedDocument, ...] = ()
    total: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class Versions:
    """A document's BSON bytes, None where there is none, and what becomes of it as it is now.

    `written` is what the run wrote. Of that the undo log has the hash alone: it is looked for where somebody has
    changed the document since, and known where the source still has the very same one.
    """

    before: bytes | None = field(repr=False)
    written: bytes | None = field(repr=False)
    current: bytes | None = field(repr=False)
    fate: Fate


async def list_touched(home: Home, run_id: int, collection: str, kept: Iterable[KeptDocument] = ()) -> TouchedList:
    """Read, in a thread, which documents of a collection a rollback touches; `kept` are those known to be spared.

    The target is not asked. Raises StorageFailed where the undo log is damaged or cannot be read.
    """
    reader = await JournalReader.open(home.journal)
    try:
        committed = await reader.undo_end(run_id)
    finally:
        await reader.close()
    mine = [one for one in kept if one.collection == collection]
    return await asyncio.to_thread(_list, home.run(run_id), committed, collection, mine)


async def read_versions(
    home: Home, run_id: int, plan: Plan, passwords: Mapping[str, str], document: TouchedDocument
) -> Versions:
    """Read what there is of a document. Raises StorageFailed, and what keeps the target from being read."""
    intent = await asyncio.to_thread(_read_intent, home.run(run_id), document)
    waiting = patience("answered what it has of this document", READ_SECONDS)
    async with opened_target(plan, home, passwords) as target, waiting:
        current = await _look_up(target, document.collection, intent.id)
    fate = fate_now(intent, None if current is None else content_hash(current))
    written = await _from_source(home, plan, passwords, document, intent) if fate is Fate.CHANGED else None
    return Versions(intent.before, written, current, fate)


def _list(folder: RunFolder, committed: int, collection: str, kept: list[KeptDocument]) -> TouchedList:
    index = read_index(folder.undo_log, committed)
    first = [
        TouchedDocument(one.collection, one.shown_id, _KEPT[one.reason], one.offset, one.place)
        for one in sorted(kept, key=lambda one: (one.offset, one.place))
    ]
    known = {(one.offset, one.place) for one in first}
    with UndoReader(folder.undo_log) as undo:
        groups = (undo.group_at(one) for one in index.groups if undo.collection_at(one) == collection)
        listed = islice(chain.from_iterable(map(_documents, groups)), LISTED)
        others = [one for one in listed if (one.offset, one.place) not in known]
    removed = index.taken_away(Thing.COLLECTION).get(collection)
    return TouchedList((*first, *others), index.written[collection], removed.held if removed is not None else 0)


def _documents(group: Group) -> Iterator[TouchedDocument]:
    outcomes = group.outcomes or (Outcome.WRITTEN,) * len(group.intents)
    for place, (intent, outcome) in enumerate(zip(group.intents, outcomes, strict=True)):
        if outcome is not Outcome.NOT_WRITTEN:
            shown = cut_id(printable(show_id(intent.id)))
            yield TouchedDocument(group.collection, shown, _fate(intent), group.offset, place)


def _fate(intent: Intent) -> Fate:
    if is_lost(intent):
        return Fate.NO_IMAGE
    return _DEEDS[intent.operation] if intent.was_found else Fate.UNSURE


def fate_now(intent: Intent, digest: bytes | None) -> Fate:
    """Say what becomes of a document by the hash of what is there now."""
    match judge(intent, digest):
        case Verdict.UNDO:
            return _DEEDS[intent.operation]
        case Verdict.ALREADY:
            return Fate.ALREADY
        case Verdict.ABSENT:
            return Fate.NOT_WRITTEN
    if is_as_left(intent, digest):
        return Fate.NO_IMAGE
    if intent.operation is Operation.DELETE:
        return Fate.ANOTHER
    return Fate.GONE if digest is None else Fate.CHANGED


async def _from_source(
    home: Home, plan: Plan, passwords: Mapping[str, str], document: TouchedDocument, intent: Intent
) -> bytes | None:
    """Take the document from the source where that still has what was written; it is no loss where it has not."""
    if not isinstance(plan.source, StoreEnd):
        return None
    found = None
    with suppress(TuiMigrateError, TimeoutError):
        async with opened(partial(open_planned_source, plan, home, passwords)) as source:
            async with asyncio.timeout(SOURCE_SECONDS):
                found = await _look_up(source, document.collection, intent.id)
    return found if found is not None and content_hash(found) == intent.after else None


async def _look_up(store: Source, collection: str, identifier: RawId) -> bytes | None:
    async with aclosing(store.lookup(collection, [identifier])) as documents:
        async for one in documents:
            return normalise(one)
    return None


def _read_intent(folder: RunFolder, document: TouchedDocument) -> Intent:
    with UndoReader(folder.undo_log) as undo:
        intents = undo.group_at(document.offset).intents
    if document.place >= len(intents):
        raise damaged(document.offset)
    return intents[document.place]
