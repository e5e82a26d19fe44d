import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.checks.ground import Ground
from tui_migrate.plan import estimate
from tui_migrate.plan.checks.look import blocking, error, note, warning
from tui_migrate.plan.decision import Decision
from tui_migrate.plan.model import Policy
from tui_migrate.plan.preflight import Circumstances


@given(st.integers(1, 5_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_lies_within_its_interval(counted: tuple[int, int]) -> None:
    found = estimate.share(*counted)
    assert 0 <= found.low <= found.found + 1e-12
    assert found.found <= found.high + 1e-12 <= 1 + 1e-11
    assert found.margin > 0


def test_the_interval_is_the_one_of_the_books() -> None:
    half = estimate.share(500, 1_000)
    assert half.margin == pytest.approx(0.0309, abs=0.0002)
    assert estimate.share(0, 1_000).high == pytest.approx(0.0038, abs=0.0001)
    assert estimate.share(0, 0) == estimate.Share(0.0, 0.0, 1.0)


async def test_a_sample_is_decided_about_as_the_run_would(ground: Ground) -> None:
    ground.source["things"].insert_many({"_id": one, "n": one} for one in range(2, 101))
    ground.target["things"].insert_many({"_id": one, "n": one % 2} for one in range(1, 51))
    plan = await ground.plan(policy=Policy.SKIP)
    (mine,) = await ground.pair.source.collections()
    (theirs,) = await ground.pair.target.collections()
    found = await estimate.estimate_collection(plan, mine, ground.pair.source, theirs, ground.pair.target, 100)
    assert found is not None
    assert found.counts == {
        Decision.INSERT: 50,
        Decision.UNCHANGED: 1,
        Decision.SKIP: 49,
        Decision.REPLACE: 0,
        Decision.REFUSE: 0,
        Decision.TIED: 0,
        Decision.UNDATED: 0,
        Decision.QUEUE: 0,
    }
    assert found.share(Decision.SKIP).low < 0.49 < found.share(Decision.SKIP).high


async def test_an_estimated_conflict_says_its_margin(ground: Ground) -> None:
    ground.source["things"].insert_many({"_id": one, "n": one} for one in range(2, 101))
    ground.target["things"].insert_many({"_id": one} for one in range(1, 101))
    (found,) = await ground.checked(policy=Policy.FAIL, about=Circumstances(sample=50))
    assert (found.code, found.count) == ("conflict", 100)
    assert "100.0% ± 7.1% (95 % sure, from a sample of 50 of 100 documents)" in found.message


def test_strict_takes_warnings_for_errors_behind_them() -> None:
    found = [note("a", "", ""), warning("b", "", ""), error("c", "", "")]
    assert [one.code for one in blocking(found, strict=False)] == ["c"]
    assert [one.code for one in blocking(found, strict=True)] == ["c", "b"]
