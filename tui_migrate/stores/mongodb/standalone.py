"""Changes on a standalone MongoDB server, which has no transactions.

Each write carries the whole document it expects in its filter: `$expr: {$eq: ["$$ROOT", {$literal: seen}]}`. The server
says only how many matched, so where fewer did than were sent the documents are read again, and what was overtaken is
decided anew.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from tui_migrate.documents import RawId, pack
from tui_migrate.ordering import Key, order_key
from tui_migrate.stores.base import Change, ChangeResult, Refusal
from tui_migrate.stores.mongodb.changing import Request, by_verb, statement, stored_form
from tui_migrate.stores.mongodb.failures import TOO_LARGE, DocumentsRefused, translated
from tui_migrate.stores.mongodb.writing import messages, send

NOT_COMPARABLE: Final = 0

_STATEMENT_OVERHEAD: Final = 16 * 1024
"""What a server lets one statement have over the largest document (BSONObjMaxInternalSize)."""

_FRUITLESS: Final = 3
"""How often a document may be what was expected and yet not match, as one with a NaN does on some servers."""


async def one_by_one(request: Request) -> ChangeResult:
    """Make changes one document at a time; `decide` is called again for those that were not made.

    Raises Unreachable where the outcome is unknown, or where others keep being quicker.
    """
    made: dict[Key, bytes] = {}
    fruitless: Counter[Key] = Counter()
    tries = 0
    while True:
        waiting = [one for one in request.ids if order_key(one) not in made]
        seen = await _read(request, waiting)
        chosen = await request.choose(waiting, seen)
        doubtful = await _send(request, chosen)
        now = await _read(request, [chosen[key].id for key in doubtful])
        for key, one in chosen.items():
            if key in request.refused:
                continue
            if key not in doubtful or now.get(key) == stored_form(one):
                made[key] = one.before
            elif now.get(key) == one.before:
                fruitless[key] += 1
        _refuse_incomparable(request, [key for key, times in fruitless.items() if times >= _FRUITLESS])
        if all(key in made or key in request.refused for key in chosen):
            return ChangeResult(seen | made, frozenset(made), dict(request.refused))
        await request.pause(tries)
        tries += 1


def _refuse_incomparable(request: Request, keys: Sequence[Key]) -> None:
    reason = "this server cannot compare the document with what is expected"
    for key in keys:
        request.refused.setdefault(key, Refusal(0, NOT_COMPARABLE, reason))


def condition(seen: bytes) -> bytes:
    """Encode the part of a filter that only a document equal to this one meets."""
    literal = pack(b"\x03$literal\x00" + seen)
    operands = pack(b"\x020\x00\x07\x00\x00\x00$$ROOT\x00" + b"\x031\x00" + literal)
    return b"\x03$expr\x00" + pack(b"\x04$eq\x00" + operands)


async def _read(request: Request, ids: Sequence[RawId]) -> dict[Key, bytes]:
    """Read documents by id, none for no ids."""
    with translated(request.link.address, request.doing):
        return await request.read(ids)


async def _send(request: Request, chosen: Mapping[Key, Change]) -> set[Key]:
    """Send all changes; give the keys of those of which it is not known that they matched."""
    deployment = await request.link.deployment()
    doubtful: set[Key] = set()
    for verb, changes in by_verb(chosen):
        sendable: dict[Key, bytes] = {}
        for key, one in changes.items():
            encoded = statement(one, condition(one.before))
            if len(encoded) > deployment.max_document + _STATEMENT_OVERHEAD:
                request.refused[key] = Refusal(
                    0, TOO_LARGE, "a standalone server cannot compare and replace so large a document in one step"
                )
            else:
                sendable[key] = encoded
        keys = list(sendable)
        is_apart = not request.apart.isdisjoint(keys)
        for start, some in messages(list(sendable.values()), deployment, singly=is_apart):
            try:
                answer = await send(
                    request.link,
                    verb,
                    request.collection,
                    some,
                    ordered=False,
                    bypass_validation=request.bypass_validation,
                )
            except DocumentsRefused as error:
                request.refuse_whole(keys[start : start + len(some)], error)
                doubtful.update(set(keys[start : start + len(some)]) - request.refused.keys())
                continue
            request.refused.update((keys[start + one.index], one) for one in answer.refused)
            if answer.matched + len(answer.refused) < len(some):
                doubtful.update(key for key in keys[start : start + len(some)] if key not in request.refused)
    return doubtful
