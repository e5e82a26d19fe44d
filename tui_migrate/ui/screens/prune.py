"""Prune: which backups are old enough to go, why the others stay, and their removal, which asks first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.errors import TuiMigrateError
from tui_migrate.plan.model import Environment
from tui_migrate.ui.backup_rows import PRUNE_COLUMNS, prune_rows
from tui_migrate.ui.look import Fault
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table
from tui_migrate.wording import number, size
from tui_migrate.worker import pruning
from tui_migrate.worker.backups import Backup, read_backups
from tui_migrate.worker.pruning import Choice

MOST_DAYS: Final = 36_500
MOST_KEPT: Final = 100_000


@dataclass(frozen=True, slots=True)
class Rule:
    """How old a backup has to be to go, and how many good ones of a source stay whatever their age."""

    days: int = 30
    keep: int = 5


class PruneScreen(OperatorScreen):
    """The preview, by a rule that can be changed."""

    ACTIONS: ClassVar = ("backup.more", "backup.start", "look.again", "table.filter", "table.sort")

    class Chosen(Message):
        """What becomes of each backup by the rule, or why that is not known."""

        def __init__(self, rule: Rule, choices: tuple[Choice, ...], fault: Fault | None = None) -> None:
            super().__init__()
            self.rule = rule
            self.choices = choices
            self.fault = fault

    class Removed(Message):
        """So many of those `wanted` are gone; `fault` is what kept others from going."""

        def __init__(self, count: int, wanted: int, stored: int, fault: Fault | None) -> None:
            super().__init__()
            self.count = count
            self.wanted = wanted
            self.stored = stored
            self.fault = fault

    def __init__(self) -> None:
        super().__init__()
        self._rule = Rule()
        self._choices: tuple[Choice, ...] | None = None
        self._work: Worker[Any] | None = None
        self._is_unread = False

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the rule, the list, and what comes next."""
        yield Prose(id="what")
        yield FaultPane(id="fault")
        yield Table(PRUNE_COLUMNS, empty="Reading the backups…", id="choices")
        yield Lines([""], id="next")

    def on_mount(self) -> None:
        """Choose by the usual rule."""
        super().on_mount()
        self.query_one(Table).focus()
        self.action_look_again()

    def where(self) -> tuple[str, None, str]:
        """What is shown, and whether backups of production go."""
        is_grave = any(one.record.environment is Environment.PRODUCTION for one in self._go)
        return "backups › prune", None, "BACKUPS OF PRODUCTION GO" if is_grave else ""

    def help_text(self) -> str:
        """What never goes."""
        return (
            "Never removed are the last good backup of its source, the last one without findings, one that a run"
            " still needs and one whose run can be gone on with. Backups of whole databases, of some collections and"
            f" of one user are counted apart. {self.key_of('backup.more')} changes the rule;"
            f" {self.key_of('backup.start')} removes what goes, and asks first."
        )

    def is_available(self, action_id: str) -> bool:
        """There is nothing to remove where nothing goes."""
        is_at_work = self._work is not None and not self._work.is_finished
        if action_id == "backup.start":
            return bool(self._go) and not is_at_work
        return action_id != "look.again" or (self.is_mounted and bool(self.query_one(FaultPane).display))

    def on_prune_screen_chosen(self, message: Chosen) -> None:
        """Show it."""
        pane = self.query_one(FaultPane)
        if message.fault is not None:
            pane.explain(message.fault.message, message.fault.hint, f"{self.key_of('look.again')} reads them again.")
        else:
            self._rule, self._choices = message.rule, message.choices
            if self._is_unread:
                pane.clear()
        self._is_unread = message.fault is not None
        self._draw()

    def on_prune_screen_removed(self, message: Removed) -> None:
        """Say what is gone, and show what is left."""
        gone = f"{_backups(message.count)} removed, {size(message.stored)}"
        if message.fault is None and message.count < message.wanted:
            gone += f"; {number(message.wanted - message.count)} changed since they were listed, and stayed"
        self.query_one(FaultPane).clear()
        if message.fault is not None:
            self.query_one(FaultPane).explain(
                message.fault.message, message.fault.hint, f"{self.key_of('look.again')} reads them again."
            )
        if message.fault is None or message.count:
            self.notify_line(gone, is_error=False)
        self._read()

    def action_look_again(self) -> None:
        """Read the backups, and choose."""
        self.query_one(FaultPane).clear()
        self._read()

    def action_backup_more(self) -> None:
        """Change the rule."""
        self.migrate_app.in_background(self._ask_rule(self._rule), "prune-rule")

    def action_backup_start(self) -> None:
        """Ask, then remove what goes."""
        if go := self._go:
            self._work = self.migrate_app.in_background(self._remove(go), "prune")

    @property
    def _go(self) -> tuple[Backup, ...]:
        return tuple(one.backup for one in self._choices or () if one.stays is None)

    def _read(self) -> None:
        self.migrate_app.in_background(self._choose(self._rule), "prune-choice")

    async def _choose(self, rule: Rule) -> None:
        try:
            backups = await read_backups(self.session.home)
        except TuiMigrateError as error:
            self.post_message(self.Chosen(rule, (), Fault.of(error)))
            return
        choices = pruning.choose(backups, self.session.clock(), rule.days, rule.keep)
        self.post_message(self.Chosen(rule, choices))

    async def _ask_rule(self, rule: Rule) -> None:
        days = await self._ask_number("Older than how many days?", rule.days, 0, MOST_DAYS)
        if days is None:
            return
        keep = await self._ask_number("How many good ones of each source always stay?", rule.keep, 1, MOST_KEPT)
        if keep is not None:
            await self._choose(Rule(days, keep))

    async def _ask_number(self, title: str, value: int, least: int, most: int) -> int | None:
        said: tuple[str, ...] = ()
        typed = str(value)
        while True:
            text = await self.migrate_app.push_screen_wait(AskText(title, said, typed, replaces=True))
            if text is None:
                return None
            typed = text.strip()
            if typed.isascii() and typed.isdecimal() and len(typed) < 10 and least <= int(typed) <= most:
                return int(typed)
            said = (f"✗ A number from {least:,} to {most:,}.",)

    async def _remove(self, go: tuple[Backup, ...]) -> None:
        """Ask, then remove."""
        if await self._is_confirmed(go):
            await self.migrate_app.whole_steps.do(self._remove_confirmed(go))

    async def _remove_confirmed(self, go: tuple[Backup, ...]) -> None:
        """Remove what goes by the list that was confirmed, as far as it still does so."""
        home, gone, fault = self.session.home, list[Backup](), None
        try:
            backups = await read_backups(home)
            now = pruning.choose(backups, self.session.clock(), self._rule.days, self._rule.keep)
            still = {one.backup.name: one.backup for one in now if one.stays is None}
            await pruning.sweep(backups, home)
            for one in go:
                if still.get(one.name) == one:
                    await pruning.remove(home, one)
                    gone.append(one)
        except TuiMigrateError as error:
            fault = Fault.of(error)
        self.post_message(self.Removed(len(gone), len(go), sum(one.disk_bytes for one in gone), fault))

    async def _is_confirmed(self, go: tuple[Backup, ...]) -> bool:
        of_production = sum(one.record.environment is Environment.PRODUCTION for one in go)
        said = ["Their files and records are deleted for good."]
        if of_production:
            said.append(f"{_backups(of_production)} of PRODUCTION among them.")
        choices = [("keep", "Keep them"), ("remove", f"Remove {_backups(len(go))}")]
        return await self.migrate_app.push_screen_wait(Choose("Remove backups?", said, choices)) == "remove"

    def _draw(self) -> None:
        rule = self._rule
        stay = "last good one of each source stays"
        if rule.keep != 1:
            stay = f"last {number(rule.keep)} good ones of each source stay"
        days = f"{number(rule.days)} day{'s' if rule.days != 1 else ''}"
        self.query_one("#what", Prose).say([f" Backups older than {days} go. The {stay}.", ""])
        choices, go = self._choices or (), self._go
        empty = "There are no backups." if self._choices is not None else "Nothing is known."
        self.query_one(Table).show(prune_rows(choices, self.session.clock()), empty=empty)
        words = f"Nothing goes by this rule; {self.key_of('backup.more')} changes it."
        if go:
            stored = size(sum(one.disk_bytes for one in go))
            goes = "goes" if len(go) == 1 else "go"
            deed = f"{self.key_of('backup.start')} removes, and asks first"
            words = f"{_backups(len(go))} of {number(len(choices))} {goes}, {stored}. Next: {deed}."
        self.query_one("#next", Lines).show([f" {words}"])
        self.refresh_frame()


def _backups(count: int) -> str:
    return f"{number(count)} backup{'s' if count != 1 else ''}"
