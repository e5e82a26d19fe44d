"""What a comparison has counted, as the answer to what a plan made of it would do; and which run made that old."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tui_migrate.comparison.model import ComparedCollection, DocumentDifference, Kind, Way
from tui_migrate.journal.records import RunRecord, RunSummary
from tui_migrate.plan.forecast import CollectionForecast
from tui_migrate.plan.model import RunKind, StoreEnd
from tui_migrate.stores.base import CollectionKind
from tui_migrate.ui.comparing import Compared
from tui_migrate.ui.consequences import Count, Question
from tui_migrate.ui.draft import Draft, to_request
from tui_migrate.ui.look import LookState
from tui_migrate.wording import run_name

_IN_PLACE: Final = frozenset(("validator", "validationLevel", "validationAction"))
"""Options that a mirror sets on a collection; for any other one it is emptied and made anew."""


def count_of_collections(known: Compared, draft: Draft, chosen: Sequence[ComparedCollection]) -> Count | None:
    """Give what making these collections equal does, where the comparison tells it for each document; else None."""
    views = {one.name for one in known.there if one.kind is CollectionKind.VIEW}
    counted = [one for one in chosen if one.name not in views or _has_other_kind(one)]
    is_told = known.comparison is not None and not known.comparison.canonical and all(map(_is_told, counted))
    return _count(known, draft, map(_forecast, counted)) if is_told else None


def count_of_documents(known: Compared, draft: Draft, name: str, chosen: Sequence[DocumentDifference]) -> Count:
    """Give what handing over these documents of a collection does."""
    lacking = sum(one.kind is Kind.ONLY_LEFT for one in chosen)
    there = len(chosen) - lacking
    one = CollectionForecast(name, True, documents=len(chosen), insert=lacking, replace=there, present=there)
    return _count(known, draft, [one])


def later_writer(known: Compared, summaries: Iterable[RunSummary]) -> tuple[RunRecord, str] | None:
    """Give the newest run that has written to an end since it was compared, and which end: `A` or `B`."""
    ends = {
        end.label: name
        for name, end in (("A", known.asked.left), ("B", known.asked.right))
        if isinstance(end, StoreEnd)
    }
    for one in sorted((each.run for each in summaries), key=lambda run: -run.id):
        if one.target in ends and one.kind is not RunKind.EXPORT and _wrote_after(one, known.began or known.at):
            return one, ends[one.target]
    return None


def staleness_words(later: tuple[RunRecord, str] | None, key: str = "") -> str:
    """Say that what was found is of before a run, and by which `key` it is compared again; nothing without one."""
    if later is None:
        return ""
    run, end = later
    verb = "writes to" if run.state.is_active else "has written to"
    again = f"{key} compares again" if key else "go back and compare again"
    return f"! Run {run_name(run.id)} {verb} {end} since: {again}."


def _wrote_after(run: RunRecord, at: float) -> bool:
    return run.writes_begun and (run.state.is_active or (run.ended_at or run.last_heard_at or run.created_at) > at)


def _is_told(one: ComparedCollection) -> bool:
    """Say whether each document was held against its like, and the collection stays what it is."""
    if one.way is Way.MULTISET or not one.is_proved:
        return False
    changes: Iterator[str] = (
        each.path for definition in one.definitions if definition.thing != "index" for each in definition.fields
    )
    return not _has_other_kind(one) and _IN_PLACE.issuperset(changes)


def _has_other_kind(one: ComparedCollection) -> bool:
    """Say whether one end has a view, or another kind of collection, in the place of what the other has."""
    return any(each.thing == "kind" for each in one.definitions)


def _forecast(one: ComparedCollection) -> CollectionForecast:
    counts = one.counts
    return CollectionForecast(
        one.name,
        exists=one.presence is None,
        documents=counts.only_left + counts.different + counts.equal,
        insert=counts.only_left,
        replace=counts.different,
        unchanged=counts.equal,
        present=counts.different + counts.equal,
        delete=counts.only_right,
    )


def _count(known: Compared, draft: Draft, found: Iterable[CollectionForecast]) -> Count:
    told = tuple(found)
    return Count(Question.of(to_request(draft)), LookState.DONE, known.at, exact=True, found=told, expected=len(told))
