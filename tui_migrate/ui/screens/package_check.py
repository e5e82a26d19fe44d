"""Check a package: all of it is read, nothing is written, and what was found stands here, to be read and kept."""

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.errors import TuiMigrateError
from tui_migrate.journal.states import Stage
from tui_migrate.packages.package import Package
from tui_migrate.plan.ends import open_source
from tui_migrate.plan.model import PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.reports.model import Report, ReportTable, Unit
from tui_migrate.reports.package import examine, package_report
from tui_migrate.reports.saving import ENDINGS, refuse_within, save
from tui_migrate.reports.words import MARKS, cell_words, value_words, verdict_words
from tui_migrate.stores.opened import opened
from tui_migrate.ui.look import Fault, first_error
from tui_migrate.ui.report_rows import COLUMNS, finding_row
from tui_migrate.ui.screens.finding_sheet import FindingSheet
from tui_migrate.ui.screens.findings import FindingsScreen
from tui_migrate.ui.screens.package_choice import choose_database
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table, Tone
from tui_migrate.wording import number, size

TELL_SECONDS: Final = 0.5
"""So often at most is said how far the reading is."""

_CHECKED: Final = (Column("What was checked", 24), Column("Result", 14), Column("Findings", 9, right=True))
_BAD: Final = ("faulty", "mismatching", "not reached")
ROWS_SHOWN: Final = 10
_MANY: Final = "fields may be more than text; the report lists them"


class PackageCheckScreen(FindingsScreen):
    """The check of one package, and its report."""

    ACTIONS: ClassVar = ("report.open", "report.write", "look.again", "table.filter", "table.sort")

    class Read(Message):
        """So many bytes were read, and of so many."""

        def __init__(self, done: int, total: int) -> None:
            super().__init__()
            self.done = done
            self.total = total

    class Checked(Message):
        """The check is done: there is a report, or why there is none."""

        def __init__(self, end: PackageEnd, report: Report | None, fault: Fault | None) -> None:
            super().__init__()
            self.end = end
            self.report = report
            self.fault = fault

    def __init__(self, end: PackageEnd) -> None:
        super().__init__()
        self._end = end
        self._report: Report | None = None
        self._work: Worker[object] | None = None

    def compose_body(self) -> Iterable[Widget]:
        """What the package is, what was checked, and what was found."""
        yield Prose(id="check-words")
        yield FaultPane(id="check-fault")
        yield Table(_CHECKED, id="checked")
        yield Table(COLUMNS, empty="Nothing is known yet.", id="findings")

    def on_mount(self) -> None:
        """Begin at once."""
        super().on_mount()
        self.query_one("#checked").display = False
        self._table.focus()
        self.action_look_again()

    def where(self) -> tuple[str, None, str]:
        """The package."""
        return f"Check › {printable(self._end.path)}", None, ""

    def help_text(self) -> str:
        """What is checked."""
        return (
            "All of the package is read: its manifest, checksums, counts, every document and id, indexes and"
            " versions. Nothing is written. Above is what was checked, below what was found; enter reads a finding"
            f" whole. {self.key_of('report.write')} writes the report to a file that ends in {ENDINGS}."
        )

    def is_available(self, action_id: str) -> bool:
        """There is nothing to write before there is a report, nor to read again while it is being read."""
        match action_id:
            case "report.write":
                return self._report is not None
            case "report.open":
                return self._report is not None and bool(self._report.findings)
            case "look.again":
                return not self._is_reading
        return True

    async def finish(self, report: Report) -> Report:
        """Keep what came out, and give the report that is shown. Raises what keeps it from being kept."""
        return report

    def report_name(self) -> str:
        """Named after the package."""
        return f"{Path(self._end.path).name}-report.md"

    def writing(self) -> Callable[[Path], None] | None:
        """Write nothing into the package that was checked."""
        report, package = self._report, Path(self._end.path)
        if report is None:
            return None

        def write(path: Path) -> None:
            refuse_within(path, package)
            save(path, report)

        return write

    def go_back(self) -> bool:
        """Cancel the reading first."""
        if self._work is None or self._work.is_finished:
            return False
        self._work.cancel()
        self._work = None
        self._say(f"The check was cancelled: {self.key_of('look.again')} begins it again.")
        return True

    def on_unmount(self) -> None:
        """Nobody waits for it any more."""
        if self._work is not None:
            self._work.cancel()

    def on_package_check_screen_read(self, message: Read) -> None:
        """Say how far it is."""
        if self._is_reading:
            percent = min(100, 100 * message.done // message.total) if message.total else 0
            self._say(f"Reading… {percent} %, {size(message.done)} of {size(message.total)}; esc cancels.")

    def on_package_check_screen_checked(self, message: Checked) -> None:
        """Show the report, or what is wrong and what helps."""
        self._work = None
        if message.fault is not None and message.fault.databases:
            self._say(f"The package holds several databases: {self.key_of('look.again')} chooses one.")
            self.migrate_app.in_background(self._choose(message.fault.databases), "check-choose")
        elif message.fault is not None:
            self._say("The package could not be checked.")
            self.query_one("#check-fault", FaultPane).explain(
                message.fault.message, message.fault.hint, f"{self.key_of('look.again')} tries again."
            )
        else:
            self._report = message.report
            self._draw()
        self.refresh_frame()

    def on_table_opened(self, event: Table.Opened) -> None:
        """Read a finding whole."""
        if event.table is self._table:
            self.action_report_open()

    def action_report_open(self) -> None:
        """Show the finding under the cursor."""
        if self._report is not None and (key := self._table.cursor_key) is not None:
            self.app.push_screen(FindingSheet(Stage.VALIDATE, self._report.findings[int(key)].finding))

    def action_look_again(self) -> None:
        """Read the package, from its start."""
        self._report = None
        self.query_one("#check-fault", FaultPane).clear()
        self.query_one("#checked").display = False
        self._table.show([], empty="Nothing is known yet.")
        self._say("Reading… esc cancels.")
        self._work = self.migrate_app.in_background(self._check(self._end), "package-check")
        self.refresh_frame()

    @property
    def _is_reading(self) -> bool:
        return self._work is not None and not self._work.is_finished

    def _say(self, text: str) -> None:
        self.query_one("#check-words", Prose).say([f" {text}", ""])

    async def _check(self, end: PackageEnd) -> None:
        home, passwords = self.session.home, self.session.passwords
        try:
            async with opened(partial(open_source, end, home, passwords)) as package:
                if not isinstance(package, Package):
                    raise TypeError("a package is opened as one")
                examined = await examine(package, self._teller())
            report = await self.finish(package_report(end.path, examined, self.session.clock()))
        except* TuiMigrateError as group:
            self.post_message(self.Checked(end, None, Fault.of(first_error(group))))
        else:
            self.post_message(self.Checked(end, report, None))

    def _teller(self) -> "_Teller":
        return _Teller(self)

    async def _choose(self, databases: tuple[str, ...]) -> None:
        chosen = await choose_database(self.migrate_app, self._end, databases)
        if chosen is not None:
            self._end = chosen
            self.call_later(self.action_look_again)

    def _draw(self) -> None:
        report = self._report
        if report is None:
            return
        self.query_one("#check-words", Prose).say([*report_words(report), ""])
        checked = self.query_one("#checked", Table)
        checked.display = True
        checked.styles.height = min(len(report.tables[0].rows), ROWS_SHOWN) + 2
        checked.show(_checked_rows(report.tables[0]))
        rows = [finding_row(place, Stage.VALIDATE, one.finding) for place, one in enumerate(report.findings)]
        self._table.show(rows, empty="No finding.")


class _Teller:
    """Tells the screen how far the reading is, now and then."""

    def __init__(self, screen: PackageCheckScreen) -> None:
        self._screen = screen
        self._told_at = 0.0

    def __call__(self, done: int, total: int) -> None:
        at = time.monotonic()
        if at - self._told_at >= TELL_SECONDS:
            self._told_at = at
            self._screen.post_message(PackageCheckScreen.Read(done, total))


def report_words(report: Report) -> Iterable[str]:
    """Say in a few lines what the package is, and what came out."""
    said_of_it = verdict_words(report)
    yield f" {MARKS[report.verdict][0]} {said_of_it[:1].upper()}{said_of_it[1:]}."
    facts = {one.name: value_words(one.value, one.unit) for one in report.facts}
    said = [facts["kind"]] if "kind" in facts else []
    if "database" in facts:
        said.append(f"database {facts['database']}")
    if "documents" in facts:
        collections = f"{facts['collections']} collection{'s' if facts['collections'] != '1' else ''}"
        documents = f"{facts['documents']} document{'s' if facts['documents'] != '1' else ''}"
        said.append(f"{collections}, {documents}, {facts['size']}")
    if said:
        yield f" {'; '.join(said)}."
    for table in report.tables[2:]:
        count = len(table.rows)
        words = "field may be more than text; the report lists it" if count == 1 else _MANY
        yield f" {number(count)} {words}."


def _checked_rows(table: ReportTable) -> list[Row]:
    return [
        Row(
            str(row[0]),
            tuple(cell_words(cell) if column.unit is not Unit.TEXT else str(cell) for cell, column in pairs),
            tone=Tone.BAD if row[1] in _BAD else Tone.WARN if row[1] == "warned" else Tone.PLAIN,
        )
        for row in table.rows
        for pairs in [tuple(zip(row, table.columns, strict=True))]
    ]
