"""Two databases of real servers, and what a check says about a plan between them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bson
from pymongo.synchronous.database import Database

from tests.engine.servers import Pair
from tui_migrate.findings import Finding
from tui_migrate.packages.forms import PackageForm
from tui_migrate.plan import ends, preflight
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.model import End, PackageEnd, Plan, Policy, RunKind
from tui_migrate.plan.preflight import Circumstances
from tui_migrate.stores.base import Capabilities, CollectionInfo, Source
from tui_migrate.stores.probe import Probe, Pulse
from tui_migrate.stores.readonly import ReadOnly

FOR_PEOPLE = Circumstances(for_people=True)


class Altered(ReadOnly):
    """A store that says of itself or of its collections what no server at hand says."""

    __slots__ = ("_changes", "_infos", "_pulse")

    def __init__(
        self, source: Source, *, infos: dict[str, Any] | None = None, pulse: Pulse | None = None, **changes: Any
    ) -> None:
        super().__init__(source)
        self._infos, self._changes, self._pulse = infos or {}, changes, pulse

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, **self._changes)

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        return tuple(replace(one, **self._infos) for one in await super().collections(names))

    @property
    def probe(self) -> Probe | None:
        return super().probe if self._pulse is None else Paced(self._pulse)


@dataclass
class Paced:
    """A store that answers as quickly as it is told to."""

    given: Pulse

    async def pulse(self) -> Pulse:
        return self.given

    def equal(self, *_: object) -> Any:
        raise AssertionError

    def failing(self, *_: object) -> Any:
        raise AssertionError

    def sample(self, *_: object) -> Any:
        raise AssertionError


@dataclass
class Ground:
    """`source` and `target` are the databases as any client sees them; the source has one document in `things`."""

    pair: Pair
    source: "Database[dict[str, Any]]"
    target: "Database[dict[str, Any]]"
    folder: Path

    async def plan(
        self,
        *names: str,
        policy: Policy = Policy.OVERWRITE,
        target: End | None = None,
        source: End | None = None,
        **changes: Any,
    ) -> Plan:
        kind = RunKind.EXPORT if isinstance(target, PackageEnd) else RunKind.COPY
        first, second = source or self.pair.source_end, target or self.pair.target_end
        request = PlanRequest(kind, first, second, names=names, policy=policy)
        opened = ends.open_source(first, self.pair.home, {})
        try:
            return replace(await build_plan(request, opened), **changes)
        finally:
            await opened.close()

    async def check(
        self,
        plan: Plan,
        *,
        source: Source | None = None,
        target: Source | None = None,
        about: Circumstances | None = None,
    ) -> tuple[Finding, ...]:
        opened = source or ends.open_source(plan.source, self.pair.home, {})
        written = None if isinstance(plan.target, PackageEnd) else target or ReadOnly(self.pair.target)
        try:
            return await preflight.check(plan, opened, written, about=about)
        finally:
            if source is None:
                await opened.close()

    async def checked(self, *names: str, about: Circumstances | None = None, **given: Any) -> tuple[Finding, ...]:
        """Plan and check."""
        return await self.check(await self.plan(*names, **given), about=about)

    def package(self, form: PackageForm = PackageForm.NATIVE) -> PackageEnd:
        """A package that is not there yet."""
        return PackageEnd(str(self.folder / "new"), form)

    async def altered(self, *, of_target: bool = True, **given: Any) -> tuple[Finding, ...]:
        """Check a copy with an end that is altered."""
        plan, end = await self.plan(), self.pair.target if of_target else self.pair.source
        changed = Altered(end, **given)
        return await self.check(
            plan,
            source=self.pair.source if of_target else changed,
            target=changed if of_target else None,
            about=FOR_PEOPLE,
        )


def index(**fields: Any) -> bytes:
    """An index specification."""
    return bson.encode({"v": 2, **fields})
