"""What can be done with the run under the cursor of a list, the same on Home and in the History."""

from collections.abc import Sequence

from tui_migrate.journal.records import RunSummary
from tui_migrate.plan.model import RunKind
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.one_start import OneStart
from tui_migrate.ui.reject_words import what_blocks_retry
from tui_migrate.ui.resuming import plan_of
from tui_migrate.ui.run_rows import leads_to_rollback
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.wording import ends_words


class RunListScreen(OperatorScreen):
    """A screen with a table of runs: `chosen_run` gives the one that the keys work on."""

    def __init__(self) -> None:
        super().__init__()
        self._starting = OneStart(self)

    def chosen_run(self) -> RunSummary | None:
        """The run under the cursor."""
        raise NotImplementedError

    def may(self, action_id: str) -> bool:
        """Say whether an action on runs can be taken on the chosen one."""
        one = self.chosen_run()
        if one is None:
            return False
        match action_id:
            case "run.resume":
                return one.run.may_resume
            case "run.rollback":
                return leads_to_rollback(one.run)
            case "run.conflicts":
                return one.run.undecided > 0
            case "run.rejects":
                return one.rejected > 0
            case "run.retry":
                return one.rejected > 0 and not what_blocks_retry(one.run)
            case "run.delete":
                return not one.run.state.is_active
            case "run.again":
                return one.run.kind is not RunKind.ROLLBACK
        return True

    def copyable(self) -> Sequence[Copyable]:
        """The run's id and its ends, where the cursor is on one."""
        if (one := self.chosen_run()) is None:
            return super().copyable()
        return [Copyable("run id", str(one.run.id)), Copyable("ends", ends_words(one.run))]

    def action_run_open(self) -> None:
        """Show the run."""
        from tui_migrate.ui.screens.run import RunScreen

        if (one := self.chosen_run()) is not None:
            self.app.push_screen(RunScreen(one.run.id))

    def action_run_conflicts(self) -> None:
        """Show what the run asks about."""
        from tui_migrate.ui.screens.conflicts import ConflictsScreen

        if (one := self.chosen_run()) is not None:
            self.app.push_screen(ConflictsScreen(one.run.id))

    def action_run_rejects(self) -> None:
        """List what the target refused."""
        from tui_migrate.ui.screens.rejects import RejectsScreen

        if (one := self.chosen_run()) is not None:
            self.app.push_screen(RejectsScreen(one.run.id))

    def action_run_retry(self) -> None:
        """Show what the target refused, and ask whether it is to be written again."""
        from tui_migrate.ui.screens.rejects import RejectsScreen

        if (one := self.chosen_run()) is not None:
            self.app.push_screen(RejectsScreen(one.run.id, is_retry=True))

    def action_run_report(self) -> None:
        """Show what the run found."""
        from tui_migrate.ui.screens.report import ReportScreen

        if (one := self.chosen_run()) is not None:
            self.app.push_screen(ReportScreen(one.run.id))

    def action_run_rollback(self) -> None:
        """See what a rollback of the run would do, or the one that is under way."""
        from tui_migrate.ui.screens.rollback import rollback_of

        if (one := self.chosen_run()) is not None:
            self.app.push_screen(rollback_of(one.run))

    def action_run_resume(self) -> None:
        """Start a worker for the run."""
        if (one := self.chosen_run()) is not None:
            self._starting.resume(one.run.id)

    def go_back(self) -> bool:
        """Give up starting a worker, where that is under way."""
        return self._starting.stop()

    def plan_again(self, run_id: int) -> None:
        """Begin a new migration with the plan of an earlier run."""
        self.migrate_app.in_background(plan_again(self, run_id), "again")


async def plan_again(screen: OperatorScreen, run_id: int) -> None:
    """Show a new migration with the plan of an earlier run. Raises Refused for one that cannot be planned so."""
    from tui_migrate.ui.draft import from_plan, refuse_unplannable
    from tui_migrate.ui.screens.new_migration import NewMigrationScreen

    plan = await plan_of(screen.migrate_app, run_id)
    refuse_unplannable(plan)
    if screen in screen.app.screen_stack:  # who has left it meanwhile may be at another plan, of which there is one
        screen.app.push_screen(NewMigrationScreen(from_plan(plan)))
