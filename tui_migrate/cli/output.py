"""What commands write: results and one JSON document on stdout, everything else on stderr.

Every line passes `printable`, so no name from outside acts on the terminal, and `redact`, so no URL shows a password.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TextIO

from tui_migrate.redaction import printable, redact

JsonForm = dict[str, object]


class StreamGone(Exception):
    """Stdout or stderr takes nothing any more: the pipe was closed, the terminal is gone, or the disk is full."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command writes. `home` is what the user gave by `--home`, for the commands that are suggested.

    `pipe` is the descriptor of stdout where that is for a package: then every line goes to stderr.
    """

    json: bool = False
    home: Path | None = None
    pipe: int | None = None

    @property
    def is_watched(self) -> bool:
        """True where a person sees what is said at once, and can try again; False for a script or a timer."""
        return not self.json and sys.stderr.isatty()

    def line(self, text: str = "") -> None:
        """Write a line of the result; nothing where the result is JSON."""
        if not self.json:
            write_line(text, to_errors=self.pipe is not None)

    def note(self, text: str) -> None:
        """Write a line beside the result."""
        write_line(text, to_errors=True)

    def document(self, content: JsonForm) -> None:
        """Write the one JSON document where JSON was asked for, else nothing."""
        if self.json:
            write(sys.stdout, json.dumps(content, indent=2) + "\n")

    def command(self, words: str) -> str:
        """A command to suggest, which works on the same home as this one."""
        home = f" --home {quote(str(self.home))}" if self.home is not None else ""
        return f"tui-migrate {words}{home}"


def fill_closed_streams() -> None:
    """Put /dev/null where the command was started without stdin, stdout or stderr (as by `>&-`).

    Otherwise the next file that is opened, the journal perhaps, takes the number of the stream, and is written to as
    such by whatever this process starts.
    """
    # The lowest free number is what a file gets, so this goes in the order of the numbers.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", errors="backslashreplace"))


def write_line(text: str, *, to_errors: bool) -> None:
    """Write one line to stderr or stdout, made fit for what the stream can show."""
    stream = sys.stderr if to_errors else sys.stdout
    shown = printable(redact(text))
    encoding = stream.encoding or "utf-8"
    write(stream, shown.encode(encoding, "replace").decode(encoding) + "\n")


def write(stream: TextIO, text: str) -> None:
    """Write to stdout or stderr at once. Raises StreamGone."""
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        raise StreamGone from error


def shows_unicode(*, to_errors: bool = False) -> bool:
    """Say whether marks beyond ASCII can be shown."""
    encoding = (sys.stderr if to_errors else sys.stdout).encoding or ""
    return encoding.lower().replace("-", "").startswith("utf")
