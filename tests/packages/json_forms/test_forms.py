import gzip
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.packages.json_forms.samples import DATA, documents, errors_of, found_in, opened, write
from tui_migrate.errors import Refused
from tui_migrate.findings import Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms import references, second_brain
from tui_migrate.packages.limits import Limits
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.recognise import open_package

FORMS = {
    "second_brain.json.gz": PackageForm.SECOND_BRAIN,
    "second_brain_guide.json.gz": PackageForm.SECOND_BRAIN,
    "second_brain_rollback.json.gz": PackageForm.SECOND_BRAIN,
    "gofannon.json": PackageForm.GOFANNON,
    "xcodereviewer.json": PackageForm.XCODEREVIEWER,
    "daemon.json": PackageForm.DAEMON,
}


def sample(name: str) -> Any:
    content = (DATA / name).read_bytes()
    return json.loads(gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content)


@pytest.mark.parametrize("name", FORMS)
async def test_every_form_is_known_by_its_bytes_whatever_its_name(tmp_path: Path, name: str) -> None:
    shutil.copyfile(DATA / name, tmp_path / "thing.bson")
    package = opened(tmp_path / "thing.bson")
    assert await package.form() is FORMS[name]
    assert await errors_of(package) == []


@pytest.mark.parametrize("value", [{}, {"a": 1}, {"metadata": {}}, {"metadata": {"a": 1}, "b": {}}])
def test_json_of_no_known_form_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(Refused, match="no form of package"):
        open_package(write(tmp_path / "x.json", value), ReadOptions())


async def test_keys_in_another_order_tell_the_form_too(tmp_path: Path) -> None:
    for name in FORMS:
        package = opened(write(tmp_path / "x.json", dict(reversed(sample(name).items()))))
        assert await package.form() is FORMS[name]
        assert await errors_of(package) == []


async def test_second_brain_is_read_with_its_indexes_and_checksums() -> None:
    package = opened(DATA / "second_brain.json.gz")
    found = {one.name: one for one in await package.collections()}
    assert {name: one.documents for name, one in found.items()} == {"families": 1, "users": 4, "workspaces": 0}
    assert len(found["users"].indexes) == 3
    assert [one.code for one in await package.check()] == ["number_not_json", "type_ambiguous"]
    (first, *_) = await documents(package, "users")
    assert (first["_id"], first["created_at"]) == ("6905d0a0c0ffee0000000000", "2025-11-01 10:00:00.123000")


@pytest.mark.parametrize(
    ("path", "value", "code", "severity"),
    [
        (("collections", 0, "metadata", "checksum"), "sha256:" + "0" * 64, "checksum_differs", Severity.ERROR),
        (("collections", 0, "documents", 1, "name"), "Eve", "checksum_differs", Severity.ERROR),
        (("collections", 0, "metadata", "size_bytes"), 5, "size_differs", Severity.ERROR),
        (("collections", 0, "metadata", "document_count"), 5, "document_count", Severity.ERROR),
        (("collections", 0, "metadata", "document_count"), "4", "header_malformed", Severity.ERROR),
        (("collections", 0, "metadata", "checksum"), ["x"], "checksum_differs", Severity.ERROR),
        (("collections", 0, "metadata", "checksum"), "x" * 1000, "checksum_differs", Severity.ERROR),
        (("metadata", "total_documents"), 6, "document_count", Severity.ERROR),
        (("metadata", "collections_count"), 6, "collection_count", Severity.ERROR),
        (("metadata", "version"), "2.0.0", "package_newer", Severity.ERROR),
        (("metadata", "version"), None, "version_missing", Severity.ERROR),
        (("metadata", "extended_json"), 3, "package_newer", Severity.ERROR),
        (("metadata",), 5, "header_missing", Severity.ERROR),
        (("collections", 0, "metadata", "checksum"), "", "checksum_missing", Severity.NOTE),
        (("metadata", "checksum"), "abc", "checksum_unusable", Severity.NOTE),
        (("collections", 2, "extra"), [1], "key_unknown", Severity.WARNING),
        (("extra",), {"a": [1]}, "key_unknown", Severity.WARNING),
        (("collections", 0, "indexes", 0, "key"), 5, "index_malformed", Severity.ERROR),
        (("collections", 2, "collection_name"), "users", "collection_twice", Severity.ERROR),
        (("collections", 2, "collection_name"), "a$b", "file_damaged", Severity.ERROR),
        (("collections", 2, "documents"), {}, "file_damaged", Severity.ERROR),
        (("collections", 2, "documents"), [5], "document_unreadable", Severity.ERROR),
        (("collections", 2, "documents"), [{"a": 1}], "id_missing", Severity.WARNING),
        (("collections", 2, "documents"), [{"_id": 1}, {"_id": 1.0}], "id_duplicate", Severity.ERROR),
        (("collections", 2, "documents"), [{"_id": 2**63}], "number_too_large", Severity.ERROR),
        (("collections", 2, "documents"), [{"_id": 1, "x": math.nan}], "number_not_json", Severity.NOTE),
        (("collections", 2, "documents"), [{"_id": 1, "a\0": 1}], "name_with_zero", Severity.ERROR),
    ],
)
async def test_what_a_second_brain_package_says_wrongly_is_found(
    tmp_path: Path, path: tuple[Any, ...], value: object, code: str, severity: Severity
) -> None:
    package = sample("second_brain.json.gz")
    place = package
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    found = await found_in(write(tmp_path / "x.json", package))
    assert severity in {one.severity for one in found.values() if one.code == code}


async def test_a_collection_whose_name_stands_behind_its_documents_is_read(tmp_path: Path) -> None:
    package = sample("second_brain.json.gz")
    package["collections"] = [dict(reversed(one.items())) for one in package["collections"]]
    found = opened(write(tmp_path / "x.json", dict(reversed(package.items()))))
    assert await errors_of(found) == []
    assert len(await documents(found, "users")) == 4


async def test_a_rollback_file_has_neither_metadata_nor_indexes() -> None:
    package = opened(DATA / "second_brain_rollback.json.gz")
    assumed, not_json, ambiguous = await package.check()
    assert (assumed.code, assumed.severity) == ("rollback_assumed", Severity.NOTE)
    assert "rollback file of Second Brain Database" in assumed.message
    assert (not_json.code, not_json.severity) == ("number_not_json", Severity.NOTE)
    assert ambiguous.code == "type_ambiguous"
    assert [(one.name, one.documents) for one in await package.collections()] == [("families", 1), ("users", 4)]


async def test_gofannon_leaves_out_by_name_what_belongs_to_its_database() -> None:
    found = await found_in(DATA / "gofannon.json")
    assert {key: one.severity for key, one in found.items()} == {
        ("attachments", "agents"): Severity.WARNING,
        ("design_document", "agents"): Severity.WARNING,
        ("id_missing", "agents"): Severity.WARNING,
        ("revision", "agents._rev"): Severity.NOTE,
        ("collection_empty", "tickets"): Severity.NOTE,
        ("type_ambiguous", "agents.cost"): Severity.WARNING,
    }
    assert "_design/names" in found["design_document", "agents"].message
    package = opened(DATA / "gofannon.json")
    await package.check()
    agents = await documents(package, "agents")
    assert [one.get("_id") for one in agents] == ["a1", "a2", None]
    assert not any("_rev" in one for one in agents)


async def test_a_collection_that_gofannon_names_and_does_not_have_is_missing(tmp_path: Path) -> None:
    export = sample("gofannon.json")
    export["metadata"]["collections"].append("demos")
    assert ("collection_missing", "demos") in await found_in(write(tmp_path / "x.json", export))


def gofannon(data: object, **metadata: object) -> dict[str, object]:
    return {"metadata": {"provider": "memory", **metadata}, "data": data}


async def test_references_of_gofannon_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    data = {
        "deployments": [{"_id": "d1", "agentId": "a1"}, {"_id": "d2", "agentId": "gone"}],
        "agents": [{"_id": "a1", "gofannon_agents": ["a2", "lost"]}, {"_id": "a2", "gofannon_agents": []}],
    }
    found = await found_in(write(tmp_path / "x.json", gofannon(data)))
    assert set(found) == {("orphan", 'deployments "d2"'), ("orphan", 'agents "a1"')}
    assert {one.severity for one in found.values()} == {Severity.WARNING}
    assert (
        found["orphan", 'agents "a1"'].message == '"a1" has the gofannon_agents "lost", which is not among the agents'
    )


async def test_a_mark_of_gofannon_behind_the_data_is_an_error(tmp_path: Path) -> None:
    export = gofannon({"agents": [{"_id": "a", "_rev": "1"}]}, extended_json=2)
    assert await found_in(write(tmp_path / "x.json", export)) == {}
    found = await found_in(write(tmp_path / "x.json", dict(reversed(export.items()))))
    assert found["marker_late", "extended_json"].severity is Severity.ERROR


async def test_the_hint_for_documents_without_id_says_how_many_may_be_put_aside(tmp_path: Path) -> None:
    export = gofannon({"agents": [{"a": 1}, {"_id": 1}, {"a": 2}], "users": [{"a": 3}]})
    found = await found_in(write(tmp_path / "x.json", export))
    assert {key: "--max-rejects 3, or more" in one.hint for key, one in found.items()} == {
        ("id_missing", "agents"): True,
        ("id_missing", "users"): True,
    }


async def test_xcodereviewer_gets_ids_and_orphans_are_named() -> None:
    found = await found_in(DATA / "xcodereviewer.json")
    assert {one.severity for one in found.values()} == {Severity.WARNING}
    assert set(found) == {("orphan", 'audit_tasks "t2"'), ("orphan", 'audit_issues "i2"')}
    assert "gone" in found["orphan", 'audit_tasks "t2"'].message
    package = opened(DATA / "xcodereviewer.json")
    await package.check()
    assert [one["_id"] for one in await documents(package, "projects")] == ["p1", "p2"]
    assert (await documents(package, "projects"))[0] == {"_id": "p1", "id": "p1", "name": "Größe"}
    assert (await documents(package, "settings"))[0]["_id"] == "u1"
    assert [one["email"] for one in await documents(package, "user")] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("path", "code", "subject"),
    [
        (("user_id",), "field_missing", "user_id"),
        (("data", "user", "id"), "field_missing", "data.user.id"),
        (("data", "user", "email"), "field_missing", "data.user.email"),
        (("data", "user"), "field_missing", "data.user.email"),
    ],
)
async def test_a_required_field_of_xcodereviewer_is_missed_by_its_path(
    tmp_path: Path, path: tuple[str, ...], code: str, subject: str
) -> None:
    export = sample("xcodereviewer.json")
    place = export
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    found = await found_in(write(tmp_path / "x.json", export))
    assert found[code, subject].severity is Severity.ERROR


@pytest.mark.parametrize("version", ["1.0.0", "3.0.0", 2, None])
async def test_another_schema_of_xcodereviewer_is_refused_by_name(tmp_path: Path, version: object) -> None:
    export = {**sample("xcodereviewer.json"), "schema_version": version}
    finding = (await found_in(write(tmp_path / "x.json", export)))["schema_unsupported", "schema_version"]
    assert json.dumps(version) in finding.message


async def test_a_backup_in_any_order_and_statistics_that_lie(tmp_path: Path) -> None:
    export = sample("xcodereviewer.json")
    export["data"] = dict(reversed(export["data"].items()))
    backup = {"backup_metadata": {"backup_name": "b"}, **dict(reversed(export.items()))}
    found = await found_in(write(tmp_path / "x.json", backup))
    assert {code for code, _ in found} == {"orphan"}
    backup["statistics"]["total_issues"] = 3
    assert ("document_count", "audit_issues") in await found_in(write(tmp_path / "x.json", backup))


async def test_more_references_than_are_followed_are_said_to_be_unchecked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "MOST_FOLLOWED", 3)
    found = await found_in(DATA / "xcodereviewer.json")
    assert set(found) == {("references_unchecked", "data")}


async def test_an_endpoint_of_daemon_is_a_collection(tmp_path: Path) -> None:
    package = opened(DATA / "daemon.json")
    assert [one.name for one in await package.collections()] == ["weather.daily"]
    assert [one["_id"] for one in await documents(package, "weather.daily")] == [1, 2, "x"]
    backwards = opened(write(tmp_path / "x.json", dict(reversed(sample("daemon.json").items()))))
    assert await backwards.check() == ()
    assert [one["_id"] for one in await documents(backwards, "weather.daily")] == [1, 2, "x"]
    export = {**sample("daemon.json"), "count": 4}
    assert ("document_count", "weather.daily") in await found_in(write(tmp_path / "x.json", export))


async def test_what_a_frame_may_claim_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = sample("second_brain.json.gz")
    package["collections"][0]["metadata"]["more"] = ["x" * 1000] * 1100
    assert ("file_damaged", str(tmp_path / "x.json")) in await found_in(write(tmp_path / "x.json", package))
    monkeypatch.setattr(second_brain, "MOST_INDEXES", 100)
    finding = (await found_in(DATA / "second_brain.json.gz"))["file_damaged", str(DATA / "second_brain.json.gz")]
    assert "100 bytes of indexes" in finding.message


async def test_more_collections_than_are_allowed_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", {"metadata": {"provider": "memory"}, "data": {str(one): [] for one in range(5)}})
    for most, is_damaged in ((5, False), (4, True)):
        package = open_package(path, ReadOptions(limits=Limits(entries=most)))
        assert bool(await errors_of(package)) is is_damaged


async def test_long_keys_are_no_fields_of_a_plan(tmp_path: Path) -> None:
    data = {"metadata": {"provider": "memory"}, "data": {"agents": [{"_id": "a", "k" * 300: "0" * 24}]}}
    found = await found_in(write(tmp_path / "x.json", data))
    assert set(found) == {("type_paths", "agents")}
