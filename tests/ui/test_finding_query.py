import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.states import Stage
from tui_migrate.ui.finding_query import KEYS, parse

ONE = (Stage.VERIFY, Finding(Severity.ERROR, "target_differs", "shop.users[1] _id 7", "A document differs", "compare"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "USERS",
        "severity:error",
        "sev:err",
        "code:differs",
        "-severity:note",
        "stage:verify",
        "in:verify -orders",
        'message:"a document"',
        "compare",
        "subject:users[1]",
        "about:_id",
    ],
)
def test_takes(text: str) -> None:
    assert parse(text).matches(ONE)


@pytest.mark.parametrize("text", ["severity:note", "code:users", "-error", "stage:validate", "users orders", "x:error"])
def test_leaves_out(text: str) -> None:
    assert not parse(text).matches(ONE)


@given(st.text(max_size=30))
def test_any_text_is_a_filter(text: str) -> None:
    assert parse(text).matches(ONE) in (True, False)
    assert set(KEYS) == {"severity", "code", "subject", "message", "stage"}
