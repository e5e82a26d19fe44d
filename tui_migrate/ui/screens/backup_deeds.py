"""The two plans of the Backups screen: making a backup of a database, and bringing one back."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from tui_migrate.comparison.model import DefinitionDifference
from tui_migrate.errors import UsageError
from tui_migrate.paths import Home
from tui_migrate.plan.build import PlanRequest
from tui_migrate.plan.definition_changes import change_words
from tui_migrate.plan.model import PackageEnd, Plan, RunKind, StoreEnd
from tui_migrate.plan.restoring import CollectionChange, total
from tui_migrate.redaction import printable
from tui_migrate.ui.look import LookState, Opening, place_words
from tui_migrate.ui.outlook import Outlook, look_at_backup, look_at_restore
from tui_migrate.ui.policy_words import documents_words
from tui_migrate.ui.run_rows import since
from tui_migrate.ui.screens.backup_plan import BackupPlanScreen
from tui_migrate.ui.screens.definitions_sheet import DefinitionsSheet
from tui_migrate.ui.widgets.table import Column, Row, Table, Tone
from tui_migrate.ui.wording import local_time, number, path_words, size
from tui_migrate.worker.backups import BackedUp, Backup, create_backup
from tui_migrate.worker.restoring import restore_request

DEFINITIONS_SHOWN: Final = 3
"""How many definitions that change are named; the others stand behind enter on their collection."""

_FATES: Final = {"created": "made anew", "removed": "removed", "kept": "changed"}


class NewBackupScreen(BackupPlanScreen):
    """What a new backup will have."""

    COLUMNS: ClassVar = (Column("Collection"), Column("Documents", 13, right=True), Column("Size", 10, right=True))

    def __init__(self, name: str, source: StoreEnd, target: PackageEnd, ask_again: Callable[[], None]) -> None:
        """`ask_again` goes back to the last question that led here."""
        super().__init__(PlanRequest(RunKind.EXPORT, source, target, description=f"the backup {name}"))
        self._called = name
        self._ask_again = ask_again

    def go_back(self) -> bool:
        """Give up what is under way first; then what was answered stays, and the last question is put again."""
        if not super().go_back():
            self.leave()
            self._ask_again()
        return True

    def what(self) -> str:
        """A new one."""
        return "backups › new"

    def help_text(self) -> str:
        """What a backup is."""
        return (
            "A backup is an export under a name, into one file. It is a run like any other: it can be paused, goes on"
            " after it was resumed, and can be counted upon only once it has completed."
        )

    def look(self, opening: Opening) -> Coroutine[Any, Any, None]:
        """Plan it and check it."""
        return look_at_backup(self._request, opening, self.tell)

    def create(self, outlook: Outlook) -> Callable[[Home, Plan], Awaitable[int]] | None:
        """Record the export as the backup that it makes."""
        return partial(_record, self._called, outlook.of)

    def sentences(self, outlook: Outlook) -> list[str]:
        """Say what is backed up, and where to."""
        planned = outlook.plan.collections if outlook.plan is not None else ()
        documents, stored = sum(one.documents for one in planned), sum(one.size for one in planned)
        amount = f": about {documents_words(documents)} of {_collections(len(planned))}, {size(stored)}"
        target = self._request.target
        sealed = ", under a passphrase" if isinstance(target, PackageEnd) and target.with_passphrase else ""
        return [
            f" Back up {place_words(self._request.source)} as {self._called}{amount if planned else ''}.",
            f" Into {printable(path_words(Path(target.label)))}{sealed}. Nothing that exists is changed.",
        ]

    def rows(self, outlook: Outlook) -> list[Row]:
        """The collections that go into it."""
        planned = outlook.plan.collections if outlook.plan is not None else ()
        return [
            Row(
                one.name,
                (one.name, number(one.documents), size(one.size)),
                one.name,
                sort=(one.name, float(one.documents), float(one.size)),
            )
            for one in planned
        ]


class RestoreScreen(BackupPlanScreen):
    """What bringing a backup back would change."""

    COLUMNS: ClassVar = (
        Column("Collection"),
        Column("Will be", 9),
        Column("Add", 9, right=True),
        Column("Replace", 9, right=True),
        Column("Delete", 9, right=True),
        Column("Unchanged", 10, right=True),
        Column("Definitions", 11, right=True, from_width=100),
    )

    ACTIONS: ClassVar = (*BackupPlanScreen.ACTIONS, "compare.open")

    def __init__(self, backup: Backup, source: PackageEnd, target: StoreEnd) -> None:
        super().__init__(restore_request(backup, source, target))
        self._backup = backup

    def what(self) -> str:
        """Which backup."""
        return f"restore {self._backup.name}"

    def help_text(self) -> str:
        """What a restore does."""
        return (
            "A restore makes the database what it was when the backup was made: what is missing is added, what differs"
            " is replaced, what it has besides is deleted, indexes, options and views too; after a backup of the whole"
            " database, collections that it did not have are removed. It is a run with an undo log: a rollback takes it"
            " back. A backup of one user's documents deletes nothing."
        )

    def is_available(self, action_id: str) -> bool:
        """Definitions that change can be read."""
        return bool(self._defined()) if action_id == "compare.open" else super().is_available(action_id)

    def on_table_moved(self) -> None:
        """Other collections have other definitions."""
        self.refresh_frame()

    def on_table_opened(self, event: Table.Opened) -> None:
        """Show the definitions."""
        event.stop()
        self.action_compare_open()

    def action_compare_open(self) -> None:
        """Show of each definition of the collection that changes what it is now, and what it becomes."""
        if defined := self._defined():
            self.app.push_screen(DefinitionsSheet(self.query_one(Table).cursor_key or "", defined))
        elif self._outlook is not None and self._outlook.changes:
            self.notify_line("Its indexes and options stay as they are.", is_error=False)

    def _defined(self) -> tuple[DefinitionDifference, ...]:
        if not self.is_mounted or self._outlook is None:
            return ()
        name = self.query_one(Table).cursor_key
        return next((one.defined for one in self._outlook.changes if one.name == name), ())

    def look(self, opening: Opening) -> Coroutine[Any, Any, None]:
        """Plan it, check it, and compare."""
        return look_at_restore(self._backup, self._request, opening, self.tell)

    def sentences(self, outlook: Outlook) -> list[str]:
        """Say what becomes of the database."""
        made, now = self._backup.record.created_at, self.session.clock()
        when = f"at {local_time(made)} ({since(made, now)})"
        said = [f" Make {place_words(self._request.target)} what it was {when}. Can be undone."]
        if self._backup.record.owner:
            where = place_words(self._request.target)
            said = [
                f" Put one user's documents in {where} back as they were {when}; nothing is deleted. Can be undone."
            ]
        if outlook.state is LookState.DONE and outlook.changes:
            said.append(f" {_deed(outlook.changes)}")
        return said

    def details(self, outlook: Outlook) -> list[str]:
        """Say how definitions change."""
        return _definition_lines(outlook.changes)

    def rows(self, outlook: Outlook) -> list[Row]:
        """What becomes of each collection; before that is known, which there are."""
        if not outlook.changes:
            planned = outlook.plan.collections if outlook.plan is not None else ()
            return [
                Row(one.name, (one.name, "removed" if one.remove else "", *("…",) * 5), one.name) for one in planned
            ]
        return [_change_row(one) for one in outlook.changes]


async def _record(name: str, of: BackedUp | None, home: Home, plan: Plan) -> int:
    if of is None:
        raise UsageError("it is not known what the backup is of", hint="look at it again")
    return await create_backup(home, name, plan, of)


def _deed(changes: tuple[CollectionChange, ...]) -> str:
    every = total(changes)
    parts = [
        f"add {documents_words(every.added)}" if every.added else "",
        f"replace {number(every.replaced)}" if every.replaced else "",
        f"DELETE {number(every.deleted)}" if every.deleted else "",
    ]
    deed = ", ".join(filter(None, parts)) or "change no document"
    removed = sum(one.fate == "removed" for one in changes)
    goes = f" {_collections(removed)} removed." if removed else ""
    several = "indexes, options or views change" if every.definitions != 1 else "index, option or view changes"
    defined = f" {number(every.definitions)} {several}." if every.definitions else ""
    stay = "stays as it is" if every.unchanged == 1 else "stay as they are"
    return f"{deed[:1].upper()}{deed[1:]}; {number(every.unchanged)} {stay}.{goes}{defined}"


def _definition_lines(changes: Sequence[CollectionChange]) -> list[str]:
    """Say of the first definitions that change how they do."""
    every = [(one.name, each) for one in changes for each in one.defined]
    said = [f"   {printable(name)}: {change_words(each)}." for name, each in every[:DEFINITIONS_SHOWN]]
    more = len(every) - DEFINITIONS_SHOWN
    return [*said, f"   and {number(more)} more; enter shows those of a collection."] if more > 0 else said


def _collections(count: int) -> str:
    return f"{number(count)} collection{'s' if count != 1 else ''}"


def _change_row(one: CollectionChange) -> Row:
    amounts = (one.added, one.replaced, one.deleted, one.unchanged, one.definitions)
    changed = any(amounts[:3]) or one.definitions
    fate = "as it is" if one.fate == "kept" and not changed else _FATES[one.fate]
    tone = Tone.BAD if one.fate == "removed" else Tone.WARN if changed or one.fate == "created" else Tone.DIM
    cells = (one.name, fate, *(number(each) if each else "·" for each in amounts))
    return Row(one.name, cells, one.name, tone, (one.name, fate, *map(float, amounts)))
