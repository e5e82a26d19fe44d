"""A type plan as YAML that a person edits: collection, field, type, with what was counted as a comment behind it.

    collections:
      users:
        created_at: date  # all 1,200, such as 2025-11-01 10:00:00.123000

Fields that are not named stay as they are written.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tui_migrate import strict_yaml
from tui_migrate.packages import files
from tui_migrate.packages.files import storing
from tui_migrate.packages.types.model import FieldType, Inference, InferredField, TypePlan, ValueType
from tui_migrate.packages.types.paths import parts
from tui_migrate.redaction import printable

_HEAD: Final = f"""\
# What the texts of a package are to become: {", ".join(ValueType)}.
# Fields that are not named stay as they are written. Give this file to --type-plan.
"""


def to_yaml(inference: Inference) -> str:
    """Write a plan that takes each field of which every value fits for what it looks like."""
    lines = [_HEAD, "collections:" if inference.fields else "collections: {}"]
    collection = None
    for one in inference.fields:
        if one.collection != collection:
            collection = one.collection
            lines.append(f"  {_quoted(collection)}:")
        kind = one.type if one.is_sure else ValueType.AS_WRITTEN
        lines.append(f"    {_quoted(one.path)}: {kind}  # {_counted(one)}")
    return "\n".join((*lines, ""))


def write(inference: Inference, path: Path) -> None:
    """Write that plan into a file for the owner alone. Raises StorageFailed."""
    with storing(path, "write"):
        files.write_file(path, to_yaml(inference).encode())


def from_yaml(text: str, path: str) -> TypePlan:
    """Read a plan strictly. Raises InvalidFile, naming line and key."""
    root = strict_yaml.parse(text, path).mapping(known=("collections",), required=("collections",))
    return TypePlan(tuple(_fields(root["collections"])))


def load(path: Path) -> TypePlan:
    """Read a plan from a file. Raises UsageError where it cannot be read, InvalidFile."""
    return from_yaml(strict_yaml.read(path), str(path))


def _fields(collections: strict_yaml.Value) -> Iterator[FieldType]:
    for collection, fields in collections.mapping().items():
        for path, value in fields.mapping().items():
            try:
                parts(path)
            except ValueError:
                value.fail("this key is no path of a field", hint="names have dots between, and [] for each element")
            yield FieldType(collection, path, ValueType(value.choice(ValueType)))


def _counted(one: InferredField) -> str:
    examples = f"such as {', '.join(one.examples)}"
    if one.type is ValueType.AS_WRITTEN:
        return printable(f"all {one.count:,} can be texts or decimals, {examples}")
    if one.is_sure:
        return printable(f"all {one.count:,}, {examples}")
    return printable(f"{one.count:,} of {one.total:,} look like {one.type}, {examples}")


def _quoted(name: str) -> str:
    """Write a key that YAML reads as that very text: JSON's quotes are YAML's, save for its surrogate pairs."""
    escaped = json.dumps(name, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in escaped)
