"""The wheel: what a user installs runs by itself, with its themes and catalogs, on the declared dependencies alone."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tui_migrate import __version__
from tui_migrate.ui import theme_files

ROOT = Path(__file__).parents[1]


def run(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_wheel_installs_runs_and_brings_its_themes_and_catalogs(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    assert run(python.with_name("tui-migrate"), "--version").strip() == __version__
    assert "export" in run(python.with_name("tui-migrate"), "--help")
    assert "What to do: " in run(python.with_name("tui-migrate"), "explain", "conflict")
    code = "from tui_migrate.ui import theme_files; print(theme_files.__file__); print(*theme_files.shipped())"
    where, names = run(python, "-c", code).splitlines()
    assert str(tmp_path) in where
    assert names.split() == list(theme_files.shipped())
    code = "from tui_migrate.catalogs.finding import *; print(*(shipped(one).name for one in shipped_names()))"
    assert run(python, "-c", code).split() == ["daemon", "gofannon", "second_brain_database", "xcodereviewer"]
