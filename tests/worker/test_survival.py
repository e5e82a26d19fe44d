"""Workers that are to outlive a login session, with scripts that stand in for systemd's programs."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worker.scene import Scene
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.states import RunState
from tui_migrate.worker import launch, survival
from tui_migrate.worker.survival import Survival, find_survival

Install = Callable[..., None]

RUNNER = """
print(*sys.argv[1:], file=open({calls!r}, "a"))
command = sys.argv[1:]
while command[0].startswith("--"):
    command.pop(0)
os.environ["IN_A_SCOPE"] = "yes"
os.execvp(command[0], command)
"""
LOGIN = """
asked = sys.argv[1:]
if asked[0] == "show-user":
    print("Linger=" + {linger!r})
elif asked == ["show-session", "--property=KillUserProcesses"]:
    print("KillUserProcesses=" + {kill!r})
else:
    sys.exit(1)
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def install(tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put programs on an otherwise empty PATH: `loginctl` that says this, and `systemd-run` that does that."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    def put(name: str, body: str) -> None:
        script = folder / name
        script.write_text(f"#!{sys.executable}\nimport os, sys, time\n{body}")
        script.chmod(0o755)

    def programs(*, linger: str = "no", kill: str = "no", runner: str | None = RUNNER) -> None:
        put("loginctl", LOGIN.format(linger=linger, kill=kill))
        if runner is not None:
            put("systemd-run", runner.format(calls=str(calls)))
        (folder / "true").symlink_to("/bin/true")

    return programs


@pytest.mark.rule(26, "a machine without systemd is asked nothing")
def test_without_systemd_nothing_is_put_before_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_survival() == Survival()


@pytest.mark.rule(26, "start by systemd-run --user --scope where lingering is on")
def test_where_lingering_is_on_a_worker_gets_a_scope_of_its_own(install: Install, tmp_path: Path) -> None:
    install(linger="yes", kill="yes")
    assert find_survival() == Survival((str(tmp_path / "bin/systemd-run"), "--user", "--scope", "--quiet", "--collect"))


@pytest.mark.rule(26, "else setsid, and warn when it will not survive")
@pytest.mark.parametrize(
    ("linger", "kill", "runner", "said"),
    [
        ("no", "yes", RUNNER, "enable-linger"),
        ("yes", "yes", "sys.exit(1)", "could not be started in a scope"),
        ("yes", "yes", None, "could not be started in a scope"),
        ("no", "no", RUNNER, ""),
        ("yes", "no", "sys.exit(1)", ""),
    ],
)
def test_where_a_logout_ends_a_worker_that_is_warned_of(
    install: Install, linger: str, kill: str, runner: str | None, said: str
) -> None:
    install(linger=linger, kill=kill, runner=runner)
    found = find_survival()
    assert found.prefix == ()
    assert said in found.warning
    assert bool(found.warning) == bool(said)


@pytest.mark.rule(26, "no scope without the user's runtime folder")
def test_outside_of_a_login_no_scope_is_asked_for(
    install: Install, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(linger="yes")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert find_survival() == Survival()
    assert not calls.exists()


@pytest.mark.rule(26, "a systemd that does not answer holds nobody up")
def test_a_systemd_that_does_not_answer_is_done_without(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survival, "ASK_SECONDS", 0.3)
    install(linger="yes", runner="time.sleep(60)")
    assert find_survival() == Survival()


@pytest.mark.slow
@pytest.mark.rule(26, "the worker in its scope is the process that was started")
async def test_a_run_is_worked_by_a_worker_in_a_scope(scene: Scene, install: Install, calls: Path) -> None:
    install(linger="yes", kill="yes")
    run_id = await scene.copy()
    assert await launch.start(scene.home, run_id, {}) == ""
    # The memory stores of the plan are empty in another process: that it came to say so is enough.
    record = await scene.until_ended(run_id)
    assert record.attempt == 1
    probe, started = (await asyncio.to_thread(calls.read_text)).splitlines()
    assert probe.endswith(" true")
    assert f"-m tui_migrate.worker {run_id}" in started


@pytest.mark.slow
@pytest.mark.rule(26, "the warning is given and stands in the run's log")
async def test_a_worker_that_will_not_survive_is_said_to_in_the_log(scene: Scene, install: Install) -> None:
    install(kill="yes")
    run_id = await scene.copy()
    warning = await launch.start(scene.home, run_id, {})
    record = await scene.until_ended(run_id)
    assert record.state is not RunState.PLANNED
    reader = await JournalReader.open(scene.home.journal)
    try:
        events = await reader.events(run_id)
    finally:
        await reader.close()
    assert warning in [one.message for one in events]
