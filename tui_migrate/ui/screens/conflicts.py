"""Conflicts: the queue of the policy `ask`, where the operator decides between theirs and ours."""

import asyncio
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.errors import TuiMigrateError
from tui_migrate.journal.records import DECISIONS, ConflictRecord, ConflictState, RunRecord
from tui_migrate.plan.model import Environment, Plan, StoreEnd
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import Mask
from tui_migrate.ui.conflict_words import COLUMNS, comparison, conflict_rows, queue_sentences, sheet_words
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.look import Fault, first_error, host_words
from tui_migrate.ui.resuming import plan_of, resume
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table
from tui_migrate.wording import number, run_name
from tui_migrate.worker import control
from tui_migrate.worker.conflict_documents import Sides, read_sides

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

_VERBS: Final = {ConflictState.KEEP: "keep theirs", ConflictState.REPLACE: "replace by ours"}


class ConflictsScreen(OperatorScreen):
    """The queue of one run."""

    ACTIONS = (
        "run.open",
        "run.resume",
        "conflict.keep",
        "conflict.replace",
        "conflict.like",
        "table.filter",
        "table.sort",
    )

    class Listed(Message):
        """The queue, as far as it is shown, and how many there are in all and decided."""

        def __init__(self, conflicts: tuple[ConflictRecord, ...], total: int, decided: int) -> None:
            super().__init__()
            self.conflicts = conflicts
            self.total = total
            self.decided = decided

    def __init__(self, run_id: int) -> None:
        super().__init__()
        self._run_id = run_id
        self._run: RunRecord | None = None
        self._target: StoreEnd | None = None
        self._listed: ConflictsScreen.Listed | None = None

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the sentences and the queue."""
        yield Prose(id="what")
        yield Table(COLUMNS, empty="Reading the journal…", id="conflicts")

    def on_mount(self) -> None:
        """Let the keys of the table work at once."""
        super().on_mount()
        self.query_one(Table).focus()

    def subject(self) -> Subject:
        """The run whose queue it is."""
        return Subject(run_id=self._run_id)

    def where(self) -> tuple[str, Environment | None, str]:
        """Which run, and how dangerous its target is."""
        left = f"run {run_name(self._run_id)} › conflicts"
        if self._run is None or self._target is None:
            return left, None, ""
        return left, self._run.environment, printable(host_words(self._target))

    def help_text(self) -> str:
        """What a decision is, and when it is written."""
        return (
            "Both ends have these documents, and they differ. N keeps the target's, Y puts the source's in its place, E"
            " decides for all like the one under the cursor. A decision is recorded at once and can be changed until u"
            " has a worker write it, with undo. What changed since at either end is asked about again."
        )

    def is_available(self, action_id: str) -> bool:
        """Say what the run and the row under the cursor allow."""
        if action_id == "run.resume":
            return self._run is not None and self._run.state.is_resumable
        if action_id == "run.open":
            return self._chosen() is not None
        if action_id.startswith("conflict."):
            one = self._chosen()
            is_over = self._run is None or self._run.state.is_final
            return not is_over and one is not None and one.state in (ConflictState.OPEN, *DECISIONS)
        return True

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Read the queue again when the journal has changed."""
        self._run = snapshot.run
        if snapshot.run is None:
            self.query_one(Table).show([], empty=f"There is no run {run_name(self._run_id)}. esc goes back.")
            return
        if self._target is None:
            target = from_yaml(snapshot.run.plan, f"plan of run {run_name(self._run_id)}").target
            self._target = target if isinstance(target, StoreEnd) else None
        self._draw()
        self.migrate_app.in_background(self._read(), "conflicts")

    def on_conflicts_screen_listed(self, message: Listed) -> None:
        """Show the queue."""
        self._listed = message
        self._draw()
        self.refresh_frame()

    def on_table_opened(self) -> None:
        """Compare the document under the cursor."""
        self.action_run_open()

    def on_table_moved(self) -> None:
        """Other rows have other keys."""
        self.refresh_frame()

    def action_run_open(self) -> None:
        """Compare the document under the cursor."""
        if (one := self._chosen()) is not None:
            self.app.push_screen(ConflictSheet(self._run_id, one), self._decide_one)

    def action_conflict_keep(self) -> None:
        """Keep the target's."""
        self._decide_one(ConflictState.KEEP)

    def action_conflict_replace(self) -> None:
        """Take the source's."""
        self._decide_one(ConflictState.REPLACE)

    def action_conflict_like(self) -> None:
        """Decide for all that are like the one under the cursor."""
        if (one := self._chosen()) is not None:
            self.migrate_app.in_background(self._ask_for_all(one), "conflicts-like")

    def action_run_resume(self) -> None:
        """Have a worker write what is decided."""
        self.migrate_app.in_background(self._resume(), "resume")

    def _chosen(self) -> ConflictRecord | None:
        key = self.query_one(Table).cursor_key if self.is_mounted else None
        listed = self._listed.conflicts if self._listed is not None else ()
        return next((one for one in listed if str(one.number) == key), None)

    def _decide_one(self, decision: ConflictState | None) -> None:
        one = self._chosen()
        if decision is not None and one is not None and self.is_available("conflict.keep"):
            deciding = control.decide(self.session.home, self._run_id, decision, numbers=[one.number])
            self.migrate_app.in_background(deciding, f"decide-{one.number}")
            self.query_one(Table).action_move(1)

    def _draw(self) -> None:
        run, listed = self._run, self._listed
        if run is None or listed is None:
            return
        said = queue_sentences(run, listed.decided, len(listed.conflicts), listed.total)
        self.query_one("#what", Prose).say(said)
        self.query_one(Table).show(conflict_rows(listed.conflicts), empty="The run has asked about nothing.")

    async def _read(self) -> None:
        conflicts, counts = await self.migrate_app.feed.conflicts(self._run_id)
        decided = sum(count for (_, state), count in counts.items() if state in DECISIONS)
        self.post_message(self.Listed(conflicts, sum(counts.values()), decided))

    async def _ask_for_all(self, one: ConflictRecord) -> None:
        name = printable(one.collection)
        likes = {"fields": f"all of {name} that differ in the same fields", "all": f"all of {name}"}
        choices = [
            (f"{decision.value}-{like}", f"{_VERBS[decision]}: {words}")
            for like, words in likes.items()
            for decision in DECISIONS
        ]
        sentences = ("It is decided for all that are not written yet, those decided otherwise too.",)
        chosen = await self.app.push_screen_wait(Choose("Decide for all like it", sentences, choices))
        if chosen is None:
            return
        decision, _, like = chosen.partition("-")
        decided = await control.decide(
            self.session.home,
            self._run_id,
            ConflictState(decision),
            collection=one.collection,
            fields=one.fields if like == "fields" else None,
        )
        self.notify_line(f"{number(decided)} decided: {_VERBS[ConflictState(decision)]}", is_error=False)

    async def _resume(self) -> None:
        if await resume(self.migrate_app, self._run_id):
            self.notify_line("A worker has taken the run up.", is_error=False)


class ConflictSheet(Window[ConflictState | None]):
    """One document: theirs and ours, read anew when the sheet is opened; gives what was decided, None for esc."""

    BINDINGS: ClassVar = [
        Binding("escape,q,enter", "close", show=False),
        Binding("N", "decide('keep')", show=False),
        Binding("Y", "decide('replace')", show=False),
    ]

    class Read(Message):
        """What stands under the head of the sheet."""

        def __init__(self, paragraphs: list[str]) -> None:
            super().__init__()
            self.paragraphs = paragraphs

    def __init__(self, run_id: int, conflict: ConflictRecord) -> None:
        super().__init__()
        self._run_id = run_id
        self._conflict = conflict
        self._reading: Worker[Any] | None = None

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with Vertical(classes="sheet"):
            yield Pager([*sheet_words(self._conflict), "", "Reading both ends… esc goes back."])

    def on_mount(self) -> None:
        """Let the keys move the text, and read."""
        self.query_one(Pager).focus()
        self._reading = self._migrate_app.in_background(self._read(), "conflict-document")

    def on_conflict_sheet_read(self, message: Read) -> None:
        """Show what was read."""
        keys = "N keeps theirs, Y replaces it by ours, esc goes back"
        self.query_one(Pager).say([*sheet_words(self._conflict), *message.paragraphs, "", keys])

    def action_close(self) -> None:
        """Go back undecided; what is still being read is given up."""
        self._leave(None)

    def action_decide(self, decision: str) -> None:
        """Go back with a decision."""
        self._leave(ConflictState(decision))

    def _leave(self, decision: ConflictState | None) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self.dismiss(decision)

    @property
    def _migrate_app(self) -> "MigrateApp":
        return cast("MigrateApp", self.app)

    async def _read(self) -> None:
        app = self._migrate_app
        try:
            plan = await plan_of(app, self._run_id)
            if not await have_passwords(app, (plan.source, plan.target)):
                paragraphs = ["", "✗ Without the passwords the ends cannot be read."]
            else:
                sides = await read_sides(app.session.home, plan, app.session.passwords, self._conflict)
                paragraphs = await asyncio.to_thread(comparison, self._shown(plan, sides))
        except* TuiMigrateError as group:
            fault = Fault.of(first_error(group))
            paragraphs = ["", f"✗ {fault.message}", *([f"  {fault.hint}"] if fault.hint else [])]
        self.post_message(self.Read(paragraphs))

    def _shown(self, plan: Plan, sides: Sides) -> Sides:
        """Give both without what the plan's catalog calls sensitive."""
        mask, name, key = Mask.of_plan(plan), self._conflict.collection, secrets.token_bytes(16)
        ours, theirs = (None if one is None else mask.document(name, one, key) for one in (sides.ours, sides.theirs))
        return Sides(ours, theirs, sides.is_as_queued)
