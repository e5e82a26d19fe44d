"""Conflicts: the queue of the policy `ask`, where the operator decides between the target's and the source's."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.journal.records import DECISIONS, ConflictRecord, ConflictState, RunRecord
from tui_migrate.plan.model import Environment, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import NOTHING, Mask
from tui_migrate.ui.conflict_words import (
    COLUMNS,
    conflict_rows,
    empty_words,
    id_words,
    like_sentences,
    queue_sentences,
    reaches,
)
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.greeting import SLOW_SECONDS
from tui_migrate.ui.look import host_words
from tui_migrate.ui.one_start import OneStart
from tui_migrate.ui.plan_reading import PlanOfRun
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.conflict_document import ConflictScreen
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Row, Table
from tui_migrate.wording import number, run_name
from tui_migrate.worker import control


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
        """The queue, as far as it is shown, also as rows; how many there are in all, and decided of each collection."""

        def __init__(
            self, conflicts: tuple[ConflictRecord, ...], rows: Sequence[Row], total: int, decided: Counter[str]
        ) -> None:
            super().__init__()
            self.conflicts = {str(one.number): one for one in conflicts}
            self.rows = rows
            self.total = total
            self.decided = decided

    def __init__(self, run_id: int) -> None:
        super().__init__()
        self._run_id = run_id
        self._run: RunRecord | None = None
        self._target: StoreEnd | None = None
        self._mask = NOTHING
        self._listed: ConflictsScreen.Listed | None = None
        self._reading: Worker[Any] | None = None
        self._is_old = False
        self._starting = OneStart(self)
        self._plan_reading = PlanOfRun(self)
        self._waited = 0

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the sentences and the queue."""
        yield Prose(id="what")
        yield Table(COLUMNS, empty="Reading the journal…", id="conflicts")

    def on_mount(self) -> None:
        """Let the keys of the table work at once."""
        super().on_mount()
        self.query_one(Table).focus()
        self._waiting = self.set_interval(1.0, self._wait)

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
            f"Both ends have these documents, and they differ. {self.key_of('conflict.keep')} keeps the target's,"
            f" {self.key_of('conflict.replace')} puts the source's in its place, {self.key_of('conflict.like')}"
            " decides for all like the one under the cursor. A decision is recorded at once and can be changed until"
            f" {self.key_of('run.resume')} has a worker write it, with undo. What changed since at either end is asked"
            " about again."
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

    def copyable(self) -> Sequence[Copyable]:
        """The _id under the cursor, and what is said of the document."""
        if (one := self._chosen()) is None:
            return super().copyable()
        return [Copyable("_id", id_words(one, self._mask)), *super().copyable()]

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Read the queue again when the journal has changed."""
        self._run = snapshot.run
        if snapshot.run is None:
            self.query_one("#what", Prose).say(())
            self.query_one(Table).show([], empty=f"There is no run {run_name(self._run_id)}. esc goes back.")
            return
        plan = self._plan_reading.of(snapshot.run)
        if plan is None:
            return  # what may be shown is not known yet
        if self._target is None:
            self._target = plan.target if isinstance(plan.target, StoreEnd) else None
            self._mask = Mask.of_plan(plan)
        self._draw()
        self._read_again()

    def on_conflicts_screen_listed(self, message: Listed) -> None:
        """Show the queue."""
        self._listed = message
        if self._is_old:
            self._is_old, self._reading = False, None
            self._read_again()
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
            self.app.push_screen(ConflictScreen(self._run_id, one, self._mask, self._decide_one))

    def action_conflict_keep(self) -> None:
        """Keep the target's."""
        self._decide_chosen(ConflictState.KEEP)

    def action_conflict_replace(self) -> None:
        """Take the source's."""
        self._decide_chosen(ConflictState.REPLACE)

    def action_conflict_like(self) -> None:
        """Decide for all that are like the one under the cursor."""
        if (one := self._chosen()) is not None:
            self.migrate_app.in_background(self._ask_for_all(one), "conflicts-like")

    def action_run_resume(self) -> None:
        """Have a worker write what is decided."""
        self._starting.resume(self._run_id)

    def go_back(self) -> bool:
        """Give up starting a worker, where that is under way."""
        return self._starting.stop()

    def _chosen(self) -> ConflictRecord | None:
        key = self.query_one(Table).cursor_key if self.is_mounted else None
        return self._listed.conflicts.get(key) if self._listed is not None and key is not None else None

    def _decide_chosen(self, decision: ConflictState) -> None:
        if (one := self._chosen()) is not None:
            self._decide_one(one, decision)

    def _decide_one(self, one: ConflictRecord, decision: ConflictState) -> None:
        """Decide about the document that was seen, wherever the cursor is by now."""
        self.migrate_app.carry_out(self._decide(one, decision))
        if (chosen := self._chosen()) is not None and chosen.number == one.number:
            self.query_one(Table).action_move(1)

    async def _decide(self, one: ConflictRecord, decision: ConflictState) -> None:
        if not await control.decide(self.session.home, self._run_id, decision, seen=one):
            self.notify_line("Not decided: it is written by now, or has changed and is asked about again.")

    def _read_again(self) -> None:
        """Read the queue, and once more if it is just being read: what is read may be of before."""
        if self._reading is not None and not self._reading.is_finished:
            self._is_old = True
            return
        self._reading = self.migrate_app.in_background(self._read(), "conflicts")

    def _wait(self) -> None:
        """Say how long the journal has kept us waiting."""
        if self._listed is not None or self._run is None:
            self._waiting.stop()
            return
        self._waited += 1
        if self._waited >= SLOW_SECONDS:
            empty = f"Reading the journal… {self._waited} s; somebody may hold it. esc goes back."
            self.query_one(Table).show([], empty=empty)

    def _draw(self) -> None:
        run, listed = self._run, self._listed
        if run is None or listed is None:
            return
        said = queue_sentences(run, listed.decided.total(), len(listed.conflicts), listed.total, self.session.keys)
        self.query_one("#what", Prose).say(said)
        self.query_one(Table).show(listed.rows, empty=empty_words(run))

    async def _read(self) -> None:
        conflicts, counts = await self.migrate_app.feed.conflicts(self._run_id)
        decided: Counter[str] = Counter()
        for (name, state), count in counts.items():
            decided[name] += count if state in DECISIONS else 0
        rows = await asyncio.to_thread(conflict_rows, conflicts, self._mask)
        self.post_message(self.Listed(conflicts, rows, sum(counts.values()), decided))

    async def _ask_for_all(self, one: ConflictRecord) -> None:
        alike = await self.migrate_app.feed.alike(self._run_id, one)
        offered = {
            f"{decision.value}-{place}": (decision, reach)
            for place, reach in enumerate(reaches(alike))
            for decision in DECISIONS
        }
        if not offered:
            self.notify_line("Nothing is there to be decided any more.")
            return
        choices = [(key, f"{decision.verb}: {reach.words}") for key, (decision, reach) in offered.items()]
        made = sum(alike.run[decision] for decision in DECISIONS)
        sentences = like_sentences(one, made, self.session.keys)
        chosen = await self.app.push_screen_wait(Choose("Decide for many at once", sentences, choices))
        if chosen is None:
            return
        decision, reach = offered[chosen]
        deciding = control.decide(
            self.session.home,
            self._run_id,
            decision,
            collection=one.collection if reach.is_of_collection else None,
            fields=one.fields if reach.is_like else None,
            overrules=reach.overrules,
        )
        decided = await self.migrate_app.whole_steps.do(deciding)
        if decided:
            self.notify_line(f"{number(decided)} decided: {decision.verb}", is_error=False)
        else:
            self.notify_line("Nothing decided: none of them is open any more.")
