"""The small windows: a name to be typed before something dangerous, a password, a choice, a line of text."""

from collections.abc import Callable, Sequence
from typing import Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Input

from tui_migrate.redaction import printable
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose, wrap
from tui_migrate.ui.widgets.table import SPACE, Column, Row, Table

TEXT_CELLS: Final = 66
"""How wide the text of a window is."""
FACT_CELLS: Final = 12
"""How wide the names of the facts in a question are."""
BESIDE_CHOICES: Final = 7
"""Lines of a window that are not its sentences or choices: its border and margins, its title, the table's head."""


class TypeName(Window[bool]):
    """Asks for a name to be typed; enter does nothing until it is equal. Gives True for equal, False for esc."""

    BINDINGS = [Binding("escape", "refuse", show=False)]  # noqa: RUF012 - Textual's own way

    def __init__(self, title: str, sentences: Sequence[str], name: str) -> None:
        super().__init__()
        self._title = title
        self._sentences = tuple(sentences)
        self._wanted = name

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(classes="dialog"):
            yield Prose([self._title], classes="dialog-title")
            yield Prose([*self._sentences, "", f"Type {printable(self._wanted)} and enter to go on; esc goes back."])
            yield Input(id="name")
            yield Lines([""], id="unequal")

    def on_input_changed(self) -> None:
        """Whoever types on has read what was wrong."""
        self.query_one("#unequal", Lines).show([""])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on if the name is equal."""
        event.stop()
        if event.value == self._wanted:
            self.dismiss(True)
        else:
            self.query_one("#unequal", Lines).show([_unequal_words(event.value, self._wanted)])

    def action_refuse(self) -> None:
        """Go back."""
        self.dismiss(False)


def _unequal_words(typed: str, wanted: str) -> str:
    """Say what keeps a name that was typed from being the one that is wanted."""
    if not typed:
        return "✗ Nothing is typed yet."
    if typed.strip().casefold() == wanted.casefold():
        what = "upper and lower case count" if typed.strip() == typed else "it has blanks around it"
        return f"✗ Not equal: {what}."
    return "✗ Not equal: this is another name."


class AskSecret(Window[str | None]):
    """Asks for a word that is not shown, which is never an empty one; gives None for esc.

    `facts` are pairs of a name and what it is for this question.
    """

    BINDINGS = [Binding("escape", "refuse", show=False)]  # noqa: RUF012 - Textual's own way

    def __init__(self, title: str, facts: Sequence[tuple[str, str]], *, problem: str = "") -> None:
        super().__init__()
        self._title = title
        self._lines = [line for name, value in facts for line in _fact_lines(name, printable(value))]
        self._problem = [f"✗ {printable(problem)}", ""] if problem else []

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        said = (
            f"Type the {self._title.lower()}, then enter; esc goes back. It is used in this sitting and kept nowhere."
        )
        with Vertical(classes="dialog"):
            yield Prose([self._title], classes="dialog-title")
            yield Lines([*self._lines, ""])
            yield Prose([*self._problem, said])
            yield Input(password=True, id="password")
            yield Lines([], id="nothing-typed")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the word."""
        event.stop()
        if event.value:
            self.dismiss(event.value)
        else:
            self.query_one("#nothing-typed", Lines).show(["Nothing is typed yet."])

    def action_refuse(self) -> None:
        """Go back without one."""
        self.dismiss(None)


def _fact_lines(name: str, value: str) -> list[str]:
    """Set a value beside its name; one that is long goes on below itself, cut nowhere."""
    first, *more = wrap(value, TEXT_CELLS - FACT_CELLS)
    return [f"{name:<{FACT_CELLS}}{first}", *(f"{'':<{FACT_CELLS}}{one}" for one in more)]


class AskPassword(AskSecret):
    """Asks for the password of a user at a place."""

    def __init__(self, connection: str, host: str, user: str, *, problem: str = "") -> None:
        facts = (("Connection", connection), ("Host", host), ("User", user))
        super().__init__("Password", facts, problem=problem)


class AskPassphrase(AskSecret):
    """Asks for the passphrase of a package."""

    def __init__(self, path: str, *, problem: str = "") -> None:
        super().__init__("Passphrase", (("Package", path),), problem=problem)


class AskText(Window[str | None]):
    """Asks for one line of text; gives None for esc. With `replaces` typing takes the place of the value there is."""

    BINDINGS = [Binding("escape", "refuse", show=False)]  # noqa: RUF012 - Textual's own way

    def __init__(self, title: str, sentences: Sequence[str] = (), value: str = "", *, replaces: bool = False) -> None:
        super().__init__()
        self._title = title
        self._sentences = tuple(sentences)
        self._value = value
        self._replaces = replaces

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(classes="dialog"):
            yield Prose([self._title], classes="dialog-title")
            if self._sentences:
                yield Prose(self._sentences)
            yield Input(self._value, id="text", select_on_focus=self._replaces)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the text."""
        event.stop()
        self.dismiss(event.value)

    def action_refuse(self) -> None:
        """Go back without one."""
        self.dismiss(None)


class Choose(Window[str | None]):
    """Offers a few choices, one a row; gives the key of the one chosen, None for esc."""

    BINDINGS = [Binding("escape", "refuse", show=False)]  # noqa: RUF012 - Textual's own way
    KEYS = (("↑↓", "Move"), ("enter", "Choose"), ("esc", "Back"))

    def __init__(self, title: str, sentences: Sequence[str], choices: Sequence[tuple[str, str]], at: str = "") -> None:
        super().__init__()
        self._title = title
        self._sentences = tuple(sentences)
        self._choices = tuple(choices)
        self._at = at

    def compose(self) -> ComposeResult:
        """Lay out the choices."""
        with Vertical(classes="dialog"):
            yield Prose([self._title], classes="dialog-title")
            if self._sentences:
                yield Prose(self._sentences)
            yield Table([Column("")], has_note=self._is_cut, id="choices")

    def on_mount(self) -> None:
        """Fill the table and put the cursor where it belongs."""
        table = self.query_one(Table)
        table.styles.height = min(len(self._choices), self._room) + (2 if self._is_cut else 1)
        table.show([Row(key, (text,)) for key, text in self._choices])
        if self._at:
            table.move_to(self._at)
        table.focus()

    def on_table_opened(self, event: Table.Opened) -> None:
        """Take the choice."""
        event.stop()
        self.dismiss(event.key)

    @property
    def _room(self) -> int:
        """How many choices are seen at once; whoever opened a window has an app of some height already."""
        said = sum(len(wrap(one, TEXT_CELLS)) for one in (self._title, *self._sentences)) - 1
        return max(1, self.app.size.height - BESIDE_CHOICES - said - 1)

    @property
    def _is_cut(self) -> bool:
        """True where something of the list is out of sight: a line below it then says what is under the cursor."""
        widest = max((cell_len(printable(text)) for _, text in self._choices), default=0)
        return widest > TEXT_CELLS - 1 - SPACE or len(self._choices) > self._room

    def action_refuse(self) -> None:
        """Go back without one."""
        self.dismiss(None)


def ask_to_leave(screen: Screen[None], then: Callable[[], object]) -> None:
    """Ask whether what was typed may be forgotten, and do `then` if so."""
    choices = [("stay", "Stay here"), ("leave", "Leave, and forget what was typed")]

    def take(choice: str | None) -> None:
        if choice == "leave":
            then()

    screen.app.push_screen(Choose("Leave without saving?", (), choices), take)
