import pytest

from tests.suites.documents import EMPTY
from tui_migrate.comparison.model import ComparedCollection, Comparison, Counts, DefinitionDifference, Kind, Way
from tui_migrate.errors import UsageError
from tui_migrate.plan.equalising import equalising_plan, left_alone
from tui_migrate.plan.model import PackageEnd, Policy, RunKind, StoreEnd
from tui_migrate.stores.base import CollectionInfo, CollectionKind

A, B = StoreEnd("a", url="mongodb://h/a"), StoreEnd("b", url="mongodb://h/b")
INDEX = DefinitionDifference("index", "a_1", Kind.ONLY_LEFT)
FOUND = Comparison(
    (
        ComparedCollection("equal", Way.MERGED, counts=Counts(equal=5)),
        ComparedCollection("changed", Way.MERGED, counts=Counts(different=1)),
        ComparedCollection("indexed", Way.MERGED, definitions=(INDEX,)),
        ComparedCollection("unproved", Way.SIZES, counts=Counts(same_size=1)),
        ComparedCollection("new", Way.DEFINITION, Kind.ONLY_LEFT),
        ComparedCollection("seen", Way.DEFINITION, Kind.ONLY_LEFT),
        ComparedCollection("extra", Way.DEFINITION, Kind.ONLY_RIGHT),
    )
)
THERE = tuple(
    CollectionInfo(name, CollectionKind.VIEW if name == "seen" else CollectionKind.PLAIN, EMPTY, documents=3)
    for name in ("changed", "equal", "indexed", "new", "seen", "unproved")
)


def test_what_differs_or_might_is_copied_as_it_is_views_last() -> None:
    plan = equalising_plan(A, B, FOUND, THERE)
    assert plan is not None
    assert [one.name for one in plan.collections] == ["changed", "indexed", "new", "unproved", "seen"]
    assert (plan.kind, plan.policy, plan.mirror, plan.undo) == (RunKind.COPY, Policy.OVERWRITE, True, True)
    assert (plan.source, plan.target) == (A, B)
    assert left_alone(FOUND) == ("extra",)


def test_a_package_is_imported_and_never_changed() -> None:
    package = PackageEnd("/x")
    plan = equalising_plan(package, B, FOUND, THERE)
    assert plan is not None
    assert plan.kind is RunKind.IMPORT
    with pytest.raises(UsageError, match="package"):
        equalising_plan(A, package, FOUND, THERE)


def test_there_is_no_plan_where_nothing_differs() -> None:
    assert equalising_plan(A, B, Comparison(FOUND.collections[:1]), THERE) is None
    assert equalising_plan(A, B, Comparison(FOUND.collections[-1:]), THERE) is None
