"""Keeps the plans being made on disk while they change, and offers those that were left."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui_migrate.errors import StorageFailed
from tui_migrate.redaction import printable
from tui_migrate.ui import draft_file
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.draft_file import Kept, Unreadable
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.widgets.fitting import fit_ends

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


@dataclass(slots=True, eq=False)
class _Plan:
    """A draft as it is by now and as it was written last, with its file. `is_ours` where it was worked at here."""

    draft: Draft = field(default_factory=Draft)
    written: Draft = field(default_factory=Draft)
    kept: Kept | None = None
    is_ours: bool = False


class Unfinished:
    """The drafts of an app: the one worked at, and others that wait. None takes the place of another."""

    def __init__(self, app: "MigrateApp") -> None:
        self._app = app
        self._now = _Plan()
        self._plans = [self._now]
        self._unreadable: tuple[Unreadable, ...] = ()
        self._is_writing = False
        self._has_failed = False

    @property
    def is_at_rest(self) -> bool:
        """True while nothing is being written."""
        return not self._is_writing

    @property
    def waiting(self) -> list[Draft]:
        """The plans that can be gone on with: the one worked at, then the others, newest first."""
        return [one.draft for one in self._begun()]

    @property
    def unreadable(self) -> tuple[Unreadable, ...]:
        """Files of plans that cannot be read: they stay as they are until the operator has decided about them."""
        return self._unreadable

    async def find(self) -> None:
        """Look for those of earlier sittings. Raises UsageError."""
        found, self._unreadable = await asyncio.to_thread(draft_file.find, self._app.session.home)
        known = {one.kept.path for one in self._plans if one.kept is not None}
        ours = [
            draft_file.essence(one.draft) for one in self._plans if one.is_ours
        ]  # whose file may have been made just now
        others = [one for one in found if one.path not in known and draft_file.essence(one.draft) not in ours]
        self._plans[:0] = [_Plan(one.draft, one.draft, one) for one in others]

    def begin(self, draft: Draft) -> None:
        """Go over to a plan. The one before stays, and waits; so does each other that this is not."""
        chosen = draft_file.essence(draft)
        same = (one for one in reversed(self._plans) if draft_file.essence(one.draft) == chosen)
        self._now = next(same, None) or _Plan()
        if self._now in self._plans:
            self._plans.remove(self._now)
        self._plans.append(self._now)

    def note(self, draft: Draft) -> None:
        """Keep what is chosen by now in the plan that is worked at."""
        is_news = draft != self._now.draft
        self._now.draft, self._now.is_ours = draft, True
        if is_news and not self._is_writing:
            self._is_writing = True
            self._app.in_background(self._write(), "draft")

    def finish(self) -> None:
        """Write what is not written yet, or not there any more, now that nothing runs beside any more.

        Raises StorageFailed when it has tried to write each.
        """
        fault: StorageFailed | None = None
        for one in self._plans:
            if one.is_ours:
                try:
                    one.kept = draft_file.save(self._app.session.home, one.draft, one.kept)
                except StorageFailed as error:
                    fault = error
        if fault is not None:
            raise fault

    async def ask(self) -> Draft | None:
        """Let the operator decide about plans that wait: the draft to begin with, None for esc.

        To be awaited in background work. Raises StorageFailed, UsageError.
        """
        if not await self._ask_unreadable():
            return None
        while plans := self._begun():
            one = plans[0] if len(plans) == 1 else None
            choices = [("0", "Go on with it")] if one is not None else _lines(plans)
            choices.append(("anew", f"Begin a new plan; {'this one is' if one is not None else 'these are'} kept"))
            choices.append(("forget", "Forget it" if one is not None else "Forget one of them…"))
            title = "An unfinished plan" if one is not None else "Unfinished plans"
            said = [words(one.draft)] if one is not None else []
            chosen = await self._app.push_screen_wait(Choose(title, said, choices))
            if chosen == "forget":
                await self._forget(plans)
            else:
                return _choice(chosen, plans)
        return Draft()

    async def _ask_unreadable(self) -> bool:
        """Let the operator decide about each file that cannot be read; False for esc."""
        for one in self._unreadable:
            said = (f"✗ {printable(one.problem)}", f"It is in {printable(str(one.path))}.")
            aside = await asyncio.to_thread(draft_file.name_aside, one.path)
            choices = [
                ("aside", f"Keep its file aside, as {printable(aside.name)}"),
                ("forget", "Forget it: delete its file"),
                ("later", "Decide later"),
            ]
            chosen = await self._app.push_screen_wait(Choose("An unfinished plan cannot be read", said, choices))
            if chosen is None:
                return False
            if chosen == "aside":
                await asyncio.to_thread(draft_file.set_aside, one.path, aside)
            elif chosen == "forget":
                await asyncio.to_thread(draft_file.forget, one.path)
            if chosen != "later":
                self._unreadable = tuple(other for other in self._unreadable if other is not one)
        return True

    async def _forget(self, plans: list[_Plan]) -> None:
        chosen: str | None = "0"
        if len(plans) > 1:
            chosen = await self._app.push_screen_wait(Choose("Forget which?", [], _lines(plans)))
        if chosen is None:
            return
        one = plans[int(chosen)]
        if one is self._now:
            self._app.session.draft = Draft()
            self.note(Draft())
            return
        self._plans.remove(one)
        await asyncio.to_thread(draft_file.save, self._app.session.home, Draft(), one.kept)

    def _begun(self) -> list[_Plan]:
        others = [one for one in reversed(self._plans) if one is not self._now]
        return [one for one in (self._now, *others) if draft_file.is_begun(one.draft)]

    async def _write(self) -> None:
        """Write until what is written is what is chosen. Where that fails it is said once, until it works again."""
        try:
            while plan := next((one for one in self._plans if one.is_ours and one.draft != one.written), None):
                await self._app.whole_steps.take(self._save(plan, plan.draft))
            if self._has_failed:
                self._has_failed = False
                self._app.say("The plan is kept again.", is_error=False)
        except StorageFailed as error:
            if not self._has_failed:
                self._has_failed = True
                self._app.say(f"The plan is not kept: {error.message}; the next change tries again")
        finally:
            self._is_writing = False

    async def _save(self, plan: _Plan, draft: Draft) -> None:
        """Write a draft, and know of its file: else the end of the app would write it into another one."""
        plan.kept = await asyncio.to_thread(draft_file.save, self._app.session.home, draft, plan.kept)
        plan.written = draft


def _choice(chosen: str | None, plans: list[_Plan]) -> Draft | None:
    match chosen:
        case None:
            return None
        case "anew":
            return Draft()
    return plans[int(chosen)].draft


def _lines(plans: list[_Plan]) -> list[tuple[str, str]]:
    return [(str(place), words(one.draft)) for place, one in enumerate(plans)]


def words(draft: Draft, width: int = 0) -> str:
    """Say in one line what the draft is about; in so many cells as far as the ends leave room, if that is not 0."""
    ends = printable(" → ".join("—" if end is None else end.label for end in (draft.source, draft.target)))
    marked = f", {len(draft.marks):,} collection{'s' if len(draft.marks) != 1 else ''} marked" if draft.marks else ""
    lines = (f"{ends}{marked}, left at {draft.step.title}", f"{ends}{marked}", ends)
    return next((one for one in lines if not width or cell_len(one) <= width), fit_ends(ends, width))
