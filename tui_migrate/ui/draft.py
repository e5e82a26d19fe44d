"""The plan being made: a frozen value, and the pure functions that give the next one. No widget holds any of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

from tui_migrate.connection_url import parse_url
from tui_migrate.errors import Refused, UsageError
from tui_migrate.mapping.model import Scope
from tui_migrate.packages.types.model import TypePlan
from tui_migrate.plan.build import PlanRequest, refuse_reserved
from tui_migrate.plan.model import (
    DEFAULT_BATCH_BYTES,
    DEFAULT_BATCH_DOCUMENTS,
    End,
    Environment,
    OnFailure,
    PackageEnd,
    Plan,
    Policy,
    RunKind,
    StoreEnd,
    Verify,
)
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.package_form import as_read
from tui_migrate.ui.scoping import catalog_from, for_names

NONE_MARKED: Final = "no collection is marked"

MOST_REJECTS: Final = 1_000_000
"""As many refused documents as may be put aside."""


class Step(IntEnum):
    """The steps, in their order."""

    ENDS = 1
    COLLECTIONS = 2
    POLICY = 3
    PREFLIGHT = 4

    @property
    def title(self) -> str:
        """The step's name on the screen."""
        return self.name.capitalize()


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been chosen so far.

    `catalog` is the text of one, or empty. `scope` has filters and new names of collections that are not marked, too.
    `strict`, `quick` and `backup_first` are what the options of the command line are. `marks` are names in the source,
    kept whatever that is; `listed` are the names that the source was seen to have and that may be migrated, None
    before it was looked at. `newer_by` is the field that the policy `newer` compares, empty for the catalog's.
    `marks_of` is the run whose collections the marks are, 0 once marks or ends are others. `rate_limit` is in
    documents/s, 0 for none; `parallel` is how many collections are verified at once. `mirror` makes the target's
    collections equal to the source's: what they have besides is deleted.
    """

    source: End | None = None
    target: End | None = None
    marks: frozenset[str] = frozenset()
    listed: tuple[str, ...] | None = None
    policy: Policy = Policy.FAIL
    undo: bool = True
    verify: Verify = Verify.CONTENT
    max_rejects: int = 0
    batch_documents: int = DEFAULT_BATCH_DOCUMENTS
    batch_bytes: int = DEFAULT_BATCH_BYTES
    on_failure: OnFailure = OnFailure.PAUSE
    timeout: int = 0
    stage_timeout: int = 0
    description: str = ""
    catalog: str = ""
    scope: Scope = field(default_factory=Scope)
    newer_by: str = ""
    rate_limit: int = 0
    parallel: int = 1
    mirror: bool = False
    step: Step = Step.ENDS
    strict: bool = False
    quick: bool = False
    backup_first: bool = False
    marks_of: int = 0

    @property
    def kind(self) -> RunKind | None:
        """What kind of run goes from the one end to the other; None where an end is missing, or none does."""
        match self.source, self.target:
            case StoreEnd(), StoreEnd():
                return RunKind.COPY
            case StoreEnd(), PackageEnd():
                return RunKind.EXPORT
            case PackageEnd(), StoreEnd():
                return RunKind.IMPORT
        return None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked collections that the source has."""
        return tuple(name for name in self.listed or () if name in self.marks)

    @property
    def vanished(self) -> tuple[str, ...]:
        """The marked names that the source does not have; empty before it was looked at."""
        return () if self.listed is None else tuple(sorted(self.marks.difference(self.listed)))

    @property
    def writes_to_production(self) -> bool:
        """True where the target is a database of production."""
        return isinstance(self.target, StoreEnd) and self.target.environment is Environment.PRODUCTION


def from_plan(plan: Plan) -> Draft:
    """Take up a plan that there was, to make another like it."""
    return Draft(
        source=plan.source,
        target=plan.target,
        marks=frozenset(plan.scope.source_name(one.name) for one in plan.collections),
        policy=plan.policy,
        undo=plan.undo,
        verify=plan.verify,
        max_rejects=plan.max_rejects,
        batch_documents=plan.batch_documents,
        batch_bytes=plan.batch_bytes,
        on_failure=plan.on_failure,
        timeout=plan.timeout,
        stage_timeout=plan.stage_timeout,
        description=plan.description,
        catalog=plan.catalog,
        scope=plan.scope,
        strict=plan.strict,
        mirror=plan.mirror,
        newer_by=plan.newer_by,
        parallel=plan.parallel,
    )


def refuse_unplannable(plan: Plan) -> None:
    """Raise Refused for a plan that says more than can be chosen step by step: that would be dropped in silence."""
    said = {
        "takes a run back": bool(plan.rollback_of),
        "writes refused documents again": bool(plan.retry_of),
    }
    for what, is_so in said.items():
        if is_so:
            raise Refused(
                f"this plan {what}, which the steps do not offer", hint="tui-migrate start FILE runs it as it is"
            )


def with_source(draft: Draft, end: End) -> Draft:
    """Read from another end; the marks stay, by name."""
    return draft if end == draft.source else replace(draft, source=end, listed=None, marks_of=0)


def with_types(draft: Draft, types: TypePlan) -> Draft:
    """Decide what the fields of a package without types become; what was listed in it stays."""
    if not isinstance(draft.source, PackageEnd):
        return draft
    return replace(draft, source=replace(draft.source, types=types))


def with_target(draft: Draft, end: End) -> Draft:
    """Write to another end, as no earlier run did with these marks."""
    return draft if end == draft.target else replace(draft, target=end, marks_of=0)


def swapped(draft: Draft) -> Draft:
    """Swap the ends; the marks stay, by name, and how a package is to be written stays, for swapping back."""
    return replace(draft, source=draft.target, target=draft.source, listed=None, marks_of=0)


def equalising(plan: Plan) -> Draft:
    """Take up a plan that makes its target equal, ready to be checked."""
    names = tuple(sorted(one.name for one in plan.collections))
    return at_step(with_listing(from_plan(plan), names), Step.PREFLIGHT)


def with_pair(draft: Draft, plan: Plan, run_id: int) -> Draft:
    """Take both ends of an earlier run's plan, and its marks; the rest is chosen anew.

    Marks that were made in the same source stay. They are called that run's where it took its collections whole.
    """
    is_same_source = draft.source is None or is_same_end(draft.source, plan.source)
    taken = with_target(with_source(draft, plan.source), plan.target)
    if draft.marks and is_same_source:
        return taken
    marked = with_marks(taken, (plan.scope.source_name(one.name) for one in plan.collections))
    return replace(marked, marks_of=run_id if plan.scope.is_whole else 0)


def with_listing(draft: Draft, names: tuple[str, ...]) -> Draft:
    """Keep what the source has; marks of names that it lacks are kept too, and do nothing."""
    return replace(draft, listed=names)


def with_marks(draft: Draft, names: Iterable[str]) -> Draft:
    """Mark these names and no others."""
    return replace(draft, marks=frozenset(names), marks_of=0)


def toggled(draft: Draft, name: str) -> Draft:
    """Mark a collection, or take its mark away."""
    return with_marks(draft, draft.marks ^ {name})


def inverted(draft: Draft, names: Iterable[str]) -> Draft:
    """Mark those of these names that are not marked, and take the marks of the others away."""
    return with_marks(draft, draft.marks ^ frozenset(names))


def with_policy(draft: Draft, policy: Policy) -> Draft:
    """Decide otherwise what becomes of documents that the target has already; only what overwrites can mirror."""
    return replace(draft, policy=policy, mirror=draft.mirror and policy is Policy.OVERWRITE)


def is_allowed(name: str) -> bool:
    """Say whether a collection may be migrated at all; some belong to the server."""
    try:
        refuse_reserved(name)
    except Refused:
        return False
    return True


def at_step(draft: Draft, step: Step) -> Draft:
    """Go to a step."""
    return replace(draft, step=step)


def what_blocks(draft: Draft, step: Step, keys: Keymap) -> str:
    """Say what has to be done on a step before the next one makes sense; empty where nothing has.

    What only a look at the ends can tell (that they answer, that they are not one place) is not known here.
    """
    if step is Step.COLLECTIONS and draft.listed and not draft.chosen:
        return f"{NONE_MARKED}: {keys.of('mark.toggle')} marks one, {keys.of('mark.invert')} marks all"
    return _missing(draft, step)


def what_blocks_request(draft: Draft) -> str:
    """Say what is missing before a plan can be made; empty where nothing is."""
    return _missing(draft, Step.ENDS) or _missing(draft, Step.COLLECTIONS)


def to_request(draft: Draft) -> PlanRequest:
    """Make the request of the plan. Raises UsageError saying what is missing."""
    blocked = what_blocks_request(draft)
    if blocked or draft.kind is None or draft.source is None or draft.target is None:
        raise UsageError(f"the plan is not complete: {blocked}", hint="go back to the steps before")
    return PlanRequest(
        kind=draft.kind,
        source=as_read(draft.source) if isinstance(draft.source, PackageEnd) else draft.source,
        target=draft.target,
        names=draft.chosen,
        policy=Policy.FAIL if draft.kind is RunKind.EXPORT else draft.policy,
        undo=draft.undo,
        verify=draft.verify,
        max_rejects=draft.max_rejects,
        batch_documents=draft.batch_documents,
        batch_bytes=draft.batch_bytes,
        on_failure=draft.on_failure if draft.kind is not RunKind.EXPORT else OnFailure.PAUSE,
        timeout=draft.timeout,
        stage_timeout=draft.stage_timeout,
        description=draft.description,
        catalog=catalog_from(draft.catalog),
        scope=_scope(draft),
        strict=draft.strict,
        mirror=draft.mirror and draft.kind is not RunKind.EXPORT,
        parallel=draft.parallel,
        newer_by=draft.newer_by if draft.policy is Policy.NEWER and draft.kind is not RunKind.EXPORT else "",
    )


def _scope(draft: Draft) -> Scope:
    """What of the scope holds for what is chosen; a package gets nobody's documents under another owner."""
    scope = for_names(draft.scope, draft.chosen)
    return scope if draft.kind is not RunKind.EXPORT else replace(scope, owner_to="", owner_from="")


def is_same_end(one: End, other: End) -> bool:
    """Say whether two ends are the same by their names alone."""
    if isinstance(one, PackageEnd) or isinstance(other, PackageEnd):
        return one == other
    return one.database == other.database and _place(one) == _place(other)


def _missing(draft: Draft, step: Step) -> str:
    if step is Step.ENDS:
        return _what_blocks_ends(draft)
    if step is Step.COLLECTIONS and draft.listed is None:
        return "the source has not been listed yet"
    if step is Step.COLLECTIONS and not draft.listed:
        return "the source has no collections"
    return NONE_MARKED if step is Step.COLLECTIONS and not draft.chosen else ""


def _what_blocks_ends(draft: Draft) -> str:
    if draft.source is None:
        return "no source is chosen: enter on Source"
    if draft.target is None:
        return "no target is chosen: enter on Target"
    if is_same_end(draft.source, draft.target):
        return "source and target are the same place: choose another"
    if draft.kind is None:
        return "a package goes into a database, not into another package"
    return ""


def _place(end: StoreEnd) -> tuple[str, str]:
    return ("connection", end.connection) if end.connection else ("url", parse_url(end.url).hosts.casefold())
