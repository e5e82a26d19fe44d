from dataclasses import replace

import pytest

from tests.ui.driving import NOW, store_end
from tui_migrate.mapping.model import Filter, Scope
from tui_migrate.plan.forecast import CollectionForecast
from tui_migrate.plan.model import PackageEnd, Plan, Policy, RunKind
from tui_migrate.ui.consequences import Count, Question, Sample
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.look import LookState
from tui_migrate.ui.policy_words import (
    IN_GENERAL,
    outcome,
    plan_file_words,
    present_words,
    sample_words,
    sentence,
)
from tui_migrate.ui.wording import local_time

STORE = store_end("staging")
PACKAGE = PackageEnd("/srv/shop")
DRAFT = Draft(store_end("prod"), STORE, frozenset(("users",)), ("users",))
QUESTION = Question(DRAFT.source or STORE, STORE, ("users",))


def by_ids(insert: int, present: int, sample: Sample | None = None) -> Count:
    one = CollectionForecast("users", exists=True, documents=insert + present, insert=insert, present=present)
    return Count(QUESTION, LookState.DONE, NOW, found=(one,), expected=1, sample=sample or Sample())


def exact(insert: int, replaced: int, unchanged: int) -> Count:
    present = replaced + unchanged
    one = CollectionForecast("users", True, insert + present, insert, replaced, unchanged, present=present)
    return Count(QUESTION, LookState.DONE, NOW, exact=True, found=(one,), expected=1)


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("count", [None, Count(QUESTION, LookState.CONNECTING, NOW)])
def test_before_anything_is_counted_a_policy_is_put_in_general(policy: Policy, count: Count | None) -> None:
    assert outcome(policy, count) == IN_GENERAL[policy]


@pytest.mark.parametrize(
    ("count", "fail", "skip", "overwrite"),
    [
        (by_ids(1200, 0), *["add 1,200; the target has none of it"] * 3),
        (
            by_ids(3, 1),
            "refused if the one there differs; else add 3",
            "add 3; leave the one there as it is",
            "add 3; replace the one there if it differs",
        ),
        (
            by_ids(0, 1204),
            "refused if one of 1,204 there differs; else add 0",
            "add 0; leave the 1,204 there as they are",
            "add 0; replace those of 1,204 there that differ",
        ),
        (exact(5, 0, 1), *["add 5; 1 equal, none differs"] * 3),
        (
            exact(5, 1, 2),
            "refused: 1 differs",
            "add 5; leave 1 that differs; 2 equal",
            "add 5; replace 1 that differs; 2 equal",
        ),
        (
            exact(82796, 37, 1),
            "refused: 37 differ",
            "add 82,796; leave 37 that differ; 1 equal",
            "add 82,796; replace 37 that differ; 1 equal",
        ),
    ],
)
def test_each_policy_says_what_it_does_to_these_documents(count: Count, fail: str, skip: str, overwrite: str) -> None:
    assert [outcome(one, count) for one in (Policy.FAIL, Policy.SKIP, Policy.OVERWRITE)] == [fail, skip, overwrite]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (by_ids(3, 1), "add 3; replace the one there if it is older"),
        (by_ids(0, 1204), "add 0; replace those of 1,204 there that are older"),
        (exact(5, 1, 2), "add 5; replace the older of 1; 2 equal"),
    ],
)
def test_the_newer_one_wins(count: Count, words: str) -> None:
    assert outcome(Policy.NEWER, count) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (by_ids(3, 1), "add 3; ask about the one there if it differs"),
        (by_ids(0, 1204), "add 0; ask about those of 1,204 there that differ"),
        (exact(5, 1, 2), "add 5; ask about 1 that differs; 2 equal"),
    ],
)
def test_what_is_asked_about(count: Count, words: str) -> None:
    assert outcome(Policy.ASK, count) == words


def test_every_outcome_fits_beside_the_policies_on_eighty_columns() -> None:
    most = 9_999_999
    for count in (None, by_ids(most, most), exact(most, most, most), exact(most, 0, most), by_ids(most, 1)):
        for policy in Policy:
            assert len(outcome(policy, count)) <= 64, outcome(policy, count)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (by_ids(82_796, 1_204), "1,204 of 84,000 documents are in the target already (counted by their ids)"),
        (by_ids(0, 1), "1 of 1 document is in the target already (counted by their ids)"),
        (exact(1, 1, 0), "1 of 2 documents is in the target already (both ends read whole)"),
    ],
)
def test_how_much_is_there_and_how_that_is_known(count: Count, words: str) -> None:
    assert present_words(count) == words


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (Sample(), ""),
        (Sample(200, 37), "Sample: of 200 of them, compared whole, 37 differ (18 %)"),
        (Sample(3, 1), "Sample: of 3 of them, compared whole, 1 differs (33 %)"),
    ],
)
def test_a_sample_says_that_it_is_one(sample: Sample, words: str) -> None:
    assert sample_words(sample) == words


@pytest.mark.parametrize(
    ("policy", "count", "words"),
    [
        (Policy.OVERWRITE, exact(82_796, 37, 5), "Replace 37 and add 82,796 documents in shop on staging."),
        (Policy.OVERWRITE, exact(0, 1, 0), "Replace 1 document in shop on staging."),
        (Policy.OVERWRITE, exact(0, 0, 4), "Replace nothing and add nothing in shop on staging."),
        (Policy.OVERWRITE, exact(1, 1, 0), "Replace 1 and add 1 document in shop on staging."),
        (Policy.SKIP, by_ids(1, 0), "Add 1 document in shop on staging."),
        (Policy.SKIP, by_ids(2, 1), "Add 2 documents in shop on staging and leave the one that is there as it is."),
        (Policy.SKIP, by_ids(2, 9), "Add 2 documents in shop on staging and leave the 9 that are there as they are."),
        (Policy.FAIL, by_ids(2, 1), "Add 2 documents in shop on staging; stop if the one that is there differs."),
        (
            Policy.FAIL,
            by_ids(2, 9),
            "Add 2 documents in shop on staging; stop if one of the 9 that are there differs.",
        ),
        (
            Policy.NEWER,
            exact(2, 4, 5),
            "Add 2 documents in shop on staging; of the 9 that are there, replace those that are older.",
        ),
        (
            Policy.OVERWRITE,
            by_ids(2, 9, Sample(9, 3)),
            "Add 2 documents in shop on staging and replace those of the 9 that are there that differ"
            " (in a sample, 3 of 9).",
        ),
        (
            Policy.OVERWRITE,
            by_ids(2, 1),
            "Add 2 documents in shop on staging and replace the one that is there if it differs.",
        ),
    ],
)
def test_the_sentence_of_a_copy(policy: Policy, count: Count, words: str) -> None:
    draft = replace(DRAFT, policy=policy)
    assert sentence(draft, count, 99) == f"{words} Can be undone."
    assert sentence(replace(draft, undo=False), count, 99) == f"{words} CANNOT BE UNDONE: it keeps no undo log."


@pytest.mark.parametrize("policy", Policy)
def test_without_a_whole_count_the_sentence_is_put_in_general(policy: Policy) -> None:
    general = f"documents into shop on staging: {IN_GENERAL[policy]}. Can be undone."
    draft = replace(DRAFT, policy=policy)
    for count in (None, replace(by_ids(3, 4), expected=2), Count(QUESTION, LookState.CANCELLED, NOW)):
        assert sentence(draft, count, 1234) == f"Copy about 1,234 {general}"
    assert sentence(replace(draft, source=PACKAGE), None, 2) == f"Import about 2 {general}"
    assert sentence(draft, None, 1).startswith("Copy about 1 document into")
    filtered = replace(draft, scope=Scope(filters=(Filter(draft.chosen[0], "{}"), Filter("not marked", "{}"))))
    assert sentence(filtered, None, 600).startswith("Copy up to 600 documents by 1 filter into")


def test_a_mirror_says_what_becomes_of_each_document_as_far_as_it_is_counted() -> None:
    draft = replace(DRAFT, policy=Policy.OVERWRITE, mirror=True)
    end = "Indexes and options become the source's. Can be undone."
    known = replace(exact(2, 3, 5), found=(replace(exact(2, 3, 5).found[0], delete=4),))
    assert sentence(draft, known, 99) == (
        "Replace 3, add 2 and DELETE 4 documents in shop on staging; 5 stay as they are"
        f" (as of {local_time(NOW)}). {end}"
    )
    assert sentence(draft, by_ids(2, 8), 99) == (
        "Add 2 and delete 0 documents in shop on staging; of 8 that both have, those that differ are replaced"
        f" (by their ids, as of {local_time(NOW)}). {end}"
    )
    assert "is DELETED" in sentence(draft, None, 99)


def test_views_alone_bring_no_documents() -> None:
    count = Count(QUESTION, LookState.DONE, NOW)
    assert sentence(DRAFT, count, 0) == "Define 1 view in shop on staging; no documents. Can be undone."


def test_an_export_changes_nothing() -> None:
    assert sentence(replace(DRAFT, target=PACKAGE), None, 30) == (
        "Write about 30 documents of 1 collection of shop on prod into a new package /srv/shop."
        " Nothing that exists is changed."
    )


def test_without_ends_there_is_nothing_to_say() -> None:
    assert sentence(Draft(), None, 0) == ""


def test_a_plan_that_redacts_is_said_to_hold_the_key_of_the_hashes() -> None:
    plan = Plan(RunKind.COPY, STORE, STORE, ())
    (plain,) = plan_file_words(plan)
    (keyed,) = plan_file_words(replace(plan, scope=Scope(redact=True, redaction_key="ab" * 32)))
    assert plain.endswith("It holds no password.")
    assert "no password, but the key" in keyed
