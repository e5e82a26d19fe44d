"""What `tui-migrate` alone shows: what to try, and where its files are."""

from tui_migrate import __version__
from tui_migrate.cli.options import COMMON, Common

_COMMANDS = (
    ("demo", "two databases with sample data, one migration and its rollback"),
    ("list-collections --url URL", "what a database holds"),
    ("copy --source URL --target URL --dry-run", "what a copy would do; without --dry-run it does it"),
    ("export --url URL --output PATH", "a database into a package on disk"),
    ("import --url URL --input PATH", "and back"),
    ("history", "what was run, to look at, resume or roll back"),
)


def welcome(*, common: Common = COMMON) -> int:
    """Show what to try first and where files are."""
    output, home = common.output, common.place
    files = {"connections": home.connections, "journal": home.journal, "runs": home.state / "runs"}
    output.document(
        {
            "version": __version__,
            "commands": [f"tui-migrate {command}" for command, _ in _COMMANDS],
            "files": {name: str(path) for name, path in files.items()},
        }
    )
    output.line(f"tui-migrate {__version__} works by its commands; it has no screens yet. To try:")
    output.line()
    width = max(len(command) for command, _ in _COMMANDS)
    for command, words in _COMMANDS:
        output.line(f"  tui-migrate {command:<{width}}  {words}")
    output.line()
    output.line("Every command explains itself with --help; tui-migrate --help lists them all. Files:")
    output.line()
    for name, path in files.items():
        output.line(f"  {name:<11}  {path}")
    return 0
