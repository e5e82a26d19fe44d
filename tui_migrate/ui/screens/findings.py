"""What the screens over a table of findings share: they write them to a file, as a report."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.message import Message

from tui_migrate.errors import TuiMigrateError
from tui_migrate.reports.saving import ENDINGS
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.look import Fault
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.end_dialogs import absolute, working_folder
from tui_migrate.ui.widgets.table import Table


class FindingsScreen(OperatorScreen):
    """A screen whose table `#findings` can be written to a file.

    Subclasses give the words of the question in `ASKED`, the name of the file in `report_name`, and in `writing` what
    writes it.
    """

    ASKED: ClassVar[str] = "Write the report to a file"

    class Written(Message):
        """The report is in a file, or why it is not."""

        def __init__(self, path: str, fault: Fault | None) -> None:
            super().__init__()
            self.path = path
            self.fault = fault

    def report_name(self) -> str:
        """The file name that is proposed."""
        raise NotImplementedError

    def writing(self) -> Callable[[Path], None] | None:
        """What writes the findings as they are now to a path, which blocks; None where there is nothing to write."""
        raise NotImplementedError

    @property
    def is_narrowed(self) -> bool:
        """True while the list leaves findings out that are written."""
        return bool(self._table.filter_text)

    def on_findings_screen_written(self, message: Written) -> None:
        """Say so; where it failed, ask again with what was typed."""
        if message.fault is None:
            self.notify_line(f"written to {message.path}", is_error=False)
        else:
            self._ask_path(message.path, message.fault)

    def copyable(self) -> Sequence[Copyable]:
        """The finding under the cursor."""
        row = self._table.cursor_row
        return [] if row is None else [Copyable("finding", row.name)]

    def on_table_moved(self) -> None:
        """Other rows have other keys."""
        self.refresh_frame()

    def action_report_write(self) -> None:
        """Ask for a file and write the report."""
        self._ask_path(f"{working_folder()}{self.report_name()}", None)

    @property
    def _table(self) -> Table:
        return self.query_one("#findings", Table)

    def _ask_path(self, path: str, fault: Fault | None) -> None:
        write = self.writing()

        def take(text: str | None) -> None:
            if text and write is not None:
                self.migrate_app.in_background(self._write(text, write), "report-write")

        said = [f"The ending says how: {ENDINGS}.", "The file is for you alone, and must not be there yet."]
        if fault is not None:
            said = [f"✗ {fault.message}", f"  {fault.hint}"]
        if self.is_narrowed:
            said.append("All findings are written, whatever the list shows just now.")
        self.app.push_screen(AskText(self.ASKED, said, path), take)

    async def _write(self, text: str, write: Callable[[Path], None]) -> None:
        try:
            await asyncio.to_thread(write, Path(absolute(text)))
        except TuiMigrateError as error:
            self.post_message(self.Written(text, Fault.of(error)))
        else:
            self.post_message(self.Written(absolute(text), None))
