"""The unfinished plans on disk: a YAML file each in the state folder, for the user alone, from which the app goes on.

Such a file holds what a plan holds and no more: no password, and nothing that was read from a database but names.
Apps of one user share the folder: each replaces and removes only what it wrote or read last, and leaves alone what is
another's by now.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml

from tui_migrate.errors import InvalidFile, StorageFailed, TuiMigrateError, UsageError
from tui_migrate.paths import Home, create_private_file, is_there, make_private_folder, replace_private_file
from tui_migrate.plan.yaml_ends import end_from, end_to_mapping
from tui_migrate.plan.yaml_scope import scope_from, scope_to_mapping
from tui_migrate.redaction import redact
from tui_migrate.strict_yaml import Value, parse
from tui_migrate.strict_yaml import read as read_text
from tui_migrate.ui.draft import Draft, Step

FORMAT: Final = 1

MOST: Final = 9
"""Plans that are kept beside each other; a list of them has room on the smallest screen."""

_MOST_ASIDE: Final = 99

_DUMPER: Final = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper
"""Ten thousand marks take libyaml a fifth of the time, which the keys pressed meanwhile would wait for."""

_ENDS: Final = ("source", "target")
_NOT_KEPT: Final = "listed"
"""What the source has is looked up anew."""
_PLAIN: Final = tuple(
    one.name for one in fields(Draft) if one.name not in (*_ENDS, _NOT_KEPT, "marks", "scope", "step")
)
"""Texts, numbers, yes or no, and words of an enum: what each is says its default."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft and its file, as it was written or read last: one that holds another `text` by now is somebody else's."""

    path: Path
    text: str
    draft: Draft


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file in the place of a draft from which none can be read, and why."""

    path: Path
    fault: TuiMigrateError

    @property
    def problem(self) -> str:
        """What is wrong, before where that is: a line may have room for no more than its beginning."""
        if not isinstance(self.fault, InvalidFile):
            return self.fault.message
        key = f", key {self.fault.key!r}" if self.fault.key else ""
        return f"{self.fault.problem} (line {self.fault.line}{key})"


def essence(draft: Draft) -> Draft:
    """What was chosen, without what is looked up and how far the operator had come."""
    return replace(draft, listed=None, step=Step.ENDS)


def is_begun(draft: Draft) -> bool:
    """Say whether anything was chosen that would be lost."""
    return essence(draft) != Draft()


def save(home: Home, draft: Draft, kept: Kept | None = None) -> Kept | None:
    """Keep a draft in the file it was `kept` in, or in a new one where it was in none or that is not ours any more.

    One in which nothing was chosen leaves no file, and None is given. Blocks. Raises StorageFailed.
    """
    ours = kept if kept is not None and _has(kept.path, kept.text) else None
    if not is_begun(draft):
        if ours is not None:
            _remove(ours.path)
        return None
    text = to_yaml(draft)
    if ours is None:
        return Kept(_create(home, text), text, draft)
    if text != ours.text:
        replace_private_file(ours.path, text)
    return Kept(ours.path, text, draft)


def find(home: Home) -> tuple[tuple[Kept, ...], tuple[Unreadable, ...]]:
    """Read the drafts that were kept, newest last, and say what is wrong with others. Blocks. Raises UsageError."""
    found: list[tuple[float, Kept]] = []
    faults: list[Unreadable] = []
    for path in _paths(home):
        if is_there(path):
            try:
                kept = _read(path)
                found.append((path.stat().st_mtime, kept))
            except TuiMigrateError as error:
                faults.append(Unreadable(path, error))
            except FileNotFoundError:  # the app whose it is has just removed it
                continue
    found.sort(key=lambda one: one[0])
    return tuple(one for _, one in found), tuple(faults)


def name_aside(path: Path) -> Path:
    """Give a name that is free, under which no draft is looked for. Blocks. Raises UsageError, StorageFailed."""
    for number in ("", *range(2, _MOST_ASIDE + 1)):
        aside = path.with_stem(f"{path.stem}.unreadable{number}")
        if not is_there(aside):
            return aside
    raise StorageFailed(f"{_MOST_ASIDE} such files are kept in {path.parent} already", hint="forget it, or remove some")


def set_aside(path: Path, aside: Path) -> None:
    """Give a file that cannot be read another name, if that is so yet. Blocks. Raises UsageError, StorageFailed."""
    if _is_unreadable(path):
        try:
            path.rename(aside)
        except OSError as error:
            raise StorageFailed(f"cannot rename {path}: {error.strerror}", hint="rename it by hand") from error


def forget(path: Path) -> None:
    """Remove a file that cannot be read, if that is so yet. Blocks. Raises UsageError, StorageFailed."""
    if _is_unreadable(path):
        _remove(path)


def _is_unreadable(path: Path) -> bool:
    try:
        if is_there(path):
            _read(path)
    except TuiMigrateError:
        return True
    return False


def _read(path: Path) -> Kept:
    text = read_text(path)
    return Kept(path, text, from_value(parse(text, str(path))))


def _paths(home: Home) -> Iterator[Path]:
    yield home.draft
    for number in range(2, MOST + 1):
        yield home.draft.with_stem(f"{home.draft.stem}-{number}")


def _create(home: Home, text: str) -> Path:
    make_private_folder(home.draft.parent)
    for path in _paths(home):
        if not is_there(path):
            try:
                create_private_file(path, text)
            except UsageError:  # another app was faster
                continue
            return path
    raise StorageFailed(f"{MOST} unfinished plans are kept already", hint="start some of them, or forget them")


def _has(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):  # gone, or nothing that was written here
        return False


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageFailed(f"cannot remove {path}: {error.strerror}", hint="remove it by hand") from error


def to_yaml(draft: Draft) -> str:
    """Write a draft as YAML."""
    content: dict[str, object] = {"format": FORMAT, "step": draft.step.name.lower()}
    for name in _ENDS:
        if (end := getattr(draft, name)) is not None:
            content[name] = end_to_mapping(end)
    content["marks"] = sorted(draft.marks)
    content["scope"] = scope_to_mapping(draft.scope)
    for name in _PLAIN:
        value = getattr(draft, name)
        content[name] = (
            value.value if isinstance(value, StrEnum) else redact(value) if isinstance(value, str) else value
        )
    return str(yaml.dump(content, Dumper=_DUMPER, sort_keys=False, allow_unicode=False))


def from_value(top: Value) -> Draft:
    """Read a draft. Raises InvalidFile."""
    entries = top.mapping(known=("format", "step", *_ENDS, "marks", "scope", *_PLAIN), required=("format",))
    if (version := entries["format"].integer()) != FORMAT:
        entries["format"].fail(f"this unfinished plan has format {version}", hint=f"this version reads format {FORMAT}")
    default = Draft()
    chosen: dict[str, Any] = {name: end_from(entries[name]) for name in _ENDS if name in entries}
    chosen |= {name: _plain(entries[name], getattr(default, name)) for name in _PLAIN if name in entries}
    if "marks" in entries:
        chosen["marks"] = frozenset(one.text() for one in entries["marks"].items())
    if "scope" in entries:
        chosen["scope"] = scope_from(entries["scope"])
    if "step" in entries:
        chosen["step"] = Step[entries["step"].choice(one.name.lower() for one in Step).upper()]
    return replace(default, **chosen)


def _plain(value: Value, default: object) -> object:
    match default:
        case bool():
            return value.boolean()
        case int():
            return value.integer()
        case StrEnum():
            kind = type(default)
            return kind(value.choice(kind))
    return value.text()
