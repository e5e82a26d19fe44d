"""Choosing a database of a named connection: from the list of those that its server has, or by typing its name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input
from textual.worker import Worker

from tui_migrate.connection_url import check_database, parse_url
from tui_migrate.connections import Connection
from tui_migrate.errors import TuiMigrateError, UsageError
from tui_migrate.plan.model import End, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.connection_rows import DEFAULT_DATABASE, end_of
from tui_migrate.ui.credentials import has_password
from tui_migrate.ui.look import Fault, Opening, databases_of, first_error, resolve
from tui_migrate.ui.screens.dialogs import TEXT_CELLS, AskText
from tui_migrate.ui.widgets.fitting import fit
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose, wrap

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

SHOWN: Final = 7
"""So many databases are seen at once; up and down go through all of them."""
HEIGHT: Final = SHOWN + 3
"""Lines of the list, with one above it, and two below: how many more there are, and what is said of the name."""
VERDICT: Final = 2
"""Lines that may be said of the name; the second takes the place of how many more there are."""
GROUP: Final = "databases"

_HINT: Final = "Up and down choose, or type a name; enter takes it, esc goes back."
_NONE: Final = "! none is chosen: down takes one, or type a name"
_LOOKING: Final = "Looking which databases there are…"

Found = tuple[str, ...] | Fault
"""The databases of a server, or why it does not tell."""


class AskDatabase(AskText):
    """Asks for a database; gives its name, None for esc. `end` is any of the same connection, to list them by.

    `found` is what is known already; else it is looked for while the window is open. `is_target` says that one which
    is not there is made; a source that can only be one is proposed.
    """

    BINDINGS: ClassVar = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
    ]

    class Listed(Message):
        """The server has answered, or has not."""

        def __init__(self, found: Found) -> None:
            super().__init__()
            self.found = found

    def __init__(
        self, end: StoreEnd, sentences: Sequence[str], value: str, *, is_target: bool, found: Found | None
    ) -> None:
        super().__init__(f"Database on {end.connection}", (*sentences, _HINT), value, replaces=True)
        self._end = end
        self._is_target = is_target
        self._typed = ""
        self._stepped = value
        self._is_missed = False
        self._listing: Worker[object] | None = None
        self.found = found

    def compose(self) -> ComposeResult:
        """Lay out the question, and room for the list."""
        with Vertical(classes="dialog"):
            yield Prose([self._title], classes="dialog-title")
            yield Prose(self._sentences)
            yield Input(self._value, id="text", select_on_focus=self._replaces)
            yield Lines([""] * HEIGHT, id="databases")

    def on_mount(self) -> None:
        """Ask the server, where that was not done yet."""
        if not self._is_laid_out:
            return
        self._propose()
        self._draw()
        if self.found is None:
            self._listing = self._app.in_background(self._list(), GROUP)

    def on_unmount(self) -> None:
        """Nobody waits for the list any more."""
        if self._listing is not None:  # by itself: the next window may have begun its own by now
            self._listing.cancel()

    def on_ask_database_listed(self, event: Listed) -> None:
        """Show the list."""
        self.found = event.found
        if self._is_laid_out:
            self._propose()
            self._draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is typed chooses which are shown; what up and down put there does not."""
        if event.value != self._stepped:
            self._typed = self._stepped = event.value
        self._is_missed = False
        self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what stands there; where nothing does, or what no database is called, say so."""
        if event.value.strip() and not _why_not(event.value.strip()):
            return
        event.stop()
        event.prevent_default()  # which takes it, whatever it is
        self._is_missed = True
        self._draw()

    def action_step(self, step: int) -> None:
        """Put the next database, or the one before, into the input."""
        if self._is_laid_out and (names := self._names):
            entry = self.query_one(Input)
            before = names.index(entry.value) if entry.value in names else (-1 if step > 0 else len(names))
            self._put(names[max(0, min(before + step, len(names) - 1))])

    @property
    def _is_laid_out(self) -> bool:
        """False before there is anything in the window, and again once it is being taken down."""
        return bool(self.query(Input)) and bool(self.query("#databases"))

    @property
    def _app(self) -> "MigrateApp":
        return cast("MigrateApp", self.app)

    @property
    def _names(self) -> tuple[str, ...]:
        """Those that hold what was typed; all of them where none does, for it may be a slip."""
        if self.found is None or isinstance(self.found, Fault):
            return ()
        typed = self._typed.strip().casefold()
        return tuple(one for one in self.found if typed in one.casefold()) or self.found

    async def _list(self) -> None:
        session = self._app.session
        opening = Opening(session.home, session.passwords, session.clock)
        self.post_message(self.Listed(await databases_of(self._end, opening)))

    def _propose(self) -> None:
        """Put the only database that a source can be into the empty input."""
        if not self._is_target and not self._typed and not self.query_one(Input).value and len(self._names) == 1:
            self._put(self._names[0])

    def _put(self, name: str) -> None:
        """Put a name into the input; what is typed next takes its place."""
        entry = self.query_one(Input)
        self._stepped = entry.value = name
        entry.action_select_all()

    def _draw(self) -> None:
        lines = self._lines(self.query_one(Input).value.strip())
        self.query_one("#databases", Lines).show(["", *lines, *[""] * HEIGHT][:HEIGHT])

    def _lines(self, value: str) -> list[str]:
        verdict = self._verdict(value)
        if self.found is None:
            return [_LOOKING, *verdict]
        if isinstance(self.found, Fault):
            return [*wrap(f"Its databases are not listed: {self.found.message}", TEXT_CELLS), *verdict]
        names = self._names
        at = names.index(value) if value in names else 0
        top = max(0, min(at - SHOWN // 2, len(names) - SHOWN))
        seen = names[top : top + SHOWN]
        marked = [f"{'›' if one == value else ' '}{fit(printable(one), TEXT_CELLS - 1)}" for one in seen]
        more = [_more_words(len(names) - len(seen))] if len(verdict) < VERDICT else []
        return [*marked, *[""] * (SHOWN - len(seen)), *more, *verdict]

    def _verdict(self, value: str) -> list[str]:
        """Say what is to be said of a name, in VERDICT lines at most."""
        if not value:
            return [_NONE] if self._is_missed else []
        if why_not := _why_not(value):
            return wrap(f"✗ {why_not}", TEXT_CELLS)[:VERDICT]
        if isinstance(self.found, Fault) or self.found is None or value in self.found:
            return []
        said = "{} is new and will be made" if self._is_target else f"! {self._end.connection} has no database {{}}"
        return [fit(said.format(printable(value)), TEXT_CELLS)]


def _why_not(name: str) -> str:
    """Say why no database is called like this; empty where one can be."""
    if "://" in name:
        return "a URL goes elsewhere: esc, then “Type a URL”; here the name of a database is asked for"
    try:
        check_database(name)
    except UsageError as error:
        fault = Fault.of(error)
        return f"{fault.message}: {fault.hint}"
    return ""


async def ask_database(
    app: "MigrateApp", connection: Connection, current: End | None, other: End | None, *, is_target: bool
) -> StoreEnd | None:
    """Ask for a database of a connection; None where the operator went back. To be awaited in background work.

    `current` is the end that is to be another, `other` the one at the other side, whose database is proposed where
    nothing is nearer.
    """
    text, sentences = proposed(connection, current, other), list[str]()
    listing = end_of(connection)
    found: Found | None = None
    try:
        if not await _has_password(app, connection):
            return None
    except (TuiMigrateError, BaseExceptionGroup) as error:
        found = Fault.of(first_error(error))
    while True:
        window = AskDatabase(listing, sentences, text, is_target=is_target, found=found)
        answer = await app.push_screen_wait(window)
        if answer is None:
            return None
        chosen = await resolve(f"{connection.name}/{answer.strip()}", app.session.home)
        if not isinstance(chosen, Fault):
            _hand_on_password(app, connection, chosen[0])
            return chosen[0]
        fault = chosen
        text, found = answer, window.found
        sentences = [f"✗ {fault.message}", *([fault.hint] if fault.hint else [])]


def proposed(connection: Connection, current: End | None, other: End | None) -> str:
    """The database that is most likely meant: that of the end as it is, of the URL, of the end at the other side."""
    if isinstance(current, StoreEnd) and current.connection == connection.name:
        return current.database
    named = parse_url(connection.url).database
    if named and named != DEFAULT_DATABASE:  # which is named to say where the user is known
        return named
    return other.database if isinstance(other, StoreEnd) else ""


async def _has_password(app: "MigrateApp", connection: Connection) -> bool:
    """See to the password that listing needs; False where the operator went back from being asked."""
    end = end_of(connection)
    _hand_on_password(app, connection, end)
    return await has_password(app, end)


def _hand_on_password(app: "MigrateApp", connection: Connection, end: StoreEnd) -> None:
    """Use for an end what was typed for another of its connection, which is the same user at the same server."""
    passwords = app.session.passwords
    known = (one for label, one in passwords.items() if label.startswith(f"{connection.name}/"))
    if end.label not in passwords and (password := next(known, None)) is not None:
        passwords[end.label] = password


def _more_words(more: int) -> str:
    return f" +{more:,} more" if more > 0 else ""
