"""Reading the plan of a run for a screen: a short one within a frame, one of thousands of collections beside it.

Its ends are as dangerous as their connections say now, and never less than the plan does.
"""

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from textual.message import Message

from tui_migrate.journal.records import RunRecord
from tui_migrate.paths import Home
from tui_migrate.plan.environments import current_plan
from tui_migrate.plan.model import Plan
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.wording import run_name

if TYPE_CHECKING:
    from tui_migrate.ui.screens.base import OperatorScreen

PLAN_READ_AT_ONCE: Final = 64 * 1024
"""Characters of a plan that are read within one frame."""

PLANS_KEPT: Final = 4
"""Plans that are kept as they were read: from screen to screen an operator looks at the same run."""


class PlanOfRun:
    """The plan of the one run that a screen shows; a plan never changes."""

    class Read(Message):
        """The plan is there, which was so long that it was read beside the screen."""

    def __init__(self, screen: "OperatorScreen") -> None:
        self._screen = screen
        self._is_reading = False
        self.plan: Plan | None = None

    def of(self, run: RunRecord) -> Plan | None:
        """Give the plan; None while it is being read, and then the screen gets `Read`. Raises InvalidFile."""
        if self.plan is None and len(run.plan) <= PLAN_READ_AT_ONCE:
            self.plan = _read(run, self._screen.session.home)
        elif self.plan is None and not self._is_reading:
            self._is_reading = True
            self._screen.migrate_app.in_background(self._read_beside(run), f"plan-{id(self)}")
        return self.plan

    async def _read_beside(self, run: RunRecord) -> None:
        self.plan = await read_plan(run, self._screen.session.home)
        self._screen.post_message(self.Read())


async def read_plan(run: RunRecord, home: Home) -> Plan:
    """Read the plan of a run beside the screens. Raises InvalidFile."""
    return await asyncio.to_thread(_read, run, home)


def _read(run: RunRecord, home: Home) -> Plan:
    return current_plan(_parsed(run.plan, f"plan of run {run_name(run.id)}"), home)


@lru_cache(maxsize=PLANS_KEPT)
def _parsed(text: str, path: str) -> Plan:
    """What a plan's text says is always the same; how dangerous its ends are is not, and is asked each time."""
    return from_yaml(text, path)
