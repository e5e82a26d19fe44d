from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mapping.catalogs import TEXT
from tests.ui.driving import copy_plan
from tui_migrate.errors import UsageError
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.plan.model import End, Environment, PackageEnd, Policy, RunKind, StoreEnd, Verify
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.policy_words import sentence

PROD = StoreEnd("shop", connection="prod")
STAGING = StoreEnd("shop", connection="staging", environment=Environment.STAGING)
PACKAGE = PackageEnd("/srv/package")

names = st.sampled_from(["users", "orders", "a [x]", "名前", "\u202eabc", "system.views", "enxcol_.x", "grown"])
ends: st.SearchStrategy[End | None] = st.sampled_from(
    [None, PROD, STAGING, PACKAGE, PackageEnd("/other"), StoreEnd("b", url="mongodb://h/b")]
)
listings = st.none() | st.lists(names, unique=True, max_size=6).map(lambda found: tuple(sorted(found)))
any_draft = st.builds(
    Draft, ends, ends, st.frozensets(names, max_size=6), listings, st.sampled_from(Policy), st.booleans()
)


@given(any_draft)
def test_swapping_twice_gives_the_same_plan_whose_source_is_to_be_listed_anew(draft: Draft) -> None:
    assert drafts.swapped(drafts.swapped(draft)) == replace(draft, listed=None)


@given(any_draft, ends.filter(lambda end: end is not None), listings)
def test_marks_are_kept_by_name_through_every_change_of_the_source(
    draft: Draft, end: End, listing: tuple[str, ...] | None
) -> None:
    changed = drafts.with_source(draft, end)
    assert changed.marks == draft.marks
    assert changed.listed == (draft.listed if end == draft.source else None)
    listed = drafts.with_listing(changed, listing or ())
    assert listed.marks == draft.marks


@given(any_draft)
def test_what_is_chosen_and_what_vanished_are_all_marks_once_the_source_was_seen(draft: Draft) -> None:
    chosen, vanished = set(draft.chosen), set(draft.vanished)
    assert not chosen & vanished
    assert chosen | vanished == (set() if draft.listed is None else draft.marks)
    assert list(draft.chosen) == [one for one in draft.listed or () if one in chosen]
    assert list(draft.vanished) == sorted(vanished)


@given(any_draft, names, st.lists(names))
def test_marks_turn_there_and_back(draft: Draft, name: str, some: list[str]) -> None:
    assert drafts.toggled(drafts.toggled(draft, name), name) == draft
    assert (name in drafts.toggled(draft, name).marks) is not (name in draft.marks)
    assert drafts.inverted(drafts.inverted(draft, some), some) == draft
    assert drafts.inverted(draft, some).marks - set(some) == draft.marks - set(some)


@given(any_draft)
def test_a_draft_is_refused_or_gives_a_request_of_just_what_is_chosen(draft: Draft) -> None:
    blocked = drafts.what_blocks_request(draft)
    if blocked:
        with pytest.raises(UsageError, match="the plan is not complete") as caught:
            drafts.to_request(draft)
        assert blocked in caught.value.message
        return
    request = drafts.to_request(draft)
    assert request.names == draft.chosen != ()
    assert (request.source, request.target, request.kind) == (draft.source, draft.target, draft.kind)
    assert request.policy is (Policy.FAIL if draft.kind is RunKind.EXPORT else draft.policy)
    assert request.undo is draft.undo


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (Draft(), "no source is chosen"),
        (Draft(PROD), "no target is chosen"),
        (Draft(PROD, replace(PROD, environment=Environment.STAGING)), "the same place"),
        (Draft(PACKAGE, PACKAGE), "the same place"),
        (Draft(PACKAGE, PackageEnd("/other")), "not into another package"),
        (Draft(PROD, STAGING), "not been listed"),
        (Draft(PROD, STAGING, listed=()), "the source has no collections"),
        (Draft(PROD, STAGING, frozenset(("gone",)), listed=("users",)), "no collection is marked"),
    ],
)
def test_what_is_missing_is_said_and_no_request_is_made(draft: Draft, words: str) -> None:
    assert words in drafts.what_blocks_request(draft)
    with pytest.raises(UsageError, match=words):
        drafts.to_request(draft)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (PROD, PROD, True),
        (PROD, STAGING, False),
        (PROD, StoreEnd("other", connection="prod"), False),
        (PROD, PACKAGE, False),
        (PACKAGE, PACKAGE, True),
        (StoreEnd("b", url="mongodb://H1:1/b"), StoreEnd("b", url="mongodb://anna@h1:1/b?tls=true"), True),
        (StoreEnd("b", url="mongodb://h1:1/b"), StoreEnd("b", url="mongodb://h1:2/b"), False),
        (StoreEnd("b", url="mongodb://h1/b"), StoreEnd("b", connection="h1"), False),
    ],
)
def test_ends_are_the_same_by_their_names(one: End, other: End, is_same: bool) -> None:
    assert drafts.is_same_end(one, other) is is_same
    assert drafts.is_same_end(other, one) is is_same


@pytest.mark.parametrize(
    ("source", "target", "kind"),
    [
        (PROD, STAGING, RunKind.COPY),
        (PROD, PACKAGE, RunKind.EXPORT),
        (PACKAGE, STAGING, RunKind.IMPORT),
        (PACKAGE, PACKAGE, None),
        (None, STAGING, None),
    ],
)
def test_the_ends_say_what_kind_of_run_it_is(source: End | None, target: End | None, kind: RunKind | None) -> None:
    assert Draft(source, target).kind is kind


def test_a_pair_brings_its_marks_where_the_same_source_has_none() -> None:
    plan = copy_plan(PROD, STAGING, ("users", "orders"))
    assert drafts.with_pair(Draft(), plan, 4) == Draft(PROD, STAGING, frozenset(("users", "orders")), marks_of=4)
    assert drafts.toggled(drafts.with_pair(Draft(), plan, 4), "users").marks_of == 0
    taken = drafts.with_pair(Draft(), plan, 4)
    assert drafts.with_target(taken, taken.target or PACKAGE).marks_of == 4
    for other in (drafts.with_target(taken, PACKAGE), drafts.with_source(taken, PACKAGE), drafts.swapped(taken)):
        assert (other.marks, other.marks_of) == (taken.marks, 0)
    for scope in (Scope(filters=(Filter("users", "{}"),)), Scope(owner="7")):
        assert drafts.with_pair(Draft(), replace(plan, scope=scope), 4).marks_of == 0
    mine = drafts.with_pair(Draft(marks=frozenset(("mine",))), plan, 4)
    assert (mine.marks, mine.marks_of) == (frozenset(("mine",)), 0)
    others = drafts.with_pair(Draft(STAGING, PROD, frozenset(("others",))), plan, 4)
    assert (others.marks, others.marks_of) == (frozenset(("users", "orders")), 4)


def test_a_plan_is_taken_up_whole() -> None:
    plan = replace(
        copy_plan(PROD, STAGING, ("users",), description="why"),
        policy=Policy.SKIP,
        undo=False,
        verify=Verify.COUNT,
        max_rejects=3,
        batch_documents=7,
        batch_bytes=99,
    )
    request = drafts.to_request(drafts.with_listing(drafts.from_plan(plan), ("users", "more")))
    assert request.names == ("users",)
    for name in ("kind", "policy", "undo", "verify", "max_rejects", "batch_documents", "batch_bytes", "description"):
        assert getattr(request, name) == getattr(plan, name)


def test_a_plan_of_a_part_is_taken_up_as_a_part() -> None:
    scope = Scope(renames=(Rename("users", "people"),), redact=True, redaction_key="ab" * 32)
    plan = replace(copy_plan(PROD, STAGING, ("people",)), scope=scope, catalog=TEXT)
    draft = drafts.with_listing(drafts.from_plan(plan), ("users", "people"))
    request = drafts.to_request(draft)
    assert request.names == ("users",)
    assert request.scope == scope
    assert request.catalog is not None
    assert request.catalog.text == TEXT
    assert "users becomes people. Sensitive fields are redacted" in sentence(draft, None, 5)


@pytest.mark.parametrize(
    ("name", "allowed"), [("users", True), ("system.views", False), ("enxcol_.a.esc", False), ("systems", True)]
)
def test_what_belongs_to_the_server_is_not_migrated(name: str, allowed: bool) -> None:
    assert drafts.is_allowed(name) is allowed


@pytest.mark.parametrize("change", [drafts.swapped, lambda draft: drafts.at_step(draft, Step.POLICY)])
def test_only_a_target_in_production_is_dangerous(change: Callable[[Draft], Draft]) -> None:
    draft = Draft(STAGING, PROD)
    assert draft.writes_to_production
    assert change(draft).writes_to_production is (change(draft).target == PROD)
    assert not Draft(PROD, PACKAGE).writes_to_production


def test_a_plan_that_makes_equal_is_taken_up_as_one_ready_to_be_checked() -> None:
    plan = replace(copy_plan(PROD, STAGING), policy=Policy.OVERWRITE, mirror=True)
    draft = drafts.equalising(plan)
    assert draft.step is Step.PREFLIGHT
    request = drafts.to_request(draft)
    assert (request.names, request.mirror, request.policy) == (("orders", "users"), True, Policy.OVERWRITE)
    assert "is DELETED" in sentence(draft, None, 5)
    assert not drafts.to_request(drafts.with_policy(draft, Policy.SKIP)).mirror
    assert not drafts.to_request(drafts.with_target(draft, PACKAGE)).mirror
