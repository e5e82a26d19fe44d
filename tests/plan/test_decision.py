import pytest

from tests.suites.documents import doc
from tests.suites.ids import double, int32, int64, text
from tui_migrate.documents import RawId
from tui_migrate.plan.decision import Decision, as_stored, decide, is_equal, is_other_id_type
from tui_migrate.plan.model import Policy
from tui_migrate.stores.lookup import Keyed, describe, keyed

ONE = doc(int32(1), n=text("x"))
OTHER = doc(int32(1), n=text("y"))


def item(document: bytes = ONE) -> Keyed:
    found = keyed(document)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("policy", "different"),
    [(Policy.FAIL, Decision.REFUSE), (Policy.SKIP, Decision.SKIP), (Policy.OVERWRITE, Decision.REPLACE)],
)
def test_the_truth_table(policy: Policy, different: Decision) -> None:
    assert decide(policy, item(), None) is Decision.INSERT
    assert decide(policy, item(), describe(ONE)) is Decision.UNCHANGED
    assert decide(policy, item(), describe(OTHER)) is different


def test_every_policy_has_its_row() -> None:
    assert all(decide(one, item(), describe(OTHER)) for one in Policy)


@pytest.mark.rule(7, "equality of documents is by bytes")
@pytest.mark.parametrize("stored", [double(1.0), int64(1)])
def test_an_id_of_another_number_type_is_the_same_key_and_is_kept(stored: RawId) -> None:
    there, changed = describe(doc(stored, n=text("x"))), describe(doc(stored, n=text("y")))
    for policy in Policy:
        assert decide(policy, item(), there) is Decision.UNCHANGED
        assert decide(policy, item(), changed) is not Decision.UNCHANGED
    assert is_other_id_type(item(), there)
    assert as_stored(ONE, there.id) == doc(stored, n=text("x"))


def test_an_id_of_the_same_form_is_no_other_type() -> None:
    assert not is_other_id_type(item(), describe(OTHER))
    assert not is_other_id_type(item(), None)
    assert as_stored(ONE, int32(1)) == as_stored(ONE, None) == ONE


def test_zero_and_minus_zero_are_one_key_and_two_forms() -> None:
    assert is_other_id_type(item(doc(double(0.0))), describe(doc(double(-0.0))))
    assert is_equal(item(doc(double(0.0))), describe(doc(double(-0.0))))


@pytest.mark.rule(7, "field order counts as a difference")
def test_the_order_of_fields_and_the_type_of_a_number_are_differences() -> None:
    assert not is_equal(item(doc(int32(1), a=int32(1), b=int32(2))), describe(doc(int32(1), b=int32(2), a=int32(1))))
    assert not is_equal(item(doc(int32(1), a=int32(1))), describe(doc(int32(1), a=int64(1))))
