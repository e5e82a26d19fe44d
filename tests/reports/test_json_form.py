import json
from typing import Any

import pytest
from hypothesis import given

from tests.reports.samples import finding, report, reports
from tui_migrate.errors import UsageError
from tui_migrate.findings import Severity
from tui_migrate.reports.json_form import parse, to_json
from tui_migrate.reports.model import Report


@given(reports)
def test_a_report_comes_back_as_it_was_written(one: Report) -> None:
    assert parse(to_json(one)) == one


def changed(path: str, value: object) -> str:
    """A whole report with one place changed; `drop` takes the place out."""
    content: Any = json.loads(to_json(report(finding(), finding(Severity.NOTE, "n"))))
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    inner = content
    for parent in parents:
        inner = inner[parent]
    if value == "drop":
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("extra", 1),
        ("facts/0/extra", 1),
        ("title", "drop"),
        ("title", 7),
        ("title", "\x1b[31m"),
        ("subject", "mongodb://u:hunter2@h/d"),
        ("verdict", "fine"),
        ("facts/0/unit", "metres"),
        ("facts/0/value", 1.5),
        ("facts/0/value", True),
        ("facts/0/value", ["a"]),
        ("facts", {}),
        ("tables/0/rows/0", ["one cell"]),
        ("tables/0/rows", "drop"),
        ("totals/0/count", 2),
        ("totals", []),
        ("findings/0/severity", "bad"),
        ("findings/0/count", True),
        ("findings/0/count", "1"),
        ("findings/0/hint", "drop"),
        ("findings", None),
    ],
)
def test_what_no_report_holds_is_refused(path: str, value: object) -> None:
    with pytest.raises(UsageError, match="no report as tui-migrate writes it"):
        parse(changed(path, value))


@pytest.mark.parametrize("text", ["", "[]", "7", '"x"', "{", '{"schema": 1}', "[" * 100_000, '{"schema":1,"x":NaN}'])
def test_what_is_no_report_at_all_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_another_schema_is_named() -> None:
    with pytest.raises(UsageError, match="of schema 1, not 2"):
        parse(changed("schema", 1))
