"""The JSON forms of other systems from the command line, with real servers."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Ends

DATA = Path(__file__).parent.parent / "data" / "json_forms"
SECOND_BRAIN = str(DATA / "second_brain.json.gz")

pytestmark = pytest.mark.slow


def bring_in(ends: Ends, path: str, *words: str) -> tuple[str, ...]:
    return ("import", "--url", ends.target, "--input", path, *words)


def test_types_are_decided_on_before_an_import(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    done = cli(*bring_in(ends, SECOND_BRAIN))
    assert done.code == 4
    assert "10 fields in 2 collections look like binary, date, object_id, uuid" in done.err
    assert "--type-plan accept or decline" in done.err
    plan = tmp_path / "types.yaml"
    plan.write_text("collections:\n  families:\n    made: dates\n")
    done = cli(*bring_in(ends, SECOND_BRAIN, "--type-plan", str(plan)))
    assert done.code == 2
    assert f"{plan}, line 3, key 'collections.families.made'" in done.err
    plan.write_text("collections:\n  families:\n    made: date\n")
    assert cli(*bring_in(ends, SECOND_BRAIN, "--type-plan", str(plan))).code == 0
    (family,) = ends.target_documents("families")
    assert str(family["made"]) == "2025-11-01 10:00:00.123000"
    assert family["_id"] == "6905d0a0c0ffee0000000200"


def test_a_plan_of_types_belongs_to_packages_without_them(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    package = tmp_path / "package"
    assert cli("export", "--url", ends.source, "--output", str(package)).code == 0
    done = cli(*bring_in(ends, str(package), "--type-plan", "accept"))
    assert done.code == 2
    assert "has its types" in done.err


@pytest.mark.parametrize("form", ["second_brain_database", "gofannon"])
def test_what_is_exported_as_json_is_imported_with_every_type(cli: Cli, ends: Ends, tmp_path: Path, form: str) -> None:
    package = str(tmp_path / "package.json")
    export = ("export", "--url", ends.source, "--output", package, "--format", form)
    done = cli(*export)
    assert done.code == 4
    assert "this is a view" in done.err
    assert cli(*export, "--exclude", "grown").code in (0, 3)
    assert cli(*bring_in(ends, package)).code == 0
    assert len(ends.target_documents("users")) == 30
