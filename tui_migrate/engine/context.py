"""What every stage of a run works with."""

from dataclasses import dataclass, field

from tui_migrate.engine.lanes import Lanes
from tui_migrate.engine.steering import Steering
from tui_migrate.engine.waits import Waits
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.states import Stage
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import RunFolder
from tui_migrate.plan.model import Plan
from tui_migrate.stores.base import BlockLimit, Source


@dataclass(slots=True)
class RunContext:
    """One attempt at a run. `stage` is the one being worked, `waits` counts what its pipeline waits for.

    `lanes` are those in which collections are verified.
    """

    run_id: int
    attempt: int
    plan: Plan
    folder: RunFolder
    journal: JournalWriter
    reader: JournalReader
    progress: Progress
    steering: Steering
    source: Source
    stage: Stage = field(default=Stage.VALIDATE)
    waits: Waits = field(default_factory=Waits)
    lanes: Lanes = field(default_factory=Lanes)

    @property
    def limit(self) -> BlockLimit:
        """How much is read and written at a time."""
        return BlockLimit(self.plan.batch_documents, self.plan.batch_bytes)

    async def find(self, severity: Severity, code: str, subject: str, message: str, hint: str = "") -> None:
        """Record a finding of the current stage."""
        await self.journal.add_findings(self.run_id, self.stage, [Finding(severity, code, subject, message, hint)])

    async def say(self, message: str, severity: Severity = Severity.NOTE) -> None:
        """Append a line to the run's log."""
        await self.journal.add_event(self.run_id, message, severity)

    async def settle_lanes(self) -> None:
        """Record how many collections are verified at once, where the ends, now open, do not allow what was wanted."""
        lanes = self.lanes
        if (await self.reader.run(self.run_id)).parallel > lanes.wanted:
            await self.say(f"collections are not verified at once: {lanes.obstacle}", Severity.WARNING)
            await self.journal.set_parallel(self.run_id, lanes.wanted)
