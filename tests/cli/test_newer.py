"""The policy `newer` on the command line."""

from datetime import UTC, datetime
from pathlib import Path

from tests.cli.conftest import Cli, Ends

EARLY, LATE = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)


def fill(ends: Ends) -> None:
    ends.source_client[ends.database]["notes"].insert_many(
        [{"_id": 1, "n": "ours", "at": LATE}, {"_id": 2, "n": "ours", "at": EARLY}, {"_id": 3, "n": "ours"}]
    )
    ends.fill_target("notes", [{"_id": one, "n": "theirs", "at": EARLY if one == 1 else LATE} for one in (1, 2, 3)])


def words(ends: Ends, *more: str) -> list[str]:
    ends_given = ("copy", "--source", ends.source, "--target", ends.target, "--collections", "notes")
    return [*ends_given, "--conflict-resolution", "newer", *more]


def test_the_later_ones_are_copied_and_what_cannot_be_told_is_named(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    fill(ends)
    done = cli(*words(ends, "--newer-by", "at", "--json"))
    assert (done.code, done.document["state"]) == (3, "completed_with_findings")
    assert [one["n"] for one in ends.target_documents("notes")] == ["ours", "theirs", "theirs"]
    assert "the moments of change are missing" in cli("status", "1").out
    assert cli("rollback", "1", "--confirm").code == 0
    catalog = tmp_path / "notes.yaml"
    catalog.write_text("name: notes\ntitle: Notes\ncollections: {notes: {timestamp: at}}\n")
    again = cli(*words(ends, "--catalog", str(catalog), "--dry-run", "--json")).document
    assert isinstance(again["total"], dict)
    assert (again["total"]["replace"], again["total"]["skip"]) == (1, 2)
    assert (again["total"]["target_newer"], again["total"]["untold"]) == (1, 1)


def test_without_a_field_nothing_is_copied(cli: Cli, ends: Ends) -> None:
    fill(ends)
    cli.refused(*words(ends), code=4, error="newer_without_field", said="no field is known", hint="--newer-by FIELD")


def test_a_field_without_the_policy_or_that_is_none(cli: Cli, ends: Ends) -> None:
    given = ("copy", "--source", ends.source, "--target", ends.target)
    cli.refused(
        *given, "--newer-by", "at", code=2, said="goes with the policy newer", hint="copy --help", error="usage"
    )
    cli.refused(
        *words(ends, "--newer-by", "a..b"), code=2, said="no path of a field", hint="copy --help", error="usage"
    )
