"""Deleting the record of a run: what is asked before, from whatever list."""

from typing import TYPE_CHECKING

from tui_migrate.errors import Refused
from tui_migrate.journal.records import RunRecord
from tui_migrate.redaction import printable
from tui_migrate.ui.run_rows import since
from tui_migrate.ui.screens.dialogs import Choose, TypeName
from tui_migrate.ui.screens.end_dialogs import TEXT_CELLS
from tui_migrate.ui.widgets.prose import wrap
from tui_migrate.wording import ends_words, kind_words, run_name, size
from tui_migrate.worker import control

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


def ask_to_delete(app: "MigrateApp", run: RunRecord) -> None:
    """Delete a run's record if that is wanted; where its undo log is the only way back, its number has to be typed."""
    name = run_name(run.id)
    title, made = (
        f"Delete run {name}?",
        f"made {since(run.created_at, app.session.clock())} by {printable(run.created_by)}",
    )
    said = [*wrap(printable(ends_words(run)), TEXT_CELLS), f"{kind_words(run)}, {made}", ""]

    def take(is_wanted: bool) -> None:
        if is_wanted:
            app.carry_out(_delete(app, run))

    if run.rollback_available:
        loss = (
            f"Its undo log ({size(run.undo_bytes)}) is the only way back from what it wrote to {printable(run.target)}."
        )
        said += [*wrap(loss, TEXT_CELLS), "Deleting it is for good."]
        app.push_screen(TypeName(title, said, name), lambda is_equal: take(is_equal is True))
        return
    said.append("Its record, log and findings go; what it wrote stays.")
    choices = [("keep", "Keep it"), ("delete", f"Delete run {name}")]
    app.push_screen(Choose(title, said, choices), lambda key: take(key == "delete"))


async def _delete(app: "MigrateApp", asked: RunRecord) -> None:
    """Delete a run as it was when it was `asked` about. Raises Refused for one that can be rolled back only since."""
    now = await app.feed.whole(asked.id)
    if now.rollback_available and not asked.rollback_available:
        key = app.session.keys.of("run.delete")
        raise Refused(f"run {run_name(asked.id)} has written meanwhile", hint=f"{key} asks anew and says what is lost")
    await control.delete(app.session.home, asked.id)
    app.say(f"run {run_name(asked.id)} is deleted", is_error=False)
