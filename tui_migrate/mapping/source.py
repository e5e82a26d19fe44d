"""A source as the target is to get it: what is not meant is left out, the rest under its new names and changed.

Positions are those of the source beneath, so that a reading can be taken up as there; only how documents fall into
blocks is decided anew, lest a collection of which little is left comes in tiny ones.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from tui_migrate.catalogs.model import Catalog
from tui_migrate.documents import RawId
from tui_migrate.errors import Refused
from tui_migrate.findings import Finding
from tui_migrate.mapping.edit import edit
from tui_migrate.mapping.model import Scope
from tui_migrate.mapping.names import Names
from tui_migrate.mapping.new_owner import exchanged
from tui_migrate.mapping.ownership import Ownership
from tui_migrate.mapping.probing import Chosen, MappedProbe
from tui_migrate.mapping.rules import Rule, id_of, owner_of, rules_of
from tui_migrate.mapping.views import renamed_view
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import Package, Progress
from tui_migrate.packages.types.model import Inference
from tui_migrate.redaction import printable
from tui_migrate.stores.base import (
    Block,
    BlockLimit,
    Capabilities,
    CollectionInfo,
    CollectionKind,
    Distant,
    Identity,
    ReadOrder,
    Searchable,
    Source,
)
from tui_migrate.stores.permissions import Action, Permission
from tui_migrate.stores.probe import Probe, probe_of

_PLAIN: Final = Rule()


class MappedSource:
    """A source seen through a scope. `planned` are the collections, by their names in the source, that are meant.

    Raises UsageError, Refused for a scope that cannot be applied. No I/O until the first call.
    """

    def __init__(self, source: Source, scope: Scope, catalog: Catalog | None, planned: Collection[str]) -> None:
        self._source = source
        self._scope = scope
        self._names = Names(scope.renames, planned)
        self._rules = rules_of(scope, catalog, planned)
        self._owner: Ownership | None = None
        if scope.owner and catalog is not None:
            filters = {name: rule.matches for name, rule in self._rules.items() if rule.matches is not None}
            self._owner = Ownership(catalog, owner_of(scope), planned, filters)
        self._infos: dict[str, CollectionInfo] | None = None
        self._is_resolved = False
        self._resolving = asyncio.Lock()

    @property
    def capabilities(self) -> Capabilities:
        """Those of the source; where ids are changed a collection's `simple_order` says that the order is lost."""
        return self._source.capabilities

    @property
    def round_trip(self) -> float | None:
        """Seconds to the source's server and back, where it has one and they are known."""
        return self._source.round_trip if isinstance(self._source, Distant) else None

    async def identity(self) -> Identity:
        """Resolve where the source is."""
        return await self._source.identity()

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        """List collections and views under the names that the target gives them, in the order of these."""
        asked = None if names is None else [one for one in map(self._names.source, names) if one is not None]
        found = await self._source.collections(asked)
        mapped = [one for one in map(self._mapped, found) if one is not None]
        return tuple(sorted(mapped, key=lambda one: one.name))

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        """Read a collection of the target's name. `ids_only` may give whole documents."""
        name = self._names.source(collection)
        if name is None:
            return
        rule = self._rules.get(name, _PLAIN)
        if rule.edits is None and not self._chooses(name):
            blocks = self._source.read(name, after=after, order=order, limit=limit, ids_only=ids_only)
        else:
            await self._resolve()
            blocks = _gathered(self._changed(name, rule, after, order, limit), limit)
        async with aclosing(blocks):
            async for block in blocks:
                yield block

    async def lookup(self, collection: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
        """Give the documents that have one of these ids in the target. Raises Refused where these cannot be told."""
        name = self._names.source(collection)
        if name is None:
            return
        rule = self._rules.get(name, _PLAIN)
        if rule.changes_ids:
            ids = self._ids_in_source(collection, ids)
        if self._chooses(name):
            await self._resolve()
        async with aclosing(self._source.lookup(name, ids)) as documents:
            async for one in documents:
                for changed in self._taken(name, rule, [one]):
                    yield changed

    async def count(self, collection: str) -> int:
        """Count the documents that are meant, by reading them unless that is all of them."""
        name = self._names.source(collection)
        if name is None:
            return 0
        if not self._chooses(name):
            return await self._source.count(name)
        found = 0
        info = next(iter(await self.collections([collection])), None)
        order = info.kind.read_order if info is not None else ReadOrder.BY_ID
        async with aclosing(self.read(collection, order=order)) as blocks:
            async for block in blocks:
                found += len(block.documents)
        return found

    async def permissions(self, action: Action, collections: Collection[str]) -> Mapping[str, Permission]:
        """Say of each of these collections whether the user may do this on it in the source."""
        names = {source: one for one in collections if (source := self._names.source(one)) is not None}
        found = await self._source.permissions(action, list(names))
        return {names[source]: permission for source, permission in found.items()}

    @property
    def probe(self) -> Probe | None:
        """What the source can be probed by, where it can, about what is meant of it."""
        probe = probe_of(self._source)
        return (
            None if probe is None else MappedProbe(probe, self._names, self._rules, self._how_chosen, self._all_taken)
        )

    async def close(self) -> None:
        """Let go of the source, and of what is known of the owner's documents."""
        if self._owner is not None:
            self._owner.close()
        await self._source.close()

    def described(self, info: CollectionInfo) -> CollectionInfo:
        """Give what the target is to get of a collection of the source that is meant. Raises Refused."""
        found = self._mapped(info)
        if found is None:
            raise Refused(f"another collection gets the name {printable(info.name)}", hint="rename this one too")
        return found

    def _mapped(self, info: CollectionInfo) -> CollectionInfo | None:
        name = self._names.target(info.name)
        if name is None:
            return None
        options = info.options
        if info.kind is CollectionKind.VIEW and self._names.differing and self._names.is_planned(info.name):
            options = renamed_view(info.name, options, self._names.differing)
        changes_ids = self._rules.get(info.name, _PLAIN).changes_ids
        return replace(info, name=name, options=options, simple_order=info.simple_order and not changes_ids)

    def _chooses(self, name: str) -> bool:
        rule = self._rules.get(name)
        return rule is not None and (rule.matches is not None or self._owner is not None)

    async def _resolve(self) -> None:
        """Look once at what the collections are, and find out what belongs to the owner."""
        async with self._resolving:
            if self._is_resolved:
                return
            self._infos = {one.name: one for one in await self._source.collections()}
            if self._owner is not None:
                await self._owner.resolve(self._read_by)
            self._is_resolved = True

    async def _read_by(self, name: str, where: bytes | None) -> AsyncGenerator[Block]:
        """Read a collection of the source, one that is not there as an empty one."""
        info = (self._infos or {}).get(name)
        if info is not None and info.kind is not CollectionKind.VIEW:
            async with aclosing(self._searched(name, where, None, info.kind.read_order, BlockLimit())) as blocks:
                async for block in blocks:
                    yield block

    def _query(self, name: str, rule: Rule) -> bytes | None:
        """Give a query that leaves out only what is not meant, None where there is none."""
        return self._owner.query(name) if rule.where is None and self._owner is not None else rule.where

    async def _how_chosen(self, name: str) -> Chosen | None:
        """Say how a collection's documents are chosen; None where all of them are meant."""
        if not self._chooses(name):
            return None
        await self._resolve()
        info = (self._infos or {}).get(name)
        can_choose = isinstance(self._source, Searchable) and info is not None and info.simple_order
        return Chosen(self._query(name, self._rules[name]) if can_choose else None)

    async def _all_taken(self, name: str, documents: Sequence[bytes]) -> list[bytes]:
        if self._chooses(name):
            await self._resolve()
        return await asyncio.to_thread(self._taken, name, self._rules.get(name, _PLAIN), documents)

    def _searched(
        self, name: str, where: bytes | None, after: bytes | None, order: ReadOrder, limit: BlockLimit
    ) -> AsyncGenerator[Block]:
        """Read a collection; a store that can choose does so, but where a collation would let it choose otherwise."""
        info = (self._infos or {}).get(name)
        if where is not None and isinstance(self._source, Searchable) and info is not None and info.simple_order:
            return self._source.search(name, where, after=after, order=order, limit=limit)
        return self._source.read(name, after=after, order=order, limit=limit)

    async def _changed(
        self, name: str, rule: Rule, after: bytes | None, order: ReadOrder, limit: BlockLimit
    ) -> AsyncGenerator[Block]:
        async with aclosing(self._searched(name, self._query(name, rule), after, order, limit)) as blocks:
            async for block in blocks:
                documents = await asyncio.to_thread(self._taken, name, rule, block.documents)
                yield Block(documents, block.position)

    def _taken(self, name: str, rule: Rule, documents: Sequence[bytes]) -> list[bytes]:
        """Take those documents that are meant, and change them."""
        matches, edits = rule.matches, rule.edits
        taken = list(documents) if matches is None else [one for one in documents if matches(one)]
        if self._owner is not None and name in self._rules:
            taken = self._owner.chosen(name, taken)
        return taken if edits is None else [edit(one, edits) for one in taken]

    def _ids_in_source(self, collection: str, ids: Sequence[RawId]) -> list[RawId]:
        if self._scope.redact or not self._scope.owner_to:
            raise Refused(
                f"documents of {printable(collection)} cannot be asked for by id, which the run changes",
                hint="read the collection from its start",
            )
        old, new = owner_of(self._scope), id_of(self._scope.owner_to)
        return [exchanged(one, new, old) for one in ids]


class MappedPackage(MappedSource):
    """A package seen through a scope: it is checked as it lies there."""

    def __init__(self, package: Package, scope: Scope, catalog: Catalog | None, planned: Collection[str]) -> None:
        super().__init__(package, scope, catalog, planned)
        self._package = package

    async def form(self) -> PackageForm:
        """Say what form the package has."""
        return await self._package.form()

    async def check(self, progress: Progress | None = None) -> tuple[Finding, ...]:
        """Read all of the package and say what is wrong with it."""
        return await self._package.check(progress)

    async def inference(self) -> Inference | None:
        """Say what the fields of a form without types look like."""
        return await self._package.inference()

    async def catalog(self) -> str:
        """Name the catalog that the package was made with."""
        return await self._package.catalog()


def mapped(source: Source, scope: Scope, catalog: Catalog | None, planned: Collection[str]) -> Source:
    """Give a source as the target is to get it; one that is meant as it is stays what it is."""
    if scope.is_whole:
        return source
    if isinstance(source, Package):
        return MappedPackage(source, scope, catalog, planned)
    return MappedSource(source, scope, catalog, planned)


async def _gathered(blocks: AsyncGenerator[Block], limit: BlockLimit) -> AsyncGenerator[Block]:
    """Put blocks together up to a limit; none of them is empty."""
    waiting: list[bytes] = []
    size, position = 0, b""
    async with aclosing(blocks):
        async for block in blocks:
            more = sum(map(len, block.documents))
            if waiting and (len(waiting) + len(block.documents) > limit.documents or size + more > limit.size):
                yield Block(waiting, position)
                waiting, size = [], 0
            waiting += block.documents
            size += more
            position = block.position
    if waiting:
        yield Block(waiting, position)
