import asyncio
import json
from pathlib import Path

import bson
import pytest

from tests.packages.samples import NO_OPTIONS, info, numbered, small_package, write_package
from tui_migrate.errors import Refused, UsageError
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.reports.aspects import Aspect, aspect_of, aspect_rows
from tui_migrate.reports.json_form import parse, to_json
from tui_migrate.reports.model import Report, Verdict
from tui_migrate.reports.package import FORM_WORDS, examine, package_report
from tui_migrate.stores.base import CollectionInfo, CollectionKind


def report_of(path: Path) -> Report:
    async def read() -> Report:
        package = RecognisedPackage(path)
        try:
            return package_report(str(path), await examine(package), 0)
        finally:
            await package.close()

    return asyncio.run(read())


def results(report: Report) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in report.tables[0].rows}


def codes(report: Report) -> list[str]:
    return [one.finding.code for one in report.findings]


def gofannon(path: Path, documents: list[dict[str, object]]) -> Path:
    """An export of another system: JSON without types."""
    content = {
        "metadata": {"provider": "mongodb", "exported_at": "2026-01-01T00:00:00", "collections": ["agents"]},
        "data": {"agents": documents},
    }
    path.write_text(json.dumps(content))
    return path


def test_a_whole_package(tmp_path: Path) -> None:
    small_package(tmp_path / "p")
    report = report_of(tmp_path / "p")
    assert (report.verdict, report.findings) == (Verdict.GOOD, ())
    assert {one.name: one.value for one in report.facts} == {
        "form": "native",
        "kind": FORM_WORDS[PackageForm.NATIVE],
        "database": "shop",
        "collections": 3,
        "documents": 30,
        "size": 1_070,
    }
    assert set(results(report).values()) == {"fine", "matching"}
    assert results(report)["checksums"] == "matching"
    assert report.tables[1].rows == (
        ("empty", "collection", 0, 0, 1),
        ("recent", "view", None, None, None),
        ("users", "collection", 30, 1_070, 1),
    )
    assert parse(to_json(report)) == report


def test_a_flipped_byte_and_what_could_be_read_all_the_same(tmp_path: Path) -> None:
    small_package(tmp_path / "p")
    data = tmp_path / "p" / "shop" / "users.bson.gz"
    content = bytearray(data.read_bytes())
    content[40] ^= 1
    data.write_bytes(content)
    report = report_of(tmp_path / "p")
    assert report.verdict is Verdict.ERRORS
    assert results(report)["checksums"] == "mismatching"
    assert results(report)["manifest"] == "fine"
    assert len(report.tables[1].rows) == 3


def test_what_nobody_looked_at_is_not_called_fine(tmp_path: Path) -> None:
    small_package(tmp_path / "p")
    (tmp_path / "p" / "manifest.json").write_text("{")
    report = report_of(tmp_path / "p")
    assert codes(report) == ["manifest_damaged"]
    assert results(report).pop("manifest") == "faulty"
    assert {state for name, state in results(report).items() if name != "manifest"} == {"not reached"}


def test_definitions_of_a_package_that_is_whole_as_a_file(tmp_path: Path) -> None:
    index = bson.encode({"v": 2, "key": {"a": "geo"}, "name": "a"})
    users = CollectionInfo("users", CollectionKind.PLAIN, NO_OPTIONS, (index,), uuid=bytes(16))
    view = info("recent", CollectionKind.VIEW, viewOn="elsewhere", pipeline=[])
    batches = {"users": [numbered(0, 2)], "recent": []}
    asyncio.run(write_package(tmp_path / "p", batches, infos={"users": users, "recent": view}))
    report = report_of(tmp_path / "p")
    assert report.verdict is Verdict.WARNINGS
    assert sorted(codes(report)) == ["index_kind_unknown", "view_source_missing"]
    assert results(report)["indexes and options"] == "warned"
    assert results(report)["sources of views"] == "warned"


def test_what_is_no_package_is_refused_and_what_is_damaged_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        report_of(tmp_path / "nowhere")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(Refused, match="is no package"):
        report_of(tmp_path / "text")
    path = gofannon(tmp_path / "cut.json", [{"_id": "a"}])
    path.write_text(path.read_text()[:-5])
    report = report_of(path)
    assert report.verdict is Verdict.ERRORS


def test_types_are_shown_with_how_many_values_fit(tmp_path: Path) -> None:
    documents: list[dict[str, object]] = [
        {"_id": f"{number:024x}", "made": "2026-01-01 10:00:00" if number else "never"} for number in range(4)
    ]
    report = report_of(gofannon(tmp_path / "g.json", documents))
    assert report.tables[2].rows == (
        ("agents", "_id", "ObjectId", 4, 4, f"{0:024x}"),
        ("agents", "made", "date", 3, 4, "2026-01-01 10:00:00"),
    )
    assert results(report)["checksums"] == "absent"
    assert "manifest" not in results(report)
    assert "indexes and options" not in results(report)


@pytest.mark.parametrize(
    ("code", "aspect"),
    [
        ("file_digest", Aspect.CHECKSUMS),
        ("checksum_absent", Aspect.CHECKSUMS),
        ("document_count", Aspect.COUNTS),
        ("document_malformed", Aspect.CONTENT),
        ("id_duplicate", Aspect.IDS),
        ("index_id_repeated", Aspect.DEFINITIONS),
        ("metadata_damaged", Aspect.DEFINITIONS),
        ("view_source_missing", Aspect.REFERENCES),
        ("package_newer", Aspect.VERSION),
        ("manifest_missing", Aspect.MANIFEST),
        ("type_misfit", Aspect.TYPES),
        ("file_extra", Aspect.FILES),
        ("whatever_else", Aspect.FILES),
    ],
)
def test_each_finding_is_about_one_thing(code: str, aspect: Aspect) -> None:
    assert aspect_of(code) is aspect


def test_absent_matching_and_mismatching_are_three_things() -> None:
    def checksums(form: PackageForm, *found: str) -> str:
        findings = [Finding(Severity.NOTE if "absent" in one else Severity.ERROR, one, "", "") for one in found]
        return next(str(row[1]) for row in aspect_rows(form, findings) if row[0] == "checksums")

    assert checksums(PackageForm.NATIVE) == checksums(PackageForm.ARCHIVE) == "matching"
    assert checksums(PackageForm.DUMP) == checksums(PackageForm.BSON) == "absent"
    assert checksums(PackageForm.SECOND_BRAIN) == "matching"
    assert checksums(PackageForm.SECOND_BRAIN, "checksum_absent") == "absent"
    assert checksums(PackageForm.SECOND_BRAIN, "checksum_absent", "checksum_differs") == "mismatching"
    assert checksums(PackageForm.NATIVE, "package_newer") == "not reached"


def test_every_form_has_words() -> None:
    assert set(FORM_WORDS) == set(PackageForm)
