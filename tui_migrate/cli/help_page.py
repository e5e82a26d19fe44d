"""How `--help` is laid out: two columns of plain text, wrapped to the terminal, without boxes or colours."""

import sys
import textwrap
from typing import TYPE_CHECKING, Final

from tui_migrate.cli.output import write

if TYPE_CHECKING:  # imported by cyclopts itself when help is shown
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

_LEAST_WIDTH: Final = 40
_MOST_WIDTH: Final = 100
_WIDEST_LABEL: Final = 28


class HelpPage:
    """A help formatter as cyclopts wants one: called once for each group of commands or options."""

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        """Write one group."""
        rows = [(_label(one), _description(one)) for one in panel.entries]
        if rows:
            _write([f"{panel.title}:", *_columns(rows, _width(console)), ""])

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: object) -> None:
        """Write the line of usage."""
        if usage:
            _write([f"Usage: {_plain(usage)}", ""])

    def render_description(self, console: "Console", options: "ConsoleOptions", description: object) -> None:
        """Write what the command is for."""
        if description:
            _write([*textwrap.wrap(_plain(description), _width(console)), ""])


def _columns(rows: list[tuple[str, str]], width: int) -> list[str]:
    left = min(_WIDEST_LABEL, max(len(label) for label, _ in rows)) + 2
    lines: list[str] = []
    for label, words in rows:
        wrapped = textwrap.wrap(words, max(20, width - left - 4)) or [""]
        if len(label) > left - 2:
            lines.append(f"  {label}")
        else:
            lines.append(f"  {label:<{left}}{wrapped.pop(0)}".rstrip())
        lines.extend(f"  {'':<{left}}{line}" for line in wrapped)
    return lines


def _label(entry: "HelpEntry") -> str:
    names = ", ".join(entry.display_labels)
    if entry.metavar is None or entry.positional_label is not None:
        return names
    return names + entry.metavar if entry.metavar.startswith("[") else f"{names} {entry.metavar}"


def _description(entry: "HelpEntry") -> str:
    parts = [_plain(entry.description)]
    if entry.choices:
        parts.append(f"({', '.join(entry.choices)})")
    if entry.default is not None:
        parts.append(f"[default: {entry.default}]")
    if entry.required:
        parts.append("[required]")
    return " ".join(part for part in parts if part)


def _plain(text: object) -> str:
    inner = getattr(text, "primary_renderable", text)
    return " ".join(str(getattr(inner, "plain", inner or "")).split())


def _width(console: "Console") -> int:
    return max(_LEAST_WIDTH, min(console.width, _MOST_WIDTH))


def _write(lines: list[str]) -> None:
    # Not by the console: it has its own opinion of a closed pipe, and none of a full disk.
    write(sys.stdout, "".join(f"{line}\n" for line in lines))
