from itertools import product

import pytest

from tui_migrate.cli.launching import forecast_lines
from tui_migrate.cli.render import forecast_form
from tui_migrate.plan.forecast import CollectionForecast, Forecast

FAMILIES = CollectionForecast("families", exists=False, documents=5, insert=5, size=1_500)


def test_a_dry_run_shows_what_would_happen_and_its_sum() -> None:
    users = CollectionForecast("users", True, 3_000, insert=1_990, replace=10, unchanged=1_000, size=10_000)
    assert forecast_lines(Forecast(exact=True, collections=(FAMILIES, users))) == [
        "collection  in target  documents  insert  replace  unchanged    bytes",
        "families    no                 5       5        0          0   1.5 kB",
        "users       yes            3,000   1,990       10      1,000  10.0 kB",
        "total                      3,005   1,995       10      1,000  11.5 kB",
    ]


@pytest.mark.parametrize("exact", [True, False])
def test_documents_that_would_be_rejected_have_a_column_where_there_are_any(exact: bool) -> None:
    users = CollectionForecast("users", exists=True, documents=7, insert=5, reject=2)
    lines = forecast_lines(Forecast(exact, (FAMILIES, users)))
    assert [cell_under(lines, "reject", line) for line in lines[1:]] == ["0", "2", "2"]
    assert "reject" not in forecast_lines(Forecast(exact, (FAMILIES,)))[0]
    total = forecast_form(Forecast(exact, (FAMILIES, users)))["total"]
    assert isinstance(total, dict)
    assert total["reject"] == 2


def cell_under(lines: list[str], head: str, line: str) -> str:
    end = lines[0].index(head) + len(head)
    return line[:end].split()[-1]


@pytest.mark.parametrize(("decision", "exact"), product(["replace", "skip", "refuse", "ask"], [True, False]))
def test_every_policy_fits_80_columns(decision: str, exact: bool) -> None:
    number = 999_999
    counts = dict.fromkeys(("documents", "insert", "unchanged", "reject", "present", decision), number)
    found = CollectionForecast("a_dozen_long", exists=True, size=number, **counts)
    assert max(map(len, forecast_lines(Forecast(exact, (found,))))) <= 80


def test_what_is_left_because_of_its_age_and_what_is_asked_about_is_said_in_80_columns() -> None:
    number = 999_999
    counts = {"insert": number, "replace": number, "unchanged": number, "skip": number, "reject": 1}
    lines = forecast_lines(
        Forecast(True, (CollectionForecast("a_dozen_long", True, number, size=number, newer=3, untold=1, **counts),))
    )
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["collection", "there", "all", "insert", "replace", "equal", "skip", "reject", "bytes"]
    assert lines[-2:] == [
        "skip: 3 left because the target's is newer",
        "skip: 1 left because it cannot be told which is newer",
    ]
    asked = forecast_lines(Forecast(True, (CollectionForecast("users", True, 5, unchanged=1, ask=4),)))
    assert cell_under(asked, "ask", asked[1]) == "4"
    assert asked[-1] == "ask: 4 documents wait for your decision, and the run with them"
