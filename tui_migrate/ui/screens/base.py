"""What every screen is: a line on top that says where you are, the screen's own body, and the footer.

A screen names its actions by their ids, draws from the snapshots that the feed gives it, and is not fed while another
one covers it.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from tui_migrate.plan.model import Environment
from tui_migrate.ui.actions import EVERYWHERE, Action, bindings, in_order
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.screens.window import keys_above
from tui_migrate.ui.session import Session
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.fitting import fit
from tui_migrate.ui.widgets.footer import KeyFooter
from tui_migrate.ui.widgets.leaving import Leaving
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.note import Note
from tui_migrate.ui.widgets.table import Table

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

LEAST_RIGHT: Final = 28
"""Cells at the right of a head that are never cut: how dangerous a place is fits them."""
_PROGRAM: Final = " tui-migrate   "


class OperatorScreen(Leaving, Screen[None]):
    """The base of all full screens.

    Subclasses set `ACTIONS` (ids of the registry, each with a method `action_group_name`), give their body in
    `compose_body`, and override `subject`, `show_snapshot`, `is_available`, `where` and `help_text` as they need.
    """

    ACTIONS: ClassVar[tuple[str, ...]] = ()
    NEEDED: ClassVar[tuple[str, ...]] = ()
    """Which of the actions stand in the footer first where it has no room for all."""

    AUTO_FOCUS = ""

    is_fed = False
    """True once the screen has shown what the journal says, or that it cannot be read."""

    def __init_subclass__(cls, **options: Any) -> None:
        cls.BINDINGS = bindings(*cls.ACTIONS)
        super().__init_subclass__(**options)

    @property
    def migrate_app(self) -> "MigrateApp":
        """The app, with its own type."""
        return cast("MigrateApp", self.app)

    @property
    def is_topmost(self) -> bool:
        """True where nothing lies over it, and it was not left."""
        return self.app.screen_stack[-1:] == [self]

    @property
    def session(self) -> Session:
        """What all screens share."""
        return self.migrate_app.session

    def key_of(self, action_id: str) -> str:
        """Name the key that an action has now, for a sentence."""
        return self.session.keys.of(action_id)

    async def _dispatch_message(self, message: Message) -> None:
        """Open nothing for the second of two keys: the first has put another screen over this one by then."""
        if not (isinstance(message, Table.Opened) and not self.is_topmost):
            await super()._dispatch_message(message)

    def compose(self) -> ComposeResult:
        """Lay out head, body and footer."""
        yield Lines([""], classes="head")
        yield FaultPane(classes="journal-fault")
        yield from self.compose_body()
        with Vertical(classes="foot"):
            yield Note()
            yield KeyFooter()

    def compose_body(self) -> Iterable[Widget]:
        """Give what is between head and footer."""
        return ()

    def subject(self) -> Subject:
        """What the screen wants to see of the journal."""
        return Subject()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw what the journal says now."""

    def show_journal_fault(self, reason: str) -> None:
        """Say that the journal cannot be read. What the screen shows stays, and is of before."""
        for pane in self.query(".journal-fault").results(FaultPane):
            pane.explain(reason, "It is tried again each second. Runs at work go on; nothing here is lost.")

    def clear_journal_fault(self) -> None:
        """The journal can be read again."""
        for pane in self.query(".journal-fault").results(FaultPane):
            pane.clear()

    def copyable(self) -> Sequence[Copyable]:
        """What of this screen can be copied, that under the cursor first."""
        shown = (one for one in self.query(Table) if one.is_on_screen)
        table = self.focused if isinstance(self.focused, Table) else next(shown, None)
        row = table.cursor_row if table is not None else None
        return [] if row is None else [Copyable("name", row.name or row.key)]

    def is_available(self, action_id: str) -> bool:
        """Say whether an action can be taken now; others are left out of footer and palette and do nothing."""
        return True

    def go_back(self) -> bool:
        """Do what `esc` means here, if it means something else than leaving the screen; say whether it did."""
        return False

    def has_unsaved(self) -> bool:
        """Say whether something was typed here that nothing keeps once the screen is gone."""
        return False

    def where(self) -> tuple[str, Environment | None, str]:
        """The head: words at the left, the environment of the target, and what is said beside it at the right."""
        return "", None, ""

    def help_text(self) -> str:
        """A few sentences about this screen, for `?`."""
        return ""

    def on_mount(self) -> None:
        """Draw the head for the first time."""
        self.refresh_frame()

    def on_screen_resume(self) -> None:
        """Be fed again."""
        self.migrate_app.feed.watch(self.subject())
        self.refresh_frame()

    def on_screen_suspend(self) -> None:
        """Say which keys work in the window that covers the screen."""
        self.refresh_frame()

    def on_plan_of_run_read(self) -> None:
        """Draw anew, with what only the plan says; covered by another screen, it is fed when it comes back."""
        if self.migrate_app.operator_screen is self:
            self.migrate_app.feed.watch(self.subject())

    def on_one_start_over(self) -> None:
        """Other keys work again."""
        self.refresh_frame()

    def on_resize(self) -> None:
        """Lay the head out anew."""
        self.refresh_frame()

    def on_descendant_focus(self) -> None:
        """Another widget may have other keys."""
        self.refresh_frame()

    def refresh_frame(self) -> None:
        """Draw head and footer as they are now."""
        if not self.is_mounted or self._pruning or not self.query(KeyFooter):
            return
        shown = self.shown_actions()
        if isinstance(self.focused, Input):  # which takes every character
            shown = tuple(by_key for one in shown if (by_key := one.while_typing()) is not None)
        footer = self.query_one(KeyFooter)
        footer.cover(keys_above(self.app.screen) if self.app.screen_stack else None)
        footer.show(shown, self.NEEDED)
        self.query_one(".head", Lines).show([self._head()])

    def shown_actions(self) -> tuple[Action, ...]:
        """The actions that work here now, in the order of the registry."""
        ids = [one for one in (*self.ACTIONS, *self._table_actions(), *EVERYWHERE) if self.is_available(one)]
        return self.session.keys.in_order(ids)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let Textual ask what `is_available` says.

        A key that came while a window was opening over the screen is not meant for what lies beneath.
        """
        if not self.is_topmost:
            return False
        found = next((one for one in in_order(self.ACTIONS) if one.method == action), None)
        return True if found is None else self.is_available(found.id)

    def leave(self) -> None:
        """Go to the screen before, from whatever was opened over this one meanwhile."""
        while self in self.app.screen_stack:
            self.app.pop_screen()

    def go_over_to(self, screen: "OperatorScreen") -> None:
        """Put another screen in the place of this one and of whatever was opened over it meanwhile."""
        while self in self.app.screen_stack[:-1]:
            self.app.pop_screen()
        self.app.switch_screen(screen)

    def notify_line(self, text: str, *, is_error: bool = True) -> None:
        """Say one line above the footer until the next key."""
        self.migrate_app.say(text, is_error=is_error)

    def action_table_filter(self) -> None:
        """Ask what the rows of the table in focus have to hold."""
        if isinstance(self.focused, Table):
            self.migrate_app.ask_filter(self.focused)

    def action_table_sort(self) -> None:
        """Sort the table in focus by its next column."""
        if isinstance(self.focused, Table):
            self.focused.sort_by_next()

    def _table_actions(self) -> tuple[str, ...]:
        return ("table.filter",) if self.query(Table) and "table.filter" in self.ACTIONS else ()

    def _head(self) -> Text:
        left, environment, right = self.where()
        words = environment_words(environment, right) if environment is not None else right
        width = self.size.width
        if environment is None:
            words = fit(words, max(LEAST_RIGHT, width - cell_len(left) - cell_len(_PROGRAM) - 3))
        left = fit(f"{_PROGRAM}{left}", max(1, width - cell_len(words) - 3))
        space = " " * max(1, width - cell_len(left) - cell_len(words) - 1)
        head = Text(left + space, end="")
        head.append(words, style="bold" if environment is Environment.PRODUCTION else "")
        return head


def environment_words(environment: Environment, place: str) -> str:
    """Say in words how dangerous a place is: `PRODUCTION TARGET prod/shop`."""
    return f"{environment.value.upper()} TARGET {place}".rstrip()
