"""What is known by now of the ends, the consequences and the checks: one cache for all steps of a new migration."""

from dataclasses import dataclass, field, replace

from tui_migrate.findings import Severity
from tui_migrate.packages.types.model import Inference, ValueType
from tui_migrate.plan.build import PlanRequest
from tui_migrate.plan.model import End, PackageEnd
from tui_migrate.plan.preflight import blocking
from tui_migrate.ui.checking import Checked
from tui_migrate.ui.consequences import Count, Question
from tui_migrate.ui.draft import Draft, Step, to_request, what_blocks_request
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.look import ConnectionsRead, EndLook, LookState, place_words
from tui_migrate.ui.package_form import as_read


@dataclass(slots=True)
class Looks:
    """The latest look at each end, the latest count and the latest check. Lives as long as the session."""

    connections: ConnectionsRead | None = None
    ends: dict[End, EndLook] = field(default_factory=dict)
    count: Count | None = None
    checked: Checked | None = None

    def end(self, end: End | None) -> EndLook | None:
        """What is known of an end."""
        return self.ends.get(end) if end is not None else None

    def count_of(self, request: PlanRequest) -> Count | None:
        """The count that answers what this plan asks."""
        if self.count is None:
            return None
        asked, counted = Question.of(request), self.count.question
        # What a mirror deletes is beside the point for any other plan.
        return self.count if asked in (counted, replace(counted, mirror=False)) else None

    def inference_of(self, end: End | None) -> Inference | None:
        """What the fields of a package without types look like, as the last check of it saw them."""
        checked = self.checked
        if checked is None or not isinstance(end, PackageEnd) or not isinstance(checked.request.source, PackageEnd):
            return None
        is_same = as_read(replace(end, types=None)) == replace(checked.request.source, types=None)
        return checked.inference if is_same else None

    def is_undecided(self, draft: Draft) -> bool:
        """True where it is still to be said what the fields of a package without types become."""
        source = draft.source
        if not isinstance(source, PackageEnd) or source.types is not None:
            return False
        inference = self.inference_of(source)
        return inference is not None and any(one.type is not ValueType.AS_WRITTEN for one in inference.fields)

    def retype(self, before: End, now: End) -> None:
        """Keep what is known of a package under its name once its types were decided: they change no collection."""
        if (look := self.ends.get(before)) is not None:
            self.ends[now] = replace(look, end=now)

    def is_stale(self, request: PlanRequest, *, quick: bool = False) -> bool:
        """True where there are checks, but of another plan than this, or made otherwise."""
        return self.checked is not None and (self.checked.request != request or self.checked.quick != quick)

    def keep(self, value: ConnectionsRead | EndLook | Count | Checked) -> None:
        """Keep what was found in place of what was known."""
        match value:
            case ConnectionsRead():
                self.connections = value
            case EndLook():
                self.ends[value.end] = value
            case Count():
                self.count = value
            case Checked():
                before = self.inference_of(value.request.source)
                self.checked = replace(value, inference=before) if value.inference is None else value

    @property
    def is_pending(self) -> bool:
        """True while anything is being looked at."""
        others = [one for one in (self.count, self.checked) if one is not None]
        return any(one.state.is_pending for one in (*self.ends.values(), *others))

    def forget_end(self, end: End) -> None:
        """Know nothing any more of an end."""
        self.ends.pop(end, None)

    def forget_older(self, than: float) -> None:
        """Know nothing any more of what was looked at, counted or checked before a time (seconds since 1970)."""
        self.ends = {end: one for end, one in self.ends.items() if one.at >= than}
        self.count = self.count if self.count is not None and self.count.at >= than else None
        self.checked = self.checked if self.checked is not None and self.checked.at >= than else None

    def forget(self) -> None:
        """Know nothing any more but the connections: a run is about to change what the looks saw."""
        self.ends, self.count, self.checked = {}, None, None

    def cancel_pending(self) -> None:
        """Nobody is at it any more: what is under way counts as cancelled."""
        cancelled = LookState.CANCELLED
        self.ends = {
            end: replace(one, state=cancelled) if one.state.is_pending else one for end, one in self.ends.items()
        }
        if self.count is not None and self.count.state.is_pending:
            self.count = replace(self.count, state=cancelled)
        if self.checked is not None and self.checked.state.is_pending:
            self.checked = replace(self.checked, state=cancelled)

    def what_blocks(self, draft: Draft, step: Step, keys: Keymap) -> str:
        """Say what the looks at the ends have against going on from a step; empty where nothing."""
        if step is Step.PREFLIGHT:
            return self._what_blocks_start(draft, keys)
        for end in (draft.source, draft.target):
            look = self.end(end)
            if end is not None and look is not None and look.state is LookState.FAILED and look.fault is not None:
                why = "" if step is Step.ENDS else f": {keys.of('new.previous')} leads back to why"
                return f"{place_words(end)} cannot be used{why}"
        if self._is_one_place(draft):
            return "source and target are one database by two names: choose another"
        return ""

    def _is_one_place(self, draft: Draft) -> bool:
        """True where both ends answered and turned out to be the same database."""
        source, target = self.end(draft.source), self.end(draft.target)
        if source is None or target is None or source.identity is None or target.identity is None:
            return False
        return source.identity.is_same_place(target.identity)

    def _what_blocks_start(self, draft: Draft, keys: Keymap) -> str:
        checked = self.checked
        if blocked := what_blocks_request(draft):
            return blocked
        if self.is_undecided(draft):
            return f"the types of the fields are not decided, {keys.of('new.types')} shows and decides"
        if checked is not None and self.is_stale(to_request(draft), quick=draft.quick):
            return f"the plan was changed since it was checked, {keys.of('look.again')} checks it"
        if checked is None or checked.state.is_pending:
            return "the checks are running, esc cancels them"
        if checked.state is LookState.CANCELLED:
            return f"the checks were cancelled, {keys.of('look.again')} runs them again"
        if checked.state is LookState.FAILED:
            return f"the checks could not be made, {keys.of('look.again')} tries again"
        errors, found = len(checked.of(Severity.ERROR)), len(blocking(checked.findings, strict=draft.strict))
        if found > errors:
            return f"{found} finding{'s' if found != 1 else ''} to be mended first, for warnings count: it is strict"
        return f"{errors} error{'s' if errors != 1 else ''} to be mended first" if errors else ""
