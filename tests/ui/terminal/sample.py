"""A small app with everything a terminal makes trouble over, over Textual as it comes and over ours."""

from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import DataTable, Input, Label, Static

from tui_migrate.errors import TuiMigrateError
from tui_migrate.ui.terminal.base_app import TerminalApp
from tui_migrate.ui.terminal.driver import TerminalDriver
from tui_migrate.ui.themes import shipped_themes

NAMES = (
    "orders",
    "注文履歴データベース",
    "emoji 🎉 party 🚀",
    "שלום עולם",
    "مرحبا بالعالم",
    "cafe\u0301 nai\u0308ve",
    "[brackets] and café",
    "Привет мир",
    "한국어 이름",
    "✓ ● ○ █ ▏ … → – ‖ ✗",
    "ａｂｃ full width",
    "a" * 100,
)


class Question(ModalScreen[None]):
    """A modal that leaves the screen beneath half visible."""

    CSS = """
    Question { align: center middle; }
    Question #box { width: 41; height: 7; border: round $primary; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,m", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        yield Static("Overwrite 注文 and 🎉?\n\nenter · esc", id="box")


class Sample(App[None]):
    """The app over Textual's own driver and display."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    DataTable { height: 1fr; }
    .loud Static { background: $error; text-style: bold italic underline; }
    #wide { width: 33; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f12", "tell", priority=True),
        Binding("ctrl+l", "draw_anew", priority=True),
        Binding("ctrl+q", "quit", priority=True),
        Binding("m", "ask", "Ask"),
        Binding("c", "toggle_loud", "Loud"),
        Binding("t", "toggle_theme", "Theme"),
        Binding("x", "count", "Count"),
        Binding("u", "watch_keys", "Watch keys"),
        Binding("ctrl+x", "crash", priority=True),
        Binding("ctrl+y", "crash_worker", priority=True),
        Binding("ctrl+r", "crash_reader", priority=True),
    ]
    count = 0
    told = 0
    watches = False

    def compose(self) -> ComposeResult:
        yield Label("tui-migrate   run 0042   — ● copying… 中", id="head", markup=False)
        yield Static("注" * 30, id="wide", markup=False)
        yield DataTable(cursor_type="row", zebra_stripes=True)
        yield Input(placeholder="filter… ‖ フィルター")
        yield Label("0", id="count")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        for name in ("Collection", "Documents", "Done", "Rate"):
            # Wider than any screen here: right of its columns a DataTable draws what it drew at another width.
            table.add_column(name, width=40 if name == "Collection" else 30)
        for index in range(40):
            table.add_row(Text(NAMES[index % len(NAMES)]), f"{index * 1111:,}", f"{index} %", "—")
        table.focus()

    @property
    def terminal_driver(self) -> Driver:
        assert self._driver is not None
        return self._driver

    def action_tell(self) -> None:
        """Answer, by the terminal's title, when everything before is drawn."""
        self.told += 1
        self.call_after_refresh(self.terminal_driver.write, f"\x1b]2;told {self.told}\x07")

    def action_draw_anew(self) -> None:
        self.refresh(layout=True)

    def action_ask(self) -> None:
        self.push_screen(Question())

    def action_toggle_loud(self) -> None:
        self.toggle_class("loud")

    def action_toggle_theme(self) -> None:
        self.theme = "light" if self.theme == "dark" else "dark"

    def action_count(self) -> None:
        self.show(str(self.count + 1))
        self.count += 1

    def show(self, text: str) -> None:
        self.query_one("#count", Label).update(text)

    def action_watch_keys(self) -> None:
        self.set_focus(None)
        self.watches = True

    def on_key(self, event: Message) -> None:
        if self.watches:
            self.show(f"key: {getattr(event, 'key', '')}")

    def action_crash(self) -> None:
        secret = "hunter2-of-a-local"
        raise ValueError(f"cannot reach mongodb://anna:hunter2-of-a-url@db/ {len(secret)}")

    def action_crash_worker(self) -> None:
        self.run_worker(self.fail_later())

    async def fail_later(self) -> None:
        secret = "hunter2-of-a-local"
        raise TuiMigrateError(f"no answer from mongodb://anna:hunter2-of-a-url@db/ {len(secret)}")

    def action_crash_reader(self) -> None:
        """Let the next key fail in the thread that reads keys, and tell when it will."""
        assert isinstance(self._driver, TerminalDriver)
        assert self._driver._reader is not None
        self._driver._reader._on_message = fail
        self.action_tell()


def fail(message: Message) -> None:
    secret = "hunter2-of-a-local"
    raise KeyError(f"mongodb://anna:hunter2-of-a-url@db/ {len(secret)}")


class StockSample(Sample):
    """The reference: Textual as it comes."""

    def on_mount(self) -> None:
        for theme in shipped_themes().values():
            self.register_theme(theme)
        self.theme = "dark"
        self.animation_level = "none"
        self.query_one(Input).cursor_blink = False


class TerminalSample(Sample, TerminalApp[None]):
    """The same over the differ."""

    def action_draw_anew(self) -> None:
        self.redraw()
