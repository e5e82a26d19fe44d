"""Adding a connection, or changing one: typed in, tested, and only then written."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui_migrate.connection_url import parse_url
from tui_migrate.connections import Connection, load, stored_password
from tui_migrate.errors import CredentialsMissing, TuiMigrateError, UsageError
from tui_migrate.plan.model import Environment
from tui_migrate.stores.registry import Locator
from tui_migrate.ui.connection_entry import PLACE_WORDS, Entry, PasswordPlace, save
from tui_migrate.ui.connection_rows import DEFAULT_DATABASE, end_of
from tui_migrate.ui.greeting import SLOW_SECONDS, Greeting, greet
from tui_migrate.ui.look import Fault, first_error
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.dialogs import AskPassword, Choose, TypeName
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.pick import Pick
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.url_input import TypedUrl, UrlInput

GROUP: Final = "connection-form"
LONGEST_PASSWORD: Final = 1_024

_HINT: Final = "A password in a pasted URL is taken out of it at once and never shown."
_ENVIRONMENTS: Final = tuple((one.value, one.value) for one in Environment)


class ConnectionForm(OperatorScreen):
    """The fields of one connection. `when_saved` is told its name."""

    ACTIONS: ClassVar = ("connection.save",)

    class Tried(Message):
        """The entry was tried: who answered, or why it cannot be saved, or (`may_save`) that nobody answered."""

        def __init__(self, entry: Entry, greeting: Greeting | None, fault: Fault | None, *, may_save: bool) -> None:
            super().__init__()
            self.entry = entry
            self.greeting = greeting
            self.fault = fault
            self.may_save = may_save

    class Saved(Message):
        """The connection stands in the file."""

        def __init__(self, connection: Connection) -> None:
            super().__init__()
            self.connection = connection

    def __init__(self, before: Connection | None = None, when_saved: Callable[[str], object] | None = None) -> None:
        super().__init__()
        self._before = before
        self._when_saved = when_saved
        self._begin = 0.0
        self._greeting: Greeting | None = None
        self._typed_password: str | None = None
        self._asks = False
        self._first = self._initial()

    def compose_body(self) -> Iterable[Widget]:
        """One field a line."""
        first = self._first
        yield Lines([""])
        yield _field("url", "URL", UrlInput(TypedUrl(first.url), id="url"))
        yield _field("name", "Name", Input(first.name, id="name", max_length=64, select_on_focus=False))
        yield _field("environment", "Environment", Pick(_ENVIRONMENTS, first.environment.value, id="environment"))
        yield _field("place", "Password is in", Pick(PLACE_WORDS, first.place.value, id="place"))
        yield _field("where", "Variable", Input(first.where, id="where", select_on_focus=False))
        yield _field("password", "Password", Input(password=True, id="password", max_length=LONGEST_PASSWORD))
        yield Lines([""])
        yield Prose([_HINT], id="said", classes="said")

    def on_mount(self) -> None:
        """Begin with the URL."""
        super().on_mount()
        self._timer = self.set_interval(1.0, self._tick, pause=True)
        self._show_fields()
        self.query_one("#url", UrlInput).focus()

    def where(self) -> tuple[str, None, str]:
        """Which connection this is."""
        return f"Connections › {self._before.name if self._before else 'new'}", None, ""

    def help_text(self) -> str:
        """What each field is for."""
        return (
            "Tab, up and down go from field to field, left and right change a choice. ctrl+s connects with what is"
            " typed in and then writes it to the file of connections. An environment that nobody knows better is"
            " production. A password file is made with mode 0600; one that is there is used and never written over."
        )

    def is_available(self, action_id: str) -> bool:
        """While a test waits there is nothing to save."""
        return action_id != "connection.save" or not self._begin

    def go_back(self) -> bool:
        """Cancel a test that waits; ask before what was typed is lost."""
        if self._begin:
            self.migrate_app.workers.cancel_group(self.migrate_app, GROUP)
            self._end_test()
            self._say("The test was cancelled; nothing was saved.")
            return True
        if self._entry() == self._first:
            return False
        choices = [("stay", "Stay here"), ("leave", "Leave, and forget what was typed")]

        def take(choice: str | None) -> None:
            if choice == "leave":
                self.app.pop_screen()

        self.app.push_screen(Choose("Leave without saving?", (), choices), take)
        return True

    def key_down(self) -> None:
        """Go to the next field."""
        self.focus_next()

    def key_up(self) -> None:
        """Go to the field before."""
        self.focus_previous()

    def on_input_changed(self, event: Input.Changed) -> None:
        """A URL with a user needs a password; one that was pasted has left the URL."""
        if isinstance(event.input, UrlInput):
            self._show_fields()
            if event.input.has_taken:
                self._say("The password was taken out of the URL. Say below where it is to be kept.")
            elif event.input.problem:
                self._say(f"✗ {event.input.problem}")

    def on_input_submitted(self) -> None:
        """Enter goes to the next field."""
        self.focus_next()

    def on_pick_changed(self) -> None:
        """Another place of the password has another name."""
        self._show_fields()

    def action_connection_save(self) -> None:
        """Test what is typed in, then save it."""
        entry = self._entry()
        self._begin = time.monotonic()
        self._timer.resume()
        self._say("Connecting… esc cancels")
        self.refresh_frame()
        self.migrate_app.in_background(self._try(entry), GROUP)

    def on_connection_form_tried(self, message: Tried) -> None:
        """Save what works; else say what does not, and ask."""
        self._end_test()
        entry, fault = message.entry, message.fault
        self._greeting = message.greeting
        if fault is None:
            self._insist_and_save(entry)
            return
        self._say(f"✗ {fault.message}", f"  {fault.hint}", "  Nothing was saved. Mend it; ctrl+s tries again.")
        if message.may_save:
            choices = [("mend", "Go back and mend it"), ("save", "Save it all the same")]

            def take(choice: str | None) -> None:
                if choice == "save":
                    self._insist_and_save(entry)

            self.app.push_screen(Choose("Nobody answers as this connection wants it", (), choices), take)

    def on_connection_form_saved(self, message: Saved) -> None:
        """Leave the form; the sitting keeps what was typed in."""
        made, session = message.connection, self.session
        if self._typed_password is not None:
            session.passwords[end_of(made).label] = self._typed_password
        session.seen.pop(made.name, None)
        if self._greeting is not None:
            session.seen[made.name] = self._greeting
        if self._when_saved is not None:
            self._when_saved(made.name)
        self.app.pop_screen()
        self.migrate_app.say(f"{made.name} is saved", is_error=False)

    def _insist_and_save(self, entry: Entry) -> None:
        def take(*_: object) -> None:
            self.migrate_app.in_background(self._save(entry), GROUP)

        if entry.place is not PasswordPlace.CLEAR or not self._asks:
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
        """Check an entry and connect with it."""
        may_save = False
        try:
            known = await asyncio.to_thread(load, self.session.home)
            made = entry.check(known)
            password = await self._password(entry, made)
            url = parse_url(made.url)
            may_save = True
            greeting = await greet(Locator(url.text, url.database or DEFAULT_DATABASE, password), self.session.clock())
        except* TuiMigrateError as group:
            fault = Fault.of(first_error(group))
            self.post_message(self.Tried(entry, None, fault, may_save=may_save))
        else:
            self.post_message(self.Tried(entry, greeting, None, may_save=True))

    async def _password(self, entry: Entry, made: Connection) -> str | None:
        """Find the password to connect with; ask where none is to be had. Raises CredentialsMissing."""
        url = entry.parsed()
        if not url.needs_password or entry.secret is not None:
            self._typed_password = entry.password
            return entry.secret
        try:
            found = await asyncio.to_thread(stored_password, made, self.session.home)
        except CredentialsMissing:
            if made.password_file:
                raise
            found = None
        if found is None:
            found = self.session.passwords.get(end_of(made).label)
        if found is None:
            found = await self.app.push_screen_wait(AskPassword(made.name, url.hosts, url.user))
            self._typed_password = found
        if found is None:
            raise CredentialsMissing("no password was given", hint="ctrl+s asks again")
        return found

    async def _save(self, entry: Entry) -> None:
        try:
            made = await asyncio.to_thread(save, self.session.home, entry)
        except TuiMigrateError as error:
            self.post_message(self.Tried(entry, self._greeting, Fault.of(error), may_save=False))
        else:
            self.post_message(self.Saved(made))

    def _initial(self) -> Entry:
        before = self._before
        if before is None:
            return Entry("", "", Environment.PRODUCTION, PasswordPlace.ASK)
        place, where = PasswordPlace.ASK, ""
        if before.password_env:
            place, where = PasswordPlace.ENVIRONMENT, before.password_env
        elif before.password_file:
            place, where = PasswordPlace.FILE, before.password_file
        elif before.password is not None:
            place = PasswordPlace.CLEAR
        return Entry(before.name, before.url, before.environment, place, where, before=before)

    def _entry(self) -> Entry:
        """What stands in the fields now."""
        typed = self.query_one("#url", UrlInput).typed()
        password = self.query_one("#password", Input).value or typed.password
        return Entry(
            name=self.query_one("#name", Input).value.strip(),
            url=typed.text.strip(),
            environment=Environment(self.query_one("#environment", Pick).chosen),
            place=PasswordPlace(self.query_one("#place", Pick).chosen),
            where=self.query_one("#where", Input).value.strip(),
            password=password,
            before=self._before,
        )

    def _show_fields(self) -> None:
        """Show those fields that mean something now."""
        try:
            self._asks = self._entry().parsed().needs_password
        except UsageError:
            self._asks = False
        place = PasswordPlace(self.query_one("#place", Pick).chosen)
        is_named = place in (PasswordPlace.ENVIRONMENT, PasswordPlace.FILE)
        self.query_one("#place-field").display = self._asks
        self.query_one("#where-field").display = self._asks and is_named
        self.query_one("#password-field").display = self._asks
        label = "File" if place is PasswordPlace.FILE else "Variable"
        self.query_one("#where-field Lines", Lines).show([f" {label}"])

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


def _field(name: str, label: str, control: Widget) -> Horizontal:
    return Horizontal(Lines([f" {label}"], classes="label"), control, id=f"{name}-field", classes="field")
