"""What a screen measures of the run it shows, look by look: its rate, each active collection's, and the sparkline."""

from tui_migrate.journal.records import CollectionProgress, CollectionState, RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind
from tui_migrate.ui.rates import RateHistory, RateMeter, steady
from tui_migrate.wording import is_at_work


class RunPace:
    """The pace of one run, fed with every look at it."""

    def __init__(self) -> None:
        self._whole = RateMeter()
        self._collections: dict[str, RateMeter] = {}
        self._history = RateHistory()
        self._attempt = 0
        self._was_at_work = False
        self._fastest: float | None = None

    def note(self, at: float, run: RunRecord) -> None:
        """Take in how a run stands at a time. Outside the stage in which documents move there is no rate."""
        done = documents_done(run)
        if run.attempt != self._attempt or not self._was_at_work:
            self._history.rest(at)
        self._was_at_work = is_at_work(run.state)
        if run.state is not RunState.EXECUTING or run.attempt != self._attempt:
            self._attempt = run.attempt
            self._whole.reset()
            self._collections.clear()
        if run.state.is_active:
            self._history.note(at, done)
        if run.state is RunState.EXECUTING:
            self._whole.note(at, done)
            self._note_collections(at, run)
            if not run.rate_limit and (rate := self._whole.rate) is not None:
                self._fastest = max(rate, self._fastest or 0.0)

    @property
    def rate(self) -> int | None:
        """Documents a second as they are shown, and as all else is reckoned from; None where they are not known."""
        return _steady(self._whole.rate)

    @property
    def fastest(self) -> float | None:
        """The highest rate seen while there was no limit."""
        return self._fastest

    @property
    def history(self) -> tuple[float, ...]:
        """What the sparkline shows."""
        return self._history.values

    def of_collection(self, name: str) -> int | None:
        """The rate of one collection."""
        meter = self._collections.get(name)
        return None if meter is None else _steady(meter.rate)

    def _note_collections(self, at: float, run: RunRecord) -> None:
        active = {one.name: one for one in run.collections if standing(one, run) is CollectionState.ACTIVE}
        for name in set(self._collections) - set(active):
            del self._collections[name]
        for name, one in active.items():
            self._collections.setdefault(name, RateMeter()).note(at, one.documents_done)


def documents_done(run: RunRecord) -> int:
    """How many documents are done."""
    return sum(one.documents_done for one in run.collections)


def standing(one: CollectionProgress, run: RunRecord) -> CollectionState:
    """How far a run is with a collection. A rollback goes through its log, not by collections: its counts say it."""
    if run.kind is not RunKind.ROLLBACK or one.state is CollectionState.DONE or not one.documents_done:
        return one.state
    return CollectionState.DONE if one.documents_done >= one.documents_total else CollectionState.ACTIVE


def _steady(rate: float | None) -> int | None:
    return None if rate is None else steady(rate)
