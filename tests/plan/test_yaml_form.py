from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.errors import InvalidFile
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import USUAL, Limit, Limits
from tui_migrate.packages.types.model import FieldType, TypePlan, ValueType
from tui_migrate.plan.model import (
    MOST_SECONDS,
    Environment,
    OnFailure,
    PackageEnd,
    Plan,
    PlannedCollection,
    Policy,
    RunKind,
    StoreEnd,
    Verify,
)
from tui_migrate.plan.yaml_form import from_yaml, to_yaml
from tui_migrate.stores.base import CollectionKind

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
FIELD_TYPES = st.builds(FieldType, TEXT, TEXT, st.sampled_from(ValueType))
ENDS = st.one_of(
    st.builds(PackageEnd, TEXT),
    st.builds(
        PackageEnd,
        TEXT,
        form=st.sampled_from(PackageForm),
        recipients=st.lists(TEXT, max_size=2).map(tuple),
        with_passphrase=st.booleans(),
        database=TEXT,
        types=st.none() | st.builds(TypePlan, st.lists(FIELD_TYPES, max_size=2).map(tuple)),
        identity_file=TEXT,
        key_file=TEXT,
        limits=st.builds(
            Limits, **{limit.value: st.just(getattr(USUAL, limit)) | st.integers(1, limit.most) for limit in Limit}
        ),
    ),
    st.builds(StoreEnd, TEXT, connection=TEXT.filter(bool), environment=st.sampled_from(Environment)),
    st.builds(StoreEnd, TEXT, url=st.just("mongodb://u@h/db"), environment=st.sampled_from(Environment)),
)
COUNT = st.integers(0, 2**63 - 1)
PLANS = st.builds(
    Plan,
    kind=st.sampled_from(RunKind),
    source=ENDS,
    target=ENDS,
    collections=st.lists(
        st.builds(PlannedCollection, TEXT, COUNT, COUNT, st.none() | st.sampled_from(CollectionKind)),
        min_size=1,
        max_size=3,
        unique_by=lambda one: one.name,
    ).map(tuple),
    policy=st.sampled_from(Policy),
    undo=st.booleans(),
    verify=st.sampled_from(Verify),
    max_rejects=COUNT,
    parallel=st.integers(1, 8),
    batch_documents=st.integers(1, 100_000),
    batch_bytes=st.integers(1024, 64 * 1024 * 1024),
    description=TEXT,
    on_failure=st.just(OnFailure.PAUSE),
    timeout=st.integers(0, MOST_SECONDS),
    stage_timeout=st.integers(0, MOST_SECONDS),
    rollback_of=COUNT,
    force=st.booleans(),
    retry_of=COUNT,
)

MINIMAL = """\
format: 1
kind: copy
source: {connection: prod, database: shop}
target: {url: 'mongodb://h/shop', database: shop}
collections:
- {name: users}
"""


@given(PLANS)
def test_what_is_written_is_read_back(plan: Plan) -> None:
    assert from_yaml(to_yaml(plan), "plan.yaml") == plan


def test_what_is_left_out_has_its_default() -> None:
    plan = from_yaml(MINIMAL, "plan.yaml")
    assert plan == Plan(
        RunKind.COPY,
        StoreEnd("shop", "prod"),
        StoreEnd("shop", url="mongodb://h/shop"),
        (PlannedCollection("users"),),
    )
    assert plan.undo
    assert plan.policy is Policy.FAIL


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("kind: copy", "kind: copy\nspeed: 1", 3, "key 'speed': this key is unknown"),
        ("kind: copy", "kind: move", 2, "'move' is none of"),
        ("kind: copy\n", "", 1, "the key 'kind' is missing"),
        ("format: 1", "format: 2", 1, "this plan has format 2"),
        ("database: shop}\nt", "database: shop, port: 1}\nt", 3, "key 'source.port': this key is unknown"),
        (
            "database: shop}\nt",
            "database: shop, key_file: /k}\nt",
            3,
            "key 'source.key_file': this key belongs to a package",
        ),
        ("database: shop}\nt", "database: shop, max_unpacked: 5}\nt", 3, "this key belongs to a package"),
        ("{connection: prod, database: shop}", "{package: /p, limits: {depth: 201}}", 3, "from 1 to 200 is wanted"),
        ("{connection: prod, database: shop}", "{package: /p, limits: {entries: 0}}", 3, "from 1 to 1000000 is wanted"),
        ("{connection: prod, database: shop}", "{package: /p, limits: {width: 1}}", 3, "this key is unknown"),
        ("{connection: prod, database: shop}", "{package: /p, limits: 5}", 3, "a mapping is wanted here"),
        (
            "{connection: prod, database: shop}",
            "{package: /p, max_unpacked: 5, limits: {unpacked: 5}}",
            3,
            "only one of them",
        ),
        ("{connection: prod, database: shop}", "{package: /p, types: [{path: a}]}", 3, "'collection' is missing"),
        ("connection: prod, ", "", 3, "one of 'package', 'connection' and 'url'"),
        ("connection: prod, ", "connection: prod, url: x, ", 3, "one of 'package', 'connection' and 'url'"),
        ("{connection: prod, database: shop}", "{package: /p, connection: prod}", 3, "has no connection"),
        ("connection: prod, database: shop", "connection: prod", 3, "'database' is missing"),
        ("mongodb://h", "mongodb://u:hunter2@h", 4, "a plan holds no password"),
        ("- {name: users}", "- {name: users}\n- {name: users}", 7, "stands here twice"),
        ("\n- {name: users}", " []", 1, "does nothing"),
        ("{name: users}", "{documents: 1}", 6, "the key 'name' is missing"),
        ("{name: users}", "{name: users, size: -1}", 6, "whole number"),
        ("{name: users}", "{name: users, kind: table}", 6, "'table' is none of"),
        ("kind: copy", "kind: copy\nbatch_documents: 0", 3, "whole number from 1"),
        ("kind: copy", "kind: copy\nundo: 'false'", 3, "true or false"),
        ("kind: copy", "kind: copy\non_failure: retry", 3, "'retry' is none of"),
        ("kind: copy", "kind: copy\non_failure: rollback\nundo: false", 3, "cannot be rolled back"),
        ("kind: copy", "kind: copy\ntimeout: -1", 3, "whole number"),
        ("kind: copy", "kind: copy\nstage_timeout: 999999999999", 3, "whole number"),
        ("kind: copy", "kind: copy\nparallel: 9", 3, "parallel"),
        ("kind: copy", "kind: copy\nparallel: 0", 3, "parallel"),
        ("kind: copy", "kind: copy\npolicy: newer\nnewer_by: a..b", 4, "no path of a field"),
        ("kind: copy", "kind: copy\npolicy: skip\nnewer_by: a", 4, "goes with the policy newer"),
        ("kind: copy", "kind: copy\nmirror: true\npolicy: skip", 3, "its policy is overwrite"),
        ("kind: copy", "kind: copy\npolicy: overwrite\nmirror: true\nundo: false", 4, "is not run without undo"),
        ("{name: users}", "{name: users, remove: true}", 6, "by a plan with mirror: true alone"),
        ("kind: copy", "kind: copy\ntime_out: 1", 3, "key 'time_out': this key is unknown"),
    ],
)
def test_a_fault_is_named_with_its_line(old: str, new: str, line: int, said: str) -> None:
    assert old in MINIMAL
    with pytest.raises(InvalidFile, match=said) as refused:
        from_yaml(MINIMAL.replace(old, new, 1), "plan.yaml")
    assert refused.value.line == line
    assert "hunter2" not in refused.value.message + refused.value.hint


def test_the_limit_of_an_earlier_version_is_read_and_written_as_one_of_several() -> None:
    text = MINIMAL.replace("{connection: prod, database: shop}", "{package: /p, max_unpacked: 5}")
    plan = from_yaml(text, "plan.yaml")
    assert isinstance(plan.source, PackageEnd)
    assert plan.source.limits == Limits(unpacked=5)
    assert "max_unpacked" not in to_yaml(plan)
    assert from_yaml(to_yaml(plan), "plan.yaml") == plan


def test_limits_that_are_as_usual_are_not_written() -> None:
    text = MINIMAL.replace("{connection: prod, database: shop}", "{package: /p, limits: {depth: 190}}")
    written = to_yaml(from_yaml(text, "plan.yaml"))
    assert "depth: 190" in written
    assert "unpacked" not in written
    assert "limits" not in to_yaml(from_yaml(text.replace("190", "180"), "plan.yaml"))


def test_the_field_that_newer_compares_is_read_back() -> None:
    plan = replace(from_yaml(MINIMAL, "plan.yaml"), policy=Policy.NEWER, newer_by="meta.changed_at")
    assert from_yaml(to_yaml(plan), "plan.yaml") == plan


def test_a_plan_that_is_taken_back_when_it_fails_is_read_back() -> None:
    plan = replace(from_yaml(MINIMAL, "plan.yaml"), on_failure=OnFailure.ROLLBACK, timeout=60, stage_timeout=30)
    assert from_yaml(to_yaml(plan), "plan.yaml") == plan


@given(st.text(max_size=100))
def test_any_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidFile):
        from_yaml(text, "plan.yaml")
