"""The windows in which an end is typed: a URL or a connection's name, and the path of a package."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from tui_migrate.redaction import printable
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.prose import Prose, wrap
from tui_migrate.ui.widgets.url_input import TypedUrl, UrlInput

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

CANDIDATES_SHOWN: Final = 6
TEXT_CELLS: Final = 66
"""How wide the text of a window is."""

_TAKEN: Final = "The password was taken out of it and is kept for this sitting only."


class AskUrl(Window[TypedUrl | None]):
    """Asks for a URL or NAME/DATABASE; gives it with its password apart, None for esc."""

    BINDINGS: ClassVar = [Binding("escape", "refuse", show=False)]

    def __init__(self, title: str, typed: TypedUrl | None = None) -> None:
        super().__init__()
        self._title = title
        self._typed = typed or TypedUrl("")

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        lines = [
            "mongodb://user@host:27017/DATABASE, which counts as production,",
            "or NAME/DATABASE of a connection that has a name.",
        ]
        with Vertical(classes="dialog"):
            yield Prose([self._title], classes="dialog-title")
            yield Lines(lines)
            yield UrlInput(self._typed, id="url")
            yield Lines(_problem_lines(self._typed.problem), id="problem", classes="problem")

    def on_input_changed(self) -> None:
        """Say what became of a password that was pasted."""
        entry = self.query_one(UrlInput)
        words = _TAKEN if entry.has_taken else entry.problem
        if words:
            self.query_one("#problem", Lines).show(_problem_lines(words))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give what was typed, without its password."""
        event.stop()
        entry = self.query_one(UrlInput)
        typed = entry.typed()
        entry.value = typed.text
        self.dismiss(typed)

    def action_refuse(self) -> None:
        """Go back without one."""
        self.dismiss(None)


class AskPath(Window[str | None]):
    """Asks for a path; tab completes it, to a folder or `with_files`. Gives it absolute, None for esc."""

    BINDINGS: ClassVar = [
        Binding("escape", "refuse", show=False),
        Binding("tab", "complete", show=False, priority=True),
    ]

    class Listed(Message):
        """The paths that begin as the text does; those of folders end with a slash."""

        def __init__(self, text: str, candidates: Sequence[str]) -> None:
            super().__init__()
            self.text = text
            self.candidates = tuple(candidates)

    def __init__(self, title: str, sentence: str, value: str, *, with_files: bool = False) -> None:
        super().__init__()
        self._title = title
        self._sentence = sentence
        self._value = value
        self._with_files = with_files
        self._candidates: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(classes="dialog"):
            yield Prose([self._title], classes="dialog-title")
            yield Lines([*wrap(self._sentence, TEXT_CELLS), "tab completes the path, esc goes back."])
            yield Input(self._value, id="path", select_on_focus=False)
            yield Lines([""] * (CANDIDATES_SHOWN + 1), id="candidates", classes="dim")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for what the path may become."""
        app = cast("MigrateApp", self.app)
        app.in_background(self._list(event.value), f"completion-{id(self)}")

    def on_ask_path_listed(self, event: Listed) -> None:
        """Show it."""
        if event.text == self.query_one(Input).value:
            self._candidates = event.candidates
            names = [f"  {printable(_last_part(one))}" for one in event.candidates[:CANDIDATES_SHOWN]]
            more = len(event.candidates) - CANDIDATES_SHOWN
            names.append(f"  +{more} more" if more > 0 else "")
            self.query_one("#candidates", Lines).show(names + [""] * (CANDIDATES_SHOWN + 1 - len(names)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the path."""
        event.stop()
        if event.value.strip():
            self.dismiss(absolute(event.value.strip()))

    def action_complete(self) -> None:
        """Write what all candidates have in common."""
        if self._candidates:
            entry = self.query_one(Input)
            entry.value = os.path.commonprefix(self._candidates)  # noqa: RUF071 -- characters in common, not parts
            entry.cursor_position = len(entry.value)

    def action_refuse(self) -> None:
        """Go back without one."""
        self.dismiss(None)

    async def _list(self, text: str) -> None:
        self.post_message(self.Listed(text, await asyncio.to_thread(paths_like, text, with_files=self._with_files)))


def paths_like(text: str, *, with_files: bool = False) -> list[str]:
    """Give the folders, a slash behind each, and files whose paths begin with a text; none that cannot be listed."""
    path = os.path.expanduser(text)  # noqa: PTH111 -- Path's own raises for an unknown user
    folder, _, begin = path.rpartition("/")
    try:
        with os.scandir(folder + "/" if folder or path.startswith("/") else ".") as entries:
            like = [one for one in entries if one.name.startswith(begin)]
            found = [one.name + "/" * one.is_dir() for one in like if with_files or one.is_dir()]
    except OSError:
        return []
    shown = [one for one in found if begin or not one.startswith(".")]
    return [f"{folder}/{one}" if folder or path.startswith("/") else one for one in sorted(shown)]


def _last_part(path: str) -> str:
    return path[path.rstrip("/").rfind("/") + 1 :]


def absolute(text: str) -> str:
    """Make a typed path absolute; its links stay, for they are what the user means."""
    path = os.path.expanduser(text)  # noqa: PTH111 -- as above
    return os.path.normpath(path if path.startswith("/") else working_folder() + path)


def working_folder() -> str:
    """The folder the app was started in, with a slash behind it, to begin a path with; `/` where that was removed."""
    try:
        return f"{str(Path.cwd()).rstrip('/')}/"
    except FileNotFoundError:
        return "/"


def _problem_lines(problem: str) -> list[str]:
    lines = wrap(printable(problem), TEXT_CELLS) if problem else []
    return [*lines, "", ""][:2]
