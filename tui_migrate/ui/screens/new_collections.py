"""The second step: which collections. Marks are kept by name, whatever becomes of the source meanwhile."""

import fnmatch
from collections.abc import Callable
from typing import Final

from textual.app import ComposeResult

from tui_migrate.definitions import view_source
from tui_migrate.plan.model import End, PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.draft import Step
from tui_migrate.ui.look import EndLook, LookState
from tui_migrate.ui.policy_words import documents_words
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.new_step import StepPane
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table, Tone
from tui_migrate.ui.wording import number, size

WIDE: Final = 100
"""From this width on indexes and notes are shown."""

_MARKED: Final = "[x]"
_UNMARKED: Final = "[ ]"
_COLUMNS: Final = (
    Column("", 3),
    Column("Collection"),
    Column("Documents", 13, right=True),
    Column("Size", 9, right=True),
    Column("Target has", 13, right=True),
    Column("Indexes", 7, right=True, from_width=WIDE),
    Column("Notes", 28, from_width=WIDE),
)


class CollectionsPane(StepPane):
    """The source's collections to be marked, and the running totals."""

    STEP = Step.COLLECTIONS

    def compose(self) -> ComposeResult:
        """Lay out the step."""
        yield Table(_COLUMNS, id="collections")
        yield Lines([""], id="totals")
        yield Prose(id="vanished", classes="warn")

    def on_mount(self) -> None:
        """Nothing is listed yet."""
        self._shown: tuple[EndLook | None, EndLook | None, End | None] = (None, None, None)
        self._marks: frozenset[str] = frozenset()
        self._rows: dict[str, Row] = {}

    def enter(self) -> None:
        """Take the focus."""
        self.draw()
        self.query_one(Table).focus()

    def again(self) -> None:
        """List both ends anew."""
        self.owner.look_at_ends(anew=True)

    def next_words(self) -> str:
        """Go on to the policy."""
        if isinstance(self.draft.target, PackageEnd):
            return "enter goes on to the policy and its options"
        return "enter chooses what becomes of documents that the target has already"

    def draw(self) -> None:
        """Show collections and marks; only rows whose marks changed are made anew."""
        draft, looks = self.draft, self.looks
        shown = (looks.end(draft.source), looks.end(draft.target), draft.target)
        if any(new is not old for new, old in zip(shown, self._shown, strict=True)):
            self._shown = shown
            self._list(*shown[:2])
        elif draft.marks != self._marks:
            for name in draft.marks ^ self._marks:
                if name in self._rows:
                    row = self._rows[name]
                    cells = (_MARKED if name in draft.marks else _UNMARKED, *row.cells[1:])
                    self._rows[name] = Row(name, cells, name, row.tone, (cells[0], *row.sort[1:]))
        self._marks = draft.marks
        self.query_one(Table).show(tuple(self._rows.values()), empty=self._empty_words(shown[0]))
        self._draw_totals(shown[0])

    def on_table_opened(self, event: Table.Opened) -> None:
        """Enter goes on."""
        event.stop()
        self.owner.action_new_next()

    def toggle(self) -> None:
        """Mark the row under the cursor, or take its mark away; the cursor goes on to the next row."""
        table = self.query_one(Table)
        name = table.cursor_key
        if name is None:
            return
        if not drafts.is_allowed(name):
            self.owner.notify_line(f"{name} belongs to the server and cannot be migrated.")
            return
        self.owner.change(drafts.toggled(self.draft, name))
        table.action_move(1)

    def invert(self) -> None:
        """Turn the marks of all rows that are shown."""
        allowed = set(self.draft.listed or ())
        names = [row.key for row in self.query_one(Table).rows if row.key in allowed]
        self.owner.change(drafts.inverted(self.draft, names))

    def ask_filter(self) -> None:
        """Ask which names to show."""
        table = self.query_one(Table)

        def take(text: str | None) -> None:
            if text is not None:
                table.filter(text, matcher(text))
            table.focus()

        sentences = ("A part of the name, or a pattern with * ? [abc]. Empty shows all.",)
        self.app.push_screen(AskText("Show only collections", sentences, table.filter_text), take)

    def _list(self, source: EndLook | None, target: EndLook | None) -> None:
        theirs = {one.name: one for one in target.collections} if target is not None else {}
        marks = self.draft.marks
        self._rows = {}
        for one in source.collections if source is not None and source.state is LookState.DONE else ():
            there = "new" if isinstance(self.draft.target, PackageEnd) else _there(target, theirs.get(one.name))
            mark = _MARKED if one.name in marks else _UNMARKED
            cells = (mark, one.name, *_amounts(one), there, number(len(one.indexes)), notes(one))
            count = float(theirs[one.name].documents) if one.name in theirs else -1.0
            sort = (mark, one.name, float(one.documents), float(one.size), count, float(len(one.indexes)), cells[6])
            tone = Tone.DIM if not drafts.is_allowed(one.name) else Tone.PLAIN
            self._rows[one.name] = Row(one.name, cells, one.name, tone, sort)

    def _empty_words(self, source: EndLook | None) -> str:
        if source is None or source.state is LookState.CANCELLED:
            return "The source has not been listed: ctrl+r connects."
        if source.state is LookState.CONNECTING:
            return self.waiting("Connecting to the source", source.at)
        if source.state is LookState.READING:
            return self.waiting("Listing the source's collections", source.at)
        if source.fault is not None:
            return "; ".join(filter(None, (f"✗ {source.fault.message}", source.fault.hint, "ctrl+r tries again.")))
        if source.collections:
            return "No collection is called like that: / changes the filter."
        return "The source has no collections: ctrl+b goes back to the ends."

    def _draw_totals(self, source: EndLook | None) -> None:
        draft = self.draft
        chosen = set(draft.chosen)
        found = [one for one in source.collections if one.name in chosen] if source is not None else []
        documents, stored = sum(one.documents for one in found), sum(one.size for one in found)
        words = f" {number(len(found))} of {number(len(draft.listed or ()))} marked"
        if found:
            words += f": about {documents_words(documents)}, {size(stored)}"
        self.query_one("#totals", Lines).show([words])
        gone = draft.vanished
        names = ", ".join(printable(name) for name in gone[:5]) + (
            f" and {len(gone) - 5} more" if len(gone) > 5 else ""
        )
        pane = self.query_one("#vanished", Prose)
        pane.display = bool(gone)
        pane.say([f" ! Marked, but not in this source: {names}. The marks are kept and do nothing." if gone else ""])


def matcher(text: str) -> Callable[[Row], bool]:
    """Say which rows a filter means: those of a glob where it has such characters, else those that hold the text."""
    words = text.casefold()
    if not any(sign in text for sign in "*?["):
        return lambda row: words in row.name.casefold()
    return lambda row: fnmatch.fnmatchcase(row.name.casefold(), words) or words in row.name.casefold()


def notes(info: CollectionInfo) -> str:
    """What is special about a collection."""
    if not drafts.is_allowed(info.name):
        return "belongs to the server"
    if info.kind is CollectionKind.VIEW:
        return f"view of {view_source(info.options)}"
    words = "" if info.kind is CollectionKind.PLAIN else info.kind.value
    return ", ".join(filter(None, (words, "sharded" if info.shard_key is not None else "")))


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
