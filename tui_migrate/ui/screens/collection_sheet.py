"""One collection of the plan, over the width of the screen: what it needs, its filter, its new name, its redactions."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input

from tui_migrate.errors import TuiMigrateError
from tui_migrate.plan.model import Environment, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.ui.collection_rows import Listing
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.look import Fault, host_words
from tui_migrate.ui.policy_words import documents_words
from tui_migrate.ui.redaction_rows import COLUMNS, redaction_rows
from tui_migrate.ui.scoping import (
    catalog_from,
    check_new_names,
    check_query,
    filter_of,
    new_name_of,
    with_filter,
    with_new_name,
)
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table
from tui_migrate.ui.wording import number, size

FILTER: Final = "filter"
NEW_NAME: Final = "name"
_NAMED: Final = 6

_QUERY: Final = (
    'A query in Extended JSON, such as {"state": "paid", "at": {"$gte": {"$date": "2026-01-01T00:00:00Z"}}}.',
    "Empty means all documents.",
)


class CollectionSheet(OperatorScreen):
    """One collection. What is decided here goes into the session's draft at once."""

    ACTIONS: ClassVar = ("sheet.change", "table.filter", "table.sort")

    def __init__(self, info: CollectionInfo, listing: Listing) -> None:
        super().__init__()
        self._info = info
        self._listing = listing

    def compose_body(self) -> Iterable[Widget]:
        """Lay out what is known, what can be set, and what redacting would do."""
        yield Prose(id="about")
        yield Table([Column("", 16), Column("Set to")], id="settings")
        yield Prose(id="redacting")
        yield Table(COLUMNS, empty="No field of it is called sensitive.", id="redactions")

    def on_mount(self) -> None:
        """Begin with what can be set."""
        super().on_mount()
        settings = self.query_one("#settings", Table)
        settings.styles.height = 4
        settings.focus()
        self._draw()

    def where(self) -> tuple[str, Environment | None, str]:
        """The collection, and how dangerous the target is."""
        target = self.session.draft.target
        words = f"new migration › {printable(self._info.name)}"
        if isinstance(target, StoreEnd):
            return words, target.environment, printable(host_words(target))
        return words, None, ""

    def help_text(self) -> str:
        """What can be set, and where the rest comes from."""
        return (
            "A filter lets only the documents go that match a query; it means the same whatever the source is. Another"
            " name holds in the target alone, and views follow. What a collection needs, and which of its fields are"
            " sensitive, is what the catalog says: Policy › More chooses one, and turns redacting on."
        )

    def is_available(self, action_id: str) -> bool:
        """Only the settings can be changed."""
        return action_id != "sheet.change" or (self.is_mounted and self._settings is self.focused)

    def on_table_opened(self, event: Table.Opened) -> None:
        """Change a setting."""
        event.stop()
        if event.table is self._settings:
            self.action_sheet_change()

    def action_sheet_change(self) -> None:
        """Change what is under the cursor."""
        if self._settings.cursor_key == FILTER:
            self._ask_filter()
        else:
            self._ask_name(new_name_of(self.session.draft.scope, self._info.name), None)

    @property
    def _settings(self) -> Table:
        return self.query_one("#settings", Table)

    def _ask_filter(self) -> None:
        name = self._info.name
        if self._info.kind is CollectionKind.VIEW:
            self.notify_line(f"{name} is a view, of which no document goes: filter the collection that it looks at.")
            return

        def take(text: str | None) -> None:
            if text is not None:
                self._take(replace(self.session.draft, scope=with_filter(self.session.draft.scope, name, text.strip())))

        self.app.push_screen(AskQuery(name, filter_of(self.session.draft.scope, name)), take)

    def _ask_name(self, value: str, fault: Fault | None) -> None:
        name = self._info.name
        said = [f"What {printable(name)} is called in the target. Empty is its own name."]
        if fault is not None:
            said += [f"✗ {fault.message}", f"  {fault.hint}"]

        def take(text: str | None) -> None:
            draft = self.session.draft
            if text is None:
                return
            scope = with_new_name(draft.scope, name, text, draft.listed or ())
            try:
                check_new_names(scope, {*draft.chosen, name})
            except TuiMigrateError as error:
                self._ask_name(text, Fault.of(error))
            else:
                self._take(replace(draft, scope=scope))

        self.app.push_screen(AskText("Name in the target", said, value), take)

    def _take(self, draft: Draft) -> None:
        self.session.draft = draft
        self._draw()

    def _draw(self) -> None:
        draft, info = self.session.draft, self._info
        self.query_one("#about", Prose).say([*self._about(), ""])
        query, new = filter_of(draft.scope, info.name), new_name_of(draft.scope, info.name)
        self._settings.show(
            [
                Row(FILTER, ("Filter", query or "all documents"), name=query or "enter lets only some documents go"),
                Row(
                    NEW_NAME,
                    ("Name in target", f"{new}{'' if new != info.name else ' (its own)'}"),
                    name=new if new != info.name else "enter gives it another name in the target",
                ),
            ]
        )
        self._draw_redactions()
        self.refresh_frame()

    def _draw_redactions(self) -> None:
        draft = self.session.draft
        catalog = catalog_from(draft.catalog)
        table, words = self.query_one("#redactions", Table), self.query_one("#redacting", Prose)
        if catalog is None:
            words.say(["", " No catalog is chosen, so no field is known to be sensitive: Policy › More chooses one."])
            table.display = False
            return
        table.display = True
        state = "ON" if draft.scope.redact else "off; Policy › More turns it on"
        words.say(["", f" Sensitive by the catalog {catalog.label}. Redacting is {state}."])
        try:
            table.show(redaction_rows(catalog, self._info.name, tuple(self._listing.infos)))
        except TuiMigrateError as error:
            fault = Fault.of(error)
            table.show([], empty=f"✗ {fault.message}: {fault.hint}")

    def _about(self) -> Iterator[str]:
        info, listing = self._info, self._listing
        if info.kind is CollectionKind.VIEW:
            yield " A view: its definition goes, and no document of it."
        else:
            yield (
                f" {documents_words(info.documents)}, {size(info.size)}, {number(len(info.indexes))}"
                f" index{'' if len(info.indexes) == 1 else 'es'}."
            )
        new = new_name_of(self.session.draft.scope, info.name)
        if (theirs := listing.theirs.get(new)) is not None:
            yield f" The target has {printable(new)} already, with {documents_words(theirs.documents)}."
        if reason := listing.excluded.get(info.name):
            yield f" ! It is left out: {printable(reason)}"
        chosen = set(self.session.draft.chosen)
        needed = [
            f"{printable(one.name)} by {printable(one.by)}{'' if one.name in chosen else ' (not marked)'}"
            for one in listing.needs.get(info.name, ())
        ]
        if needed:
            yield f" It needs {_some(needed)}."
        if others := listing.needed_by(info.name):
            yield f" Needed by {_some([printable(one) for one in others])}."


class AskQuery(Window[str | None]):
    """Asks for a filter, says at once whether it is one, and takes nothing else; gives None for esc."""

    BINDINGS: ClassVar = [Binding("escape", "refuse", show=False)]

    def __init__(self, name: str, value: str) -> None:
        super().__init__()
        self._collection = name
        self._value = value

    def compose(self) -> ComposeResult:
        """Lay out the question and what is said of the answer."""
        with Vertical(classes="dialog"):
            yield Lines([f"Filter of {printable(self._collection)}"], classes="dialog-title")
            yield Prose(_QUERY)
            yield Input(self._value, id="query", select_on_focus=False)
            yield Prose(id="verdict")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say whether it is a filter, as it is typed."""
        event.stop()
        self._check(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take a filter; of anything else it is said what is wrong."""
        event.stop()
        if self._check(event.value):
            self.dismiss(event.value)

    def action_refuse(self) -> None:
        """Go back without one."""
        self.dismiss(None)

    def _check(self, text: str) -> bool:
        verdict = self.query_one("#verdict", Prose)
        if not text.strip():
            verdict.say(["all documents"])
            return True
        try:
            check_query(text, self._collection)
        except TuiMigrateError as error:
            fault = Fault.of(error)
            verdict.say([f"✗ {fault.message}", f"  {fault.hint}"])
            return False
        verdict.say(["✓ a filter; enter takes it"])
        return True


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _NAMED:,} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more
