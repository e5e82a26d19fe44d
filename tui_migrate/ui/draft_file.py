"""The unfinished plan on disk: a YAML file in the state folder, for the user alone, from which the app goes on.

It holds what a plan holds and no more: no password, and nothing that was read from a database but names.
"""

from dataclasses import fields, replace
from enum import StrEnum
from typing import Any, Final

import yaml

from tui_migrate.errors import StorageFailed
from tui_migrate.paths import Home, is_there, replace_private_file
from tui_migrate.plan.yaml_ends import end_from, end_to_mapping
from tui_migrate.plan.yaml_scope import scope_from, scope_to_mapping
from tui_migrate.redaction import redact
from tui_migrate.strict_yaml import Value, load
from tui_migrate.ui.draft import Draft, Step

FORMAT: Final = 1

_DUMPER: Final = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper
"""Ten thousand marks take libyaml a fifth of the time, which the keys pressed meanwhile would wait for."""

_ENDS: Final = ("source", "target")
_NOT_KEPT: Final = "listed"
"""What the source has is looked up anew."""
_PLAIN: Final = tuple(
    one.name for one in fields(Draft) if one.name not in (*_ENDS, _NOT_KEPT, "marks", "scope", "step")
)
"""Texts, numbers, yes or no, and words of an enum: what each is says its default."""


def is_begun(draft: Draft) -> bool:
    """Say whether anything was chosen that would be lost."""
    return replace(draft, listed=None, step=Step.ENDS) != Draft()


def save(home: Home, draft: Draft) -> None:
    """Keep a draft; one in which nothing was chosen leaves no file. Blocks. Raises StorageFailed."""
    if is_begun(draft):
        replace_private_file(home.draft, to_yaml(draft))
        return
    try:
        home.draft.unlink(missing_ok=True)
    except OSError as error:
        raise StorageFailed(f"cannot remove {home.draft}: {error.strerror}", hint="remove it by hand") from error


def read(home: Home) -> Draft | None:
    """Read the draft that was kept, None where there is none. Blocks. Raises InvalidFile, UsageError."""
    return from_value(load(home.draft)) if is_there(home.draft) else None


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
