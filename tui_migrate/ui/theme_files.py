"""Themes as files: one YAML file each, in a strict schema of our own.

    title: Dark                what a picker shows
    dark: true                 light text on a dark ground
    ansi: false                true where the colours are the terminal's own sixteen
    colours:                   `#rrggbb`, or `ansi_…` names where `ansi` is true
      primary: "#7aa2f7"       headings and the focused border
      …                        see COLOURS: all of them have to be there

The name of a theme is that of its file. Those the program ships lie in `themes/`, a user's own in the folder `themes`
of the config folder; one of these goes before a shipped one of its name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from tui_migrate.errors import UsageError
from tui_migrate.paths import Home, is_there
from tui_migrate.strict_yaml import Value, parse, read

COLOURS: Final = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "success",
    "warning",
    "error",
)

_SIXTEEN: Final = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ANSI_COLOURS: Final = frozenset(
    ("ansi_default", *(f"ansi_{bright}{name}" for bright in ("", "bright_") for name in _SIXTEEN))
)

_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """A theme as its file has it; `colours` are pairs in the order of COLOURS."""

    name: str
    title: str
    dark: bool
    ansi: bool
    colours: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OwnThemes:
    """The user's own themes, and what is wrong with those that cannot be used, by the names of their files."""

    themes: tuple[ThemeFile, ...] = ()
    faults: tuple[tuple[str, UsageError], ...] = ()


def parse_theme(text: str, path: str) -> ThemeFile:
    """Read a theme. Raises InvalidFile with line and key, UsageError for a file name that is no theme's."""
    name = Path(path).stem
    if not _NAME.fullmatch(name):
        raise UsageError(f"{path} is no name for a theme", hint="use small letters, digits, - and _")
    entries = parse(text, path).mapping(known=_KEYS, required=_KEYS)
    ansi = entries["ansi"].boolean()
    colours = entries["colours"].mapping(known=COLOURS, required=COLOURS)
    return ThemeFile(
        name=name,
        title=entries["title"].text(),
        dark=entries["dark"].boolean(),
        ansi=ansi,
        colours=tuple((key, _colour(colours[key], ansi=ansi)) for key in COLOURS),
    )


def shipped() -> dict[str, ThemeFile]:
    """Load the themes that came with the program, by name."""
    found = {}
    for file in _shipped_files():
        theme = parse_theme(file.read_text(encoding="utf-8"), file.name)
        found[theme.name] = theme
    return dict(sorted(found.items()))


def own_folder(home: Home) -> Path:
    """The folder of the user's own themes."""
    return home.config / "themes"


def load_own(home: Home, name: str) -> ThemeFile | None:
    """Load one of the user's own themes, None where there is no such file. Raises UsageError, InvalidFile."""
    path = own_folder(home) / f"{name}.yaml"
    return parse_theme(read(path), str(path)) if _NAME.fullmatch(name) and is_there(path) else None


def own_themes(home: Home) -> OwnThemes:
    """Load all of the user's own themes; one with a fault does not stand in the way of the others."""
    folder = own_folder(home)
    themes: list[ThemeFile] = []
    faults: list[tuple[str, UsageError]] = []
    try:
        paths = sorted(one for one in folder.iterdir() if one.suffix == ".yaml") if folder.exists() else []
    except OSError as error:
        fault = UsageError(f"cannot read the folder {folder}: {error.strerror}", hint="check what it is, and its mode")
        return OwnThemes(faults=((folder.name, fault),))
    for path in paths:
        try:
            themes.append(parse_theme(read(path), str(path)))
        except UsageError as error:
            faults.append((path.name, error))
    return OwnThemes(tuple(themes), tuple(faults))


_KEYS: Final = ("title", "dark", "ansi", "colours")


def _colour(value: Value, *, ansi: bool) -> str:
    word = value.text()
    if ansi and word not in ANSI_COLOURS:
        value.fail(f"{word!r} is none of the terminal's colours", hint="for instance ansi_default, ansi_bright_blue")
    if not ansi and not _HEX.fullmatch(word):
        value.fail(f"{word!r} is no colour", hint='write it as "#rrggbb", in quotes')
    return word


def _shipped_files() -> Iterator[Traversable]:
    folder: Traversable = resources.files("tui_migrate") / "themes"
    if not folder.is_dir():  # a checkout has them beside the package, a wheel within it
        folder = Path(__file__).parents[2] / "themes"
    yield from (one for one in folder.iterdir() if one.name.endswith(".yaml"))
