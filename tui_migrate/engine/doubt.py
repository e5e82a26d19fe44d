"""Settling what an attempt that died left in doubt, by what the target has now."""

from collections import Counter
from dataclasses import dataclass, field

from tui_migrate.engine.context import RunContext
from tui_migrate.engine.undo_log import Intent, Operation, Outcome, UndoLog
from tui_migrate.engine.undo_reader import Group, UndoReader
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Severity
from tui_migrate.ordering import Key, order_key
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Target
from tui_migrate.stores.lookup import Found, find_by_id


@dataclass(frozen=True, slots=True)
class Ours:
    """A document that an earlier attempt wrote and no checkpoint counts yet.

    Where `was_found` is false it was not there when that was looked into, and may come late or never.
    """

    operation: Operation
    after: bytes
    is_assumed: bool
    was_found: bool = True


@dataclass(frozen=True, slots=True)
class Settled:
    """What turned out to be done and no checkpoint counts yet, by collection: writings by key, and deletions."""

    ours: dict[str, dict[Key, Ours]] = field(default_factory=dict)
    deleted: Counter[str] = field(default_factory=Counter)


async def settle(context: RunContext, target: Target, undo: UndoLog, reader: UndoReader, checkpoint: int) -> Settled:
    """Settle the groups of an undo log behind a checkpoint and give what turned out to be done."""
    settled = Settled()
    for group in reader.groups(checkpoint, undo.size):
        outcomes = group.outcomes
        if outcomes is None:
            outcomes = await _judge(target, group)
            failpoint("doubt.after_judge")
            await undo.settle(outcomes)
            await undo.sync()
            failpoint("doubt.after_settle")
            await _report(context, group, outcomes)
        written = settled.ours.setdefault(group.collection, {})
        for intent, outcome in zip(group.intents, outcomes, strict=True):
            key = order_key(intent.id)
            if intent.operation is Operation.DELETE:
                settled.deleted[group.collection] += outcome.is_written
            elif outcome.is_written:
                is_assumed = outcome is Outcome.ASSUMED
                written[key] = Ours(_first_operation(written, key, intent), intent.after, is_assumed)
            elif outcome is Outcome.NOT_FOUND and key not in written:
                written[key] = Ours(intent.operation, intent.after, is_assumed=True, was_found=False)
    return settled


async def _judge(target: Target, group: Group) -> tuple[Outcome, ...]:
    found = await find_by_id(target, group.collection, [one.id for one in group.intents])
    return tuple(judge(one, found.get(order_key(one.id))) for one in group.intents)


def judge(intent: Intent, current: Found | None) -> Outcome:
    """Say what became of an INTENT, by the document that the target has now."""
    if intent.operation is Operation.DELETE:
        return Outcome.ASSUMED if current is None else Outcome.NOT_FOUND
    if current is None or current.digest != intent.after:
        return Outcome.NOT_FOUND
    return Outcome.ASSUMED if intent.operation is Operation.INSERT else Outcome.WRITTEN


def _first_operation(written: dict[Key, Ours], key: Key, intent: Intent) -> Operation:
    """A document that was inserted and then replaced by the same run counts as inserted."""
    earlier = written.get(key)
    return earlier.operation if earlier is not None and earlier.was_found else intent.operation


async def _report(context: RunContext, group: Group, outcomes: tuple[Outcome, ...]) -> None:
    assumed = outcomes.count(Outcome.ASSUMED)
    written = assumed + outcomes.count(Outcome.WRITTEN)
    name = printable(group.collection)
    await context.say(
        f"{name}: a batch of {len(outcomes)} was in doubt: {written} had been written, {len(outcomes) - written} not",
        Severity.WARNING,
    )
    deleted = sum(one.operation is Operation.DELETE for one in group.intents)
    if deleted and assumed:
        message = f"{assumed} documents that a broken-off batch was to delete are gone: taken for this run's own doing"
        hint = "a deletion by somebody else at that moment cannot be told apart"
        await context.find(Severity.NOTE, "assumed_ours", group.collection, message, hint)
    elif assumed:
        await context.find(
            Severity.NOTE,
            "assumed_ours",
            group.collection,
            f"{assumed} inserts of a broken-off batch were found in the target and are taken for this run's own",
            "an equal document that somebody else inserted at that moment cannot be told apart",
        )
