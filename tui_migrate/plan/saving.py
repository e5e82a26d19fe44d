"""Writing a plan to a file of its own, for `tui-migrate start`."""

from pathlib import Path

from tui_migrate.paths import create_private_file
from tui_migrate.plan.model import Plan
from tui_migrate.plan.yaml_form import to_yaml


def save(plan: Plan, path: Path) -> None:
    """Write a plan as YAML, for the user alone. Raises UsageError where the file exists, StorageFailed."""
    create_private_file(path, to_yaml(plan), "the plan")
