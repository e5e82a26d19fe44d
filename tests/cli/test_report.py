"""The report of a run, as shown and as written."""

import asyncio
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.worker.scene import Scene, fill, make_plan, memory_end
from tui_migrate.plan.model import RunKind
from tui_migrate.reports.json_form import parse


@pytest.fixture
def run(cli: Cli) -> int:
    """A run that failed: its target has a document in another form."""

    async def make() -> int:
        source, target = memory_end(), memory_end()
        await fill(source)
        await fill(target, count=31)
        scene = Scene(cli.home)
        run_id = await scene.create(make_plan(RunKind.COPY, source, target))
        await scene.work(run_id)
        return run_id

    return asyncio.run(make())


def test_a_run_is_reported_whatever_became_of_it(cli: Cli, run: int) -> None:
    done = cli("report", f"{run}")
    assert (done.code, done.err) == (0, "")
    assert f"Report of run {run:04d}: " in done.out
    assert "copy from memory://" in done.out
    assert "users" in done.out
    as_json = cli("report", f"{run:04d}", "--json")
    assert as_json.code == 0
    report = parse(as_json.out)
    assert [row[0] for row in report.tables[0].rows] == ["users"]
    assert {fact.name for fact in report.facts} >= {"run", "state", "inserted", "unchanged"}


def test_it_is_written_by_its_ending_and_an_older_one_of_the_run_is_replaced(
    cli: Cli, run: int, tmp_path: Path
) -> None:
    for ending in ("json", "md", "html", "txt"):
        for _ in range(2):
            done = cli("report", f"{run}", "-o", f"r.{ending}")
            assert (done.code, done.err) == (0, f"the report is in r.{ending}\n")
        path = tmp_path / f"r.{ending}"
        assert f"Report of run {run:04d}" in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600
    shown = parse(cli("report", f"{run}", "--json").out)
    written = parse((tmp_path / "r.json").read_text())
    assert (shown.facts, shown.tables, shown.findings) == (written.facts, written.tables, written.findings)


def test_nothing_else_is_replaced(cli: Cli, run: int, tmp_path: Path) -> None:
    words = ("report", f"{run}", "-o")
    for content in ("mine", "Report of run 0999", "Check of a package"):
        (tmp_path / "r.md").write_text(content)
        cli.refused(*words, "r.md", code=2, said="is there already", hint="choose another name", error="usage")
        assert (tmp_path / "r.md").read_text() == content
    (tmp_path / "link.md").symlink_to(tmp_path / "r.md")
    cli.refused(*words, "link.md", code=2, said="no file", hint="choose another name", error="usage")
    cli.refused(*words, "r.pdf", code=2, said="does not end in .json", hint="its ending", error="usage")
    cli.refused(*words, "no/r.md", code=1, said="No such file", hint="another place", error="storage_failed")


def test_a_run_that_is_none(cli: Cli, run: int, tmp_path: Path) -> None:
    cli.refused("report", "x7", code=2, said="'x7' is no run id", hint="history lists them", error="usage")
    cli.refused("report", "999", "-o", "r.md", code=2, said="no run 0999", hint="", error="run_not_found")
    assert not (tmp_path / "r.md").exists()
