"""The second step: which collections. Marks are kept by name, whatever becomes of the source meanwhile."""

from textual.app import ComposeResult

from tui_migrate.mapping.model import Scope
from tui_migrate.plan.model import End, PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.collection_rows import COLUMNS, Listing, matcher, matching, rows_of, with_mark
from tui_migrate.ui.dependencies import missing, missing_words
from tui_migrate.ui.draft import Step
from tui_migrate.ui.look import EndLook, LookState
from tui_migrate.ui.policy_words import documents_words
from tui_migrate.ui.scoping import for_names
from tui_migrate.ui.screens.collection_sheet import CollectionSheet
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.new_step import StepPane
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Row, Table
from tui_migrate.ui.wording import number, run_name, size

_PATTERN = (
    "A pattern of whole names with * ? [abc], upper and lower case as they are: log_*",
    "With a - before it, the marks of these names are taken away.",
)


class CollectionsPane(StepPane):
    """The source's collections to be marked, and the running totals."""

    STEP = Step.COLLECTIONS

    def compose(self) -> ComposeResult:
        """Lay out the step."""
        yield Table(COLUMNS, id="collections")
        yield Lines([""], id="totals")
        yield Prose(id="missing", classes="warn")
        yield Prose(id="vanished", classes="warn")

    def on_mount(self) -> None:
        """Nothing is listed yet."""
        self._shown: tuple[EndLook | None, EndLook | None, End | None, str, Scope | None] = (None,) * 3 + ("", None)
        self._marks: frozenset[str] = frozenset()
        self._rows: dict[str, Row] = {}
        self._listing = Listing()

    def enter(self) -> None:
        """Take the focus."""
        self.draw()
        self.query_one(Table).focus()

    def again(self) -> None:
        """List both ends anew."""
        self.owner.look_at_ends(anew=True)

    def next_words(self) -> str:
        """Go on to the policy."""
        return f"{self.key_of('new.next')} goes on to the policy; enter shows one collection"

    def draw(self) -> None:
        """Show collections and marks; only rows whose marks changed are made anew."""
        draft, looks = self.draft, self.looks
        source, target = looks.end(draft.source), looks.end(draft.target)
        shown = (source, target, draft.target, draft.catalog, draft.scope)
        is_new = any(new is not old for new, old in zip(shown, self._shown, strict=True))
        if is_new:
            self._shown, self._listing = shown, Listing.of(draft, source, target)
            self._rows = rows_of(draft, self._listing, target)
        for name in () if is_new else draft.marks ^ self._marks:
            if name in self._rows:
                self._rows[name] = with_mark(self._rows[name], is_marked=name in draft.marks)
        if is_new or draft.marks != self._marks:
            self._draw_missing(target)
        self._marks = draft.marks
        self.query_one(Table).show(tuple(self._rows.values()), empty=self._empty_words(source))
        self._draw_totals(source)

    def on_table_opened(self, event: Table.Opened) -> None:
        """Show one collection."""
        event.stop()
        self.open_sheet()

    def open_sheet(self) -> None:
        """Show the collection under the cursor: what it needs, its filter, its name in the target, its redactions."""
        name = self.query_one(Table).cursor_key
        if name is not None and name in self._listing.infos:
            self.app.push_screen(CollectionSheet(self._listing.infos[name], self._listing))

    def toggle(self) -> None:
        """Mark the row under the cursor, or take its mark away; the cursor goes on to the next row."""
        table = self.query_one(Table)
        name = table.cursor_key
        if name is None:
            return
        if not drafts.is_allowed(name):
            self.owner.notify_line(f"{name} belongs to the server and cannot be migrated.")
            return
        if name in self._listing.excluded and name not in self.draft.marks:
            self.owner.notify_line(f"{name} cannot be marked: {self._listing.excluded[name]}")
            return
        self.owner.change(drafts.toggled(self.draft, name))
        table.action_move(1)

    def invert(self) -> None:
        """Turn the marks of all rows that are shown; what is left out can only lose its mark."""
        allowed = self._may_be_marked() | self.draft.marks
        names = [row.key for row in self.query_one(Table).rows if row.key in allowed]
        self.owner.change(drafts.inverted(self.draft, names))

    def ask_pattern(self) -> None:
        """Ask for a pattern, and mark what it means."""

        def take(text: str | None) -> None:
            if text and text != "-":
                self._mark(text)
            self.query_one(Table).focus()

        self.app.push_screen(AskText("Mark by pattern", _PATTERN), take)

    def ask_filter(self) -> None:
        """Ask which names to show."""
        table = self.query_one(Table)

        def take(text: str | None) -> None:
            if text is not None:
                table.filter(text, matcher(text))
            table.focus()

        sentences = ("A part of the name, or a pattern with * ? [abc]. Empty shows all.",)
        self.app.push_screen(AskText("Show only collections", sentences, table.filter_text), take)

    def _may_be_marked(self) -> frozenset[str]:
        return frozenset(name for name in self.draft.listed or () if name not in self._listing.excluded)

    def _mark(self, text: str) -> None:
        is_away, marks = text.startswith("-"), self.draft.marks
        if is_away:
            found = matching(text[1:], marks)
            marks, said = marks - found, "lost its mark" if len(found) == 1 else "lost their marks"
        else:
            found = matching(text, self._may_be_marked()) - marks
            marks, said = marks | found, "marked"
        self.owner.change(drafts.with_marks(self.draft, marks))
        if not found:
            what = "has a mark and" if is_away else "that is not marked yet and may be"
            self.owner.notify_line(f"No collection {what} is called like {text.removeprefix('-')}.")
            return
        count = f"{number(len(found))} collection{'' if len(found) == 1 else 's'}"
        self.owner.notify_line(f"{count} {said}.", is_error=False)

    def _empty_words(self, source: EndLook | None) -> str:
        if source is None or source.state is LookState.CANCELLED:
            return f"The source has not been listed: {self.key_of('look.again')} connects."
        if source.state is LookState.CONNECTING:
            return self.waiting("Connecting to the source", source.at)
        if source.state is LookState.READING:
            return self.waiting("Listing the source's collections", source.at)
        if source.fault is not None:
            return "; ".join(
                filter(
                    None, (f"✗ {source.fault.message}", source.fault.hint, f"{self.key_of('look.again')} tries again.")
                )
            )
        if source.collections:
            return f"No collection is called like that: {self.key_of('table.filter')} changes the filter."
        return f"The source has no collections: {self.key_of('new.previous')} goes back to the ends."

    def _draw_missing(self, target: EndLook | None) -> None:
        """Say what marked collections need that is not there; of a target that is not listed nothing is claimed."""
        is_known = isinstance(self.draft.target, PackageEnd) or (target is not None and target.state is LookState.DONE)
        listing = self._listing
        found = list(missing(self.draft.chosen, listing.needs, listing.theirs)) if is_known else []
        excluded = [name for name in self.draft.chosen if name in listing.excluded]
        said = [f" {missing_words(found)}"] if found else []
        said += [f" ! {printable(name)} is marked, but {listing.excluded[name]}" for name in excluded[:2]]
        pane = self.query_one("#missing", Prose)
        pane.display = bool(said)
        pane.say(said)

    def _draw_totals(self, source: EndLook | None) -> None:
        draft = self.draft
        chosen = set(draft.chosen)
        found = [one for one in source.collections if one.name in chosen] if source is not None else []
        documents, stored = sum(one.documents for one in found), sum(one.size for one in found)
        words = f" {number(len(found))} of {number(len(draft.listed or ()))} marked"
        words += f" as in run {run_name(draft.marks_of)}" if draft.marks_of else ""
        if found:
            words += f": about {documents_words(documents)}, {size(stored)}"
        scope = for_names(draft.scope, chosen)
        for count, what in ((len(scope.filters), "filtered"), (len(scope.renames), "renamed")):
            words += f"; {number(count)} {what}" if count else ""
        self.query_one("#totals", Lines).show([words])
        gone = draft.vanished
        names = ", ".join(printable(name) for name in gone[:5]) + (
            f" and {len(gone) - 5} more" if len(gone) > 5 else ""
        )
        pane = self.query_one("#vanished", Prose)
        pane.display = bool(gone)
        pane.say([f" ! Marked, but not in this source: {names}. The marks are kept and do nothing." if gone else ""])
