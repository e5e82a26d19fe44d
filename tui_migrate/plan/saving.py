"""Writing a plan to a file of its own, for `tui-migrate start`."""

import os
from pathlib import Path

from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.plan.model import Plan
from tui_migrate.plan.yaml_form import to_yaml
from tui_migrate.redaction import printable


def save(plan: Plan, path: Path) -> None:
    """Write a plan as YAML, for the user alone. Raises UsageError where the file exists, StorageFailed."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(to_yaml(plan))
    except FileExistsError as error:
        raise UsageError(
            f"{printable(str(path))} exists already", hint="name another file for the plan, or remove it"
        ) from error
    except OSError as error:
        raise StorageFailed(
            f"cannot write the plan {printable(str(path))}: {error.strerror}", hint="name another place"
        ) from error
