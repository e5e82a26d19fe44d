"""The keys in force: those of the registry, and over them the user's own from `keymap.yaml` in the config folder.

    home.new: N              an action by its id, and the key it gets
    run.faster: ["+", "="]   or several; the first one is shown

What is wrong is named with file, line and key: an unknown id, a key that is none or that no action can have, and two
actions on one key where both work on the same screen.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tui_migrate.paths import Home
from tui_migrate.redaction import printable
from tui_migrate.strict_yaml import Value, parse, read
from tui_migrate.ui.actions import BY_ID, REGISTRY, Action
from tui_migrate.ui.key_names import RESERVED, KeyName, find_key

HELP_HINT: Final = "ctrl+p in the app finds actions by name, the README lists all of them with their ids"


@dataclass(frozen=True, slots=True)
class Keymap:
    """All actions, in the order of the registry, each with the key that it has."""

    actions: tuple[Action, ...] = REGISTRY

    def in_order(self, ids: Iterable[str]) -> tuple[Action, ...]:
        """Give actions in the order of the registry. Raises KeyError for an unknown id."""
        wanted = {BY_ID[one].id for one in ids}
        return tuple(one for one in self.actions if one.id in wanted)

    def of(self, action_id: str) -> str:
        """Name the key that an action has, as a sentence shows it. Raises KeyError for an unknown id."""
        try:
            return next(one.shown for one in self.actions if one.id == action_id)
        except StopIteration:
            raise KeyError(action_id) from None

    def changed(self) -> dict[str, str]:
        """The keys that differ from the registry's, by the ids of their actions, as Textual wants them.

        The way back keeps `esc` beside its own key: dialogs know no other, and sentences everywhere name it.
        """
        changed = {one.id: one.key for one in self.actions if one != BY_ID[one.id]}
        if "app.back" in changed:
            changed["app.back"] += ",escape"
        return changed


USUAL: Final = Keymap()


def keymap_file(home: Home) -> Path:
    """The file of the user's own keys."""
    return home.config / "keymap.yaml"


def parse_keymap(text: str, path: str, screens: Collection[frozenset[str]]) -> Keymap:
    """Read a keymap; `screens` are the ids of the actions that work on each screen. Raises InvalidFile."""
    values = {_known_id(value, name): value for name, value in parse(text, path).mapping().items()}
    chosen = {name: _keys(value, BY_ID[name]) for name, value in values.items()}
    taken = {key.name for keys in chosen.values() for key in keys}
    rebound = tuple(_rebind(one, chosen.get(one.id), taken) for one in REGISTRY)
    _refuse_clashes(values, {one.id: one for one in rebound}, screens)
    return Keymap(rebound)


def load_keymap(home: Home, screens: Collection[frozenset[str]]) -> Keymap:
    """Read the user's keymap. Raises UsageError where it cannot be read, InvalidFile where it is wrong."""
    path = keymap_file(home)
    return parse_keymap(read(path), str(path), screens)


def _known_id(value: Value, name: str) -> str:
    if name not in BY_ID:
        group = name.partition(".")[0]
        near = sorted(one for one in BY_ID if one.startswith(f"{group}."))
        value.fail("no action has this id", hint=f"there are {', '.join(near)}" if near else HELP_HINT)
    return name


def _keys(value: Value, action: Action) -> tuple[KeyName, ...]:
    found = tuple(_key(one, action) for one in (value.items() if value.is_list else (value,)))
    if not found:
        value.fail("a key is wanted here")
    if len({one.name for one in found}) < len(found):
        value.fail("the same key stands here twice")
    return found


def _key(value: Value, action: Action) -> KeyName:
    key = find_key(value.text())
    if key is None:
        value.fail(
            f"{printable(value.text()[:40])!r} is no key",
            hint='a character, ctrl+ and a letter, f1 to f12, or a word such as delete; "/" and other signs in quotes',
        )
    if key.name in RESERVED and key.name not in action.key.split(","):
        value.fail(f"{key.shown} cannot be given to an action: {RESERVED[key.name]}", hint="choose another key")
    return key


def _rebind(action: Action, keys: tuple[KeyName, ...] | None, taken: Collection[str]) -> Action:
    """Put an action on the user's keys; the further keys of one that has none of them give way to those of others."""
    if keys is None:
        first, *others = action.key.split(",")
        return replace(action, key=",".join((first, *(one for one in others if one not in taken))))
    return replace(action, key=",".join(one.name for one in keys), shown=keys[0].shown)


def _refuse_clashes(values: dict[str, Value], rebound: dict[str, Action], screens: Collection[frozenset[str]]) -> None:
    for name, value in values.items():
        for other in sorted({one for screen in screens if name in screen for one in screen} - {name}):
            taken = set(rebound[name].key.split(",")) & set(rebound[other].key.split(","))
            if taken:
                value.fail(
                    f"{rebound[name].shown} is the key of {other} too, on the same screen",
                    hint=f"give one of them another key; {other} is “{rebound[other].help}”",
                )
