"""What differs in one collection that was compared, and which of its documents the other end is to get."""

from collections.abc import Iterable
from typing import ClassVar, Final

from textual.widget import Widget

from tui_migrate.comparison.model import ComparedCollection, Comparison, Kind, Way
from tui_migrate.journal.records import RunRecord
from tui_migrate.plan.equalising import can_be_synced, documents_plan
from tui_migrate.plan.model import PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.compare_counts import count_of_documents, later_writer, staleness_words
from tui_migrate.ui.compare_words import (
    DOCUMENT_COLUMNS,
    collection_words,
    difference_rows,
)
from tui_migrate.ui.comparing import Compared
from tui_migrate.ui.draft import equalising
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.compare_document import CompareDocumentScreen
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.fitting import cut
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table
from tui_migrate.wording import number

RUNS_LOOKED_AT: Final = 100


class CompareCollectionScreen(OperatorScreen):
    """The definitions and the first documents that differ in a collection."""

    ACTIONS: ClassVar = ("compare.plan", "compare.open", "mark.toggle", "mark.invert", "table.filter", "table.sort")

    def __init__(self, known: Compared, found: ComparedCollection) -> None:
        super().__init__()
        self._known = known
        self._asked = known.asked
        self._found = found
        self._shown = known.mask.comparison(Comparison((found,))).collections[0]
        self._mask = known.mask
        self._info = next((one for one in known.there if one.name == found.name), None)
        self._markable = self._can_be_marked()
        self._marks: frozenset[int] = frozenset()
        self._later: tuple[RunRecord, str] | None = None

    def compose_body(self) -> Iterable[Widget]:
        """Lay out what was found, and the list."""
        yield Prose(id="what")
        yield Table(DOCUMENT_COLUMNS, empty=_empty_words(self._found), id="differences")
        yield Lines([""], id="next")

    def on_mount(self) -> None:
        """Fill the list: it is of the time of the comparison."""
        super().on_mount()
        self._draw()
        self.query_one(Table).focus()

    def subject(self) -> Subject:
        """The newest runs: one of them may write to an end."""
        return Subject(summaries=RUNS_LOOKED_AT)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Say that a run has written since; marks of before one that wrote to B go, once."""
        before, self._later = self._later, later_writer(self._known, snapshot.summaries)
        if self._later is not None and (before is None or before[0].id != self._later[0].id):
            self._marks = frozenset() if self._later[1] == "B" else self._marks
        self._draw()

    def where(self) -> tuple[str, None, str]:
        """Which collection."""
        return f"compare › {printable(self._found.name)}", None, self._asked.production

    def help_text(self) -> str:
        """What stands in the list."""
        return (
            "Indexes, options and views that differ stand first, then the documents. only A means that B lacks it. In"
            " what differs, + is a field that B alone has, - one that A alone has, ~ one with another value, type or"
            " order. enter reads the document from both ends and shows it field by field. Mark the documents that B is"
            f" to get as A has them; {self.key_of('compare.plan')} makes a plan of those alone and checks it. What B"
            " alone has goes when the whole collection is made equal."
        )

    def is_available(self, action_id: str) -> bool:
        """Documents can be opened, and marked where B can get them."""
        if action_id == "compare.plan":
            return bool(self._marks)
        if action_id in ("mark.toggle", "mark.invert"):
            return bool(self._markable)
        return action_id != "compare.open" or (self.is_mounted and self._difference() is not None)

    def on_table_opened(self) -> None:
        """Show the document under the cursor."""
        self.action_compare_open()

    def on_table_moved(self) -> None:
        """Other rows have other keys."""
        self.refresh_frame()

    def action_compare_open(self) -> None:
        """Show the document under the cursor."""
        if (place := self._difference()) is not None:
            pair = (self._found.documents[place], self._shown.documents[place])
            is_readable = self._found.way is not Way.MULTISET and bool(pair[0].id)
            self.app.push_screen(
                CompareDocumentScreen(self._asked, self._found.name, pair, self._mask, is_readable=is_readable)
            )

    def action_mark_toggle(self) -> None:
        """Mark the document under the cursor, or take its mark away; the cursor goes on."""
        if self.query_one(Table).cursor_key is None:
            return
        place = self._difference()
        if place in self._markable:
            self._marks ^= {place}
            self._draw()
        else:
            self.notify_line(self._why_not(place))
        self.query_one(Table).action_move(1)

    def action_mark_invert(self) -> None:
        """Turn the marks of what is shown."""
        shown = {row.key for row in self.query_one(Table).rows}
        self._marks ^= {place for place in self._markable if str(place) in shown}
        self._draw()

    def action_compare_plan(self) -> None:
        """Make a plan of the marked documents, and check it."""
        left, right = self._asked.left, self._asked.right
        if self._info is not None and left is not None and right is not None and self._marks:
            ids = [self._found.documents[place].id for place in sorted(self._marks)]
            plan = documents_plan(left, right, self._info, ids)
            draft, chosen = equalising(plan), [self._found.documents[place] for place in self._marks]
            count = None if self._later else count_of_documents(self._known, draft, self._found.name, chosen)
            self.app.push_screen(NewMigrationScreen(draft, count))

    def _can_be_marked(self) -> frozenset[int]:
        """Give the places of the documents that a plan can name; not of those whose `_id` nobody is to see."""
        if self._info is None or isinstance(self._asked.right, PackageEnd) or self._found.presence is not None:
            return frozenset()
        pairs = enumerate(zip(self._found.documents, self._shown.documents, strict=True))
        return frozenset(
            place for place, (one, shown) in pairs if can_be_synced(self._found, one) and one.id == shown.id
        )

    def _why_not(self, place: int | None) -> str:
        if place is None:
            return "Definitions are made equal with the whole collection: mark that one screen back."
        if isinstance(self._asked.right, PackageEnd):
            return "B is a package and is never changed."
        if self._found.documents[place].kind is Kind.ONLY_RIGHT:
            return "B alone has it: it goes when the whole collection is made equal, one screen back."
        return "No plan can name it by its _id: mark the whole collection, one screen back."

    def _draw(self) -> None:
        self.query_one(Table).show(difference_rows(self._shown, self._marks, self._markable))
        stale = [f" {one}"] if (one := staleness_words(self._later)) else []
        self.query_one("#what", Prose).say([*collection_words(self._shown), *stale, ""])
        said = ""
        if self._marks:
            deed = f"{self.key_of('compare.plan')} makes a plan that gives B these as A has them"
            said = f" {number(len(self._marks))} marked. Next: {deed}."
        elif self._markable:
            key = self.key_of("mark.toggle")
            said = f" Next: enter shows one field by field; {key} marks what B is to get from A."
        self.query_one("#next", Lines).show([cut(said, max(1, self.size.width))])
        self.refresh_frame()

    def _difference(self) -> int | None:
        key = self.query_one(Table).cursor_key
        return int(key) if key is not None and key.isdecimal() else None


def _empty_words(found: ComparedCollection) -> str:
    if found.presence is not None:
        return "One end alone has it: there is nothing to be held against it."
    return "No difference." if not found.differs else "None is listed."
