"""The decision about a package without types: what its fields look like, nothing of it, or a plan in a file."""

from pathlib import Path
from typing import Final

from tui_migrate.errors import UsageError
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.package import Package
from tui_migrate.packages.types import yaml_form
from tui_migrate.packages.types.model import Inference, TypePlan, ValueType
from tui_migrate.redaction import printable

ACCEPT: Final = "accept"
DECLINE: Final = "decline"

_MOST_NAMED: Final = 3


async def choose(word: str, package: Package) -> TypePlan:
    """Make the decision that `--type-plan` asks for.

    `accept` reads the whole package. Raises UsageError for a package that has its types, or for a file that cannot be
    read, InvalidFile.
    """
    form = await package.form()
    if not form.infers_types:
        raise UsageError(f"a package of the form {form} has its types", hint="leave --type-plan away")
    if word == DECLINE:
        return TypePlan()
    if word != ACCEPT:
        return yaml_form.load(Path(word))
    inference = await package.inference()
    if inference is None:
        await package.check()
        inference = await package.inference()
    return inference.accepted() if inference is not None else TypePlan()


def undecided(inference: Inference | None, types: TypePlan | None, path: str) -> Finding | None:
    """Say that a decision is wanted: an error where fields look like what they are not written as."""
    fields = [one for one in inference.fields if one.type is not ValueType.AS_WRITTEN] if inference else []
    if types is not None or not fields:
        return None
    collections = {one.collection for one in fields}
    kinds = ", ".join(sorted({one.type.value for one in fields}))
    named = ", ".join(f"{one.collection}.{one.path}" for one in fields[:_MOST_NAMED])
    more = ", …" if len(fields) > _MOST_NAMED else ""
    message = (
        f"{len(fields):,} fields in {len(collections):,} collections look like {kinds} ({named}{more}),"
        " and nothing says what they are to become"
    )
    hint = f"add --type-plan accept or decline, or edit one: tui-migrate validate --input {path} --write-type-plan FILE"
    return Finding(Severity.ERROR, "types_undecided", printable(path), printable(message), printable(hint))
