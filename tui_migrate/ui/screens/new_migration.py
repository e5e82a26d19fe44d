"""New migration: one step visible, the steps on top, and a line that says what comes next or what is missing."""

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Final

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

from tui_migrate.plan.environments import current_if_known
from tui_migrate.plan.model import Environment, PackageEnd, RunKind, StoreEnd
from tui_migrate.plan.yaml_form import to_yaml
from tui_migrate.redaction import printable
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.actions import Action
from tui_migrate.ui.consequences import Count
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.look import ConnectionsRead, EndLook, host_words
from tui_migrate.ui.screens.base import OperatorScreen, environment_words
from tui_migrate.ui.screens.new_collections import CollectionsPane
from tui_migrate.ui.screens.new_ends import EndsPane
from tui_migrate.ui.screens.new_looking import Looking
from tui_migrate.ui.screens.new_policy import PolicyPane
from tui_migrate.ui.screens.new_preflight import PreflightPane
from tui_migrate.ui.screens.new_step import Looked, Started, StepPane, steps_line
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.screens.run_view import BESIDE_ENDS
from tui_migrate.ui.screens.type_plan import TypePlanScreen
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.fitting import cut, fit_ends
from tui_migrate.ui.widgets.lines import Lines

RUNS_LOOKED_AT: Final = 100
"""So many of the newest runs give the pairs of ends that were used before."""
STALE_SECONDS: Final = 120.0
"""A look at an end that is older is made anew when the screen is opened."""
TICK_SECONDS: Final = 1.0

_STEPS_OF: Final = {
    "new.previous": (Step.COLLECTIONS, Step.POLICY, Step.PREFLIGHT),
    "new.next": (Step.ENDS, Step.COLLECTIONS, Step.POLICY),
    "new.swap": (Step.ENDS,),
    "new.test": (Step.ENDS,),
    "new.exact": (Step.POLICY,),
    "new.more": (Step.POLICY,),
    "new.start": (Step.PREFLIGHT,),
    "new.save": (Step.PREFLIGHT,),
    "new.types": (Step.PREFLIGHT,),
    "mark.toggle": (Step.COLLECTIONS, Step.POLICY),
    "mark.invert": (Step.COLLECTIONS,),
    "mark.pattern": (Step.COLLECTIONS,),
    "sheet.open": (Step.COLLECTIONS,),
    "look.again": (Step.COLLECTIONS, Step.POLICY, Step.PREFLIGHT),
    "table.filter": (Step.COLLECTIONS,),
    "table.sort": (Step.COLLECTIONS,),
}


class NewMigrationScreen(OperatorScreen):
    """Makes the plan that the session's draft stands for, or `draft` from now on, and starts it."""

    ACTIONS = tuple(_STEPS_OF)
    NEEDED = (
        "new.next",
        "new.start",
        "mark.toggle",
        "mark.invert",
        "new.more",
        "new.exact",
        "new.types",
        "sheet.open",
        "table.filter",
    )

    def __init__(self, draft: Draft | None = None, count: Count | None = None) -> None:
        """Begin with a draft, and with what is counted of it, where somebody has done so."""
        super().__init__()
        self._begun_with = draft
        self._counted = count
        self._looking = Looking(self)
        self._was_covered = False

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the steps; one of them is shown."""
        yield Lines([""], id="steps")
        yield EndsPane(classes="step")
        yield CollectionsPane(classes="step")
        yield PolicyPane(classes="step")
        yield PreflightPane(classes="step")
        yield Lines([""], id="next")

    def on_mount(self) -> None:
        """Go to the step where the draft was left."""
        if self._begun_with is not None:
            self.migrate_app.unfinished.begin(self._begun_with)
            self.session.draft = self._begun_with
        self._take_environments()
        old = self.session.clock() - STALE_SECONDS
        self.session.looks.forget_older(old)
        if self._counted is not None:
            self.session.looks.keep(self._counted)
        super().on_mount()
        self.set_interval(TICK_SECONDS, self._tick)
        self._enter()

    def on_unmount(self) -> None:
        """Nobody waits for the looks any more."""
        self._looking.cancel()

    def on_descendant_focus(self) -> None:
        """What comes next depends on where the keys go."""
        super().on_descendant_focus()
        self._draw()

    def on_screen_resume(self) -> None:
        """Another screen may have changed the draft meanwhile: the plan is another then, and is checked anew."""
        super().on_screen_resume()
        if self._was_covered:
            self._take_environments()
            self._was_covered = False
            self._draw()
        if self.session.draft.step is Step.PREFLIGHT and self.session.looks.checked is not None:
            self._preflight.enter()
            self._draw()

    def shown_actions(self) -> tuple[Action, ...]:
        """Say what the key that marks does to a policy, and to an option; a start is offered where it can be."""
        shown, step = super().shown_actions(), self.session.draft.step
        if step is Step.PREFLIGHT and self._blocked():
            return tuple(one for one in shown if one.id != "new.start")
        if step is not Step.POLICY or not self.is_mounted:
            return shown
        word = self.query_one(PolicyPane).choosing_word
        return tuple(replace(one, label=word) if one.id == "mark.toggle" else one for one in shown)

    def subject(self) -> Subject:
        """The newest runs: their ends are offered first."""
        return Subject(summaries=RUNS_LOOKED_AT)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Let the steps know."""
        for pane in self.query(StepPane):
            pane.take_snapshot(snapshot)

    def where(self) -> tuple[str, Environment | None, str]:
        """What goes where, and how dangerous the target is."""
        draft = self.session.draft
        environment: Environment | None = None
        right = ""
        if isinstance(draft.target, StoreEnd):
            environment, right = draft.target.environment, printable(host_words(draft.target))
        else:
            right = self._source_words()
        said = environment_words(environment, right) if environment is not None else right
        if draft.source is None and draft.target is None:
            return "new migration", None, ""
        labels = (printable(end.label) if end is not None else "—" for end in (draft.source, draft.target))
        what = {RunKind.EXPORT: "export", RunKind.IMPORT: "import"}.get(draft.kind or RunKind.COPY, "copy")
        words = f"new {what}   "
        room = self.size.width - cell_len(said) - cell_len(words) - BESIDE_ENDS
        return words + fit_ends(" → ".join(labels), max(1, room)), environment, right

    def help_text(self) -> str:
        """What the steps are for."""
        return (
            "A plan is made in four steps: from where to where, which collections, what becomes of documents that the "
            "target has already, and the checks. Go back and forth as you like; nothing is lost, also when you leave "
            f"this screen. Nothing is written before {self.key_of('new.start')} on the last step."
        )

    def copyable(self) -> Sequence[Copyable]:
        """The name or finding under the cursor, and the plan once it was made."""
        plan = self._preflight.plan if self.session.draft.step is Step.PREFLIGHT else None
        return [*super().copyable(), *([Copyable("plan", to_yaml(plan))] if plan is not None else [])]

    def is_available(self, action_id: str) -> bool:
        """Each step has its own keys."""
        step = self.session.draft.step
        if step not in _STEPS_OF.get(action_id, (step,)):
            return False
        if action_id == "new.exact":
            return not isinstance(self.session.draft.target, PackageEnd)
        if action_id == "new.types":
            return self.session.looks.inference_of(self.session.draft.source) is not None
        return action_id != "new.save" or self._preflight.can_save

    def go_back(self) -> bool:
        """Cancel what is being looked at; then go a step back; then leave the screen, with the draft kept."""
        if self._preflight.is_backing_up:
            self._looking.stop("start")
            said = "Stopped waiting: a backup that was begun goes on, and nothing else was started."
            self.notify_line(said, is_error=False)
            return True
        if self._preflight.is_starting:
            self.notify_line(f"The run is being started: {self.key_of('run.cancel')} on its screen cancels it.")
            return True
        if self._looking.is_under_way:
            self._looking.cancel()
            self._draw()
            self.notify_line("Cancelled; what is known already stays.", is_error=False)
            return True
        if self.session.draft.step is Step.POLICY and self.query_one(PolicyPane).close_options():
            return True
        if self.session.draft.step > Step.ENDS:
            self.action_new_previous()
            return True
        return False

    def background(self, work: Coroutine[object, object, object], group: str) -> None:
        """Look at something beside the screen; the next of a group takes the place of the last."""
        self._looking.begin(work, group)

    def look_at_ends(self, *, anew: bool = False) -> None:
        """Look at both ends as far as they are not known, or `anew`."""
        self._looking.at_ends(anew=anew)

    def change(self, draft: Draft) -> None:
        """Take another draft and draw it."""
        self.session.draft = draft
        self._draw()

    def on_looked(self, event: Looked) -> None:
        """Keep what was found, and draw it."""
        event.stop()
        is_pending = not isinstance(event.value, ConnectionsRead) and event.value.state.is_pending
        if is_pending and not self._looking.is_under_way:
            return  # sent before it was cancelled
        self.session.looks.keep(event.value)
        if isinstance(event.value, EndLook) and event.value.end == self.session.draft.source:
            self._looking.take_listing(event.value)
            if event.value.fault is not None and event.value.fault.databases and self._pane.STEP is Step.ENDS:
                self.query_one(EndsPane).offer_databases(event.value)
        if isinstance(event.value, EndLook) and not is_pending and not self._waits_for_ends:
            self._pane.begin()  # of a plan that was gone on with, no step could begin before its source was listed
        self._draw()

    def on_started(self, event: Started) -> None:
        """Go over to the run; the next plan begins afresh."""
        event.stop()
        self.session.draft = Draft()
        self.migrate_app.unfinished.note(self.session.draft)
        self.session.looks.forget()
        self.go_over_to(RunScreen(event.run_id, event.fault))

    def action_new_next(self) -> None:
        """Go on to the next step, if nothing blocks it."""
        draft = self.session.draft
        if blocked := self._blocked():
            self._say_blocked(blocked)
        elif draft.step < Step.PREFLIGHT:
            self._go_to(Step(draft.step + 1))

    def action_new_previous(self) -> None:
        """Go back to the step before."""
        self._go_to(Step(max(Step.ENDS, self.session.draft.step - 1)))

    def action_new_swap(self) -> None:
        """Swap the ends."""
        draft = self.session.draft
        if draft.source is None and draft.target is None:
            self.notify_line("No end is chosen yet.")
            return
        self.change(drafts.swapped(draft))
        self.look_at_ends()

    def action_new_test(self) -> None:
        """Connect to both ends anew."""
        self._pane.again()

    def action_look_again(self) -> None:
        """Look again at what the step shows."""
        self._pane.again()

    def action_new_exact(self) -> None:
        """Read both ends whole and count."""
        self.query_one(PolicyPane).count_exactly()

    def action_new_more(self) -> None:
        """Show or hide the options."""
        self.query_one(PolicyPane).turn_options()

    def action_new_start(self) -> None:
        """Start the run, after what has to be confirmed was, or say why not; never twice."""
        if blocked := self._blocked():
            self._say_blocked(blocked)
        elif not self._preflight.is_starting:
            self._preflight.start()

    def action_new_save(self) -> None:
        """Write the plan to a file."""
        self._preflight.save()

    def action_new_types(self) -> None:
        """Decide what the fields of a package without types become."""
        source, inference = self.session.draft.source, self.session.looks.inference_of(self.session.draft.source)
        if isinstance(source, PackageEnd) and inference is not None:
            self.app.push_screen(TypePlanScreen(source, inference))

    def action_mark_toggle(self) -> None:
        """Mark a collection, or choose a policy."""
        pane = self._pane
        if isinstance(pane, CollectionsPane):
            pane.toggle()
        elif isinstance(pane, PolicyPane):
            pane.choose()

    def action_mark_invert(self) -> None:
        """Turn the marks."""
        self.query_one(CollectionsPane).invert()

    def action_mark_pattern(self) -> None:
        """Ask for a pattern of names, and mark these."""
        self.query_one(CollectionsPane).ask_pattern()

    def action_sheet_open(self) -> None:
        """Show the collection under the cursor."""
        self.query_one(CollectionsPane).open_sheet()

    def on_resize(self) -> None:
        """Lay out anew what is as wide as the screen."""
        super().on_resize()
        self._draw()

    def on_screen_suspend(self) -> None:
        """What covers this screen may change the draft."""
        self._was_covered = True

    def action_table_filter(self) -> None:
        """Ask which collections to show."""
        self.query_one(CollectionsPane).ask_filter()

    @property
    def _pane(self) -> StepPane:
        step = self.session.draft.step
        return next(one for one in self.query(StepPane) if step is one.STEP)

    @property
    def _waits_for_ends(self) -> bool:
        draft, looks = self.session.draft, self.session.looks
        known = (looks.end(one) for one in (draft.source, draft.target))
        return any(one is not None and one.state.is_pending for one in known)

    @property
    def _preflight(self) -> PreflightPane:
        return self.query_one(PreflightPane)

    def _take_environments(self) -> None:
        """Take both ends as their connections are now: a plan that was saved may know a milder word."""
        draft, home = self.session.draft, self.session.home
        source, target = (end and current_if_known(end, home) for end in (draft.source, draft.target))
        self.session.draft = replace(draft, source=source, target=target)

    def _source_words(self) -> str:
        """Say that reading is dangerous too: production bears the load of it."""
        source = self.session.draft.source
        is_production = isinstance(source, StoreEnd) and source.environment is Environment.PRODUCTION
        return "SOURCE: PRODUCTION" if is_production else ""

    def _blocked(self) -> str:
        draft, keys = self.session.draft, self.session.keys
        blocked = drafts.what_blocks(draft, draft.step, keys) or self.session.looks.what_blocks(draft, draft.step, keys)
        return self.query_one(EndsPane).blocked_words(blocked) if draft.step is Step.ENDS else blocked

    def _say_blocked(self, blocked: str) -> None:
        self.notify_line(f"{blocked[:1].upper()}{blocked[1:]}.")

    def _go_to(self, step: Step) -> None:
        if step is not self.session.draft.step:
            self.session.draft = drafts.at_step(self.session.draft, step)
            self._enter()

    def _enter(self) -> None:
        for pane in self.query(StepPane):
            pane.display = pane.STEP is self.session.draft.step
        self.look_at_ends()
        self._pane.enter()
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        draft = self.session.draft
        self.migrate_app.unfinished.note(draft)
        self._pane.draw()
        beside = self._source_words() if isinstance(draft.target, StoreEnd) else ""  # else the head says it
        steps = Text(steps_line(draft.step, beside, self.size.width), end="")
        steps.highlight_words([f"● {draft.step.value} {draft.step.title}", *([beside] if beside else [])], "bold")
        self.query_one("#steps", Lines).show([steps])
        blocked = self._blocked()
        words = f" Not yet: {blocked}." if blocked else f" Next: {self._pane.next_words()}."
        line = self.query_one("#next", Lines)
        line.set_class(bool(blocked), "-blocked")
        line.show([cut(words, max(1, self.size.width))])
        self.refresh_frame()

    def _tick(self) -> None:
        if self.session.looks.is_pending and self.is_current:
            self._draw()
