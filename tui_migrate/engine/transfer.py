"""An import or a copy as work: its stages in a row."""

from tui_migrate.definitions import index_name, is_id_index, is_ttl
from tui_migrate.engine.conflicts import settle_conflicts
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.execute import build_index, execute
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.prepare import prepare
from tui_migrate.engine.verify import verify
from tui_migrate.engine.work import refuse_errors
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Severity
from tui_migrate.plan import preflight
from tui_migrate.stores.base import Target
from tui_migrate.stores.readonly import ReadOnly


class Transfer:
    """Documents from a source into a database."""

    def __init__(self, context: RunContext, target: Target) -> None:
        self._context = context
        self._target = target
        self._migration: Migration | None = None

    async def validate(self) -> None:
        """Run the preflight checks; the target is opened to look at only."""
        context = self._context
        about = preflight.Circumstances(folder=context.folder.path, is_again=True)
        found = await preflight.check(context.plan, context.source, ReadOnly(self._target), about=about)
        await refuse_errors(context, found)

    async def prepare(self) -> None:
        """Open the undo log, settle what is in doubt, create collections."""
        await self.close()
        self._migration = await prepare(self._context, self._target)

    async def execute(self) -> None:
        """Fill the collections, then write what the operator has decided. Raises Undecided while he has more to."""
        await execute(self._prepared())
        await settle_conflicts(self._prepared())

    async def verify(self) -> None:
        """Compare both ends."""
        await verify(self._prepared())

    async def commit(self) -> None:
        """Build the indexes that delete by age: only now may they take documents away."""
        migration = self._prepared()
        await self._context.journal.clear_findings(self._context.run_id, self._context.stage)
        for info in migration.planned():
            theirs = migration.there.get(info.name)
            present = {index_name(one) for one in theirs.indexes} if theirs is not None else set()
            for index in info.indexes:
                if is_ttl(index) and not is_id_index(index) and index_name(index) not in present:
                    await build_index(migration, info.name, index)
                    failpoint("commit.after_ttl_index")
        rejected = sum(one.counts.rejected for one in await self._context.reader.collections(self._context.run_id))
        if rejected:
            message = f"{rejected:,} documents were refused by the target"
            hint = f"put right what is in the way, then tui-migrate retry {self._context.run_id}"
            await self._context.find(Severity.WARNING, "rejects", "run", message, hint)

    async def abandon(self) -> None:
        """What was written stays: a rollback takes it back."""

    async def close(self) -> None:
        """Close the undo log."""
        if self._migration is not None:
            await self._migration.close()
            self._migration = None

    def _prepared(self) -> Migration:
        if self._migration is None:
            raise RuntimeError("prepare comes first")
        return self._migration
