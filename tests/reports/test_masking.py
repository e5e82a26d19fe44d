"""What a catalog calls sensitive is not shown."""

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.catalogs import loader
from tui_migrate.comparison.fields import field_changes
from tui_migrate.comparison.model import (
    ComparedCollection,
    Comparison,
    Counts,
    DocumentDifference,
    FieldKind,
    Kind,
    Way,
)
from tui_migrate.documents import RawId
from tui_migrate.findings import Finding, Severity
from tui_migrate.mapping.model import Rename, Scope
from tui_migrate.plan.model import PackageEnd, Plan, PlannedCollection, RunKind, StoreEnd
from tui_migrate.reports.comparison import comparison_report
from tui_migrate.reports.json_form import to_json
from tui_migrate.reports.masking import MASK, Mask

CATALOG = loader.from_text(
    """\
name: own
title: Own
collections:
  users:
    sensitive:
      - {field: email, redaction: mask}
      - {field: keys.secret, redaction: keep}
  sessions:
    sensitive:
      - {field: _id, redaction: keep}
""",
    "own.yaml",
)
MASKS = Mask(CATALOG, {}, ("users", "sessions", "sessions.old"))
SECRET = "s3cr3t-value"


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("email", True),
        ("email.0", True),
        ("keys", True),
        ("keys.secret", True),
        ("keys.3.secret", True),
        ("keys.3.secret.part", True),
        ("", True),
        ("keys.name", False),
        ("emails", False),
        ("_id", False),
    ],
)
def test_a_field_is_hidden_with_what_holds_it_and_what_it_holds(path: str, hidden: bool) -> None:
    assert MASKS.hides("users", path) is hidden
    assert MASKS.value("users", path, "x") == (MASK if hidden else "x")
    assert MASKS.value("users", path, None) is None
    assert not MASKS.hides("families", path)
    assert not Mask().hides("users", path)


documents = st.recursive(
    st.sampled_from([SECRET, 1, None]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["email", "secret", "keys", "n"]), inner, max_size=3)
    ),
    max_leaves=8,
)


users = st.dictionaries(st.sampled_from(["email", "keys", "n"]), documents)


def sensitive(value: object, path: tuple[str, ...] = ()) -> bool:
    """Say whether the secret stands where the catalog does not say that it is one."""
    if isinstance(value, dict):
        return any(sensitive(one, (*path, name)) for name, one in value.items())
    if isinstance(value, list):
        return any(sensitive(one, path) for one in value)
    return value == SECRET and not (path[:1] == ("email",) or path[:2] == ("keys", "secret"))


@given(users, users)
def test_no_difference_shows_what_is_sensitive(left: dict[str, object], right: dict[str, object]) -> None:
    changes = field_changes(bson.encode(left), bson.encode(right))
    one = DocumentDifference(Kind.DIFFERENT, RawId(b"\x10\x01\x00\x00\x00"), (b"", b""), fields=changes)
    found = Comparison((ComparedCollection("users", Way.MERGED, counts=Counts(different=1), documents=(one,)),))
    shown = to_json(comparison_report("a", "b", found, 0, MASKS))
    if not (sensitive(left) or sensitive(right)):
        assert SECRET not in shown
    assert all(each.kind is FieldKind.ORDER or each.path in shown for each in changes)
    key = b"k" * 16
    masked = [bson.decode(MASKS.document("users", bson.encode(side), key)) for side in (left, right)]
    for side, document in zip((left, right), masked, strict=True):
        if not sensitive(side):
            assert SECRET not in str(document)
    if left.get("email") != right.get("email") and "email" in left and "email" in right:
        assert masked[0]["email"] != masked[1]["email"]


def test_ids_that_are_sensitive_are_not_in_findings() -> None:
    found = Finding(Severity.WARNING, "rejected", f"sessions _id {SECRET}", f"such as _id {SECRET}, 7", "", 2)
    shown = MASKS.finding(found)
    assert (shown.subject, shown.message, shown.count) == ("sessions _id ***", "such as _id ***", 2)
    assert MASKS.finding(Finding(Severity.NOTE, "a", "users _id 7", "m")).subject == "users _id 7"
    assert MASKS.finding(Finding(Severity.NOTE, "a", "sessions.old _id 7", "m")).subject == "sessions.old _id 7"
    one = DocumentDifference(
        Kind.ONLY_LEFT, RawId(bson.encode({"": SECRET})[4:-1].replace(b"\x00", b"", 1)), (b"", b"")
    )
    compared = Comparison((ComparedCollection("sessions", Way.MERGED, documents=(one,)),))
    assert SECRET not in to_json(comparison_report("a", "b", compared, 0, MASKS))


def test_a_plan_hides_by_the_names_of_its_target() -> None:
    scope = Scope(renames=(Rename("users", "people"),))
    collections = (PlannedCollection("people"),)
    plan = Plan(RunKind.IMPORT, PackageEnd("/p"), StoreEnd("shop"), collections, catalog=CATALOG.text, scope=scope)
    mask = Mask.of_plan(plan)
    assert mask.hides("people", "email")
    assert not mask.hides("other", "email")
    assert Mask.of_plan(None) == Mask()
