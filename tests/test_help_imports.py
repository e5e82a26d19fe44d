import json
import subprocess
import sys

import pytest

HEAVY = ("textual", "pymongo", "bson", "aiosqlite", "sqlite3", "dns", "keyring", "secantus")


def loaded_by(statement: str) -> set[str]:
    program = f"import sys\n{statement}\nimport json\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize(
    "statement",
    [
        "import tui_migrate.cli",
        "import tui_migrate.cli.app",
        "from tui_migrate.cli.app import main; assert main(['--help']) == 0",
        "from tui_migrate.cli.app import main; assert main(['copy', '--help']) == 0",
        "from tui_migrate.cli.app import main; assert main(['--version']) == 0",
        "from tui_migrate.cli.app import main; assert main([]) == 0",
        "from tui_migrate.cli.app import main; assert main(['copy']) == 2",
    ],
)
def test_help_loads_no_driver_and_no_screen(statement: str) -> None:
    assert loaded_by(statement).isdisjoint(HEAVY)


def test_a_module_that_is_loaded_would_be_seen() -> None:
    assert "sqlite3" in loaded_by("import sqlite3")
