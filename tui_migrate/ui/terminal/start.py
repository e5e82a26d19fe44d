"""What is found out and settled before Textual is imported: it reads the environment while it loads.

Nothing here may import textual or rich.
"""

import os
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tui_migrate.errors import UsageError
from tui_migrate.ui.terminal.charset import encoding_of, locale_of

COLOUR_VARIABLE: Final = "TUI_MIGRATE_COLOR"

_ESCAPE_MILLISECONDS_OVER_SSH: Final = "300"
_HEADLESS: Final = "run `tui-migrate --help` for the commands that need no screen"
_SHOW_NO_COLOUR: Final = ("vt52", "vt100", "vt102", "vt220", "vt320")
_SHOW_FEW_GLYPHS: Final = ("linux", *_SHOW_NO_COLOUR)
_SHOW_TRUE_COLOUR: Final = ("alacritty", "foot", "ghostty", "kitty", "wezterm", "direct")


class MarkSet(Enum):
    """Which marks a terminal can be trusted to show."""

    UNICODE = "unicode"
    ASCII = "ascii"


class ColourDepth(Enum):
    """How many colours go to the terminal; NONE leaves bold, underline and reverse."""

    NONE = "none"
    SIXTEEN = "16"
    INDEXED = "256"
    TRUE = "truecolor"


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the terminal can do. `encoding` is a Python codec; `remote` says that an SSH line lies between."""

    depth: ColourDepth
    marks: MarkSet
    encoding: str
    remote: bool

    @property
    def ansi(self) -> bool:
        """True where no more than the terminal's own sixteen colours may be used."""
        return self.depth in (ColourDepth.NONE, ColourDepth.SIXTEEN)


def prepare(*, ascii_marks: bool | None = None) -> Terminal:
    """Check the terminal, settle the environment for Textual, and say what the terminal can do.

    `ascii_marks` is the user's setting; None leaves it to locale and terminal. Raises UsageError.
    """
    check_terminal()
    terminal = examine(os.environ, ascii_marks=ascii_marks)
    settle(os.environ, terminal)
    return terminal


def check_terminal() -> None:
    """Raise UsageError, naming the command line as the way out, where no screen can be drawn."""
    for number, name in ((0, "standard input"), (2, "standard error")):
        if not os.isatty(number):
            raise UsageError(f"the app needs a terminal, and {name} is none", hint=_HEADLESS)
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        named = f"TERM={term}" if term else "TERM is not set"
        raise UsageError(f"the app cannot draw on this terminal: {named}", hint=f"set TERM, or {_HEADLESS}")
    if 0 in os.get_terminal_size(2):
        raise UsageError("the terminal says that it has no size", hint=f"try `stty rows 24 cols 80`, or {_HEADLESS}")


def examine(environ: Mapping[str, str], *, ascii_marks: bool | None = None) -> Terminal:
    """Say what the environment tells of the terminal. Raises UsageError for an unknown depth in TUI_MIGRATE_COLOR."""
    encoding = encoding_of(locale_of(environ))
    few_glyphs = encoding != "utf-8" or environ.get("TERM") in _SHOW_FEW_GLYPHS
    return Terminal(
        depth=colour_depth(environ),
        marks=MarkSet.ASCII if ascii_marks or (ascii_marks is None and few_glyphs) else MarkSet.UNICODE,
        encoding=encoding,
        remote=is_remote(environ),
    )


def is_remote(environ: Mapping[str, str] = os.environ) -> bool:
    """True where the terminal is at the far end of an SSH line."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))


def colour_depth(environ: Mapping[str, str]) -> ColourDepth:
    """Say how many colours the terminal shows. Raises UsageError for an unknown word in TUI_MIGRATE_COLOR.

    NO_COLOR counts where it is not empty and our own variable is not set (https://no-color.org).
    """
    wished = environ.get(COLOUR_VARIABLE, "")
    if wished:
        known = [one.value for one in ColourDepth]
        if wished not in known:
            raise UsageError(f"{COLOUR_VARIABLE}={wished[:20]!r} is unknown", hint=f"use one of {', '.join(known)}")
        return ColourDepth(wished)
    term = environ.get("TERM", "")
    family, kind = term.partition("-")[0], term.rpartition("-")[2]
    if environ.get("NO_COLOR") or family in _SHOW_NO_COLOUR or kind in ("m", "mono"):
        return ColourDepth.NONE
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or {family, kind} & set(_SHOW_TRUE_COLOUR):
        return ColourDepth.TRUE
    return ColourDepth.INDEXED if kind == "256color" else ColourDepth.SIXTEEN


def choose_theme(name: str, depth: ColourDepth) -> str:
    """Give the theme to start with: the user's, or what is left where the terminal has not its colours."""
    if depth is ColourDepth.NONE:
        return "monochrome"
    return "ansi" if depth is ColourDepth.SIXTEEN else name


def settle(environ: MutableMapping[str, str], terminal: Terminal) -> None:
    """Set and clear what Textual reads from the environment while it is imported and started.

    NO_COLOR would turn colours into grey ones; TEXTUAL_* would among other things log every key, passwords too, or
    load another driver. Over SSH an escape sequence may arrive in two pieces, so an ESC alone waits longer.

    Raises AssertionError where Textual has been imported already.
    """
    assert environ is not os.environ or "textual.constants" not in sys.modules, "textual was imported too early"  # noqa: S101 -- a mistake of ours, not of the user
    for name in [one for one in environ if one == "NO_COLOR" or one == "TEXTUAL" or one.startswith("TEXTUAL_")]:
        del environ[name]
    environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"
    environ["TEXTUAL_ANIMATIONS"] = "none"
    environ["TEXTUAL_COLOR_SYSTEM"] = {ColourDepth.INDEXED: "256", ColourDepth.TRUE: "truecolor"}.get(
        terminal.depth, "standard"
    )
    if terminal.remote:
        environ.setdefault("ESCDELAY", _ESCAPE_MILLISECONDS_OVER_SSH)
