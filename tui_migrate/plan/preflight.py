"""The preflight: all checks of a plan, at once or as they come."""

from tui_migrate.plan.checks.look import Circumstances, FindRivals, Rival, blocking
from tui_migrate.plan.checks.registry import READS, Phase
from tui_migrate.plan.checks.running import Told, as_they_come, check, in_order

__all__ = (
    "READS",
    "Circumstances",
    "FindRivals",
    "Phase",
    "Rival",
    "Told",
    "as_they_come",
    "blocking",
    "check",
    "in_order",
)
