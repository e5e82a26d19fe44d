"""Makes the screenshots: runs the program over its demo and draws what it printed. `python screenshots/make.py`."""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
COLUMNS = 100


def draw(name: str, title: str, command: list[str]) -> None:
    """Run a command and save its output as NAME.svg."""
    program = str(Path(sys.executable).with_name(command[0]))
    done = subprocess.run([program, *command[1:]], stdout=subprocess.PIPE, text=True, check=True)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
    console.print(Text(f"$ {title}", style="bold"))
    console.print(Text(done.stdout.rstrip()))
    console.save_svg(str(HERE / f"{name}.svg"), title="tui-migrate")


def main() -> None:
    """Make all of them."""
    with tempfile.TemporaryDirectory(prefix="tui-migrate-") as folder:
        home = str(Path(folder) / "demo")
        draw("demo", "tui-migrate demo --headless", ["tui-migrate", "demo", "--headless", "--home", home])


if __name__ == "__main__":
    main()
