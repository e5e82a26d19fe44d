"""The last step: the sentence that says what will happen, the findings as they come, and the start."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from textual.app import ComposeResult
from textual.message import Message

from tui_migrate.errors import TuiMigrateError
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.states import Stage
from tui_migrate.plan.model import PackageEnd, Plan
from tui_migrate.plan.refusals import Refusals, refusals
from tui_migrate.plan.saving import save
from tui_migrate.redaction import printable
from tui_migrate.ui import consequences
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.backup_first import back_up_target
from tui_migrate.ui.checking import Checked, check
from tui_migrate.ui.draft import Step
from tui_migrate.ui.look import Fault, LookState, Opening
from tui_migrate.ui.next_steps import finding_in_app
from tui_migrate.ui.policy_words import plan_file_words, sentence
from tui_migrate.ui.report_rows import severity_tone, severity_words
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.end_dialogs import absolute, working_folder
from tui_migrate.ui.screens.finding_sheet import FindingSheet
from tui_migrate.ui.screens.new_ends import fault_words
from tui_migrate.ui.screens.new_step import Looked, Started, StepPane
from tui_migrate.ui.screens.type_plan import types_words
from tui_migrate.ui.starting import confirm, have_worker
from tui_migrate.ui.widgets.fitting import fit
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table
from tui_migrate.ui.wording import local_time, number

COLUMNS: Final = (
    Column("Severity", 10),
    Column("Subject", 18),
    Column("Times", 9, right=True, from_width=90),
    Column("Message"),
    Column("Code", 22, from_width=110),
)

PATH_CELLS: Final = 30
"""How wide a path may be in the line that says where the plan is."""


class Saved(Message):
    """The plan is in a file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class BackingUp(Message):
    """How far the backup of the target is that is made first; empty when it is over."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class Starting(Message):
    """Everything is confirmed: the run is being recorded, and its worker started."""


class PreflightPane(StepPane):
    """What the run will do, and what the checks say about it."""

    STEP = Step.PREFLIGHT

    def compose(self) -> ComposeResult:
        """Lay out the step."""
        yield Prose(id="sentence")
        yield Prose(id="types")
        yield Prose(id="checked", classes="dim")
        yield Table(COLUMNS, id="findings")

    def on_mount(self) -> None:
        """Nothing was checked yet, nor is a check being made for a plan that was changed, nor a run started."""
        self._is_anew = False
        self._is_starting = False
        self._backing_up = ""

    @property
    def is_backing_up(self) -> bool:
        """True while the target is backed up before the run: nothing of the run itself is begun then."""
        return bool(self._backing_up)

    @property
    def is_starting(self) -> bool:
        """True from the wish to start until the run has begun, or somebody went back."""
        return self._is_starting

    @property
    def plan(self) -> Plan | None:
        """The plan as it was checked; None before that, and where it was changed since."""
        checked = self._checked()
        return checked.plan if checked is not None else None

    @property
    def can_save(self) -> bool:
        """True where there is a plan to be saved: the checks have come so far."""
        checked = self._checked()
        return checked is not None and checked.plan is not None

    def enter(self) -> None:
        """Take the focus; check what was not checked since the plan was changed."""
        self.draw()
        self.query_one(Table).focus()
        self.begin()

    def begin(self) -> None:
        """Count and check what was not."""
        self._count_mirror()
        if self._checked() is None:
            self._begin()

    def again(self) -> None:
        """Check again; a source that was not listed is listed first."""
        if self.draft.listed is None:
            self.owner.look_at_ends(anew=True)
        self._begin()

    def next_words(self) -> str:
        """Start."""
        if self._backing_up:
            return "the run starts once the backup is checked; esc stops waiting"
        warnings = 0 if self.draft.strict else self._count(Severity.WARNING)
        asked = (
            f", after {_times(warnings, 'warning')} {'is' if warnings == 1 else 'are'} confirmed" if warnings else ""
        )
        first = "backs up the target, then starts" if self.draft.backup_first and self._may_back_up else "starts"
        return f"{self.key_of('new.start')} {first} the run{asked}"

    @property
    def _may_back_up(self) -> bool:
        return not isinstance(self.draft.target, PackageEnd)

    def draw(self) -> None:
        """Show the sentence, how far the checks are, and what they found."""
        checked, looks = self._checked(), self.looks
        if not drafts.what_blocks_request(self.draft):
            count = looks.count_of(drafts.to_request(self.draft))
            said = sentence(self.draft, count, self._documents(), self._refused(checked))
            self.query_one("#sentence", Prose).say([f" {said}", ""])
        self.query_one("#types", Prose).say(list(self._types_words()))
        said_of_checks = self.query_one("#checked", Prose)
        said_of_checks.say([*self._checked_words(checked), ""])
        has_errors = self._count(Severity.ERROR) > 0
        said_of_checks.set_class(has_errors, "-bad")
        said_of_checks.set_class(not has_errors and self._count(Severity.WARNING) > 0, "-warn")
        findings = checked.findings if checked is not None else ()
        rows = [_row(place, one) for place, one in enumerate(findings)]
        empty = "No finding." if checked is not None and checked.state is LookState.DONE else "No finding yet."
        self.query_one(Table).show(rows, empty=empty)

    def _documents(self) -> int:
        """How many documents are meant; the plan, once it is made, has reckoned with filters by `_id`."""
        if (plan := self.plan) is not None:
            return sum(one.documents for one in plan.collections if not one.remove)
        if (source := self.looks.end(self.draft.source)) is None:
            return 0
        chosen = set(self.draft.chosen)
        return sum(one.documents for one in source.collections if one.name in chosen)

    def on_table_opened(self, event: Table.Opened) -> None:
        """Read a finding whole."""
        event.stop()
        checked = self._checked()
        if checked is not None and int(event.key) < len(checked.findings):
            self.app.push_screen(FindingSheet(Stage.VALIDATE, checked.findings[int(event.key)]))

    def start(self) -> None:
        """Have everything confirmed, and start the run."""
        checked = self._checked()
        if checked is not None and checked.plan is not None and checked.state is LookState.DONE:
            said = self.query_one("#sentence", Prose).words.strip()
            warnings = checked.of(Severity.WARNING)
            self._is_starting = True
            self.owner.background(self._start(checked.plan, said, warnings, self._refused(checked)), "start")

    def save(self) -> None:
        """Ask for a file and write the plan to it."""
        checked = self._checked()
        if checked is not None and checked.plan is not None:
            self.owner.background(self._save(checked.plan), "save")

    def on_backing_up(self, event: BackingUp) -> None:
        """Say how far the backup is."""
        event.stop()
        self._backing_up = event.words if self._is_starting else ""
        self.owner.change(self.draft)

    def on_starting(self, event: Starting) -> None:
        """Say that it takes a moment."""
        event.stop()
        is_first = self.draft.backup_first and self._may_back_up
        words = "The target is backed up first…" if is_first else "The run is being started…"
        self.owner.notify_line(words, is_error=False)

    def on_saved(self, event: Saved) -> None:
        """Say where the plan is."""
        event.stop()
        path = fit(printable(event.path.removeprefix(working_folder())), PATH_CELLS)
        words = f"The plan is in {path}: {self.key_of('home.open')} on Home opens it."
        self.owner.notify_line(words, is_error=False)

    async def _start(self, planned: Plan, said: str, warnings: tuple[Finding, ...], refused: Refusals) -> None:
        app, begun = self.owner.migrate_app, None
        try:
            if (plan := await confirm(app, planned, said, warnings, refused)) is not None:
                self.post_message(Starting())
                wants_backup = self.draft.backup_first and self._may_back_up
                back_up = partial(back_up_target, app, plan, self._tell_backup) if wants_backup else None
                begun = await have_worker(app, plan, self.draft.rate_limit, back_up)
        finally:
            self._is_starting = begun is not None
            self.post_message(BackingUp(""))
        if begun is not None:
            self.post_message(Started(*begun))

    def _tell_backup(self, words: str) -> None:
        self.post_message(BackingUp(words))

    async def _save(self, plan: Plan) -> None:
        app = self.owner.migrate_app
        date = time.strftime("%Y-%m-%d", time.localtime(app.session.clock()))
        value = f"{working_folder()}plan-{date}.yaml"
        said = list(plan_file_words(plan))
        while path := await app.push_screen_wait(AskText("Save the plan as", said, value)):
            chosen = absolute(path.strip())
            try:
                await asyncio.to_thread(save, plan, Path(chosen))
            except TuiMigrateError as error:
                fault = Fault.of(error)
                value, said = path, [f"✗ {fault.message}", fault.hint]
            else:
                self.post_message(Saved(chosen))
                return

    def _count_mirror(self) -> None:
        """Count by ids what a mirror deletes and adds, where nobody has counted it: the sentence says it."""
        draft = self.draft
        if not draft.mirror or isinstance(draft.target, PackageEnd) or drafts.what_blocks_request(draft):
            return
        request, session = drafts.to_request(draft), self.owner.session
        if self.looks.count_of(request) is None:
            opening = Opening(session.home, session.passwords, session.clock)
            work = consequences.count(request, opening, lambda one: self.post_message(Looked(one)), exact=False)
            self.owner.background(work, "count")

    def _begin(self) -> None:
        if drafts.what_blocks_request(self.draft):
            return
        request, session, quick = drafts.to_request(self.draft), self.owner.session, self.draft.quick
        self._is_anew = self.looks.is_stale(request, quick=quick)
        opening = Opening(session.home, session.passwords, session.clock)
        self.owner.background(check(request, opening, lambda one: self.post_message(Looked(one)), quick=quick), "check")

    def _checked(self) -> Checked | None:
        """The checks of the plan as it is now."""
        if drafts.what_blocks_request(self.draft):
            return None
        is_stale = self.looks.is_stale(drafts.to_request(self.draft), quick=self.draft.quick)
        return None if is_stale else self.looks.checked

    def _refused(self, checked: Checked | None) -> Refusals:
        """How many documents the target will refuse, as far as the checks know; a package takes all."""
        return refusals(checked.findings) if checked is not None and self._may_back_up else Refusals()

    def _count(self, severity: Severity) -> int:
        checked = self._checked()
        return len(checked.of(severity)) if checked is not None else 0

    def _types_words(self) -> Iterator[str]:
        """What is decided about a package whose form has no types."""
        source, inference = self.draft.source, self.looks.inference_of(self.draft.source)
        if isinstance(source, PackageEnd) and inference is not None:
            yield f" {types_words(inference.fields, source.types)} {self.key_of('new.types')} shows them."

    def _checked_words(self, checked: Checked | None) -> Iterator[str]:
        if self._backing_up:
            yield f" ● {self._backing_up}"
            return
        if checked is None:
            yield (
                " The plan was changed since it was checked." if self.looks.checked is not None else " Not checked yet."
            )
            return
        if checked.state.is_pending:
            doing = "Checking anew, for the plan was changed" if self._is_anew else "Checking"
            doing = "Reading documents to check them" if checked.state is LookState.READING else doing
            yield f" {self.waiting(doing, checked.at)}"
        elif checked.state is LookState.CANCELLED:
            yield f" The checks were cancelled: {self.key_of('look.again')} makes them."
        elif checked.fault is not None:
            yield from fault_words(checked.fault, f"{self.key_of('look.again')} tries again")
        else:
            yield f" {findings_words(checked)} As of {local_time(checked.at)}."


def _row(place: int, one: Finding) -> Row:
    one = finding_in_app(one)
    message = f"{one.subject}: {one.message}"
    cells = (severity_words(one.severity), one.subject, number(one.count), one.message, one.code)
    return Row(str(place), cells, name=message, tone=severity_tone(one.severity))


def findings_words(checked: Checked) -> str:
    """Say how many errors and warnings there are."""
    errors, warnings = len(checked.of(Severity.ERROR)), len(checked.of(Severity.WARNING))
    if not errors and not warnings:
        return "✓ The checks found nothing that stands in the way."
    parts = [_times(errors, "error"), _times(warnings, "warning")]
    return f"{'✗' if errors else '!'} {' and '.join(filter(None, parts))}; enter reads one whole."


def _times(count: int, word: str) -> str:
    return f"{number(count)} {word}{'s' if count != 1 else ''}" if count else ""
