"""The fields of a connection, one a line; those that mean nothing for what is typed in are not there."""

from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui_migrate.connections import Connection
from tui_migrate.errors import UsageError
from tui_migrate.plan.model import Environment
from tui_migrate.ui.connection_entry import LONGEST_NAME, Entry, PasswordPlace, entry_of, places_for
from tui_migrate.ui.widgets.leaving import Leaving
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.pick import Pick
from tui_migrate.ui.widgets.url_input import TypedUrl, UrlInput

LONGEST_PASSWORD: Final = 1_024

_ENVIRONMENTS: Final = tuple((one.value, one.value) for one in Environment)


class ConnectionFields(Leaving, Vertical):
    """Gives what stands in the fields as an `Entry`. `before` is the connection that is changed."""

    DEFAULT_CSS = "ConnectionFields { height: auto; }"

    class PasswordTaken(Message):
        """A password was taken out of a pasted URL; `problem` is why it cannot be used."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self, before: Connection | None) -> None:
        super().__init__()
        self._before = before
        self.first = entry_of(before)
        self.asks_password = False

    def compose(self) -> ComposeResult:
        """Lay out the fields."""
        first = self.first
        yield _field("url", "URL", UrlInput(TypedUrl(first.url), id="url"))
        yield _field("name", "Name", Input(first.name, id="name", max_length=LONGEST_NAME, select_on_focus=False))
        yield _field("environment", "Environment", Pick(_ENVIRONMENTS, first.environment.value, id="environment"))
        yield _field("place", "Password is in", Pick(places_for(self._before), first.place.value, id="place"))
        yield _field("where", "Variable", Input(first.where, id="where", select_on_focus=False))
        yield _field("password", "Password", Input(password=True, id="password", max_length=LONGEST_PASSWORD))

    def on_mount(self) -> None:
        """Begin with the URL."""
        self._show()
        self.query_one("#url", UrlInput).focus()

    def entry(self) -> Entry:
        """What stands in the fields now."""
        typed = self.query_one("#url", UrlInput).typed()
        return Entry(
            name=self.query_one("#name", Input).value.strip(),
            url=typed.text.strip(),
            environment=Environment(self.query_one("#environment", Pick).chosen),
            place=PasswordPlace(self.query_one("#place", Pick).chosen),
            where=self.query_one("#where", Input).value.strip(),
            password=self.query_one("#password", Input).value or typed.password,
            before=self._before,
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        """A URL with a user needs a password; one that was pasted has left the URL."""
        if isinstance(event.input, UrlInput):
            self._show()
            if event.input.has_taken or event.input.problem:
                self.post_message(self.PasswordTaken(event.input.problem))

    def on_pick_changed(self) -> None:
        """Another place of the password has another name."""
        self._show()

    def _show(self) -> None:
        try:
            self.asks_password = self.entry().parsed().needs_password
        except UsageError:
            self.asks_password = False
        place = PasswordPlace(self.query_one("#place", Pick).chosen)
        is_named = place in (PasswordPlace.ENVIRONMENT, PasswordPlace.FILE)
        self.query_one("#place-field").display = self.asks_password
        self.query_one("#where-field").display = self.asks_password and is_named
        self.query_one("#password-field").display = self.asks_password
        # It stands in the URL as dots, or has left it: either way nobody has to type it again.
        is_given = self.query_one("#url", UrlInput).typed().password is not None
        self.query_one("#password", Input).placeholder = "the one of the URL is used" if is_given else ""
        label = "File" if place is PasswordPlace.FILE else "Variable"
        self.query_one("#where-field Lines", Lines).show([f" {label}"])


def _field(name: str, label: str, control: Widget) -> Horizontal:
    return Horizontal(Lines([f" {label}"], classes="label"), control, id=f"{name}-field", classes="field")
