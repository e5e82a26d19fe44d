"""The user's command at the end of a run that `attach` has followed."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.ui.run_scene import ActedRun, acted_run
from tui_migrate import settings
from tui_migrate.cli.output import Output
from tui_migrate.cli.steering import join
from tui_migrate.journal.states import RunState
from tui_migrate.settings import Settings

WRITE = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(' '.join(sys.argv[2:]))"


async def follow_to_the_end(run: ActedRun, capsys: pytest.CaptureFixture[str]) -> int:
    async with asyncio.TaskGroup() as group:
        joined = group.create_task(join(run.home, run.id, Output(json=True, home=run.home.state.parent)))
        said = ""
        async with asyncio.timeout(60):
            while "leaves it at work" not in said:
                await asyncio.sleep(0.01)
                said += capsys.readouterr().err
        await run.end(RunState.CANCELLED)
    return joined.result()


async def test_attach_runs_it_when_the_run_has_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with acted_run(tmp_path) as run:
        out = tmp_path / "out"
        settings.save(run.home, Settings(on_finish=(sys.executable, "-c", WRITE, str(out))))
        assert await follow_to_the_end(run, capsys) == 130
        assert out.read_text() == "1 cancelled copy"
        out.unlink()
        assert await join(run.home, run.id, Output(json=True, home=tmp_path)) == 130
        assert not out.exists(), "it had ended before"


async def test_attach_says_that_it_cannot_be_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with acted_run(tmp_path) as run:
        settings.save(run.home, Settings(on_finish=("/nowhere/notify",)))
        assert await follow_to_the_end(run, capsys) == 130
        assert "/nowhere/notify, cannot be run" in capsys.readouterr().err
