"""What a rollback would do to each document of a run, for a face that shows it: looked up, never written.

The undo log is walked in the rollback's own order and each document judged by its own rule; the target is asked, a
batch of the run at a time, for what it has now.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Final

from tui_migrate.documents import RawId, show_id
from tui_migrate.engine.repeated import Name, Repeated
from tui_migrate.engine.rollback_group import written_documents
from tui_migrate.engine.rollback_rule import Verdict, before_digest, is_undone_singly, judge
from tui_migrate.engine.undo_log import Intent, Operation, Removed, Thing
from tui_migrate.engine.undo_reader import Group, Index, UndoReader, read_index
from tui_migrate.errors import Unreachable
from tui_migrate.journal.reader import JournalReader
from tui_migrate.ordering import Key
from tui_migrate.paths import Home
from tui_migrate.plan.ends import open_target
from tui_migrate.plan.model import Plan
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, Source
from tui_migrate.stores.lookup import Found, find_by_id
from tui_migrate.stores.opened import opened
from tui_migrate.stores.readonly import ReadOnly

CALL_SECONDS: Final = 120.0
REPORT_SECONDS: Final = 0.5
KEPT_NAMED: Final = 200
"""How many of the documents that are kept are named; the others are counted."""

ID_CHARACTERS: Final = 200
GROUPS_AT_ONCE: Final = 100
"""Groups of an undo log that are read in one go: short enough to be stopped after."""

IDS_AT_ONCE: Final = 250
"""Ids that the target is asked for in one query: SecantusDB takes 0.54 s for 1,000 of them and 0.01 s for 100."""


class Wanted(Enum):
    """What the rollback would do to a document if it were as the run left it."""

    DELETE = "delete"
    RESTORE = "restore"


class Reason(Enum):
    """Why a document is kept as it is."""

    CHANGED = "changed"
    DELETED = "deleted"
    NO_IMAGE = "no_image"
    """It is as the run left it, but what was there before was not recorded."""


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document that a rollback would leave as it is.

    `shown_id` is for people, printable and cut. `offset` and `place` say where its record stands in the undo log: the
    group, and the number within it.
    """

    collection: str
    shown_id: str
    wanted: Wanted
    reason: Reason
    offset: int
    place: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Documents of a collection by what a rollback does to them.

    `already` are as they were before the run; `whole` are not undone one by one, because their collection is gone, was
    made anew by somebody else, or takes no deletes.
    """

    delete: int = 0
    restore: int = 0
    already: int = 0
    kept: int = 0
    whole: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.delete + other.delete,
            self.restore + other.restore,
            self.already + other.already,
            self.kept + other.kept,
            self.whole + other.whole,
        )

    @property
    def looked(self) -> int:
        """All of them."""
        return self.delete + self.restore + self.already + self.kept + self.whole


@dataclass(frozen=True, slots=True)
class RollbackPreview:
    """What is known so far: `total` documents were written, 0 until they are counted; `kept` are the first of them."""

    total: int = 0
    collections: Mapping[str, Tally] = field(default_factory=dict)
    kept: tuple[KeptDocument, ...] = ()

    @property
    def sum(self) -> Tally:
        """The sum over the collections."""
        return sum(self.collections.values(), start=Tally())


async def preview_rollback(
    home: Home, run_id: int, plan: Plan, passwords: Mapping[str, str], report: Callable[[RollbackPreview], object]
) -> RollbackPreview:
    """Say what rolling back a run of this plan would do; report now and then what is known by then.

    Raises StorageFailed for a damaged undo log, and what keeps the target from being read.
    """
    log = home.run(run_id).undo_log
    reader = await JournalReader.open(home.journal)
    try:
        committed = await reader.undo_end(run_id)
    finally:
        await reader.close()
    index = await asyncio.to_thread(read_index, log, committed)
    with await asyncio.to_thread(UndoReader, log) as undo:
        async with opened_target(plan, home, passwords) as target:
            return await _Look(target, undo, index, report).all(plan)


@asynccontextmanager
async def opened_target(plan: Plan, home: Home, passwords: Mapping[str, str]) -> AsyncIterator[Source]:
    """Open a plan's target to look at, as the rollback would read it: from the primary what a majority has."""
    async with opened(partial(open_target, plan.target, home, passwords)) as target:
        yield ReadOnly(target)


@asynccontextmanager
async def patience(what: str, seconds: float = CALL_SECONDS) -> AsyncIterator[None]:
    """Raise Unreachable where a call takes longer; `what` it did not do."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Unreachable(
            f"the target has not {what} within {seconds:.0f} s", hint="check the server and the line"
        ) from None


class _Look:
    """One walk through an undo log, from its last group to its first."""

    def __init__(
        self, target: Source, undo: UndoReader, index: Index, report: Callable[[RollbackPreview], object]
    ) -> None:
        self._target = target
        self._undo = undo
        self._index = index
        self._report = report
        self._reported = -REPORT_SECONDS
        self._repeated = Repeated(index.end)
        self._left: dict[Name, bytes | None] = {}  # what the rollback leaves of those written more than once
        self._tallies: dict[str, Tally] = {}
        self._kept: list[KeptDocument] = []
        self._total = 0

    async def all(self, plan: Plan) -> RollbackPreview:
        """Look at every document."""
        names = [one.name for one in plan.collections]
        async with patience("listed its collections"):
            there = {one.name: one for one in await self._target.collections(names)}
        groups, things = self._index.groups, self._index.things()
        away = self._index.taken_away(Thing.COLLECTION)
        for start in range(0, len(groups), GROUPS_AT_ONCE):
            await asyncio.to_thread(self._repeated.learn, self._undo, groups[start : start + GROUPS_AT_ONCE])
        self._total = self._repeated.documents + sum(one.held for one in away.values())
        singly = {one: is_undone_singly(things.get((Thing.COLLECTION, one, "")), there.get(one)) for one in names}
        for offset in reversed(groups):
            group = await asyncio.to_thread(self._undo.group_at, offset)
            removed = away.get(group.collection)
            if removed is not None and offset < removed.offset:
                await self._look_at_removed(group, removed, there.get(group.collection))
            else:
                await self._look_at(group, is_singly=singly.get(group.collection, False))
            self._tell()
        for removed in away.values():
            self._look_at_held(removed, there.get(removed.collection))
        return self._known()

    async def _look_at(self, group: Group, *, is_singly: bool) -> None:
        written = written_documents(group)
        if not is_singly:
            self._count(group.collection, Tally(whole=len(written)))
            return
        found = await self._find(group.collection, [one.id for one in written.values()])
        places = {id(intent): place for place, intent in enumerate(group.intents)}
        for key, intent in written.items():
            digest = self._digest(group.collection, key, found.get(key))
            self._judge(group, places[id(intent)], key, digest)

    async def _look_at_removed(self, group: Group, removed: Removed, there: CollectionInfo | None) -> None:
        """Count documents of a collection that the run took away: the rollback makes it again, and puts them back."""
        if _is_still_there(removed, there):
            await self._look_at(group, is_singly=True)
        else:
            self._count(group.collection, Tally(restore=len(written_documents(group))))

    def _look_at_held(self, removed: Removed, there: CollectionInfo | None) -> None:
        """Count documents that went with their collection, and come back with it."""
        if removed.held:
            is_there = _is_still_there(removed, there)
            self._count(removed.collection, Tally(already=removed.held) if is_there else Tally(restore=removed.held))

    async def _find(self, collection: str, ids: Sequence[RawId]) -> dict[Key, Found]:
        found: dict[Key, Found] = {}
        for start in range(0, len(ids), IDS_AT_ONCE):
            async with patience(f"answered what it has of {printable(collection)}"):
                found |= await find_by_id(self._target, collection, ids[start : start + IDS_AT_ONCE])
        return found

    def _digest(self, collection: str, key: Key, found: Found | None) -> bytes | None:
        """The hash of what the rollback finds: what is there, or what it left when it undid a later record."""
        return self._left.get((collection, key), None if found is None else found.digest)

    def _judge(self, group: Group, place: int, key: Key, digest: bytes | None) -> None:
        intent = group.intents[place]
        is_insert = intent.operation is Operation.INSERT
        left = digest
        match judge(intent, digest):
            case Verdict.UNDO:
                self._count(group.collection, Tally(delete=1) if is_insert else Tally(restore=1))
                left = None
                if not is_insert and (group.collection, key) in self._repeated:
                    left = before_digest(intent)
            case Verdict.ALREADY | Verdict.ABSENT:
                self._count(group.collection, Tally(already=1))
            case Verdict.SPARE:
                self._count(group.collection, Tally(kept=1))
                if len(self._kept) < KEPT_NAMED:
                    self._kept.append(_kept(group, place, digest))
        if (group.collection, key) in self._repeated:
            self._left[group.collection, key] = left

    def _count(self, collection: str, more: Tally) -> None:
        self._tallies[collection] = self._tallies.get(collection, Tally()) + more

    def _tell(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._reported >= REPORT_SECONDS:
            self._reported = now
            self._report(self._known())

    def _known(self) -> RollbackPreview:
        return RollbackPreview(self._total, dict(self._tallies), tuple(self._kept))


def _is_still_there(removed: Removed, there: CollectionInfo | None) -> bool:
    """Say whether a collection that was to be taken away never was."""
    return there is not None and bool(removed.uuid) and there.uuid == removed.uuid


def _kept(group: Group, place: int, digest: bytes | None) -> KeptDocument:
    intent = group.intents[place]
    return KeptDocument(
        group.collection,
        cut_id(printable(show_id(intent.id))),
        Wanted.DELETE if intent.operation is Operation.INSERT else Wanted.RESTORE,
        _reason(intent, digest),
        group.offset,
        place,
    )


def _reason(intent: Intent, digest: bytes | None) -> Reason:
    if digest is None:
        return Reason.DELETED
    return Reason.NO_IMAGE if digest == intent.after else Reason.CHANGED


def cut_id(text: str) -> str:
    """Cut an `_id` that is to be shown."""
    return text if len(text) <= ID_CHARACTERS else f"{text[: ID_CHARACTERS - 1]}…"
