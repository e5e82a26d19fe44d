"""What the app says beside its screens: the terminal's title, its bell, the user's command at the end of a run."""

from typing import TYPE_CHECKING

from tui_migrate.finish_command import run_finish_command
from tui_migrate.journal.records import RunSummary
from tui_migrate.ui.messages import RunEnded
from tui_migrate.ui.snapshot import Snapshot
from tui_migrate.wording import kind_words, run_name

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


class Notices:
    """Says it, as far as the settings want it."""

    def __init__(self, app: "MigrateApp") -> None:
        self._app = app

    def show_progress(self, snapshot: Snapshot) -> None:
        """Keep the title up to date while a run is at work; how the last one ended stays there."""
        if snapshot.at_work and self._app.session.settings.title:
            self._app.set_terminal_title(title_words(snapshot.at_work))

    def run_ended(self, event: RunEnded) -> None:
        """Ring, say how it ended, and run the user's command."""
        settings = self._app.session.settings
        said = f"run {run_name(event.run_id)} {event.state.value.replace('_', ' ')}"
        if settings.title:
            self._app.set_terminal_title(f"{said} - tui-migrate")
        if settings.bell:
            self._app.bell()
        if settings.on_finish:
            self._app.in_background(self._run_command(event), f"on-finish-{event.run_id}")

    async def _run_command(self, event: RunEnded) -> None:
        command = self._app.session.settings.on_finish
        if (fault := await run_finish_command(command, event.run_id, event.state, event.kind)) is not None:
            self._app.say(fault)


def title_words(at_work: tuple[RunSummary, ...]) -> str:
    """The title while runs are at work: of the newest how far it is, and how many others there are. ASCII."""
    newest = max(at_work, key=lambda one: one.run.id)
    part = f"{min(99, 100 * newest.documents // newest.total)}% " if newest.total else ""
    others = f" (+{len(at_work) - 1})" if len(at_work) > 1 else ""
    doing = "paused" if newest.run.state.value == "paused" else kind_words(newest.run)
    return f"{part}run {run_name(newest.run.id)} {doing}{others} - tui-migrate"
