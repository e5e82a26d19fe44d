from dataclasses import replace

from tests.cli.runs import CREATED_AT, collection, run
from tests.reports.samples import finding
from tui_migrate.findings import Severity
from tui_migrate.journal.records import CollectionState, Failure
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import RunKind
from tui_migrate.reports.findings import run_report
from tui_migrate.reports.json_form import parse, to_json
from tui_migrate.reports.model import Fact, Unit, Verdict
from tui_migrate.reports.text import to_text

RUN = replace(
    run(RunState.COMPLETED_WITH_FINDINGS, collection("users", CollectionState.DONE, 30, 30), stage=Stage.COMMIT),
    source="mongodb://u:hunter2@h/[shop]",
)


def test_a_run_is_reported_with_its_collections_and_what_each_stage_found() -> None:
    report = run_report(RUN, [(Stage.VERIFY, finding())], CREATED_AT)
    assert report.subject == "copy from mongodb://u:***@h/[shop] to staging/shop"
    assert report.facts[:3] == (
        Fact("run", 42, Unit.COUNT),
        Fact("state", "completed with findings"),
        Fact("stage", "commit"),
    )
    assert report.tables[0].rows == (("users", "done", 30, 30, 3_000),)
    assert [(one.stage, one.finding.code) for one in report.findings] == [("verify", "id_duplicate")]
    assert parse(to_json(report)) == report
    assert "  made       2026-01-31T12:00:00.000Z by anna@bastion\n" in to_text(report)


def test_a_run_is_never_better_than_its_state() -> None:
    assert run_report(RUN, [], 0).verdict is Verdict.WARNINGS
    assert run_report(RUN, [(Stage.VERIFY, finding())], 0).verdict is Verdict.ERRORS
    failed = replace(run(RunState.FAILED), failure=Failure("unreachable", "gone: mongodb://u:hunter2@h", "", 1))
    report = run_report(failed, [(Stage.VERIFY, finding(Severity.NOTE))], 0)
    assert report.verdict is Verdict.ERRORS
    assert Fact("failure", "unreachable: gone: mongodb://u:***@h") in report.facts
    assert run_report(run(RunState.COMPLETED), [], 0).verdict is Verdict.GOOD


def test_a_rollback_has_counts_of_its_own() -> None:
    names = [one.name for one in run_report(run(RunState.COMPLETED, kind=RunKind.ROLLBACK), [], 0).facts]
    assert names == ["run", "state", "stage", "made", "ended", "took", "restored", "deleted", "spared"]
