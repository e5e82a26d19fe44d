"""What screens of one document of a run have in common: its two versions are read, and shown without what is secret."""

from collections.abc import Sequence
from typing import ClassVar

from textual.message import Message

from tui_migrate.errors import CredentialsMissing, TuiMigrateError
from tui_migrate.journal.records import RunRecord
from tui_migrate.plan.model import End, Environment
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.look import Fault, first_error
from tui_migrate.ui.screens.document import DocumentScreen
from tui_migrate.ui.screens.run_view import head_right
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.table import Row


class RunDocumentScreen(DocumentScreen):
    """Both versions of a document of the run of an id; `shown_id` is its `_id` as it may be shown.

    Subclasses say in `what` which document it is, and give in `versions` what was read; `draw` finds that in `last`.
    """

    ACTIONS: ClassVar[tuple[str, ...]] = ("look.again",)

    class Read(Message):
        """The document was read: what is said of it, as text, and as rows; or why it was not."""

        def __init__(
            self,
            said: Sequence[str] = (),
            text: Sequence[str] = (),
            rows: Sequence[Row] = (),
            fault: Fault | None = None,
        ) -> None:
            super().__init__()
            self.said = said
            self.text = text
            self.rows = rows
            self.fault = fault

    def __init__(self, run_id: int, shown_id: str) -> None:
        super().__init__()
        self.run_id = run_id
        self.shown_id = shown_id
        self.run_record: RunRecord | None = None
        self.last: RunDocumentScreen.Read | None = None

    def what(self) -> str:
        """Say in the head which document it is."""
        raise NotImplementedError

    async def versions(self) -> Read:
        """Read both versions. Raises what keeps them from being read."""
        raise NotImplementedError

    def where(self) -> tuple[str, Environment | None, str]:
        """Which document, and how dangerous the target is."""
        return self.what(), *head_right(self.run_record, self.size.width)

    def subject(self) -> Subject:
        """The run."""
        return Subject(run_id=self.run_id)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Learn how dangerous the target is, and whether the run is over."""
        self.run_record = snapshot.run

    def is_available(self, action_id: str) -> bool:
        """It can be read again while nobody reads it."""
        return action_id != "look.again" or not self.is_reading

    def copyable(self) -> Sequence[Copyable]:
        """The difference, and the _id."""
        text = self.last.text if self.last is not None else ()
        own = [Copyable("difference", "\n".join(text))] if text else []
        return [*own, Copyable("_id", self.shown_id)]

    def on_run_document_screen_read(self, message: Read) -> None:
        """Show what was read."""
        self.last = message
        self.has_read()

    async def read(self) -> None:
        """Read both versions, or say why they cannot be read."""
        try:
            message = await self.versions()
        except* TuiMigrateError as group:
            message = self.Read(fault=Fault.of(first_error(group)))
        self.post_message(message)

    async def have_passwords(self, *ends: End) -> None:
        """Have the passwords that reading these ends takes. Raises CredentialsMissing where none was given."""
        if not await have_passwords(self.migrate_app, ends):
            hint = f"{self.key_of('look.again')} asks for it again"
            raise CredentialsMissing("without the password the document cannot be read", hint=hint)

    def draw_versions(self, said: Sequence[str], empty: str) -> None:
        """Draw this above what was read, as far as there is something."""
        last = self.last or self.Read()
        fault = last.fault if not self.is_reading else None
        self.draw_document(said, fault, last.text, last.rows, empty)
