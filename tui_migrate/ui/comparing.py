"""Comparing two ends beside the screen: what is asked, how far it is, and what was found, as frozen values."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tui_migrate.catalogs.finding import find
from tui_migrate.comparison.compare import compare
from tui_migrate.comparison.kept import ComparedEnd, open_state
from tui_migrate.comparison.model import Comparison, Request, Standing
from tui_migrate.comparison.state import State
from tui_migrate.errors import TuiMigrateError, UsageError
from tui_migrate.plan.model import End, Environment, PackageEnd, StoreEnd
from tui_migrate.reports.masking import NOTHING, Mask
from tui_migrate.stores.base import CollectionInfo
from tui_migrate.ui.look import CONNECT_SECONDS, Fault, LookState, Opening, first_error, patience, place_words

LISTED: Final = 500
"""Documents of a collection that are listed with their fields; all are counted."""
REPORT_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared: A and B, whether `fast`, and the catalog that says what is sensitive, by its name."""

    left: End | None = None
    right: End | None = None
    fast: bool = False
    catalog: str = ""

    @property
    def blocked(self) -> str:
        """Say what is missing before it can be compared; empty where nothing is."""
        if self.left is None:
            return "no A is chosen: enter on A"
        if self.right is None:
            return "no B is chosen: enter on B"
        return ""

    @property
    def production(self) -> str:
        """Say which of the two is production, which bears the load of being read."""
        pairs = (("A", self.left), ("B", self.right))
        names = [name for name, end in pairs if isinstance(end, StoreEnd) and end.environment is Environment.PRODUCTION]
        return f"{' AND '.join(names)}: PRODUCTION" if names else ""


@dataclass(frozen=True, slots=True)
class Compared:
    """What is known by now. It `began` then, and `at` is when it began, or ended where it has (seconds since 1970).

    `standings` are by the collections' names, `done` of about `total` documents are compared. `comparison` and `there`,
    what A has, are known when it is done; `mask` hides what the catalog calls sensitive.
    """

    asked: Asked
    state: LookState
    at: float
    standings: Mapping[str, Standing] = field(default_factory=dict)
    done: int = 0
    total: int = 0
    is_resumed: bool = False
    comparison: Comparison | None = None
    there: tuple[CollectionInfo, ...] = ()
    mask: Mask = NOTHING
    fault: Fault | None = None
    began: float = 0.0

    @property
    def percent(self) -> int:
        """How much of it is done; of nothing, nothing."""
        return min(100, 100 * self.done // self.total) if self.total else 0


GoOn = Callable[[], Awaitable[bool | None]]
"""Asks whether an earlier comparison is gone on with (True) or begun anew; None gives up."""


async def compare_ends(asked: Asked, opening: Opening, report: Callable[[Compared], object], go_on: GoOn) -> None:
    """Compare; say now and then what is known by now. Faults are reported, not raised.

    What was compared is kept on disk until all of it is done: one that was cancelled can be gone on with.
    """
    known = Compared(asked, LookState.CONNECTING, opening.clock(), began=opening.clock())

    def tell(now: Compared) -> None:
        nonlocal known
        known = now
        report(now)

    tell(known)
    try:
        await _Comparing(asked, opening, tell).all(known, go_on)
    except* TuiMigrateError as group:
        fault = Fault.of(first_error(group))
        tell(replace(known, state=LookState.FAILED, fault=fault, at=opening.clock()))


@dataclass(frozen=True, slots=True)
class _Comparing:
    asked: Asked
    opening: Opening
    tell: Callable[[Compared], None]

    async def all(self, known: Compared, go_on: GoOn) -> None:
        if self.asked.left is None or self.asked.right is None:
            raise UsageError(self.asked.blocked, hint="choose both ends, then compare")
        mask = NOTHING
        if self.asked.catalog:
            mask = Mask(await asyncio.to_thread(find, self.asked.catalog, self.opening.home))
        async with AsyncExitStack() as stack:
            left, right = [await self._opened(stack, end) for end in (self.asked.left, self.asked.right)]
            state = await self._state(left, right, go_on)
            if state is None:
                self.tell(replace(known, state=LookState.CANCELLED, at=self.opening.clock()))
                return
            stack.callback(state.close)
            known = replace(known, state=LookState.READING, is_resumed=state.is_resumed, mask=mask)
            watching = _Watching(known, self.tell)
            stack.callback(watching.close)
            found = await self._compare(left, right, state, watching)
            there = await left.source.collections()
            watching.close()
            known = replace(watching.known, comparison=found, there=there)
            self.tell(replace(known, state=LookState.DONE, at=self.opening.clock()))
            await asyncio.to_thread(state.remove)

    async def _opened(self, stack: AsyncExitStack, end: End) -> ComparedEnd:
        source = await stack.enter_async_context(self.opening.source(end))
        if isinstance(end, PackageEnd):
            return ComparedEnd(end.label, source, Path(end.path))
        async with patience(CONNECT_SECONDS, f"{place_words(end)} has not answered"):
            await source.identity()
        return ComparedEnd(end.label, source)

    async def _state(self, left: ComparedEnd, right: ComparedEnd, go_on: GoOn) -> State | None:
        """Open the state; where an earlier comparison of the two was stopped, ask."""
        home, request = self.opening.home, _request(self.asked)
        state = await open_state(home, left, right, request, resume=True)
        if not state.is_resumed:
            return state
        try:
            wanted = await go_on()
        except BaseException:
            state.close()
            raise
        if wanted:
            return state
        state.close()
        return None if wanted is None else await open_state(home, left, right, request)

    async def _compare(self, left: ComparedEnd, right: ComparedEnd, state: State, watching: "_Watching") -> Comparison:
        try:
            request = _request(self.asked)
            return await compare(left.source, right.source, request, state, watching.progress, watching.standing)
        except UsageError:
            await asyncio.to_thread(state.remove)
            raise


def _request(asked: Asked) -> Request:
    return Request(fast=asked.fast, listed=LISTED)


class _Watching:
    """Gathers what a comparison tells, and passes it on now and then."""

    def __init__(self, known: Compared, tell: Callable[[Compared], None]) -> None:
        self._known = known
        self._tell = tell
        self._standings: dict[str, Standing] = {}
        self._told_at = 0.0
        self._waiting: asyncio.TimerHandle | None = None

    @property
    def known(self) -> Compared:
        """What is known by now."""
        return replace(self._known, standings=dict(self._standings))

    def progress(self, done: int, total: int) -> None:
        """Take down how far all of it is."""
        self._known = replace(self._known, done=done, total=total)
        self._pass_on()

    def standing(self, one: Standing) -> None:
        """Take down how far a collection is."""
        self._standings[one.name] = one
        self._pass_on()

    def close(self) -> None:
        """Tell no more."""
        if self._waiting is not None:
            self._waiting.cancel()

    def _pass_on(self) -> None:
        if self._waiting is None:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(max(0.0, self._told_at + REPORT_SECONDS - loop.time()), self._now)

    def _now(self) -> None:
        self._waiting = None
        self._told_at = asyncio.get_running_loop().time()
        self._tell(self.known)
