"""Report: what the preflight and the run have found, by severity and code, one by one, and as a file."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar, Final

from rich.cells import cell_len
from textual.message import Message
from textual.widget import Widget

from tui_migrate.errors import TuiMigrateError
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import RunRecord, Sample
from tui_migrate.plan.model import Environment
from tui_migrate.redaction import printable
from tui_migrate.reports.findings import Staged, run_report
from tui_migrate.reports.masking import Mask
from tui_migrate.reports.model import totals
from tui_migrate.reports.saving import ENDINGS, save
from tui_migrate.ui.finding_query import KEYS, parse
from tui_migrate.ui.look import Fault
from tui_migrate.ui.next_steps import finding_in_app
from tui_migrate.ui.plan_reading import read_plan
from tui_migrate.ui.report_rows import COLUMNS, GROUP_COLUMNS, finding_row, group_key, group_row
from tui_migrate.ui.screens.base import environment_words
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.finding_sheet import FindingSheet
from tui_migrate.ui.screens.findings import FindingsScreen
from tui_migrate.ui.screens.rejects import RejectsScreen
from tui_migrate.ui.screens.run_view import BESIDE_ENDS, head_right
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.fitting import fit_ends
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.table import Row, Table
from tui_migrate.ui.wording import standing_words
from tui_migrate.wording import ends_words, number, run_name

GROUPS_SHOWN: Final = 6

_LANGUAGE: Final = (
    "Words that a finding has to hold, or key:value for one column.",
    f"Keys: {', '.join(KEYS)}.",
    "For instance: severity:error orders, or -stage:verify code:index. A minus turns a part round.",
    "Empty shows all.",
)


def _as_shown(one: Staged) -> Staged:
    """A finding in the words that stand on the screen, which are what a filter is typed after."""
    return one[0], finding_in_app(one[1])


class ReportScreen(FindingsScreen):
    """The findings of one run."""

    ACTIONS: ClassVar = ("run.rejects", "report.open", "report.write", "look.again", "table.filter", "table.sort")
    ASKED = "Write the findings to a file"

    class Read(Message):
        """The findings were read, or why they could not be."""

        def __init__(self, found: tuple[Staged, ...], fault: Fault | None) -> None:
            super().__init__()
            self.found = found
            self.fault = fault

    def __init__(self, run_id: int) -> None:
        super().__init__()
        self._run_id = run_id
        self._run: RunRecord | None = None
        self._samples: tuple[Sample, ...] = ()
        self._found: tuple[Staged, ...] = ()
        self._rows: tuple[Row, ...] = ()
        self._seen: tuple[Finding, ...] | None = None
        self._code = ""
        self._is_read = False

    def compose_body(self) -> Iterable[Widget]:
        """Totals above, the findings below."""
        yield Lines([" Reading the journal…"], id="summary")
        yield FaultPane(id="report-fault")
        yield Table(GROUP_COLUMNS, id="groups")
        yield Table(COLUMNS, empty="Reading the findings…", id="findings")

    def on_mount(self) -> None:
        """Begin with the findings."""
        super().on_mount()
        self.query_one("#groups").display = False
        self._table.focus()

    def subject(self) -> Subject:
        """The run."""
        return Subject(run_id=self._run_id)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Read all findings where others stand in the journal than were read."""
        self._run = snapshot.run
        if snapshot.run is None:
            self.query_one("#summary", Lines).show([f" There is no run {run_name(self._run_id)} any more."])
            self.query_one("#groups").display = False
            self._table.show([], empty="Its findings went with it; esc goes back.")
        elif snapshot.run.findings != self._seen:
            self._seen = snapshot.run.findings
            self.action_look_again()
        self._draw_summary()

    def where(self) -> tuple[str, Environment | None, str]:
        """The run and its ends, and how dangerous its target is."""
        words = f"Report › run {run_name(self._run_id)}"
        environment, right = head_right(self._run, self.size.width)
        if self._run is None:
            return words, environment, right
        said = environment_words(environment, right) if environment is not None else right
        room = self.size.width - cell_len(said) - cell_len(f"{words}  ") - BESIDE_ENDS
        return f"{words}  {fit_ends(printable(ends_words(self._run)), max(1, room))}", environment, right

    def help_text(self) -> str:
        """What the two tables are."""
        return (
            "Above, the findings by severity and code; enter on a line there shows that code alone, esc shows all"
            f" again. Below, each finding; enter opens it, with what its code means. {self.key_of('table.filter')}"
            " filters by severity, code, subject, stage or any text. An error stops a run before it writes, a warning"
            f" is to be confirmed, a note to be read. {self.key_of('report.write')} writes all of them to a file that"
            f" ends in {ENDINGS}."
        )

    def is_available(self, action_id: str) -> bool:
        """There is nothing to write before the findings were read."""
        if action_id == "report.write":
            return self._is_read and self._run is not None
        if action_id == "run.rejects":
            return self._run is not None and self._run.counts.rejected > 0
        if action_id == "report.open":
            return self.is_mounted and self._table.cursor_key is not None
        if action_id == "look.again":
            return self.is_mounted and bool(self.query_one("#report-fault", FaultPane).display)
        return True

    def report_name(self) -> str:
        """Named after the run."""
        return f"run-{run_name(self._run_id)}-report.md"

    def writing(self) -> Callable[[Path], None] | None:
        """Write what was read, with the time at which it is written."""
        run, found, samples, clock = self._run, self._found, self._samples, self.session.clock
        return None if run is None else lambda path: save(path, run_report(run, found, clock(), samples))

    @property
    def is_narrowed(self) -> bool:
        """By a filter, or to one code."""
        return super().is_narrowed or bool(self._code)

    def go_back(self) -> bool:
        """Show all codes again, where one alone is shown."""
        if not self._code:
            return False
        self._show_code("")
        return True

    def on_report_screen_read(self, message: Read) -> None:
        """Show what was read, unless the run was deleted meanwhile, which is said already."""
        if self._run is None:
            return
        pane = self.query_one("#report-fault", FaultPane)
        if message.fault is not None:
            pane.explain(message.fault.message, message.fault.hint, f"{self.key_of('look.again')} reads them again.")
            self.refresh_frame()
            return
        pane.clear()
        self._found, self._is_read = message.found, True
        self._rows = tuple(finding_row(place, *one) for place, one in enumerate(message.found))
        self._draw()

    def on_table_opened(self, event: Table.Opened) -> None:
        """Show one code alone, or one finding."""
        if event.table.id == "groups":
            self._show_code(event.key)
            self._table.focus()
        else:
            self.action_report_open()

    def action_report_open(self) -> None:
        """Show the finding under the cursor."""
        if (key := self._table.cursor_key) is not None:
            self.app.push_screen(FindingSheet(*self._found[int(key)]))

    def action_run_rejects(self) -> None:
        """List what the target refused."""
        self.app.push_screen(RejectsScreen(self._run_id))

    def action_table_filter(self) -> None:
        """Ask which findings to show."""
        table = self._table

        def take(text: str | None) -> None:
            if text is not None:
                query = parse(text)
                table.filter(text, lambda row: query.matches(_as_shown(self._found[int(row.key)])))
                self._draw()
            table.focus()

        self.app.push_screen(AskText("Show only some findings", _LANGUAGE, table.filter_text), take)

    def action_look_again(self) -> None:
        """Read the findings."""
        self.migrate_app.in_background(self._read(), "report")

    async def _read(self) -> None:
        try:
            self._samples = await self.migrate_app.feed.samples(self._run_id)
            found = await self.migrate_app.feed.findings(self._run_id)
            if self._run is not None:
                mask = Mask.of_plan(await read_plan(self._run, self.session.home))
                found = tuple((stage, mask.finding(one)) for stage, one in found)
        except TuiMigrateError as error:
            self.post_message(self.Read((), Fault.of(error)))
        else:
            self.post_message(self.Read(found, None))

    def _show_code(self, code: str) -> None:
        self._code = code
        self._draw()

    def _draw(self) -> None:
        groups, table = self.query_one("#groups", Table), self._table
        counted = totals(one for _, one in self._found)
        groups.display = bool(counted)
        groups.styles.height = min(len(counted), GROUPS_SHOWN) + 2
        groups.show([group_row(one) for one in counted])
        shown = [
            row
            for row, (_, one) in zip(self._rows, self._found, strict=True)
            if not self._code or group_key(one.severity, one.code) == self._code
        ]
        is_filtered = bool(table.filter_text) and bool(self._found)
        table.show(
            shown,
            empty=f"No finding is like that: {self.key_of('table.filter')} changes the filter."
            if is_filtered
            else "Nothing was found.",
        )
        self._draw_summary()
        self.refresh_frame()

    def _draw_summary(self) -> None:
        run = self._run
        if run is None or not self._is_read:
            return
        counts = dict.fromkeys(Severity, 0)
        for _, finding in self._found:
            counts[finding.severity] += 1
        said = " · ".join(f"{number(count)} {one.value}{'s' if count != 1 else ''}" for one, count in counts.items())
        alone = f" · only {self._code.partition(' ')[2]}, esc: all" if self._code else ""
        filtered = f" · filter: {self._table.filter_text}" if self._table.filter_text else ""
        line = f" {standing_words(run)} · {said}{alone}{filtered}"
        self.query_one("#summary", Lines).show([printable(line)])
