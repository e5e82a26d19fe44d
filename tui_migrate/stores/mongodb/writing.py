"""Writing to MongoDB: one command at a time, its answer read by document, its outcome ours to judge.

Documents go out as the bytes they are. A write is never tried again here: whoever recorded it knows what to compare.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bson import DatetimeConversion
from bson.raw_bson import DEFAULT_RAW_BSON_OPTIONS, RawBSONDocument
from pymongo.errors import OperationFailure

from tui_migrate.definitions import field
from tui_migrate.documents import elements, raw_id
from tui_migrate.errors import Unreachable
from tui_migrate.stores.base import Refusal
from tui_migrate.stores.mongodb.client import Deployment, Link
from tui_migrate.stores.mongodb.failures import (
    DUPLICATE_KEY,
    TOO_LARGE,
    UNKNOWN_FIELD,
    DocumentsRefused,
    is_passing,
    one_line,
    translated,
    without_values,
)
from tui_migrate.stores.mongodb.validation_words import why

LENIENT: Final = DEFAULT_RAW_BSON_OPTIONS.with_options(
    unicode_decode_error_handler="replace", datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
"""For answers: a value that Python cannot hold, quoted in an error, must not make the outcome unknown."""

NO_ID: Final = 0
REASON_LENGTH: Final = 200

_LIST: Final = {"insert": "documents", "update": "updates", "delete": "deletes"}
_MESSAGE_OVERHEAD: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one command: how many documents it met, and its refusals by place in what was sent."""

    matched: int
    refused: tuple[Refusal, ...]


async def insert(
    link: Link, collection: str, documents: Sequence[bytes], *, bypass_validation: bool = False
) -> tuple[Refusal, ...]:
    """Insert documents, each on its own. Raises Unreachable where the outcome is unknown, WriteRefused, Refused."""
    deployment = await link.deployment()
    refused = {index: one for index, document in enumerate(documents) if (one := _unfit(index, document, deployment))}
    places = [index for index in range(len(documents)) if index not in refused]
    async with link.writing:
        for start, some in messages([documents[place] for place in places], deployment):
            for one in await _insert(link, collection, some, bypass_validation=bypass_validation):
                place = places[start + one.index]
                refused[place] = replace(one, index=place)
    return tuple(refused[place] for place in sorted(refused))


async def _insert(
    link: Link, collection: str, documents: Sequence[RawBSONDocument], *, bypass_validation: bool
) -> list[Refusal]:
    """Send one insert; where one document makes the server refuse all, halve until it is found."""
    try:
        answer = await send(link, "insert", collection, documents, ordered=False, bypass_validation=bypass_validation)
        return list(answer.refused)
    except DocumentsRefused as error:
        if len(documents) == 1:
            return [Refusal(0, error.server_code, one_line(error.message, REASON_LENGTH))]
    half = len(documents) // 2
    first = await _insert(link, collection, documents[:half], bypass_validation=bypass_validation)
    second = await _insert(link, collection, documents[half:], bypass_validation=bypass_validation)
    return first + [replace(one, index=half + one.index) for one in second]


async def send(
    link: Link,
    verb: str,
    collection: str,
    payload: Sequence[RawBSONDocument],
    *,
    ordered: bool,
    in_transaction: bool = False,
    bypass_validation: bool = False,
) -> Answer:
    """Send one insert, update or delete command in the write session; the caller holds `link.writing`.

    In a transaction pymongo's own errors pass through, since their labels say what to do.
    """
    command: dict[str, Any] = {verb: collection, _LIST[verb]: list(payload), "ordered": ordered}
    command["maxTimeMS"] = link.write_ms
    if verb != "delete":
        if bypass_validation:
            command["bypassDocumentValidation"] = True
        if link.bypasses_empty_timestamps:
            command["bypassEmptyTsReplacement"] = True
    if in_transaction:
        return _answer(await link.database.command(command, session=link.session, codec_options=LENIENT))
    command["writeConcern"] = write_concern(link)
    with translated(link.address, f"the {verb} into {collection}"):
        try:
            reply = await link.database.command(command, session=link.session, codec_options=LENIENT)
        except OperationFailure as error:
            if not forget_unknown_option(link, error):
                raise
            command |= {_LIST[verb]: list(payload)}
            del command["bypassEmptyTsReplacement"]
            reply = await link.database.command(command, session=link.session, codec_options=LENIENT)
    answer = _answer(reply)
    _refuse_passing(link, answer, f"the {verb} into {collection}")
    confirm(link, reply, f"the {verb} into {collection}")
    return answer


def _refuse_passing(link: Link, answer: Answer, doing: str) -> None:
    """Raise Unreachable where a document was left out by chance: throttled, or met by a shutdown. It is no reject."""
    for one in answer.refused:
        if is_passing(one.code):
            raise Unreachable(
                f"{link.address} did part of {one_line(doing)} only: {one.reason} (code {one.code})",
                hint="try again; look at the server's load",
            )


def write_concern(link: Link) -> dict[str, Any]:
    """Ask for a majority and the journal, waiting no longer than a write may take."""
    return {"w": "majority", "j": True, "wtimeout": link.write_ms}


def confirm(link: Link, reply: Mapping[str, Any], doing: str) -> None:
    """Raise Unreachable for a write that was made but not confirmed by a majority: it may yet be rolled back."""
    if "writeConcernError" in reply:
        text = one_line(str(reply["writeConcernError"].get("errmsg", "")))
        raise Unreachable(
            f"{link.address} did not confirm {one_line(doing)} on a majority: {text}",
            hint="check the health of the replica set, then try again",
        )


def forget_unknown_option(link: Link, error: OperationFailure) -> bool:
    """Stop sending `bypassEmptyTsReplacement` to a server that turns out not to know it; say whether that was it."""
    if error.code != UNKNOWN_FIELD or not link.bypasses_empty_timestamps:
        return False
    link.bypasses_empty_timestamps = False
    return True


def messages(
    payload: Sequence[bytes], deployment: Deployment, *, singly: bool = False
) -> Iterator[tuple[int, list[RawBSONDocument]]]:
    """Cut what is to be sent by the server's limits on one message; each part with the place of its first document.

    `singly` makes a part of each.
    """
    # The driver takes no command larger than a document may be, though the server's limit on a message is higher.
    most = min(deployment.max_message - _MESSAGE_OVERHEAD, deployment.max_document)
    part: list[RawBSONDocument] = []
    start = size = 0
    for index, document in enumerate(payload):
        if part and (singly or len(part) >= deployment.max_batch or size + len(document) > most):
            yield start, part
            part, start, size = [], index, 0
        part.append(RawBSONDocument(document))
        size += len(document)
    if part:
        yield start, part


def _unfit(index: int, document: bytes, deployment: Deployment) -> Refusal | None:
    """Refuse what must not be sent: a server would invent an `_id`, and one document too large spoils its message."""
    if raw_id(document) is None:
        return Refusal(index, NO_ID, "the document has no _id")
    if len(document) > deployment.max_document:
        return Refusal(
            index, TOO_LARGE, f"the document has {len(document)} bytes, {deployment.max_document} are allowed"
        )
    return None


def _answer(reply: Mapping[str, Any]) -> Answer:
    return Answer(int(reply.get("n", 0)), tuple(_refusal(one) for one in reply.get("writeErrors", ())))


def _refusal(error: RawBSONDocument) -> Refusal:
    text = str(error.get("errmsg", ""))
    reason = _why(error.get("errInfo")) or without_values(text)
    code = int(error.get("code", 0))
    fields = _key_fields(error, text) if code == DUPLICATE_KEY else ()
    if fields:  # first what matters, for where there is no room for all
        reason = f"another document has the same {' and '.join(fields)}: {reason}"
    return Refusal(int(error["index"]), code, one_line(reason, REASON_LENGTH), fields)


def _key_fields(error: RawBSONDocument, text: str) -> tuple[str, ...]:
    """Name the fields of the index that a duplicate met; servers before 4.4 name the index in the text only."""
    raw = bytes(error.raw)
    found = field(raw, b"keyPattern")
    if found is not None:
        return tuple(one.name.decode(errors="replace") for one in elements(raw[found.value : found.end]))
    name = text.partition("index: ")[2].split(" ", 1)[0].rpartition("$")[2]
    return ("_id",) if name in ("_id_", "_id") else (name or "unknown",)


def _why(info: object) -> str:
    """Say in a few words what a validator disliked, without the document's values; empty where it is not told."""
    details = info.get("details") if isinstance(info, Mapping) else None
    return why(details) if isinstance(details, Mapping) else ""
