"""What the README says of options, settings, exit codes and limits is what the program has, all of it and no more."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_app import CALLED
from tests.readme import README
from tui_migrate import connections, settings
from tui_migrate.cli.app import build_app
from tui_migrate.errors import TuiMigrateError
from tui_migrate.finish_command import KEPT_VARIABLES
from tui_migrate.journal.states import RunState
from tui_migrate.packages.limits import CEILING, USUAL
from tui_migrate.packages.package import PASSPHRASE_VARIABLE
from tui_migrate.paths import HOME_VARIABLE, Home
from tui_migrate.plan.model import MOST_PARALLEL, Policy
from tui_migrate.reports import json_form
from tui_migrate.reports.model import SCHEMA, Report, Verdict
from tui_migrate.ui.actions import REGISTRY

TEXT = README.read_text()
FOREIGN = {"--archive", "--gzip"}
"""Options of `mongorestore` and `mongodump`."""

FOREIGN_VARIABLES = {"TUI_MIGRATE_TEST_MONGODB", "TUI_MIGRATE_TEST_MONGODB_SECOND", "TUI_MIGRATE_TEST_COMPLETE"}
"""Those of the tests."""


def rows(head: str) -> list[list[str]]:
    """The cells of a table, by how its head begins, without marks of code."""
    lines = TEXT[TEXT.index(f"\n| {head}") + 1 :].splitlines()[2:]
    table = lines[: next(place for place, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").replace("`", "").split("|")] for line in table]


def options() -> Iterator[str]:
    """Every option of every command."""
    yield from ("--help", "--version", "--web", "--web-host")
    for command in CALLED:
        called = build_app()
        for name in command.split():
            called = called[name]
        for argument in called.assemble_argument_collection(parse_docstring=True):
            yield from (name for name in argument.names if name.startswith("--"))


def test_every_option_that_is_named_is_one() -> None:
    prose = re.sub(r"pip install.*|\.venv/bin/pytest.*", "", TEXT)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", prose)) - FOREIGN
    assert named - set(options()) == set()


def test_every_command_that_is_named_is_one() -> None:
    named = set(re.findall(r"(?:^    |`|bin/)tui-migrate ([a-z][a-z-]*)", TEXT, re.MULTILINE))
    assert named - {one.split()[0] for one in CALLED} == set()
    assert {"copy", "export", "import", "rollback", "compare", "backup", "worker"} <= named


def test_every_setting_is_there_and_can_be_written_so(tmp_path: Path) -> None:
    home = Home.find(tmp_path)
    home.prepare()
    entries = [row[0] for row in rows("setting ")]
    assert [one.partition(":")[0] for one in entries] == list(settings._KEYS)
    settings.settings_file(home).write_text("".join(f"{one}\n" for one in entries))
    assert settings.load(home) != settings.Settings()


def test_the_connections_that_are_shown_can_be_written_so(tmp_path: Path) -> None:
    home = Home.find(tmp_path)
    home.prepare()
    (example,) = re.findall(r"```yaml\n(connections:.*?)```", TEXT, re.DOTALL)
    home.connections.write_text(example)
    found = connections.load(home)
    assert list(found) == ["prod", "staging", "test"]
    places = ("password_env", "password_file", "keyring")
    assert {place for place in places for one in found.values() if getattr(one, place)} == set(places)


def test_every_exit_code_is_there() -> None:
    def codes(of: type[TuiMigrateError]) -> set[int]:
        return {of.exit_code}.union(*(codes(one) for one in of.__subclasses__()))

    known = codes(TuiMigrateError) | {one.exit_code for one in RunState}
    assert {int(row[0]) for row in rows("exit code")} == known


def test_every_policy_is_there_and_the_first_is_what_holds_without_one() -> None:
    named = [row[0] for row in rows("`--conflict-resolution`")]
    assert [one.partition(" ")[0] for one in named] == [one.value for one in Policy]
    assert named[0] == f"{Policy.FAIL.value} (the default)"


def test_every_limit_of_a_package_is_there_as_it_is() -> None:
    def number(text: str) -> int:
        unit = {"K": 1024, "M": 1024**2, "T": 1024**4}.get(text[-1], 1)
        return int(text.rstrip("KMT").replace(",", "")) * unit

    limits = {row[0].split()[0].removeprefix("--max-"): row[2:] for row in rows("option ")}
    assert {name: number(usual) for name, (usual, _) in limits.items()} == {
        name: getattr(USUAL, name) for name in USUAL.__slots__
    }
    most = {name: CEILING.unpacked if most == "none" else number(most) for name, (_, most) in limits.items()}
    assert most == {name: getattr(CEILING, name) for name in CEILING.__slots__}


def test_the_json_form_of_a_report_is_described_key_by_key() -> None:
    form = json_form.form(Report("a", "b", Verdict.GOOD, "", ""))
    described = {key for row in rows("key | what it holds") for key in row[0].split(", ")}
    assert described == set(form)
    assert f"A report as JSON is of schema {SCHEMA}" in TEXT


@pytest.mark.parametrize("theme", sorted(one.stem for one in (README.parent / "themes").glob("*.yaml")))
def test_every_theme_is_named(theme: str) -> None:
    named = {"ansi": "the terminal's own 16 colours", "solarized-dark": "solarized (dark and light)"}
    (sentence,) = re.findall(r"`ctrl\+t` chooses a theme.*?monochrome", TEXT, re.DOTALL)
    words = " ".join(sentence.split())
    assert named.get(theme, theme.replace("-", " ").replace("solarized light", "solarized (dark and light)")) in words


def test_every_variable_that_is_named_is_heeded() -> None:
    named = set(re.findall(r"TUI_MIGRATE_[A-Z_]+", TEXT)) - FOREIGN_VARIABLES
    assert named == {HOME_VARIABLE, PASSPHRASE_VARIABLE}
    assert not named & set(KEPT_VARIABLES)


def test_how_many_collections_can_be_verified_at_once() -> None:
    assert f"(1 to {MOST_PARALLEL}; `--parallel N` begins so" in TEXT


def test_every_key_that_the_app_s_part_names_is_one() -> None:
    part = TEXT[TEXT.index("## The app") : TEXT.index("The keys (one letter")]
    named = set(re.findall(r"`([^`\s\w]|\w|ctrl\+\w|f[0-9])`", part))
    assert named <= {word for action in REGISTRY for word in (action.shown, *action.key.split(","))} | {"f1"}
