"""New migration: the commands that plan, check and start one, with what is known of it filled in."""

import shlex
from collections.abc import Iterable

from textual.widget import Widget

from tui_migrate.plan.model import End, Environment, PackageEnd, Policy, RunKind, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.widgets.prose import Prose


class NewMigrationScreen(OperatorScreen):
    """Says how to start the migration that a draft describes."""

    def __init__(self, draft: Draft | None = None) -> None:
        super().__init__()
        self._draft = draft or Draft()

    def compose_body(self) -> Iterable[Widget]:
        """Give the page."""
        yield Prose(page(self._draft))

    def where(self) -> tuple[str, Environment | None, str]:
        """Name the screen."""
        return "New migration", None, ""

    def help_text(self) -> str:
        """Say what the page is for."""
        return "A migration is planned and started by a command; here it is watched, steered and taken back."


def page(draft: Draft) -> list[str]:
    """The page's paragraphs, a command each where there is one."""
    command = command_line(draft)
    return [
        "A migration is planned by a command, in another terminal or after leaving the app. First see what would"
        " happen; nothing is written:",
        "",
        f"{command} --dry-run",
        "",
        "Then start it. It goes on whatever becomes of the terminal, and stands on Home here at once:",
        "",
        f"{command} --detach",
        "",
        "Every option is explained by --help behind the command.",
    ]


def command_line(draft: Draft) -> str:
    """The command that runs a draft; what is not chosen yet stands in capitals."""
    kind = draft.kind or RunKind.COPY
    source, target = _end(draft.source, "SOURCE"), _end(draft.target, "TARGET")
    words = {
        RunKind.EXPORT: ["export", "--url", source, "--output", target],
        RunKind.IMPORT: ["import", "--url", target, "--input", source],
    }.get(kind, ["copy", "--source", source, "--target", target])
    if draft.marks:
        words += ["--collections", *sorted(draft.marks)]
    if kind is not RunKind.EXPORT and draft.policy is not Policy.FAIL:
        words += ["--conflict-resolution", draft.policy.value]
    return printable(f"tui-migrate {shlex.join(words)}")


def _end(end: End | None, missing: str) -> str:
    if isinstance(end, PackageEnd):
        return end.path
    if isinstance(end, StoreEnd):
        return end.label
    return missing
