"""Asking a store what the checks before a run want to know, about a source that is seen through a scope."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from tui_migrate.documents import RawId, pack
from tui_migrate.errors import Refused
from tui_migrate.mapping.names import Names
from tui_migrate.mapping.rules import Rule
from tui_migrate.redaction import printable
from tui_migrate.stores.probe import Probe, Pulse


@dataclass(frozen=True, slots=True)
class Chosen:
    """How the documents of a collection of the source are chosen, where not all of them are meant.

    `where` is a query that leaves out only what is not meant, None where there is none that the server may be asked.
    """

    where: bytes | None


@dataclass(frozen=True, slots=True)
class MappedProbe:
    """The probe of a store whose collections go by other names, in part, or changed.

    `chosen` says of a collection, by its name in the source, how its documents are chosen, None where all of them are
    meant. `taken` keeps of documents those that are meant, and changes them as the target is to get them.
    """

    probe: Probe
    names: Names
    rules: Mapping[str, Rule]
    chosen: Callable[[str], Awaitable[Chosen | None]]
    taken: Callable[[str, Sequence[bytes]], Awaitable[list[bytes]]]

    async def pulse(self) -> Pulse:
        """Measure how quickly the server answers, and ask for its time."""
        return await self.probe.pulse()

    async def equal(
        self, collection: str, fields: Sequence[str], values: Sequence[Sequence[RawId]]
    ) -> AsyncGenerator[bytes]:
        """Give the documents that have one of these rows of values. Raises Refused where their values are changed."""
        name = self._unchanged(collection)
        if name is None:
            return
        async with aclosing(self.probe.equal(name, fields, values)) as documents:
            async for one in documents:
                for each in await self.taken(name, [one]):
                    yield each

    async def failing(self, collection: str, validator: bytes, limit: int) -> AsyncGenerator[bytes]:
        """Give documents that do not meet a validator, at most `limit`.

        Raises Refused where documents are changed on their way, and where too many fail that are not meant.
        """
        name = self._unchanged(collection)
        if name is None:
            return
        chosen = await self.chosen(name)
        if chosen is not None and chosen.where is not None:
            validator = _or_not(validator, chosen.where)
        async with aclosing(self.probe.failing(name, validator, limit)) as documents:
            found = [one async for one in documents]
        meant = await self.taken(name, found)
        if len(found) >= limit and len(meant) < len(found):
            raise Refused(
                f"{limit} documents of {printable(collection)} fail it, and not all of these are meant",
                hint="what the target refuses is put aside: --max-rejects",
            )
        for one in meant:
            yield one

    async def sample(self, collection: str, size: int) -> AsyncGenerator[bytes]:
        """Give documents at random. Raises Refused where the server cannot tell which of them are meant."""
        name = self.names.source(collection)
        if name is None:
            return
        if await self.chosen(name) is not None:
            raise Refused(
                f"only some documents of {printable(collection)} are meant, and these cannot be had at random",
                hint="leave --quick away",
            )
        async with aclosing(self.probe.sample(name, size)) as documents:
            found = [one async for one in documents]
        for one in await self.taken(name, found):
            yield one

    def _unchanged(self, collection: str) -> str | None:
        """Give the collection's name in the source. Raises Refused where the target gets other documents."""
        name = self.names.source(collection)
        if name is not None and (rule := self.rules.get(name)) is not None and rule.edits is not None:
            raise Refused(
                f"the documents of {printable(collection)} are changed on their way",
                hint="what the target refuses is put aside: --max-rejects",
            )
        return name


def _or_not(validator: bytes, where: bytes) -> bytes:
    """Build the query that only those fail that match `where` and fail the validator."""
    other = pack(b"\x04$nor\x00" + _array(where))
    return pack(b"\x04$or\x00" + _array(validator, other))


def _array(*documents: bytes) -> bytes:
    return pack(b"".join(b"\x03%d\x00" % place + one for place, one in enumerate(documents)))
