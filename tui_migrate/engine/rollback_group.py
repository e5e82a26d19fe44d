"""Undoing one group of an undo log: the documents of one write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tui_migrate.documents import RawId, content_hash, show_id
from tui_migrate.engine.rollback_rule import Verdict, judge
from tui_migrate.engine.undo_log import Intent, Operation, Outcome
from tui_migrate.engine.undo_reader import Group
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import Counts
from tui_migrate.ordering import Key, order_key
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Change, Target


@dataclass(slots=True)
class GroupUndone:
    """What became of a group's documents; `clashed` met another unique index and may fit later."""

    counts: Counts = field(default_factory=Counts)
    clashed: int = 0
    size: int = 0
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class _Choice:
    """What was decided last about each document of a group."""

    undo: dict[Key, Change] = field(default_factory=dict)
    already: set[Key] = field(default_factory=set)
    spared: set[Key] = field(default_factory=set)


class GroupUndoer:
    """Undoes groups of one run in its target."""

    def __init__(self, target: Target) -> None:
        self._target = target

    async def undo(self, group: Group, *, counts_done: bool = False, is_again: bool = False) -> GroupUndone:
        """Undo each document that still is as the run left it.

        `counts_done` counts those that are as before: an earlier attempt has undone them. `is_again` is for a group
        that was undone but for documents that clashed: the others are not reported twice.
        """
        written = written_documents(group)
        choice = _Choice()

        async def decide(ids: Sequence[RawId], current: Mapping[Key, bytes]) -> list[Change]:
            for key in map(order_key, ids):
                _choose(choice, written[key], key, current.get(key))
            # What came last frees the unique values that what came first wants back.
            return [choice.undo[key] for key in map(order_key, reversed(ids)) if key in choice.undo]

        done = GroupUndone()
        if not written:
            return done
        ids = [one.id for one in written.values()]
        result = await self._target.change(group.collection, ids, decide, bypass_validation=True)
        counted = set(result.changed) | (choice.already if counts_done else set())
        done.counts = Counts(
            deleted=sum(written[key].operation is Operation.INSERT for key in counted),
            restored=sum(written[key].operation is Operation.REPLACE for key in counted),
        )
        done.size = sum(len(written[key].before or b"") for key in counted)
        for key, refusal in result.refused.items():
            if refusal.is_unique_clash:
                done.clashed += 1
            elif not is_again:
                message = f"the document could not be put back: {printable(refusal.reason)}"
                done.findings.append(self._finding(group, written[key], "not_restored", message, Severity.ERROR))
        if not is_again:
            done.counts += Counts(spared=len(choice.spared))
            for key in choice.spared:
                message = "somebody changed this document after the run had written it; it is left as it is"
                done.findings.append(self._finding(group, written[key], "changed_since", message, Severity.WARNING))
        return done

    def _finding(self, group: Group, intent: Intent, code: str, message: str, severity: Severity) -> Finding:
        subject = f"{printable(group.collection)} _id {printable(show_id(intent.id))}"
        return Finding(severity, code, subject, message, "compare it with the undo log by hand")


def written_documents(group: Group) -> dict[Key, Intent]:
    """The documents of a group that were written, or of which that is not known."""
    outcomes = group.outcomes or (Outcome.WRITTEN,) * len(group.intents)
    return {
        order_key(intent.id): intent
        for intent, outcome in zip(group.intents, outcomes, strict=True)
        if outcome is not Outcome.NOT_WRITTEN
    }


def _choose(choice: _Choice, intent: Intent, key: Key, current: bytes | None) -> None:
    choice.undo.pop(key, None)
    choice.already.discard(key)
    choice.spared.discard(key)
    match judge(intent, None if current is None else content_hash(current)):
        case Verdict.UNDO if current is not None:
            choice.undo[key] = Change(intent.id, current, intent.before)
        case Verdict.ALREADY:
            choice.already.add(key)
        case _:
            choice.spared.add(key)
