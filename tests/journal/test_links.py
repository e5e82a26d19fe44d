from dataclasses import replace

import pytest

from tests.ui.driving import NOW
from tests.ui.test_run_view import record
from tui_migrate.journal.links import linked
from tui_migrate.journal.records import RunSummary
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind
from tui_migrate.ui.run_query import parse
from tui_migrate.ui.run_rows import run_row
from tui_migrate.wording import kind_words

BACKUPS = [("shop-1", 42, "/backups/shop-1.tar")]


@pytest.mark.parametrize(
    ("kind", "source", "words"),
    [
        (RunKind.EXPORT, "prod/shop", "backup"),
        (RunKind.IMPORT, "/backups/shop-1.tar", "restore"),
        (RunKind.IMPORT, "/elsewhere.tar", "import"),
        (RunKind.COPY, "prod/shop", "copy"),
    ],
)
def test_a_run_is_called_what_it_is_by_its_links(kind: RunKind, source: str, words: str) -> None:
    (run,) = linked([replace(record(RunState.COMPLETED, kind=kind), source=source)], BACKUPS, [])
    row = run_row(RunSummary(run, 1), NOW, "Q")
    assert (kind_words(run), row.cells[2]) == (words, words)
    assert ("shop-1" in (row.name or "")) is bool(run.backup)
    assert parse(f"kind:{words}").matches(run)
    assert parse(f"kind:{kind.value}").matches(run), "what the data call it is found as well"


def test_a_retry_and_what_it_retried_name_each_other() -> None:
    first = record(RunState.COMPLETED_WITH_FINDINGS)
    second = replace(first, id=43, retry_of=42)
    retries = [(42, 43, "completed_with_findings"), (42, 44, "completed")]
    before, after = linked([first, second], [], retries)
    assert (before.retried_by, before.retried_whole) == (44, True)
    assert run_row(RunSummary(before, 1), NOW, "Q").cells[1] == "! retried"
    assert "what was refused: written by run 0044" in (run_row(RunSummary(before, 1), NOW, "Q").name or "")
    assert kind_words(after) == "retry of 0042"
    assert run_row(RunSummary(after, 1), NOW, "Q").cells[2:4] == ("retry", "of 0042: prod/shop → staging/shop")
    (again,) = linked([first], [], retries[:1])
    assert (again.retried_by, again.retried_whole) == (43, False)
