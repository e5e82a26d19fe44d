"""Adding a connection, or changing one: typed in, tested, and only then written."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from textual.message import Message
from textual.widget import Widget

from tui_migrate.connection_url import ConnectionUrl
from tui_migrate.connections import Connection
from tui_migrate.errors import StorageFailed, TuiMigrateError
from tui_migrate.system_keyring import INSTALL, SERVICE, is_installed
from tui_migrate.ui.connection_entry import Entry, PasswordPlace, drop_moved, save
from tui_migrate.ui.connection_rows import end_of
from tui_migrate.ui.connection_trial import Circumstances, Trial, try_entry
from tui_migrate.ui.greeting import SLOW_SECONDS
from tui_migrate.ui.look import Fault
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.connection_fields import ConnectionFields
from tui_migrate.ui.screens.dialogs import AskPassword, Choose, TypeName, ask_to_leave
from tui_migrate.ui.screens.end_dialogs import TEXT_CELLS
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose, wrap

GROUP: Final = "connection-form"

_HINT: Final = "A password in a pasted URL is taken out of it at once and never shown."
_NO_KEYRING: Final = f"The system keyring can be its place once its library is installed: {INSTALL}"


class ConnectionForm(OperatorScreen):
    """The fields of one connection. `when_saved` is told its name."""

    ACTIONS: ClassVar = ("connection.save",)

    class Tried(Message):
        """The entry was tried."""

        def __init__(self, trial: Trial) -> None:
            super().__init__()
            self.trial = trial

    class Saved(Message):
        """The connection stands in the file; `remark` is why its former password is still in the keyring."""

        def __init__(self, connection: Connection, remark: str) -> None:
            super().__init__()
            self.connection = connection
            self.remark = remark

    def __init__(self, before: Connection | None = None, when_saved: Callable[[str], object] | None = None) -> None:
        super().__init__()
        self._before = before
        self._when_saved = when_saved
        self._begin = 0.0
        self._is_saving = False
        self._trial: Trial | None = None

    def compose_body(self) -> Iterable[Widget]:
        """The fields, and what is to be said about them."""
        yield Lines([""])
        yield ConnectionFields(self._before)
        yield Lines([""])
        yield Prose([_HINT, *([] if is_installed() else [_NO_KEYRING])], id="said", classes="said")

    def on_mount(self) -> None:
        """Have a clock ready for a test that takes long."""
        super().on_mount()
        self._timer = self.set_interval(1.0, self._tick, pause=True)

    def where(self) -> tuple[str, None, str]:
        """Which connection this is."""
        return f"Connections › {self._before.name if self._before else 'new'}", None, ""

    def help_text(self) -> str:
        """What each field is for."""
        return (
            "Tab, up and down go from field to field, left and right change a choice."
            f" {self.key_of('connection.save')} connects with what is typed in and then writes it to the file of"
            " connections. An environment that nobody knows better is production. A password file is made with mode"
            " 0600; one that is there is used and never written over. The system keyring has the password as an entry"
            f" of {SERVICE}, until the connection is deleted or its password gets another place."
        )

    def is_available(self, action_id: str) -> bool:
        """While a test waits there is nothing to save, and while it is saved nothing to save again."""
        return action_id != "connection.save" or not (self._begin or self._is_saving)

    def go_back(self) -> bool:
        """Cancel a test that waits; ask before what was typed is lost. What is being written is not cut short."""
        if self._is_saving:
            self.notify_line("It is being saved.", is_error=False)
            return True
        if self._begin:
            self.migrate_app.workers.cancel_group(self.migrate_app, GROUP)
            self._end_test()
            self._say("The test was cancelled; nothing was saved.")
            return True
        if not self.has_unsaved():
            return False
        ask_to_leave(self, self.leave)
        return True

    def has_unsaved(self) -> bool:
        """Say whether a field differs from what it began with."""
        return self._fields.entry() != self._fields.first

    def key_down(self) -> None:
        """Go to the next field."""
        self.focus_next()

    def key_up(self) -> None:
        """Go to the field before."""
        self.focus_previous()

    def on_connection_fields_password_taken(self, message: ConnectionFields.PasswordTaken) -> None:
        """Say what became of a password in a URL."""
        if message.problem:
            self._say(f"✗ {message.problem}", "  What may be a password was taken out; type it into its own field.")
        else:
            self._say("The password was taken out of the URL. Say below where it is to be kept.")

    def on_input_submitted(self) -> None:
        """Enter goes to the next field."""
        self.focus_next()

    def action_connection_save(self) -> None:
        """Test what is typed in, then save it."""
        entry = self._fields.entry()
        self._begin = time.monotonic()
        self._timer.resume()
        self._say("Connecting… esc cancels")
        self.refresh_frame()
        self.migrate_app.in_background(self._try(entry), GROUP)

    def on_connection_form_tried(self, message: Tried) -> None:
        """Save what works; else say what does not, and ask."""
        self._is_saving = False
        self._end_test()
        trial = self._trial = message.trial
        fault = trial.problem or (trial.greeting.fault if trial.greeting is not None else None)
        if fault is None:
            self._insist_and_save(trial.entry)
            return
        self._say(
            f"✗ {fault.message}",
            f"  {fault.hint}",
            f"  Nothing was saved. Mend it; {self.key_of('connection.save')} tries again.",
        )
        if trial.problem is None:
            choices = [("mend", "Go back and mend it"), ("save", "Save it all the same")]

            def take(choice: str | None) -> None:
                if choice == "save":
                    self._insist_and_save(trial.entry)

            self.app.push_screen(Choose("Connecting failed", wrap(fault.message, TEXT_CELLS), choices), take)

    def on_connection_form_saved(self, message: Saved) -> None:
        """Leave the form; the sitting keeps what was typed in."""
        made, session, trial = message.connection, self.session, self._trial
        session.seen.pop(made.name, None)
        if trial is not None and trial.password is not None:
            session.passwords[end_of(made).label] = trial.password
        if trial is not None and trial.greeting is not None:
            session.seen[made.name] = trial.greeting
        if self._when_saved is not None:
            self._when_saved(made.name)
        self.leave()
        if message.remark:
            self.migrate_app.say(f"{made.name} is saved; its former password stays in the keyring: {message.remark}")
        else:
            self.migrate_app.say(f"{made.name} is saved", is_error=False)

    def _insist_and_save(self, entry: Entry) -> None:
        def take(*_: object) -> None:
            self._is_saving = True
            self._say("Saving…")
            self.refresh_frame()
            self.migrate_app.carry_out(self._save(entry))

        if entry.place is not PasswordPlace.CLEAR or not self._fields.asks_password:
            take()
            return
        said = (
            "Whoever can read the file of connections, or a copy or",
            "backup of it, has the password of this database.",
        )

        def insist(is_equal: bool | None) -> None:
            if is_equal:
                take()
            else:
                self._say("Nothing was saved: choose another place for the password.")

        self.app.push_screen(TypeName("Keep the password in clear?", said, entry.name), insist)

    async def _try(self, entry: Entry) -> None:
        session = self.session
        around = Circumstances(session.home, dict(session.passwords), session.clock(), self._ask, session.keys)
        self.post_message(self.Tried(await try_entry(entry, around)))

    async def _ask(self, name: str, url: ConnectionUrl) -> str | None:
        return await self.app.push_screen_wait(AskPassword(name, url.hosts, url.user))

    async def _save(self, entry: Entry) -> None:
        try:
            made = await asyncio.to_thread(save, self.session.home, entry)
        except TuiMigrateError as error:
            self.post_message(self.Tried(Trial(entry, problem=Fault.of(error))))
            return
        remark = ""
        try:
            await asyncio.to_thread(drop_moved, entry, made)
        except StorageFailed as error:
            remark = error.message
        self.post_message(self.Saved(made, remark))

    @property
    def _fields(self) -> ConnectionFields:
        return self.query_one(ConnectionFields)

    def _tick(self) -> None:
        waited = time.monotonic() - self._begin
        if waited >= SLOW_SECONDS:
            self._say(f"Connecting… {waited:.0f} s without an answer; esc cancels")

    def _end_test(self) -> None:
        self._begin = 0.0
        self._timer.pause()
        self.refresh_frame()

    def _say(self, *paragraphs: str) -> None:
        self.query_one("#said", Prose).say([one for one in paragraphs if one.strip()])
