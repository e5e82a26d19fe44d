"""Writing what came of a comparison to a file: the plan of what is marked, or the report."""

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui_migrate.plan.model import PackageEnd, Plan
from tui_migrate.plan.saving import save as save_plan
from tui_migrate.redaction import printable
from tui_migrate.reports.comparison import COMPARISON_TITLE, comparison_report
from tui_migrate.reports.saving import ENDINGS, refuse_within
from tui_migrate.reports.saving import save as save_report
from tui_migrate.ui.comparing import Compared
from tui_migrate.ui.files import write_to_file
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.widgets.fitting import fit

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

PATH_CELLS = 40
"""How wide a path may be in the line that says what was written."""


async def save_comparison(app: "MigrateApp", known: Compared, plan: Plan | None) -> str:
    """Ask what to write and where, and write it; say so, or nothing where the operator went back.

    To be awaited in background work.
    """
    if (what := await _ask(app, plan)) is None:
        return ""
    date = time.strftime("%Y-%m-%d", time.localtime(app.session.clock()))
    if what == "plan" and plan is not None:
        said, name = ["A file that is not there yet. It holds no password."], f"equal-{date}.yaml"
        path = await write_to_file(app, "Save the plan as", said, name, partial(save_plan, plan))
    else:
        said, name = [f"The ending says how: {ENDINGS}.", "The file is for you alone."], f"comparison-{date}.md"
        path = await write_to_file(app, "Write the report to", said, name, partial(_save_report, known))
    if path is None:
        return ""
    runs = "; tui-migrate start runs it" if what == "plan" else ""
    return f"written to {fit(printable(path), PATH_CELLS)}{runs}"


async def _ask(app: "MigrateApp", plan: Plan | None) -> str | None:
    if plan is None:
        return "report"
    choices = [("plan", "The plan of what is marked, as YAML"), ("report", "The report of the comparison")]
    return await app.push_screen_wait(Choose("Write to a file", (), choices))


def _save_report(known: Compared, path: Path) -> None:
    """Write the report, which blocks; never into a package that was compared."""
    left, right = known.asked.left, known.asked.right
    if known.comparison is None or left is None or right is None:
        return
    for end in (left, right):
        if isinstance(end, PackageEnd):
            refuse_within(path, Path(end.path))
    report = comparison_report(left.label, right.label, known.comparison, known.at, known.mask)
    save_report(path, report, replaces=COMPARISON_TITLE)
