"""The source's collections as rows to be marked: sizes, what the target has, what each needs, and what is left out."""

import fnmatch
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.definitions import view_source
from tui_migrate.plan.model import PackageEnd
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.dependencies import CatalogIndex, Dependency, Exclusions, needs_words
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.look import EndLook, LookState
from tui_migrate.ui.scoping import catalog_from
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.ui.wording import number, size

WIDE: Final = 100
"""From this width on indexes and notes are shown."""

MARKED: Final = "[x]"
UNMARKED: Final = "[ ]"
COLUMNS: Final = (
    Column("", 3),
    Column("Collection"),
    Column("Documents", 13, right=True),
    Column("Size", 9, right=True),
    Column("Target has", 13, right=True),
    Column("Indexes", 7, right=True, from_width=WIDE),
    Column("Notes", 28, from_width=WIDE),
)


@dataclass(frozen=True, slots=True)
class Listing:
    """The source as it was listed, by name, with what a catalog, a target and the draft's scope say of each."""

    infos: Mapping[str, CollectionInfo] = field(default_factory=dict)
    needs: Mapping[str, tuple[Dependency, ...]] = field(default_factory=dict)
    excluded: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, CollectionInfo] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)
    filtered: frozenset[str] = frozenset()

    @classmethod
    def of(cls, draft: Draft, source: EndLook | None, target: EndLook | None) -> "Listing":
        """Put together what is known by now."""
        is_done = source is not None and source.state is LookState.DONE
        infos = {one.name: one for one in source.collections} if source is not None and is_done else {}
        index = CatalogIndex(catalog_from(draft.catalog))
        exclusions = Exclusions(index, draft.target)
        reasons = {name: exclusions.of(name) for name in infos}
        return cls(
            infos,
            {name: index.depends_on(one, infos) for name, one in infos.items()},
            {name: reason for name, reason in reasons.items() if reason},
            {one.name: one for one in target.collections} if target is not None else {},
            {one.source: one.target for one in draft.scope.renames},
            frozenset(one.collection for one in draft.scope.filters if one.query),
        )

    def needed_by(self, name: str) -> tuple[str, ...]:
        """Name the collections that need this one."""
        return tuple(one for one, needed in self.needs.items() if any(to.name == name for to in needed))


def rows_of(draft: Draft, listing: Listing, target: EndLook | None) -> dict[str, Row]:
    """Give a row for each collection, by name."""
    return {name: _row(draft, info, listing, target) for name, info in listing.infos.items()}


def with_mark(row: Row, *, is_marked: bool) -> Row:
    """Give a row with its mark as it is now."""
    cells = (MARKED if is_marked else UNMARKED, *row.cells[1:])
    return Row(row.key, cells, row.name, row.tone, (cells[0], *row.sort[1:]))


def matcher(text: str) -> Callable[[Row], bool]:
    """Say which rows a filter means: those of a glob where it has such characters, else those that hold the text."""
    words = text.casefold()
    if not any(sign in text for sign in "*?["):
        return lambda row: words in row.key.casefold()
    return lambda row: fnmatch.fnmatchcase(row.key.casefold(), words) or words in row.key.casefold()


def matching(pattern: str, names: Collection[str]) -> frozenset[str]:
    """Give the names that a pattern means. It means whole names, upper and lower case as they are."""
    return frozenset(name for name in names if fnmatch.fnmatchcase(name, pattern))


def notes(info: CollectionInfo) -> str:
    """What is special about a collection."""
    if not drafts.is_allowed(info.name):
        return "belongs to the server"
    if info.kind is CollectionKind.VIEW:
        return f"view of {view_source(info.options)}"
    words = "" if info.kind is CollectionKind.PLAIN else info.kind.value
    return ", ".join(filter(None, (words, "sharded" if info.shard_key is not None else "")))


def _row(draft: Draft, info: CollectionInfo, listing: Listing, target: EndLook | None) -> Row:
    name, new = info.name, listing.renames.get(info.name, info.name)
    theirs = listing.theirs.get(new)
    there = "new" if isinstance(draft.target, PackageEnd) else _there(target, theirs)
    said = _notes(info, listing, new)
    mark = MARKED if name in draft.marks else UNMARKED
    cells = (mark, name, *_amounts(info), there, number(len(info.indexes)), said)
    count = float(theirs.documents) if theirs is not None else -1.0
    sort = (mark, name, float(info.documents), float(info.size), count, float(len(info.indexes)), said)
    is_dim = not drafts.is_allowed(name) or name in listing.excluded
    return Row(name, cells, f"{name}: {said}" if said else name, Tone.DIM if is_dim else Tone.PLAIN, sort)


def _notes(info: CollectionInfo, listing: Listing, new: str) -> str:
    is_view = info.kind is CollectionKind.VIEW
    return ", ".join(
        filter(
            None,
            (
                listing.excluded.get(info.name, ""),
                f"becomes {new}" if new != info.name else "",
                "filtered" if info.name in listing.filtered else "",
                notes(info),
                "" if is_view else needs_words(listing.needs.get(info.name, ())),
            ),
        )
    )


def _amounts(info: CollectionInfo) -> tuple[str, str]:
    return ("view", "—") if info.kind is CollectionKind.VIEW else (number(info.documents), size(info.size))


def _there(target: EndLook | None, info: CollectionInfo | None) -> str:
    if target is None or target.state.is_pending:
        return "…"
    if target.state is not LookState.DONE:
        return "?"
    if info is None:
        return "—"
    return "view" if info.kind is CollectionKind.VIEW else number(info.documents)
