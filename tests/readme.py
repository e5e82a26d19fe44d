"""The README's parts that come from the code or are tried out. `python -m tests.readme` writes its tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tui_migrate.reports.package import FORM_WORDS
from tui_migrate.ui.actions import REGISTRY

README: Final = Path(__file__).parents[1] / "README.md"
PLACES: Final = {
    "home": "Home",
    "new": "New migration",
    "types": "Types",
    "mark": "New migration",
    "sheet": "New migration",
    "run": "runs",
    "rollback": "Rollback",
    "conflict": "Conflicts",
    "connection": "Connections",
    "report": "Report",
    "compare": "Compare",
    "backup": "Backups",
    "look": "everywhere",
    "table": "tables",
    "app": "everywhere",
}
"""Where the actions of a group are found."""


def keys_table() -> str:
    """The table of all actions, in the order of the registry."""
    lines = [f"| {PLACES[one.id.partition('.')[0]]} | `{one.shown}` | {one.help} | `{one.id}` |" for one in REGISTRY]
    return "\n".join(["| where | key | what it does | id |", "| --- | --- | --- | --- |", *lines, ""])


def forms_table() -> str:
    """The table of all forms of packages."""
    lines = [f"| {words} | yes | {f'`{form}`' if form.can_be_written else ''} |" for form, words in FORM_WORDS.items()]
    return "\n".join(
        ["| form of a package | `import`, `validate` | `export --format` |", "| --- | --- | --- |", *lines, ""]
    )


TABLES: Final = {"keys": keys_table, "forms": forms_table}
"""The tables by the names of the marks they stand between."""


def commands() -> Iterator[str]:
    """Every command of the README that begins with the program's name, in its order."""
    for line in README.read_text().splitlines():
        if line.startswith("    tui-migrate "):
            yield line.strip()


def main() -> None:
    """Write the tables into their places."""
    text = README.read_text()
    for name, table in TABLES.items():
        before, begin, rest = text.partition(f"<!-- {name}: begin -->\n")
        text = before + begin + table() + rest[rest.index(f"<!-- {name}: end -->") :]
    README.write_text(text)


if __name__ == "__main__":
    main()
