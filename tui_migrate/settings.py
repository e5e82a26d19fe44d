"""What the app remembers of its user's taste: `settings.yaml` in the config folder.

theme: dark        # the name of a theme
mouse: false       # report the mouse; without it, off under SSH
ascii: false       # draw with ASCII marks whatever the locale says
slow: false        # for a bad line: one frame a second
bell: true         # ring the terminal's bell when a run ends that was watched
title: true        # show in the terminal's title how far a run is
on_finish: [notify-send, tui-migrate]   # run then; gets the run's id, its state and its kind as further words
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml

from tui_migrate import strict_yaml
from tui_migrate.errors import InvalidFile
from tui_migrate.paths import Home, is_there, replace_private_file
from tui_migrate.redaction import redact

_KEYS: Final = ("theme", "mouse", "ascii", "slow", "bell", "title", "on_finish")

MOST_WORDS: Final = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings; `mouse` and `ascii` are None where the terminal decides."""

    theme: str = "dark"
    mouse: bool | None = None
    ascii: bool | None = None
    slow: bool = False
    bell: bool = True
    title: bool = True
    on_finish: tuple[str, ...] = ()


def load(home: Home) -> Settings:
    """Read the settings; the defaults where there is no file. Raises UsageError, InvalidFile."""
    path = settings_file(home)
    if not is_there(path):
        return Settings()
    return _settings_of(strict_yaml.load(path))


def _settings_of(document: strict_yaml.Value) -> Settings:
    entries = document.mapping(known=_KEYS)
    return Settings(
        theme=entries["theme"].text() if "theme" in entries else "dark",
        mouse=entries["mouse"].boolean() if "mouse" in entries else None,
        ascii=entries["ascii"].boolean() if "ascii" in entries else None,
        slow=entries["slow"].boolean() if "slow" in entries else False,
        bell=entries["bell"].boolean() if "bell" in entries else True,
        title=entries["title"].boolean() if "title" in entries else True,
        on_finish=_command(entries["on_finish"]) if "on_finish" in entries else (),
    )


def save(home: Home, settings: Settings) -> None:
    """Write the settings in the place of whatever stood in the file. Raises StorageFailed."""
    replace_private_file(settings_file(home), _text_of(settings))


def keep_theme(home: Home, theme: str) -> None:
    """Write the name of a theme into the settings; what else stands in the file stays, comments as well.

    Raises StorageFailed, and UsageError, InvalidFile for a file that cannot be read, which is left as it is.
    """
    path = settings_file(home)
    wanted = replace(load(home), theme=theme)
    text = _with_theme(strict_yaml.read(path), theme) if is_there(path) else ""
    try:
        is_meant = _settings_of(strict_yaml.parse(text, str(path))) == wanted
    except InvalidFile:
        is_meant = False  # written in a way that has no place for a line
    replace_private_file(path, text if is_meant else _text_of(wanted))


def _with_theme(text: str, theme: str) -> str:
    """Put the theme where one stands in a YAML mapping, else at its end."""
    entry = yaml.safe_dump({"theme": theme}).rstrip("\n")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "theme":
            return text[: key.start_mark.index] + entry + text[value.end_mark.index :]
    end = "" if text.endswith("\n") or not text else "\n"
    return f"{text}{end}{entry}\n"


def _text_of(settings: Settings) -> str:
    chosen = {key: getattr(settings, key) for key in _KEYS if getattr(settings, key) not in (None, ())}
    if settings.on_finish:
        chosen["on_finish"] = list(settings.on_finish)
    return yaml.safe_dump(chosen, sort_keys=False)


def _command(value: strict_yaml.Value) -> tuple[str, ...]:
    """Read a command as its words: whoever lists processes sees them, so none may hold a password."""
    words = tuple(one.text() for one in value.items())
    if not words or not words[0] or len(words) > MOST_WORDS:
        value.fail("a command is wanted here: its program and its arguments", hint="as in [notify-send, done]")
    for one, word in zip(value.items(), words, strict=True):
        if "\0" in word:
            one.fail("a command cannot hold such a character")
        if redact(word) != word:
            one.fail("a password does not belong here: everybody can see it while the command runs")
    return words


def settings_file(home: Home) -> Path:
    """The file of the settings."""
    return home.config / "settings.yaml"
