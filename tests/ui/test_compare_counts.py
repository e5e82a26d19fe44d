from dataclasses import replace

import pytest

from tests.ui.driving import NOW, store_end
from tests.ui.test_run_view import record
from tui_migrate.comparison.model import (
    ComparedCollection,
    Comparison,
    Counts,
    DefinitionDifference,
    FieldChange,
    FieldKind,
    Kind,
    Way,
)
from tui_migrate.journal.records import RunRecord, RunSummary
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Environment, RunKind
from tui_migrate.ui.compare_counts import count_of_collections, later_writer, staleness_words
from tui_migrate.ui.comparing import Asked, Compared
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.look import LookState

ASKED = Asked(store_end("prod", Environment.PRODUCTION), store_end("staging"))
USERS = ComparedCollection("users", Way.MERGED, counts=Counts(2, 3, 4, 5))
DRAFT = Draft(ASKED.left, ASKED.right, frozenset(("users",)), ("users",), mirror=True)


def known(one: ComparedCollection, *, canonical: bool = False) -> Compared:
    return Compared(ASKED, LookState.DONE, NOW, comparison=Comparison((one,), canonical), began=NOW - 60)


def options(name: str) -> ComparedCollection:
    changed = (FieldChange(name, FieldKind.CHANGED, "1", "2"),)
    return replace(USERS, definitions=(DefinitionDifference("options", "users", Kind.DIFFERENT, fields=changed),))


@pytest.mark.parametrize("one", [USERS, options("validator")])
def test_a_comparison_answers_what_its_plan_does_to_each_document(one: ComparedCollection) -> None:
    count = count_of_collections(known(one), DRAFT, [one])
    assert count is not None
    total = count.total
    assert (total.insert, total.delete, total.replace, total.unchanged, total.present) == (2, 3, 4, 5, 9)
    assert (count.exact, count.at, count.question.mirror) == (True, NOW, True)


@pytest.mark.parametrize(
    "one",
    [
        options("capped"),
        replace(USERS, way=Way.MULTISET),
        replace(USERS, counts=Counts(same_size=1)),
        replace(USERS, definitions=(DefinitionDifference("kind", "users", Kind.DIFFERENT),)),
    ],
)
def test_what_is_made_anew_or_was_not_read_is_not_answered(one: ComparedCollection) -> None:
    assert count_of_collections(known(one), DRAFT, [one]) is None
    assert count_of_collections(known(USERS, canonical=True), DRAFT, [USERS]) is None


RUN = replace(record(RunState.COMPLETED), ended_at=NOW - 30)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (RUN, "! Run 0042 has written to B since: s compares again."),
        (replace(RUN, kind=RunKind.ROLLBACK, target="prod/shop"), "! Run 0042 has written to A since: s compares"),
        (replace(RUN, state=RunState.EXECUTING, ended_at=None), "! Run 0042 writes to B since"),
        (replace(RUN, ended_at=NOW - 90), ""),
        (replace(RUN, writes_begun=False), ""),
        (replace(RUN, target="staging/other"), ""),
        (replace(RUN, kind=RunKind.EXPORT), ""),
    ],
)
def test_a_run_that_has_written_to_an_end_since_makes_it_old(run: RunRecord, words: str) -> None:
    older = replace(RUN, id=3, ended_at=NOW - 3_000)
    said = staleness_words(later_writer(known(USERS), [RunSummary(older, 0), RunSummary(run, 0)]), "s")
    assert said.startswith(words)
    assert bool(said) is bool(words)
