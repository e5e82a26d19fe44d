"""A small app with everything a terminal makes trouble over: `python -m tests.ui.terminal.sample_app [--stock] …`."""

import asyncio
import sys
import threading
from pathlib import Path
from typing import Any, ClassVar

from tui_migrate.errors import TuiMigrateError
from tui_migrate.ui.terminal import start

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


def build(options: set[str], home: Path) -> Any:
    """Make the app; textual is imported only now, as `start` asks for."""
    stock = "--stock" in options
    terminal = None if stock else start.prepare()

    from rich.text import Text
    from textual.app import App, ComposeResult
    from textual.binding import Binding, BindingType
    from textual.screen import ModalScreen
    from textual.widgets import DataTable, Input, Label, Static

    from tui_migrate.ui.terminal.base_app import TerminalApp
    from tui_migrate.ui.themes import shipped_themes

    class Question(ModalScreen[None]):
        """A modal that leaves the screen beneath half visible."""

        CSS = """
        Question { align: center middle; }
        Question #box { width: 41; height: 7; border: round $primary; background: $surface; }
        """
        BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,m", "dismiss", "Close")]

        def compose(self) -> ComposeResult:
            yield Static("Overwrite 注文 and 🎉?\n\nenter · esc", id="box")

    class Sample:
        """What both apps share."""

        CSS = """
        DataTable { height: 1fr; }
        .loud Static { background: $error; text-style: bold italic underline; }
        #wide { width: 33; height: 1; }
        """
        BINDINGS: ClassVar[list[BindingType]] = [
            Binding("f12", "tell", priority=True),
            Binding("ctrl+l", "draw_anew", priority=True),
            Binding("m", "ask", "Ask"),
            Binding("c", "toggle_loud", "Loud"),
            Binding("t", "toggle_theme", "Theme"),
            Binding("x", "count", "Count"),
            Binding("ctrl+x", "crash", priority=True),
            Binding("ctrl+y", "crash_worker", priority=True),
            Binding("ctrl+r", "crash_reader", priority=True),
            Binding("up", "seen_up", show=False, priority="--keys" in options),
            Binding("escape", "seen_escape", show=False, priority="--keys" in options),
            Binding("ctrl+q", "quit", priority=True),
        ]

        count = 0
        told = 0

        def compose(self) -> ComposeResult:
            yield Label("tui-migrate   run 0042   — ● copying… 中", id="head", markup=False)
            yield Static("注" * 30, id="wide", markup=False)
            yield DataTable(cursor_type="row", zebra_stripes=True)
            yield Input(placeholder="filter… ‖ フィルター")
            yield Label("0", id="count")
            yield Label("", id="seen")

        def on_mount(self: Any) -> None:
            table = self.query_one(DataTable)
            for name in ("Collection", "Documents", "Done", "Rate"):
                table.add_column(name, width=30 if name == "Collection" else 18)
            for index in range(40):
                name = NAMES[index % len(NAMES)]
                table.add_row(Text(name), f"{index * 1111:,}", f"{index} %", "—")
            table.focus()

        def action_tell(self: Any) -> None:
            self.told += 1
            self.call_after_refresh(self.tell, self.told)

        def tell(self: Any, number: int) -> None:
            self._driver.write(f"\x1b]2;told {number}\x07")

        def action_draw_anew(self: Any) -> None:
            self.refresh(layout=True) if stock else self.redraw()

        def action_ask(self: Any) -> None:
            self.push_screen(Question())

        def action_toggle_loud(self: Any) -> None:
            self.toggle_class("loud")

        def action_toggle_theme(self: Any) -> None:
            self.theme = "light" if self.theme == "dark" else "dark"

        def action_count(self: Any) -> None:
            self.count += 1
            self.query_one("#count", Label).update(str(self.count))

        def action_seen_up(self: Any) -> None:
            self.query_one("#seen", Label).update("key: up")

        def action_seen_escape(self: Any) -> None:
            self.query_one("#seen", Label).update("key: escape")

        def action_crash(self: Any) -> None:
            secret = "hunter2-of-a-local"
            raise ValueError(f"cannot reach mongodb://anna:hunter2-of-a-url@db/ {len(secret)}")

        def action_crash_worker(self: Any) -> None:
            self.run_worker(self.fail_later())

        async def fail_later(self: Any) -> None:
            secret = "hunter2-of-a-local"
            raise TuiMigrateError(f"no answer from mongodb://anna:hunter2-of-a-url@db/ {len(secret)}")

        def action_crash_reader(self: Any) -> None:
            def fail(message: object) -> None:
                secret = "hunter2-of-a-local"
                raise KeyError(f"mongodb://anna:hunter2-of-a-url@db/ {len(secret)}")

            self._driver._reader._on_message = fail

    class Stock(Sample, App[None]):
        """Textual as it comes."""

        BINDINGS: ClassVar[list[BindingType]] = Sample.BINDINGS
        ENABLE_COMMAND_PALETTE = False

        def on_mount(self: Any) -> None:
            for theme in shipped_themes().values():
                self.register_theme(theme)
            self.theme = "dark"
            self.animation_level = "none"
            self.query_one(Input).cursor_blink = False

    class Ours(Sample, TerminalApp[None]):
        """The same over the differ."""

        BINDINGS: ClassVar[list[BindingType]] = Sample.BINDINGS
        ENABLE_COMMAND_PALETTE = False

    if terminal is None:
        return Stock()
    return Ours(
        theme_name=start.choose_theme("dark", terminal.depth),
        themes=shipped_themes().values(),
        crash_log=home / "state" / "error.log",
        marks=terminal.marks,
        ansi=terminal.ansi,
        depth=terminal.depth,
        encoding=terminal.encoding,
    )


def main() -> int:
    """Run it; the exit code is the app's."""
    options = set(sys.argv[1:])
    try:
        app = build(options, Path(sys.argv[-1]))
    except TuiMigrateError as error:
        sys.stderr.write(f"error: {error.message}\n  {error.hint}\n")
        return error.exit_code
    app.run()
    if asyncio.all_tasks.__name__ and [one.name for one in threading.enumerate() if one.name.startswith("terminal-")]:
        return 99  # a thread of ours is left
    return int(app.return_code or 0)


if __name__ == "__main__":
    sys.exit(main())
