"""The README's parts that come from the code or are tried out. `python -m tests.readme` writes its table of keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tui_migrate.ui.actions import REGISTRY

README: Final = Path(__file__).parents[1] / "README.md"
BEGIN: Final = "<!-- keys: begin -->\n"
PLACES: Final = {
    "home": "Home",
    "new": "New migration",
    "types": "Types",
    "mark": "New migration",
    "run": "runs",
    "rollback": "Rollback",
    "connection": "Connections",
    "report": "Report",
    "look": "everywhere",
    "table": "tables",
    "app": "everywhere",
}
"""Where the actions of a group are found."""
END: Final = "<!-- keys: end -->"


def keys_table() -> str:
    """The table of all actions, in the order of the registry."""
    lines = [f"| {PLACES[one.id.partition('.')[0]]} | `{one.shown}` | {one.help} |" for one in REGISTRY]
    return "\n".join(["| where | key | what it does |", "| --- | --- | --- |", *lines, ""])


def commands() -> Iterator[str]:
    """Every command of the README that begins with the program's name, in its order."""
    for line in README.read_text().splitlines():
        if line.startswith("    tui-migrate "):
            yield line.strip()


def main() -> None:
    """Write the table into its place."""
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest[rest.index(END) :]
    README.write_text(before + BEGIN + keys_table() + after)


if __name__ == "__main__":
    main()
