"""Whatever the app can hold of a plan being made is read back equal from its file."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.mapping.catalogs import TEXT
from tests.ui.driving import copy_plan
from tui_migrate.errors import InvalidFile
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.types.model import FieldType, TypePlan, ValueType
from tui_migrate.plan import yaml_form
from tui_migrate.plan.model import MOST_PARALLEL, End, Environment, OnFailure, PackageEnd, Policy, StoreEnd, Verify
from tui_migrate.strict_yaml import parse
from tui_migrate.ui import draft as drafts
from tui_migrate.ui import draft_file
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.scoping import with_filter, with_new_name, with_owner, with_redaction

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="@=:"), max_size=12)
"""Without what makes a secret of a URL, which no file gets."""
awkward = st.sampled_from(
    ["", " ", "null", "true", "1", "=", "<<", "- a", "#x", "\x85", "\u2028", "\ufeff", "a\n b\n", "\t"]
)
names = st.sampled_from(["users", "orders", "a [x]", "名前", "\u202eabc"]) | awkward | texts
owners = st.sampled_from(["", "7", '{"$oid": "65921598762b361f6d47f553"}'])
keys = st.sampled_from(["", "ab" * 16, "0" * 128])

ends: st.SearchStrategy[End | None] = st.one_of(
    st.none(),
    st.builds(StoreEnd, names, connection=texts.map(lambda one: f"c{one}"), environment=st.sampled_from(Environment)),
    st.builds(StoreEnd, names, url=st.just("mongodb://anna@host/b"), environment=st.sampled_from(Environment)),
    st.builds(
        PackageEnd,
        texts,
        st.sampled_from(PackageForm),
        st.lists(texts, max_size=2).map(tuple),
        st.booleans(),
        names,
        st.none() | st.just(TypePlan((FieldType("users", "a.b", ValueType.DATE),))),
        texts,
        texts,
    ),
)


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    """A scope as the options and the collections' sheets make it, step by step, or as an earlier plan left it."""
    scope = draw(st.builds(Scope, owner_from=owners, redact=st.booleans(), redaction_key=keys))
    for name, new, query in draw(st.lists(st.tuples(names, names, names), max_size=4)):
        scope = with_filter(with_new_name(scope, name, new, ()), name, query)
    if draw(st.booleans()):
        scope = with_redaction(scope, redact=draw(st.booleans()))
    return with_owner(scope, draw(owners), draw(owners)) if draw(st.booleans()) else scope


whole = st.integers(0, 2**63 - 1)
any_draft = st.builds(
    Draft,
    source=ends,
    target=ends,
    marks=st.frozensets(names, max_size=4),
    policy=st.sampled_from(Policy),
    undo=st.booleans(),
    verify=st.sampled_from(Verify),
    max_rejects=whole,
    batch_documents=whole,
    batch_bytes=whole,
    on_failure=st.sampled_from(OnFailure),
    timeout=whole,
    stage_timeout=whole,
    description=texts | awkward,
    catalog=st.sampled_from(["", TEXT]) | texts,
    scope=scopes(),
    newer_by=texts,
    rate_limit=whole,
    parallel=st.integers(1, MOST_PARALLEL),
    mirror=st.booleans(),
    step=st.sampled_from(Step),
    strict=st.booleans(),
    quick=st.booleans(),
    backup_first=st.booleans(),
    marks_of=whole,
)
REDACTED = Draft(catalog=TEXT, scope=with_redaction(Scope(), redact=True))
ONE_NAME_TWICE = Draft(scope=with_new_name(with_new_name(Scope(), "users", "people", ()), "staff", "people", ()))


@given(any_draft)
@example(REDACTED)
@example(ONE_NAME_TWICE)
def test_whatever_can_be_chosen_is_read_back_equal(draft: Draft) -> None:
    assert draft_file.from_value(parse(draft_file.to_yaml(draft), "draft")) == draft


@given(scopes())
def test_a_plan_that_is_taken_up_survives_as_a_draft_whatever_its_scope(scope: Scope) -> None:
    keyed = replace(scope, redaction_key="ab" * 16, renames=scope.renames[:1])
    plan = replace(copy_plan(), scope=keyed, catalog=TEXT)
    opened = yaml_form.from_yaml(yaml_form.to_yaml(plan), "plan")
    assert opened == plan
    draft = drafts.from_plan(opened)
    assert draft_file.from_value(parse(draft_file.to_yaml(draft), "draft")) == draft


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (REDACTED.scope, "a plan that redacts has a redaction_key"),
        (ONE_NAME_TWICE.scope, "no two get the same name"),
    ],
)
def test_what_a_draft_may_leave_open_no_plan_may(scope: Scope, said: str) -> None:
    with pytest.raises(InvalidFile, match=said):
        yaml_form.from_yaml(yaml_form.to_yaml(replace(copy_plan(), scope=scope)), "plan")


def test_a_collection_with_two_filters_or_two_new_names_is_refused_in_a_draft_too() -> None:
    for scope in (
        Scope(filters=(Filter("a", "{}"), Filter("a", "{}"))),
        Scope(renames=(Rename("a", "b"), Rename("a", "c"))),
    ):
        with pytest.raises(InvalidFile):
            draft_file.from_value(parse(draft_file.to_yaml(Draft(scope=scope)), "draft"))
