from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import Environment, RunKind
from tui_migrate.ui.run_query import parse

RUN = RunRecord(
    id=42,
    kind=RunKind.COPY,
    state=RunState.COMPLETED_WITH_FINDINGS,
    stage=Stage.COMMIT,
    plan="",
    source="prod/shop[1]",
    target="mongodb://h:27017/Bücher",
    environment=Environment.PRODUCTION,
    created_at=0.0,
    created_by="anna@bastion",
    description="Ticket 12: move the orders",
    undo=True,
    writes_begun=True,
    attempt=1,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "prod",
        "PROD",
        "shop[1]",
        "bücher",
        "state:completed",
        "state:findings",
        'state:"completed with"',
        "kind:copy",
        "conn:prod",
        "connection:h:27017",
        "from:prod to:Bücher",
        "source:prod target:mongodb",
        "env:production",
        "note:ticket",
        'note:"ticket 12"',
        'note:"ticket 12',
        "by:anna",
        "run:0042",
        "mongodb://h",
        "-state:failed",
        "-failed prod",
        "text:orders",
    ],
)
def test_takes(text: str) -> None:
    assert parse(text).matches(RUN)


@pytest.mark.parametrize(
    "text",
    [
        "staging",
        "state:failed",
        "prod state:failed",
        "kind:import",
        "from:Bücher",
        "note:prod",
        '"ticket 13"',
        "-prod",
        "-state:completed",
        "stat:completed",
        "run:1",
        "env:staging",
        "by:bert",
        "-",
    ],
)
def test_leaves_out(text: str) -> None:
    assert not parse(text).matches(RUN)


@given(st.text(max_size=40))
def test_any_text_is_a_filter_and_its_opposite_takes_the_other_runs(text: str) -> None:
    query = parse(text)
    query.matches(RUN)
    for one in query.parts:
        alone, opposite = (replace(query, parts=(part,)) for part in (one, replace(one, negated=not one.negated)))
        assert alone.matches(RUN) is not opposite.matches(RUN)
