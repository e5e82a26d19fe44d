"""Reading the undo log: whole groups from any place in it, forwards or from the end.

Reading stops at the first frame that is cut short or fails its checksum: that is the torn tail of a crash, behind which
nothing was ever written to the target.
"""

import mmap
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tui_migrate.documents import RawId
from tui_migrate.engine.undo_log import (
    FRAME,
    GROUP_HEAD,
    INTENT_HEAD,
    KEPT_HEAD,
    MADE_HEAD,
    MAGIC,
    MAX_FRAME,
    REMOVED_HEAD,
    Frame,
    Intent,
    Made,
    Making,
    Operation,
    Outcome,
    Removed,
    Thing,
)
from tui_migrate.errors import StorageFailed


@dataclass(frozen=True, slots=True)
class Group:
    """The INTENTs of one write, and what became of them; `outcomes` is None while that is in doubt."""

    offset: int
    attempt: int
    session: bytes
    collection: str
    intents: tuple[Intent, ...]
    outcomes: tuple[Outcome, ...] | None

    @property
    def written(self) -> int:
        """How many INTENTs took effect, or may have: not those that a look for them did not find."""
        return len(self.intents) if self.outcomes is None else sum(one.is_written for one in self.outcomes)


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that stayed as it was in the target; `digest` is the hash of what the source had."""

    id: RawId
    digest: bytes


@dataclass(slots=True)
class Index:
    """Where the groups of a log begin, what the run made, and where the last whole frame ends.

    `begins` says for each collection that the run made where that stands: what was written before went with another.
    `written` sums up `Group.written` by collection. `sessions` are those in which anything was to be written. `removed`
    are the records of what the run has taken away, or was about to.
    """

    end: int
    groups: list[int] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    begins: dict[str, int] = field(default_factory=dict)
    written: Counter[str] = field(default_factory=Counter)
    sessions: set[bytes] = field(default_factory=set)
    removed: list[Removed] = field(default_factory=list)

    def things(self) -> dict[tuple[Thing, str, str], Made]:
        """Give the last record of each thing that the run has made, or may have: none that it gave up to make."""
        last = {(one.thing, one.collection, one.name): one for one in self.made}
        return {key: one for key, one in last.items() if one.making is not Making.GIVEN_UP}

    def taken_away(self, *things: Thing) -> dict[str, Removed]:
        """Give, by collection, the last record of those of these kinds that were to be taken away."""
        return {one.collection: one for one in self.removed if one.thing in things}


def is_blank(path: Path) -> bool:
    """Say whether nothing was ever recorded: there is no log, or it was cut short before its first frame.

    A file that had its length but not yet its bytes when the power failed may have zeros for them.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC) + 1)
    except FileNotFoundError:
        return True
    return len(head) < len(MAGIC) or head == bytes(len(MAGIC))


def read_index(path: Path, committed: int) -> Index:
    """Index a log whose first `committed` bytes belong to batches that are done.

    Raises StorageFailed where frames are damaged within them: that is no torn end of a crash.
    """
    with UndoReader(path) as reader:
        index = reader.index()
    if index.end < committed:
        raise StorageFailed(
            f"the undo log {path} is damaged at byte {index.end:,} of {committed:,}",
            hint="restore that file, or the target, from a backup; nothing was changed now",
        )
    return index


def damaged(offset: int) -> StorageFailed:
    """Say that what was read from an offset on before cannot be read any more."""
    return StorageFailed(
        f"the undo log is damaged at byte {offset:,}",
        hint="restore that file, or the target, from a backup; nothing was changed now",
    )


class UndoReader:
    """An undo log mapped into memory: what is read of it is what is touched."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise StorageFailed(
                f"the undo log {path} cannot be read: {error}", hint="without it nothing can be rolled back"
            ) from error
        if self._data[: len(MAGIC)] != MAGIC:
            raise StorageFailed(f"{path} is no undo log of this version", hint="see which version made the run")

    def __enter__(self) -> "UndoReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the mapping go."""
        self._data.close()

    def index(self) -> Index:
        """Walk all frames once."""
        found = Index(end=len(MAGIC))
        collection: str | None = None  # of the group whose INTENTs come
        for offset, end, kind in self._frames(len(MAGIC), len(self._data)):
            if kind == Frame.INTENT and collection is not None:
                found.written[collection] += 1
            elif kind == Frame.OUTCOME and collection is not None:
                found.written[collection] -= sum(not one.is_written for one in self._outcomes(offset, end))
            collection = collection if kind == Frame.INTENT else None
            if kind == Frame.GROUP:
                found.groups.append(offset)
                _, session, collection = self._group_head(offset)
                found.sessions.add(session)
            elif kind == Frame.MADE:
                made = self._made(offset, end)
                found.made.append(made)
                if made.thing is Thing.COLLECTION:
                    found.begins[made.collection] = offset
            elif kind == Frame.REMOVED:
                found.removed.append(self._removed(offset, end))
            found.end = end
        return found

    def group_at(self, offset: int) -> Group:
        """Read the group that begins at an offset. Raises StorageFailed where it is damaged by now."""
        frames = self._frames(offset, len(self._data))
        if next(frames, None) is None:
            raise damaged(offset)
        attempt, session, collection = self._group_head(offset)
        intents: list[Intent] = []
        outcomes: tuple[Outcome, ...] | None = None
        for frame, end, kind in frames:
            if kind == Frame.INTENT:
                intents.append(self._intent(frame, end))
            else:
                if kind == Frame.OUTCOME:
                    outcomes = self._outcomes(frame, end)
                break
        for place, outcome in enumerate(outcomes or ()):
            if outcome is Outcome.NOT_FOUND:
                intents[place] = replace(intents[place], was_found=False)
        return Group(offset, attempt, session, collection, tuple(intents), outcomes)

    def collection_at(self, offset: int) -> str:
        """Say which collection the group that begins at an offset is about."""
        return self._group_head(offset)[2]

    def groups(self, begin: int, end: int) -> Iterator[Group]:
        """Give the groups that begin within a range of the log."""
        for offset, _, kind in self._frames(max(begin, len(MAGIC)), end):
            if kind == Frame.GROUP:
                yield self.group_at(offset)

    def kept(self, begin: int, end: int) -> Iterator[Kept]:
        """Give the KEPT frames within a range of the log."""
        for frame, _, kind in self._frames(max(begin, len(MAGIC)), end):
            if kind == Frame.KEPT:
                _, length, digest = KEPT_HEAD.unpack_from(self._data, frame + FRAME.size)
                start = frame + FRAME.size + KEPT_HEAD.size
                yield Kept(RawId(self._data[start : start + length]), digest)

    def held(self, removed: Removed) -> Iterator[bytes]:
        """Give the documents that were held of a collection before it was taken away, in its order."""
        if removed.held:
            for frame, end, kind in self._frames(removed.held_begin, removed.offset):
                if kind == Frame.HELD:
                    yield self._data[frame + FRAME.size + 1 : end]

    def _frames(self, begin: int, limit: int) -> Iterator[tuple[int, int, int]]:
        position = begin
        while position + FRAME.size < limit:
            length, checksum = FRAME.unpack_from(self._data, position)
            end = position + FRAME.size + length
            if not 0 < length <= MAX_FRAME or end > len(self._data):
                return
            if zlib.crc32(self._data[position + FRAME.size : end]) != checksum:
                return
            yield position, end, self._data[position + FRAME.size]
            position = end

    def _group_head(self, frame: int) -> tuple[int, bytes, str]:
        """Give a group's attempt, session and collection."""
        start = frame + FRAME.size
        _, attempt, length, session = GROUP_HEAD.unpack_from(self._data, start)
        name = self._data[start + GROUP_HEAD.size : start + GROUP_HEAD.size + length]
        return attempt, session, name.decode()

    def _outcomes(self, frame: int, end: int) -> tuple[Outcome, ...]:
        return tuple(map(Outcome, self._data[frame + FRAME.size + 1 : end]))

    def _intent(self, frame: int, end: int) -> Intent:
        start = frame + FRAME.size
        _, operation, length, after, has_before = INTENT_HEAD.unpack_from(self._data, start)
        body = start + INTENT_HEAD.size
        before = self._data[body + length : end] if has_before else None
        return Intent(Operation(operation), RawId(self._data[body : body + length]), after, before)

    def _made(self, frame: int, end: int) -> Made:
        start = frame + FRAME.size
        _, thing, making, length = MADE_HEAD.unpack_from(self._data, start)
        body = start + MADE_HEAD.size
        collection, rest = self._data[body : body + length].decode(), self._data[body + length : end]
        is_collection = thing == Thing.COLLECTION
        return Made(
            Thing(thing),
            collection,
            name="" if is_collection else rest.decode(),
            uuid=rest if is_collection else b"",
            making=Making(making),
        )

    def _removed(self, frame: int, end: int) -> Removed:
        start = frame + FRAME.size
        _, thing, length, name_length, has_uuid, uuid, begin, held = REMOVED_HEAD.unpack_from(self._data, start)
        body = start + REMOVED_HEAD.size
        spec = body + length + name_length
        return Removed(
            Thing(thing),
            self._data[body : body + length].decode(),
            self._data[body + length : spec].decode(),
            self._data[spec:end],
            uuid=uuid if has_uuid else b"",
            held_begin=begin,
            held=held,
            offset=frame,
        )
