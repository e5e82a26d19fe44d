"""The worker: one process that executes one run and tells of it in the journal alone.

It has no terminal. SIGHUP changes nothing; SIGTERM ends it after its batch, and the run can be resumed.
"""

import asyncio
import logging
import os
import platform
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from functools import partial
from typing import Final

from tui_migrate.engine.context import RunContext
from tui_migrate.engine.drive import drive
from tui_migrate.engine.export import Export
from tui_migrate.engine.lanes import Lanes
from tui_migrate.engine.pipeline import first_cause
from tui_migrate.engine.reject_source import RejectSource
from tui_migrate.engine.rollback import Rollback
from tui_migrate.engine.steering import Steered
from tui_migrate.engine.transfer import Transfer
from tui_migrate.engine.waits import Waits
from tui_migrate.engine.work import Work
from tui_migrate.errors import Interrupted, JournalBusy, Refused, TuiMigrateError, Undecided, Unreachable
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Severity
from tui_migrate.journal.hindrance import Hindrance
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Failure, RunRecord, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.plan import ends
from tui_migrate.plan.model import OnFailure, Plan, RunKind
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.redaction import redact
from tui_migrate.stores.base import Source
from tui_migrate.stores.retrying import told_to
from tui_migrate.wording import duration
from tui_migrate.worker import control
from tui_migrate.worker.hindrance import Complaint
from tui_migrate.worker.inputs import remove_unneeded
from tui_migrate.worker.launch import create_rollback_run
from tui_migrate.worker.lock import take_over
from tui_migrate.worker.pace import Pace
from tui_migrate.worker.signals import Signals
from tui_migrate.worker.steering import WorkerSteering

BEAT_SECONDS: Final = 2.0
TIDY_EVERY: Final = 5
"""Beats between two checkpoints of the journal's write-ahead log."""

STOPPED: Final = "stopped"
"""The code of a run that stopped because it was asked to, which is no failure."""

Ended = tuple[RunState, Failure | None]
"""The state in which an attempt leaves its run, and why where that is not the run's end."""

log = logging.getLogger("tui_migrate.worker")


async def work(home: Home, run_id: int, passwords: Mapping[str, str], pipe: int | None = None) -> int:
    """Execute a run, from its start or from where it was left, and give the exit code of its end.

    A run that was to be cancelled, by a worker that did not live to do so, is not gone on with: it is cancelled, and
    taken back where that was wished, whether its rollback was recorded by then or not.

    `passwords` are by the label of an end; `pipe` is the descriptor that an export into a pipe writes to. Raises
    RunNotFound, Refused where the run has a live worker or has ended.
    """
    with ExitStack() as locks:
        for one in await _runs_to_lock(home, run_id):
            lock = await asyncio.to_thread(take_over, home.run(one).lock)
            locks.callback(lock.release)
            failpoint("worker.after_lock")
        async with open_both(home.journal) as (journal, reader):
            record = await reader.run(run_id)
            signals = Signals()
            locks.enter_context(signals.heeded())
            rollback_id = await _left_rollback(reader, record)
            if rollback_id:
                exit_code = await _end_as_cancelled(journal, record)
            else:
                await _refuse_if_over(reader, record)
                for one in filter(None, (run_id, record.rollback_of)):
                    await _let_go_of(journal, await reader.run(one))
                attempt = _Attempt(home, record, journal, reader, passwords, signals, pipe)
                exit_code = await attempt.run()
                rollback_id = attempt.rollback_id
            if rollback_id:
                try:
                    lock = await asyncio.to_thread(take_over, home.run(rollback_id).lock)
                except Refused as error:
                    log.info("run %04d is at work already: %s", rollback_id, error.message)
                    return exit_code
                locks.callback(lock.release)
                rollback = await reader.run(rollback_id)
                await _let_go_of(journal, rollback)
                await _Attempt(home, rollback, journal, reader, passwords, signals).run()
    await remove_unneeded(home)
    # A run that failed has failed, however well it was taken back.
    return exit_code


def _gone(run: RunRecord, now: float) -> str:
    heard = run.last_heard_at
    when = f", last heard of {duration(max(0.0, now - heard))} before this" if heard is not None else ""
    return f"interrupted: the worker of attempt {run.attempt} was gone without a word{when}"


async def _runs_to_lock(home: Home, run_id: int) -> tuple[int, ...]:
    """A rollback holds the lock of the run that it takes back too, whose worker may be alive but stopped."""
    reader = await JournalReader.open(home.journal)
    try:
        record = await reader.run(run_id)
        if record.kind is not RunKind.ROLLBACK:
            return (run_id,)
        return run_id, (await reader.run(record.rollback_of)).id
    finally:
        await reader.close()


async def _left_rollback(reader: JournalReader, record: RunRecord) -> int:
    """Give the rollback that a worker of this run was to carry out once it had cancelled it; 0 if none is left."""
    asked = await reader.standing_cancel(record.id)
    if asked is None or not asked.wants_rollback:
        return 0
    recorded = [await reader.run(one) for one in await reader.rollbacks_of(record.id)]
    return recorded[-1].id if recorded and not recorded[-1].state.is_final else 0


async def _end_as_cancelled(journal: JournalWriter, record: RunRecord) -> int:
    """Cancel a run whose rollback is recorded, and give the exit code of that."""
    if not record.state.is_final:
        await journal.end_attempt(record.id, RunState.CANCELLED, None)
    return RunState.CANCELLED.exit_code


async def _let_go_of(journal: JournalWriter, record: RunRecord) -> None:
    """Take note that the worker is gone that the journal says a run has."""
    if record.state.is_active:
        await journal.take_for_dead(record.id)
        await journal.add_event(record.id, _gone(record, journal.clock()), Severity.WARNING)


async def _refuse_if_over(reader: JournalReader, record: RunRecord) -> None:
    if record.state.is_final:
        raise Refused(f"run {record.id:04d} has ended: {record.state}", hint="start a new run")
    if by := await reader.rollbacks_of(record.id):
        raise Refused(
            f"run {record.id:04d} is being rolled back by run {by[-1]:04d}", hint=f"tui-migrate attach {by[-1]}"
        )


class _Attempt:
    """One worker's attempt at a run."""

    def __init__(
        self,
        home: Home,
        record: RunRecord,
        journal: JournalWriter,
        reader: JournalReader,
        passwords: Mapping[str, str],
        signals: Signals,
        pipe: int | None = None,
    ) -> None:
        self._signals = signals
        self._home = home
        self._record = record
        self._journal = journal
        self._reader = reader
        self._passwords = passwords
        self._pipe = pipe
        self._lanes = Lanes(record.parallel)
        self._steering = WorkerSteering(record.id, journal, reader, Pace(record.rate_limit), self._lanes)
        self._waits = Waits()
        self._complaint = Complaint(self._waits)
        self.rollback_id = 0
        """The run that is to take this one back, where its plan or its operator wants that."""

    async def run(self) -> int:
        """Work until the run ends or stops, and record how."""
        run_id, journal = self._record.id, self._journal
        entering = RunState.VALIDATING if self._record.stage is Stage.VALIDATE else RunState.PREPARING
        self._signals.steer(self._steering)
        attempt = await journal.begin_attempt(run_id, os.getpid(), platform.node(), entering)
        if attempt > 1:
            await journal.add_event(run_id, f"taken up again: attempt {attempt} goes on where it stopped")
        state, failure = await self._try_unless_given_up(attempt)
        failpoint("worker.before_last_word")
        await self._steering.conclude(state)
        # Recorded before the end is: whoever dies in between leaves a rollback that can be resumed.
        if self._is_taken_back_for(failure):
            self.rollback_id = await self._plan_rollback("failed", "the run failed, and its plan wants it taken back")
        elif state is RunState.CANCELLED and (await self._reader.run(run_id)).rollback_asked:
            self.rollback_id = await self._plan_rollback("was cancelled", "it was cancelled to be taken back")
        if self.rollback_id and failure is not None:
            failure = replace(failure, hint=f"it is taken back: tui-migrate attach {self.rollback_id}")
            if state is RunState.INTERRUPTED:  # given up, and not to be gone on with
                state, failure = RunState.FAILED, replace(failure, code=Unreachable.code, exit_code=1)
        await journal.end_attempt(run_id, state, failure)
        failpoint("worker.after_last_word")
        log.info("run %04d ended: %s", run_id, state)
        return failure.exit_code if failure else state.exit_code

    def _is_taken_back_for(self, failure: Failure | None) -> bool:
        """Say whether the plan wants a run taken back that has ended so: a stop by request is no failure."""
        if failure is None or failure.code in (STOPPED, Undecided.code):
            return False
        plan = from_yaml(self._record.plan, f"plan of run {self._record.id:04d}")
        return plan.on_failure is OnFailure.ROLLBACK

    async def _plan_rollback(self, ended: str, why: str) -> int:
        """Record the run that takes this one back, where something was written, and give its id."""
        run_id = self._record.id
        record = await self._reader.run(run_id)
        is_reversible = record.kind in (RunKind.COPY, RunKind.IMPORT) and record.undo and record.writes_begun
        if not is_reversible:
            return 0
        try:
            rollback_id = await create_rollback_run(self._home, record)
        except TuiMigrateError as error:
            log.error("%s", redact(traceback.format_exc()))
            said = f"the run {ended} and could not be taken back: {error.message}"
            await self._journal.add_event(run_id, said, Severity.ERROR)
            return 0
        said = f"{why}: run {rollback_id:04d} does that"
        await self._journal.add_event(run_id, said, Severity.WARNING)
        return rollback_id

    async def _try_unless_given_up(self, attempt: int) -> Ended:
        """Work; but a run that is to be cancelled and does not work, or not any more, is given up."""
        run_id = self._record.id
        state, failure = RunState.INTERRUPTED, None
        asked = await self._reader.standing_cancel(run_id)
        if asked is None:
            state, failure = await self._try(partial(self._accompanied, attempt))
            asked = await self._reader.standing_cancel(run_id)
        is_over = state not in (RunState.INTERRUPTED, RunState.FAILED) or self._is_taken_back_for(failure)
        if asked is None or is_over:
            return state, failure
        await self._steering.give_up(asked)
        return await self._try(self._give_up)

    async def _give_up(self) -> Ended:
        await control.discard_package(self._record)
        return RunState.CANCELLED, None

    async def _try(self, work: Callable[[], Awaitable[Ended]]) -> Ended:
        run_id = self._record.id
        try:
            return await work()
        except Interrupted as error:
            return RunState.INTERRUPTED, _failure(error)
        except TuiMigrateError as error:
            log.error("%s", redact(traceback.format_exc()))
            await self._journal.add_event(run_id, error.message, Severity.ERROR)
            return RunState.FAILED, _failure(error)
        except Exception as error:  # noqa: BLE001 - the outermost edge of the process: nobody is left to catch it
            log.error("%s", redact(traceback.format_exc()))
            where = self._home.run(run_id).worker_log
            message = f"an error that should not be: {redact(str(error)) or type(error).__name__}"
            return RunState.FAILED, Failure("internal", message, f"see {where}; the run can be resumed", 1)

    async def _accompanied(self, attempt: int) -> Ended:
        """Do the work while the heart beats and the ear listens; where one of them fails, so does the attempt."""
        try:
            async with asyncio.TaskGroup() as group:
                companions = [group.create_task(self._beat()), group.create_task(self._steering.listen())]
                failpoint("worker.after_heartbeat")
                try:
                    return await self._drive(attempt)
                finally:
                    for one in companions:
                        one.cancel()
        except BaseExceptionGroup as failures:
            raise first_cause(failures) from None

    async def _drive(self, attempt: int) -> Ended:
        run_id = self._record.id
        plan = from_yaml(self._record.plan, f"plan of run {run_id:04d}")
        self._lanes.heed(plan)
        async with AsyncExitStack() as opened:
            # In threads: a password may come from a keyring that lets it wait, and the heart must beat meanwhile.
            source = await asyncio.to_thread(self._open_source, plan)
            opened.push_async_callback(source.close)
            context = self._context(plan, source, attempt)
            work = await self._make_work(context, opened)
            opened.push_async_callback(work.close)
            try:
                with told_to(partial(context.say, severity=Severity.WARNING)):
                    return await drive(context, work, self._steering, self._record.stage), None
            except Steered as asked:
                # What stops before its end and cannot be gone on with is given up.
                wish = Wish.CANCEL if self._record.is_piped else asked.wish
                return await _steered(work, wish, run_id)

    def _open_source(self, plan: Plan) -> Source:
        if plan.retry_of:
            return RejectSource(plan.retry_of, self._home.run(plan.retry_of), self._reader)
        return ends.open_planned_source(plan, self._home, self._passwords)

    def _context(self, plan: Plan, source: Source, attempt: int) -> RunContext:
        run_id = self._record.id
        return RunContext(
            run_id=run_id,
            attempt=attempt,
            plan=plan,
            folder=self._home.run(run_id),
            journal=self._journal,
            reader=self._reader,
            progress=Progress(self._journal, run_id),
            steering=self._steering,
            source=source,
            waits=self._waits,
            lanes=self._lanes,
        )

    async def _make_work(self, context: RunContext, opened: AsyncExitStack) -> Work:
        plan = context.plan
        self._complaint.ends = {Hindrance.SOURCE: context.source}
        self._lanes.ends = (context.source,)
        if plan.kind is RunKind.EXPORT:
            passphrase = self._passwords.get(plan.target.label)
            return Export(context, self._record.created_at, self._record.created_by, passphrase, self._pipe)
        target = await asyncio.to_thread(ends.open_target, plan.target, self._home, self._passwords)
        opened.push_async_callback(target.close)
        self._complaint.ends = {Hindrance.SOURCE: context.source, Hindrance.TARGET: target}
        self._lanes.ends = (context.source, target)
        if plan.kind is RunKind.ROLLBACK:
            return Rollback(context, target, self._home.run(plan.rollback_of))
        return Transfer(context, target)

    async def _beat(self) -> None:
        beats = 0
        while True:
            try:
                await self._journal.beat(self._record.id)
                if (line := self._complaint.due()) is not None:
                    await self._journal.add_event(self._record.id, line)
                beats += 1
                if beats % TIDY_EVERY == 0:
                    await self._journal.tidy()
            except JournalBusy as error:
                log.warning("%s", error.message)
            await asyncio.sleep(BEAT_SECONDS)


async def _steered(work: Work, wish: Wish, run_id: int) -> Ended:
    if wish is Wish.CANCEL:
        await work.abandon()
        return RunState.CANCELLED, None
    hint = f"tui-migrate resume {run_id}"
    return RunState.INTERRUPTED, Failure(STOPPED, "stopped after its batch, as asked", hint, 5)


def _failure(error: TuiMigrateError) -> Failure:
    return Failure(error.code, error.message, error.hint, error.exit_code)
