"""The work beside a new migration: its ends are looked at, its documents counted, its plan checked; esc cancels it."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

from textual.worker import Worker

from tui_migrate.errors import TuiMigrateError
from tui_migrate.plan.model import End, PackageEnd
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.credentials import has_password
from tui_migrate.ui.look import EndLook, Fault, LookState, Opening, look_at_end
from tui_migrate.ui.package_form import as_read
from tui_migrate.ui.passphrases import has_passphrase
from tui_migrate.ui.screens.end_choice import Role
from tui_migrate.ui.screens.new_step import Looked

if TYPE_CHECKING:
    from tui_migrate.ui.screens.base import OperatorScreen

_LOOKS: Final = ("connections", "look-source", "look-target", "count", "check", "option")
"""The work that esc cancels: it looks, and changes nothing."""


class Looking:
    """Begins and cancels the work of one screen; what it finds comes to the screen as `Looked`."""

    def __init__(self, screen: "OperatorScreen") -> None:
        self._screen = screen
        self._work: dict[str, Worker[Any]] = {}

    @property
    def is_under_way(self) -> bool:
        """True while there is anything for esc to cancel."""
        return any(not one.is_finished for group, one in self._work.items() if group in _LOOKS)

    def begin(self, work: Coroutine[object, object, object], group: str) -> None:
        """Do something beside the screen; the next of a group takes the place of the last."""
        self._work[group] = self._screen.migrate_app.in_background(work, f"new-{group}")

    def cancel(self) -> None:
        """Give up all looks; what they have found already stays."""
        for group in _LOOKS:
            if (work := self._work.pop(group, None)) is not None:
                work.cancel()
        self._screen.session.looks.cancel_pending()

    def stop(self, group: str) -> None:
        """Give up one piece of work, whatever it does."""
        if (work := self._work.pop(group, None)) is not None:
            work.cancel()

    def at_ends(self, *, anew: bool = False) -> None:
        """Look at both ends as far as they are not known, or `anew`."""
        session = self._screen.session
        draft, looks = session.draft, session.looks
        for role, end in ((Role.SOURCE, draft.source), (Role.TARGET, draft.target)):
            if end is None or (role is Role.TARGET and isinstance(end, PackageEnd)):
                continue
            before = looks.end(end)
            if anew or before is None:
                looks.keep(EndLook(end, LookState.CONNECTING, session.clock()))
                fault = before.fault if before is not None else None
                refused = fault.message if fault is not None and fault.wants_password else ""
                self.begin(self._look_at(end, refused), f"look-{role.value}")
        known = looks.end(draft.source)
        if known is not None and draft.listed is None:
            self.take_listing(known)

    def take_listing(self, look: EndLook) -> None:
        """Put the collections that were found at the source into the draft."""
        if look.state is LookState.DONE:
            names = tuple(one.name for one in look.collections if drafts.is_allowed(one.name))
            self._screen.session.draft = drafts.with_listing(self._screen.session.draft, names)

    async def _look_at(self, end: End, refused: str) -> None:
        """Look at an end; `refused` is what was said against its password, where another is to be asked for."""
        app, session = self._screen.migrate_app, self._screen.session
        opening = Opening(session.home, session.passwords, session.clock)
        fault = Fault("the right password was not given", wants_password=True)
        try:
            if isinstance(end, PackageEnd):
                has_one = await has_passphrase(app, as_read(end), refused=refused)
            else:
                has_one = await has_password(app, end, refused=refused)
        except TuiMigrateError as error:
            has_one, fault = False, Fault.of(error)
        if has_one:
            await look_at_end(end, opening, self._tell)
        else:
            self._tell(EndLook(end, LookState.FAILED, opening.clock(), fault=fault))

    def _tell(self, look: EndLook) -> None:
        self._screen.post_message(Looked(look))
