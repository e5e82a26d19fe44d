"""Replacing and deleting documents in MongoDB only while they are what was seen.

On a replica set or a sharded cluster that is one snapshot transaction: the ids are read in it, the decision is made on
that read, and the server finds every write that came in between (WriteConflict, 112), which repeats the whole. A
standalone server has no transactions: see `standalone`.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Final

from pymongo import ReadPreference, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure, PyMongoError, ServerSelectionTimeoutError
from pymongo.read_concern import ReadConcern

from tui_migrate.documents import RawId, id_field, normalise, pack, raw_id, with_id
from tui_migrate.errors import Unreachable
from tui_migrate.ordering import Key, order_key
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Change, ChangeResult, Decide, Refusal
from tui_migrate.stores.mongodb import reading
from tui_migrate.stores.mongodb.client import Link
from tui_migrate.stores.mongodb.failures import (
    WRITE_CONFLICT,
    DocumentsRefused,
    failure,
    is_passing,
    one_line,
    translated,
)
from tui_migrate.stores.mongodb.writing import REASON_LENGTH, forget_unknown_option, messages, send
from tui_migrate.stores.retrying import announce, backoff

TRIES: Final = 12
"""How often a decision that somebody else overtook is made anew, or a commit in doubt is asked for."""

FIRST_WAIT: Final = 0.01
LONGEST_WAIT: Final = 1.0

_LIMIT_ONE: Final = b"\x10limit\x00\x01\x00\x00\x00"


class Overtaken(Exception):
    """Somebody else wrote in between, or the transaction was lost before its commit: repeat the whole."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of `change`, with what the server refused so far, which is not sent again.

    `apart` are changes of which the server refused the whole command: each gets one of its own, so that it shows which
    of them it was.
    """

    link: Link
    collection: str
    ids: Sequence[RawId]
    decide: Decide
    bypass_validation: bool
    refused: dict[Key, Refusal] = field(default_factory=dict)
    apart: set[Key] = field(default_factory=set)

    @property
    def known(self) -> int:
        """How much is known of what the server refuses: it grows with each refusal."""
        return len(self.refused) + len(self.apart)

    def refuse_whole(self, keys: Sequence[Key], refused: DocumentsRefused) -> None:
        """Take down that the server refused a command of these changes because of what is in it."""
        if len(keys) == 1:
            self.refused[keys[0]] = Refusal(0, refused.server_code, one_line(refused.message, REASON_LENGTH))
        else:
            self.apart.update(keys)

    @property
    def doing(self) -> str:
        """What is under way, for messages."""
        return f"the change of {self.collection}"

    async def read(self, ids: Sequence[RawId], session: AsyncClientSession | None = None) -> dict[Key, bytes]:
        """Read documents by id. Raises what pymongo raises."""
        collection = await self.link.collection(self.collection)
        seen: dict[Key, bytes] = {}
        async with aclosing(reading.found(collection, ids, session)) as documents:
            async for document in documents:
                identifier = raw_id(document)
                if identifier is not None:
                    seen[order_key(identifier)] = document
        return seen

    async def choose(self, ids: Sequence[RawId], seen: Mapping[Key, bytes]) -> dict[Key, Change]:
        """Let the caller decide; keep changes that start from what was seen and were not refused before."""
        chosen = {order_key(one.id): one for one in await self.decide(ids, seen)}
        return {key: one for key, one in chosen.items() if seen.get(key) == one.before and key not in self.refused}

    async def pause(self, tries: int) -> None:
        """Wait a little before the next try. Raises Unreachable when it was the last."""
        if tries + 1 >= TRIES:
            raise Unreachable(
                f"others keep changing the same documents of {printable(self.collection)} at {self.link.address}",
                hint="try again when it is quieter",
            )
        name = printable(self.collection)
        await announce(f"{name}: a change was overtaken or lost; decided anew ({tries + 1} of {TRIES})")
        await asyncio.sleep(backoff(tries + 1, FIRST_WAIT, LONGEST_WAIT))


async def in_transaction(request: Request) -> ChangeResult:
    """Make changes in one transaction, repeated until nobody was quicker.

    A refused document aborts it and is left out of the next. Raises Unreachable where the outcome is unknown.
    """
    tries = 0
    while True:
        known_before = request.known
        try:
            result = await _once(request)
        except Overtaken:
            await request.pause(tries)
            tries += 1
        else:
            if request.known == known_before:
                return result


def stored_form(change: Change) -> bytes | None:
    """The document as it is to be stored: `_id` in front, in the numeric type that is there already."""
    if change.after is None:
        return None
    after, held = normalise(change.after), raw_id(change.before)
    return after if held is None or raw_id(after) == held else with_id(after, held)


def statement(change: Change, condition: bytes = b"") -> bytes:
    """Encode one statement of an update or delete command; `condition` is further fields of its filter."""
    equal = pack(id_field(b"$eq", change.id))
    query = b"\x03q\x00" + pack(b"\x03_id\x00" + equal + condition)
    after = stored_form(change)
    return pack(query + (_LIMIT_ONE if after is None else b"\x03u\x00" + after))


def by_verb(chosen: Mapping[Key, Change]) -> list[tuple[str, dict[Key, Change]]]:
    """Part changes into the deletes, which free unique values, and the updates."""
    deletes = {key: one for key, one in chosen.items() if one.after is None}
    updates = {key: one for key, one in chosen.items() if one.after is not None}
    return [(verb, some) for verb, some in (("delete", deletes), ("update", updates)) if some]


async def _once(request: Request) -> ChangeResult:
    """Run one transaction. Raises Overtaken where it must be repeated."""
    session = request.link.session
    await session.start_transaction(
        ReadConcern("snapshot"),
        WriteConcern("majority", j=True, wtimeout=request.link.write_ms),
        ReadPreference.PRIMARY,
        max_commit_time_ms=request.link.write_ms,
    )
    try:
        with _repeating(request):
            seen = await request.read(request.ids, session)
        chosen = await request.choose(request.ids, seen)
        with _repeating(request):
            is_taken = await _send(request, chosen)
        if chosen and is_taken:
            await _commit(request, session)
    finally:
        if session.in_transaction:
            with translated(request.link.address, request.doing):
                await session.abort_transaction()
    return ChangeResult(seen, frozenset(chosen), dict(request.refused))


@contextmanager
def _repeating(request: Request) -> Iterator[None]:
    """Within a transaction: raise Overtaken for what can be repeated, an error of ours for anything else."""
    try:
        yield
    except PyMongoError as error:
        is_conflict = isinstance(error, OperationFailure) and (
            error.code == WRITE_CONFLICT or forget_unknown_option(request.link, error)
        )
        is_passing = error.has_error_label("TransientTransactionError")
        if is_conflict or (is_passing and not isinstance(error, ServerSelectionTimeoutError)):
            raise Overtaken from error
        raise failure(error, request.link.address, request.doing) from error


async def _send(request: Request, chosen: Mapping[Key, Change]) -> bool:
    """Send all changes; say whether the server took them. Raises Overtaken where a document is gone."""
    deployment = await request.link.deployment()
    for verb, changes in by_verb(chosen):
        keys = list(changes)
        is_apart = not request.apart.isdisjoint(keys)
        for start, some in messages([statement(one) for one in changes.values()], deployment, singly=is_apart):
            try:
                answer = await send(
                    request.link,
                    verb,
                    request.collection,
                    some,
                    ordered=True,
                    in_transaction=True,
                    bypass_validation=request.bypass_validation,
                )
            except OperationFailure as error:
                refused = failure(error, request.link.address, request.doing)
                if not isinstance(refused, DocumentsRefused):
                    raise
                request.refuse_whole(keys[start : start + len(some)], refused)
                return False
            if answer.refused:
                one = answer.refused[0]
                if is_passing(one.code):
                    raise Overtaken
                request.refused[keys[start + one.index]] = one
                return False
            if answer.matched < len(some):
                raise Overtaken
    return True


async def _commit(request: Request, session: AsyncClientSession) -> None:
    """Commit; while the outcome is unknown, only ask again. Raises Overtaken, Unreachable."""
    for tries in range(TRIES):
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if error.has_error_label("TransientTransactionError"):
                raise Overtaken from error
            is_last = tries + 1 == TRIES or isinstance(error, ServerSelectionTimeoutError)
            if is_last or not error.has_error_label("UnknownTransactionCommitResult"):
                raise failure(error, request.link.address, request.doing) from error
            name = printable(request.collection)
            await announce(f"{name}: a commit is in doubt; asked again ({tries + 1} of {TRIES})")
            await asyncio.sleep(backoff(tries + 1, FIRST_WAIT, LONGEST_WAIT))
        else:
            return
