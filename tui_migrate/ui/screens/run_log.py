"""The run's log, and what it found and what failed: two sheets as wide as the screen."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from textual.message import Message
from textual.widget import Widget

from tui_migrate.errors import InvalidFile, RunNotFound
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Event, RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import masked_run
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.look import Fault
from tui_migrate.ui.next_steps import failure_hint, finding_in_app
from tui_migrate.ui.run_rows import UNDECIDED
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.finding_sheet import FindingSheet
from tui_migrate.ui.screens.run_view import asks_only, clock_time, head_right
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table, Tone
from tui_migrate.ui.wording import local_time, path_words
from tui_migrate.wording import number, run_name

LINES_READ: Final = 10_000
"""So many lines of a log are shown, the latest."""

_LOG: Final = (Column("Time", 8), Column("What happened"), Column("Severity", 8, from_width=100))
_ERRORS: Final = (Column("Severity", 9), Column("Code", 20), Column("Subject"), Column("Times", 7, right=True))
_MARKS: Final = {Severity.ERROR: "✗ error", Severity.WARNING: "! warning", Severity.NOTE: "· note"}
_TONES: Final = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARN, Severity.NOTE: Tone.PLAIN}


class RunSheet(OperatorScreen):
    """A table about one run, and below it the row under the cursor in full."""

    ACTIONS: ClassVar[tuple[str, ...]] = ("table.filter", "table.sort")
    TITLE_WORD = ""

    def __init__(self, run_id: int) -> None:
        super().__init__()
        self._run_id = run_id
        self._run: RunRecord | None = None

    def subject(self) -> Subject:
        """The one run, whole."""
        return Subject(run_id=self._run_id)

    def where(self) -> tuple[str, Environment | None, str]:
        """The run, and which sheet of it this is."""
        return f"run {run_name(self._run_id)}   {self.TITLE_WORD}", *head_right(self._run, self.size.width)

    def on_mount(self) -> None:
        """Let the keys of the table work at once."""
        self.query_one(Table).focus()

    def copyable(self) -> Sequence[Copyable]:
        """What is said in full of the row under the cursor."""
        said = self.detail(self.query_one(Table).cursor_key)
        return [Copyable("line", "\n".join(one.strip() for one in said))] if said else []

    def on_table_moved(self) -> None:
        """Show the row under the cursor in full."""
        self.query_one("#detail", Prose).say(self.detail(self.query_one(Table).cursor_key))

    def detail(self, key: str | None) -> Sequence[str]:
        """Paragraphs about a row."""
        raise NotImplementedError


class LogScreen(RunSheet):
    """Everything that the run has said, the latest at the bottom; the cursor follows it while it stands there."""

    TITLE_WORD = "log"

    class EarlierRead(Message):
        """The lines that were there before the screen was."""

        def __init__(self, events: tuple[Event, ...]) -> None:
            super().__init__()
            self.events = events

    def __init__(self, run_id: int) -> None:
        super().__init__(run_id)
        self._events: dict[int, Event] = {}
        self._rows: dict[int, Row] = {}

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the log."""
        yield Table(_LOG, empty="Reading the log…", id="log")
        yield Prose(id="detail", classes="detail")

    def help_text(self) -> str:
        """What is written where."""
        file = path_words(self.session.home.run(self._run_id).worker_log)
        return (
            f"{self.key_of('table.filter')} shows only the lines that hold a text; “warning” and “error” show those of"
            " that severity. The log that the worker keeps in the journal, without document contents. What is too"
            f" technical for it, tracebacks among it, is in {file}."
        )

    def on_mount(self) -> None:
        """Read what there is."""
        self.migrate_app.in_background(self._read(), f"log-{self._run_id}")

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Add what is new."""
        self._run = snapshot.run
        self._add(snapshot.events)

    def on_log_screen_earlier_read(self, event: EarlierRead) -> None:
        """Add what was there."""
        self._add(event.events)

    def detail(self, key: str | None) -> Sequence[str]:
        """The whole line, below its date."""
        event = self._events.get(int(key)) if key else None
        return [] if event is None else [f" {printable(event.message)}"]

    async def _read(self) -> None:
        self.post_message(self.EarlierRead(await _read_log(self.session.home, self._run_id)))

    def _add(self, events: Sequence[Event]) -> None:
        table, new = self.query_one(Table), [one for one in events if one.sequence not in self._events]
        if not new and table.rows:
            return  # a line never changes
        self._events.update((one.sequence, one) for one in new)
        self._rows.update((one.sequence, _log_row(one)) for one in new)
        for one in sorted(self._events)[:-LINES_READ]:
            del self._events[one], self._rows[one]
        is_at_end = not table.rows or table.cursor_key == table.rows[-1].key
        empty = "The run has said nothing yet." if self._run is not None else "There is no such run any more."
        table.show([self._rows[one] for one in sorted(self._rows)], empty=empty)
        if is_at_end and table.rows:
            table.move_to(table.rows[-1].key)


class ErrorsScreen(RunSheet):
    """Why the run failed, and what it found."""

    ACTIONS = (*RunSheet.ACTIONS, "report.open")
    TITLE_WORD = "errors and findings"

    def compose_body(self) -> Iterable[Widget]:
        """Lay out failure, findings and the one under the cursor."""
        yield Prose(id="failure", classes="failure")
        yield Table(_ERRORS, empty="Reading the journal…", id="findings")
        yield Prose(id="detail", classes="detail")
        yield Prose(id="where", classes="dim")

    def help_text(self) -> str:
        """What a finding is."""
        return (
            "A finding is one thing that a check found. An error stops a run, a warning is to be read, a note may be. "
            "Findings of one code and subject stand on one line with their number; enter opens the one under the"
            " cursor, with what its code means."
        )

    def is_available(self, action_id: str) -> bool:
        """There has to be a finding to be opened."""
        return action_id != "report.open" or self._found(self.query_one(Table).cursor_key) is not None

    def on_table_opened(self, event: Table.Opened) -> None:
        """Open the finding under the cursor."""
        event.stop()
        self.action_report_open()

    def action_report_open(self) -> None:
        """Read the finding under the cursor whole."""
        if (one := self._found(self.query_one(Table).cursor_key)) is not None:
            self.app.push_screen(FindingSheet(None, one))

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show what there is by now."""
        table, run = self.query_one(Table), snapshot.run
        try:
            self._run = run = masked_run(run) if run is not None else None
        except InvalidFile as error:  # what may be shown cannot be told
            self._run = None
            self.query_one("#failure", Prose).say([f" ✗ {Fault.of(error).sentence}"])
            table.show([], empty="The findings cannot be shown.")
            return
        if run is None:
            self.query_one("#failure", Prose).say([" The run's record was deleted."])
            table.show([], empty="There is no such run any more.")
            return
        self.query_one("#failure", Prose).say(_failure(run))
        rows = [
            Row(
                key=f"{one.code}\n{one.subject}\n{one.message}",
                cells=(_MARKS[one.severity], one.code, one.subject, number(one.count)),
                name="enter says what it means and what comes next",
                tone=_TONES[one.severity],
                sort=(list(Severity).index(one.severity), one.code, one.subject, one.count),
            )
            for one in run.findings
        ]
        table.show(rows, empty="Nothing was found so far." if run.state.is_active else "Nothing was found.")
        log = f" worker's log: {path_words(self.session.home.run(run.id).worker_log)}"
        self.query_one("#where", Prose).say([log])

    def detail(self, key: str | None) -> Sequence[str]:
        """What was found, and what to do next."""
        if (one := self._found(key)) is None:
            return []
        in_app = finding_in_app(one)
        hint = [f"   → {printable(in_app.hint)}"] if in_app.hint else []
        return [f" {printable(in_app.subject)}: {printable(in_app.message)}", *hint]

    def _found(self, key: str | None) -> Finding | None:
        findings = self._run.findings if self._run is not None else ()
        return next((one for one in findings if f"{one.code}\n{one.subject}\n{one.message}" == key), None)


def _failure(run: RunRecord) -> list[str]:
    failure = run.failure
    if failure is None:
        return [_gone(run)] if run.state is RunState.INTERRUPTED else []
    hint = [f"   → {printable(said)}"] if (said := failure_hint(failure)) else []
    mark = UNDECIDED if asks_only(run) else "✗"
    return [f" {mark} {printable(failure.message)}", *hint]


def _gone(run: RunRecord) -> str:
    heard = f", last heard {local_time(run.last_heard_at)}" if run.last_heard_at is not None else ""
    return f" ~ interrupted: its worker (attempt {run.attempt}) is gone without a word{heard}."


def _log_row(event: Event) -> Row:
    tone = {"error": Tone.BAD, "warning": Tone.WARN}.get(event.severity, Tone.PLAIN)
    mark = {"error": "✗ ", "warning": "! "}.get(event.severity, "")
    return Row(
        key=str(event.sequence),
        cells=(clock_time(event.at), mark + event.message, event.severity),
        name=f"{local_time(event.at)} · {event.severity}",
        tone=tone,
        sort=(event.at, event.message, event.severity),
    )


async def _read_log(home: Home, run_id: int) -> tuple[Event, ...]:
    """Read a run's log, of a very long one the end. Raises JournalError, StorageFailed."""
    try:
        reader = await JournalReader.open(home.journal)
    except RunNotFound:
        return ()
    try:
        return await reader.last_events(run_id, LINES_READ)
    finally:
        await reader.close()
