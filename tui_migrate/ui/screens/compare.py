"""Compare: two ends, what each collection has in common, and a plan that makes B equal to A where that is wanted."""

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar, Final

from textual.widget import Widget

from tui_migrate.journal.records import RunRecord, RunSummary
from tui_migrate.plan.equalising import equalising_plan
from tui_migrate.plan.model import Plan
from tui_migrate.redaction import printable
from tui_migrate.ui.actions import Action
from tui_migrate.ui.compare_counts import count_of_collections, later_writer, staleness_words
from tui_migrate.ui.compare_state_words import empty_words, next_words, result_words
from tui_migrate.ui.compare_words import COLUMNS, CollectionRows
from tui_migrate.ui.comparing import Compared
from tui_migrate.ui.draft import Draft, equalising
from tui_migrate.ui.look import LookState
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.compare_choice import SETUP_COLUMNS
from tui_migrate.ui.screens.compare_collection import CompareCollectionScreen
from tui_migrate.ui.screens.compare_ends import EndsChoice
from tui_migrate.ui.screens.compare_saving import save_comparison
from tui_migrate.ui.screens.compare_work import ComparisonWork
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.fitting import cut, fit_ends
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table

RUNS_LOOKED_AT: Final = 100
TICK_SECONDS: Final = 1.0
_ON_CHOICE_LABELS: Final = {"compare.start": "Compare", "compare.plan": "Result"}
_ON_RESULT_LABELS: Final = {"compare.start": "Compare again"}
_BRIEF: Final = {"Compare again": "Again"}
_ON_RESULT: Final = ("compare.save", "compare.open")


class CompareScreen(OperatorScreen):
    """Two ends are chosen, then compared; the session keeps both, also when the screen is left."""

    ACTIONS: ClassVar = (
        "compare.start",
        "compare.swap",
        "compare.plan",
        "compare.ends",
        "compare.save",
        "compare.open",
        "mark.toggle",
        "mark.invert",
        "look.again",
        "table.filter",
        "table.sort",
    )
    NEEDED: ClassVar = (
        "compare.plan",
        "compare.start",
        "mark.toggle",
        "mark.invert",
        "compare.open",
        "app.back",
        "compare.ends",
        "table.filter",
    )

    def __init__(self) -> None:
        super().__init__()
        self._choice = EndsChoice(self)
        self._work = ComparisonWork(self)
        self._marks: frozenset[str] = frozenset()
        self._is_choosing = False
        self._told_at = 0.0
        self._summaries: tuple[RunSummary, ...] = ()
        self._unmarked_for = 0
        self._rows = CollectionRows()

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the choice of the ends and, in its place, what was found."""
        yield Prose(id="what")
        yield FaultPane(id="fault")
        yield Table(SETUP_COLUMNS, id="ends")
        yield Table(COLUMNS, id="collections")
        yield Lines([""], id="next")

    def on_mount(self) -> None:
        """Begin with what was compared last, or with the choice."""
        super().on_mount()
        self.set_interval(TICK_SECONDS, self._tick)
        self._turn()

    def on_resize(self) -> None:
        """Lay out anew what is as wide as the screen."""
        super().on_resize()
        self._draw()

    def on_unmount(self) -> None:
        """Nobody waits for it any more; what was compared can be gone on with."""
        self._choice.stop()
        self._work.stop()

    def subject(self) -> Subject:
        """The newest runs: their ends are offered."""
        return Subject(summaries=RUNS_LOOKED_AT)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Offer the ends of runs, and say where one of them has made old what was found."""
        self._choice.take_runs(snapshot.summaries)
        self._summaries = snapshot.summaries
        self._unmark_what_is_old()
        self._draw()

    def where(self) -> tuple[str, None, str]:
        """What is compared with what, and which of them is production."""
        asked = self.session.asked
        labels = [printable(one.label) if one is not None else "—" for one in (asked.left, asked.right)]
        if asked.left is None and asked.right is None:
            return "compare", None, ""
        room = max(1, self.size.width - len(asked.production) - 30)
        return f"compare   {fit_ends(' → '.join(labels), room)}", None, asked.production

    def help_text(self) -> str:
        """What is compared, and what becomes of it."""
        return (
            "Both ends are read whole, side by side, and nothing is written to either. What was compared is kept"
            f" while it is not done: esc stops, and {self.key_of('compare.start')} goes on from there or begins anew."
            " enter opens a collection: the documents and definitions that differ, and each of them field by field."
            f" Mark the collections that B is to get as A has them; {self.key_of('compare.plan')} makes a plan of that"
            " and checks it, nothing happens before you start it there."
        )

    def is_available(self, action_id: str) -> bool:
        """Keys of the choice before, keys of the result after."""
        match action_id:
            case "compare.start":
                return not self._work.is_under_way and not self.session.asked.blocked and not self._shows_fault
            case "compare.swap":
                return not self._work.is_under_way
            case "compare.ends":
                return self._shows_result and not self._work.is_under_way
            case "compare.plan":
                return bool(self._marked) if self._shows_result else self._known is not None
            case "look.again":
                return self._shows_fault and not self._work.is_under_way
            case "mark.toggle" | "mark.invert":
                return self._shows_result and bool(self._markable)
            case "table.filter" | "table.sort":
                return self._shows_result
        return self._shows_result and self._is_done if action_id in _ON_RESULT else True

    def shown_actions(self) -> tuple[Action, ...]:
        """Say what the keys do to the choice, and what to the result."""
        labels = _ON_RESULT_LABELS if self._shows_result else _ON_CHOICE_LABELS
        named = [(one, labels.get(one.id, one.label)) for one in super().shown_actions()]
        return tuple(replace(one, label=label, brief=_BRIEF.get(label, one.brief)) for one, label in named)

    def go_back(self) -> bool:
        """Stop the comparison first, then go back to the choice of the ends."""
        if self._work.is_under_way:
            self._work.stop()
            self.notify_line(
                f"Stopped; {self.key_of('compare.start')} goes on from here, or begins anew.", is_error=False
            )
            self._draw()
            return True
        return False

    def on_ends_choice_changed(self, event: EndsChoice.Changed) -> None:
        """Take what was chosen; the cursor goes to the other end where that is missing."""
        before = self.session.asked
        now = self.session.asked = event.change(before)
        self._draw()
        if now.left != before.left and now.right is None:
            self.query_one("#ends", Table).move_to("right")
        if event.said:
            self.notify_line(event.said, is_error=False)

    def on_comparison_work_told(self, event: ComparisonWork.Told) -> None:
        """Keep and show what is known; the first key after the end marks."""
        if event.compared.state.is_pending and not self._work.is_under_way:
            return  # sent before it was stopped
        self.session.compared, self._told_at = event.compared, self.session.clock()
        if event.compared.fault is not None and event.compared.fault.databases:
            self._choice.ask_database(event.compared.asked, event.compared.fault.databases)
        self._draw()

    def on_table_opened(self, event: Table.Opened) -> None:
        """Choose what is under the cursor, or look into a collection."""
        event.stop()
        if event.table.id == "collections":
            self.action_compare_open()
        else:
            self._choice.open(event.key)

    def action_compare_start(self) -> None:
        """Compare both ends."""
        self._choice.stop()
        self._is_choosing, self._marks = False, frozenset()
        self._work.begin()
        self._turn()

    def action_look_again(self) -> None:
        """Try again what failed."""
        self.action_compare_start()

    def action_compare_swap(self) -> None:
        """Let A be B; what was found is of before."""
        asked = self.session.asked
        self.session.asked = replace(asked, left=asked.right, right=asked.left)
        self._turn()

    def action_compare_ends(self) -> None:
        """Go back to the choice; what was found stays until something else is compared."""
        self._is_choosing = True
        self._turn()

    def action_compare_plan(self) -> None:
        """From the choice, show what was found; from there, make a plan of the marks and check it."""
        if not self._shows_result:
            self._is_choosing = False
            self._turn()
        elif (plan := self._plan()) is not None:
            self._show_plan(equalising(plan))

    def action_compare_save(self) -> None:
        """Write the plan or the report to a file."""
        if self._known is not None and self._known.comparison is not None:
            self._choice.begin(self._save(self._known))

    def action_compare_open(self) -> None:
        """Look into the collection under the cursor."""
        known, name = self._known, self.query_one("#collections", Table).cursor_key
        if known is None or known.comparison is None:
            return
        for one in known.comparison.collections:
            if one.name == name:
                self.app.push_screen(CompareCollectionScreen(known, one))

    def action_mark_toggle(self) -> None:
        """Mark the collection under the cursor, or take its mark away; the cursor goes on."""
        table = self.query_one("#collections", Table)
        if table.cursor_key is None:
            return
        if table.cursor_key in self._markable:
            self._marks ^= {table.cursor_key}
            self._draw()
        else:
            self.notify_line("A plan has nothing to do there: it is equal, or B alone has it.")
        table.action_move(1)

    def action_mark_invert(self) -> None:
        """Turn the marks of what is shown."""
        shown = {row.key for row in self.query_one("#collections", Table).rows}
        self._marks ^= shown.intersection(self._markable)
        self._draw()

    @property
    def _known(self) -> Compared | None:
        """What is known of what is asked now."""
        known = self.session.compared
        return known if known is not None and known.asked == self.session.asked else None

    @property
    def _is_done(self) -> bool:
        return self._known is not None and self._known.comparison is not None

    @property
    def _shows_result(self) -> bool:
        return self._known is not None and not self._is_choosing

    @property
    def _shows_fault(self) -> bool:
        return self._shows_result and self._known is not None and self._known.state is LookState.FAILED

    @property
    def _markable(self) -> tuple[str, ...]:
        self._rows.use(self._known)
        return self._rows.markable

    @property
    def _marked(self) -> tuple[str, ...]:
        return tuple(name for name in self._markable if name in self._marks)

    def _plan(self) -> Plan | None:
        known, asked = self._known, self.session.asked
        marked = set(self._marked)
        if known is None or known.comparison is None or asked.left is None or asked.right is None or not marked:
            return None
        chosen = tuple(one for one in known.comparison.collections if one.name in marked)
        return equalising_plan(asked.left, asked.right, replace(known.comparison, collections=chosen), known.there)

    def _show_plan(self, draft: Draft) -> None:
        """Check a plan of the marks; what was compared says what it will do, unless a run has written since."""
        known, count = self._known, None
        if known is not None and known.comparison is not None and self._later is None:
            chosen = [one for one in known.comparison.collections if one.name in draft.marks]
            count = count_of_collections(known, draft, chosen)
        self.app.push_screen(NewMigrationScreen(draft, count))

    @property
    def _later(self) -> tuple[RunRecord, str] | None:
        known = self._known
        return later_writer(known, self._summaries) if known is not None and self._is_done else None

    def _unmark_what_is_old(self) -> None:
        """Let marks of before a run that wrote to B go, once: what they were to do may be done."""
        later = self._later
        if later is not None and later[1] == "B" and later[0].id != self._unmarked_for:
            self._unmarked_for, self._marks = later[0].id, frozenset()

    async def _save(self, known: Compared) -> None:
        if said := await save_comparison(self.migrate_app, known, self._plan()):
            self.call_later(self.notify_line, said, is_error=False)

    def _turn(self) -> None:
        """Show the choice or the result, whichever it is now."""
        self._arrange()
        self._draw()

    def _arrange(self) -> None:
        ends, found = self.query_one("#ends", Table), self.query_one("#collections", Table)
        is_result = self._shows_result
        ends.display, found.display = not is_result, is_result
        (found if is_result else ends).focus()

    def _tick(self) -> None:
        if self._work.is_under_way and self.is_current:
            self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        if self.query_one("#collections", Table).display is not self._shows_result:
            self._arrange()  # once: a table that is being taken down is never displayed, whatever it is told
        known, pane = self._known, self.query_one("#fault", FaultPane)
        if self._shows_fault and known is not None and known.fault is not None:
            pane.explain(
                known.fault.message,
                known.fault.hint,
                f"{self.key_of('look.again')} tries again, {self.key_of('compare.ends')} changes the ends.",
            )
        else:
            pane.clear()
        if known is not None and self._shows_result:
            stale = staleness_words(self._later, self.key_of("compare.start"))
            now = self.session.clock()
            said_of = result_words(known, now, self.session.keys, stale, now - (self._told_at or now))
            self.query_one("#what", Prose).say(said_of)
            self._rows.use(known)
            self.query_one("#collections", Table).show(self._rows.rows(self._marks), empty=empty_words(known))
        else:
            said = " Two ends are read whole and compared; nothing is written. enter chooses what is under the cursor."
            self.query_one("#what", Prose).say([said, ""])
            self.query_one("#ends", Table).show(self._choice.rows())
        marks = (len(self._marked), len(self._markable))
        said = next_words(self.session.asked, known, marks, self.session.keys, is_choosing=not self._shows_result)
        self.query_one("#next", Lines).show([cut(f" {said}", max(1, self.size.width))])
        self.refresh_frame()
