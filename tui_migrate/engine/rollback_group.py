"""Undoing one group of an undo log: the documents of one write."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.documents import RawId, content_hash, show_id
from tui_migrate.engine.rollback_rule import Verdict, judge
from tui_migrate.engine.undo_log import Intent, Operation, Outcome
from tui_migrate.engine.undo_reader import Group
from tui_migrate.errors import NotAuthorised
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import Counts
from tui_migrate.ordering import Key, order_key
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Change, ChangeResult, Decide, Refusal, Target
from tui_migrate.stores.permissions import Action

_HINT: Final = "see in the target whether it is as it should be; the undo log still has it as it was before the run"


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
    forced: set[Key] = field(default_factory=set)
    deleted: set[Key] = field(default_factory=set)
    """Those that are not there: the run deleted them, or somebody did, and they are forced. They are inserted again."""

    def forget(self, key: Key) -> None:
        """Take back what was decided about a document."""
        self.undo.pop(key, None)
        for one in (self.already, self.spared, self.forced, self.deleted):
            one.discard(key)


Report = Callable[[Sequence[Finding]], Awaitable[None]]


class GroupUndoer:
    """Undoes groups of one run in its target.

    With `report_forced` what others have changed since is taken too, and reported by it before that is done.
    `validated` are the collections whose validator is bypassed. It is in no other: a server asks for the privilege
    whenever it is told to bypass, whether there is a validator or not.
    """

    def __init__(
        self, target: Target, report_forced: Report | None = None, *, validated: Collection[str] = frozenset()
    ) -> None:
        self._target = target
        self._validated = validated
        self._report_forced = report_forced

    async def undo(self, group: Group, *, counts_done: bool = False, is_again: bool = False) -> GroupUndone:
        """Undo each document that still is as the run left it.

        `counts_done` counts those that are as before: an earlier attempt has undone them. `is_again` is for a group
        that was undone but for documents that clashed: the others are not reported twice. Raises NotAuthorised where
        the user may not change documents, or not bypass the validator.
        """
        written = written_documents(group)
        choice = _Choice()

        async def decide(ids: Sequence[RawId], current: Mapping[Key, bytes]) -> list[Change]:
            for key in map(order_key, ids):
                _choose(choice, written[key], key, current.get(key), force=self._report_forced is not None)
            if self._report_forced is not None and choice.forced:
                await self._report_forced([self._forced(group, written[key], key, choice) for key in choice.forced])
            # What came last frees the unique values that what came first wants back.
            return [choice.undo[key] for key in map(order_key, reversed(ids)) if key in choice.undo]

        done = GroupUndone()
        if not written:
            return done
        ids = [one.id for one in written.values()]
        result = await self._change(group.collection, ids, decide)
        refused = {**result.refused, **await self._insert_again(group, written, choice)}
        counted = set(result.changed) | (choice.deleted - refused.keys()) | (choice.already if counts_done else set())
        done.counts = Counts(
            deleted=sum(written[key].operation is Operation.INSERT for key in counted),
            restored=sum(written[key].operation is not Operation.INSERT for key in counted),
        )
        done.size = sum(len(written[key].before or b"") for key in counted)
        for key, refusal in refused.items():
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

    async def _change(self, collection: str, ids: Sequence[RawId], decide: Decide) -> ChangeResult:
        bypasses = collection in self._validated
        with _explained(collection) if bypasses else nullcontext():
            return await self._target.change(collection, ids, decide, bypass_validation=bypasses)

    async def _insert_again(self, group: Group, written: Mapping[Key, Intent], choice: _Choice) -> dict[Key, Refusal]:
        """Put back what was there before the run and is not there now; give what was refused."""
        wanted = [(key, before) for key in choice.deleted if (before := written[key].before) is not None]
        if not wanted:
            return {}
        bypasses = group.collection in self._validated
        with _explained(group.collection) if bypasses else nullcontext():
            refused = await self._target.insert(
                group.collection, [before for _, before in wanted], bypass_validation=bypasses
            )
        failpoint("rollback.after_insert_again")
        return {wanted[one.index][0]: one for one in refused}

    def _forced(self, group: Group, intent: Intent, key: Key, choice: _Choice) -> Finding:
        deed = "deleted" if key in choice.deleted else "changed"
        message = f"somebody {deed} this document after the run had written it; force takes it back all the same"
        return self._finding(group, intent, "forced", message, Severity.WARNING)

    def _finding(self, group: Group, intent: Intent, code: str, message: str, severity: Severity) -> Finding:
        subject = f"{printable(group.collection)} _id {printable(show_id(intent.id))}"
        return Finding(severity, code, subject, message, _HINT)


@contextmanager
def _explained(collection: str) -> Iterator[None]:
    """Say of a refusal within which privilege it takes to go past a validator."""
    try:
        yield
    except NotAuthorised as error:
        message = f"putting documents back past the validator of {printable(collection)}: {error.message}"
        hint = f"give the user {Action.BYPASS_VALIDATION} on it (the roles dbAdmin and restore have it)"
        hint = f"{hint}, then resume the rollback"
        raise NotAuthorised(message, hint=hint) from error


def written_documents(group: Group) -> dict[Key, Intent]:
    """The documents of a group that were written, or of which that is not known."""
    outcomes = group.outcomes or (Outcome.WRITTEN,) * len(group.intents)
    return {
        order_key(intent.id): intent
        for intent, outcome in zip(group.intents, outcomes, strict=True)
        if outcome is not Outcome.NOT_WRITTEN
    }


def _choose(choice: _Choice, intent: Intent, key: Key, current: bytes | None, *, force: bool) -> None:
    choice.forget(key)
    verdict = judge(intent, None if current is None else content_hash(current), force=force)
    if verdict is Verdict.FORCE:
        choice.forced.add(key)
    match verdict:
        case Verdict.UNDO | Verdict.FORCE if current is not None:
            choice.undo[key] = Change(intent.id, current, intent.before)
        case Verdict.UNDO | Verdict.FORCE:
            choice.deleted.add(key)
        case Verdict.ALREADY:
            choice.already.add(key)
        case Verdict.ABSENT:
            pass
        case _:
            choice.spared.add(key)
