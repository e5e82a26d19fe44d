"""What some stores can be asked besides their documents: a look without a write, for the checks before a run."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tui_migrate.documents import RawId


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a server answers: `seconds` for one question and answer, and by how many its clock is ahead of ours.

    `ahead` is None where the server does not tell its time.
    """

    seconds: float
    ahead: float | None = None


@runtime_checkable
class Probe(Protocol):
    """A store that evaluates queries itself. Nothing here writes; every method raises Unreachable, NotAuthorised."""

    async def pulse(self) -> Pulse:
        """Measure how quickly the server answers, and ask for its time."""
        ...

    def equal(self, collection: str, fields: Sequence[str], values: Sequence[Sequence[RawId]]) -> AsyncGenerator[bytes]:
        """Give the documents that have one of these rows of values in the fields (dotted paths), in no order.

        A null also finds documents without the field, as a unique index has them.
        """
        ...

    def failing(self, collection: str, validator: bytes, limit: int) -> AsyncGenerator[bytes]:
        """Give documents that do not meet a validator (a BSON document), at most `limit`.

        Raises Refused or WriteRefused where the server does not understand it.
        """
        ...

    def sample(self, collection: str, size: int) -> AsyncGenerator[bytes]:
        """Give documents at random, at most `size`, each at most once."""
        ...


@runtime_checkable
class Wrapper(Protocol):
    """A store that passes on what another says, and can be probed where that one can."""

    @property
    def probe(self) -> Probe | None:
        """The store behind it, where it can be probed."""
        ...


def probe_of(store: object) -> Probe | None:
    """Give what a store can be probed by, None where it cannot."""
    if isinstance(store, Wrapper):
        return store.probe
    return store if isinstance(store, Probe) else None
