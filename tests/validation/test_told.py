"""Nobody is told twice of a reference: by the check of the package's form, and by validation with a catalog."""

from pathlib import Path

import pytest

from tests.packages.json_forms.samples import DATA, found_in, write
from tests.validation.scene import catalog, issues
from tui_migrate.catalogs.finding import shipped
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.validation.told import without_references

AGENTS = {
    "metadata": {"provider": "couchdb", "exported_at": "2026-01-01T00:00:00", "collections": ["agents", "deployments"]},
    "data": {
        "agents": [{"_id": "a1", "gofannon_agents": ["a2", "lost"]}, {"_id": "a2", "gofannon_agents": ["a1", None]}],
        "deployments": [{"_id": "d1", "agentId": "a1"}, {"_id": "d2", "agentId": "gone"}],
    },
}


@pytest.mark.parametrize("form", [PackageForm.GOFANNON, PackageForm.XCODEREVIEWER])
async def test_validation_finds_what_the_check_of_the_form_finds(form: PackageForm, tmp_path: Path) -> None:
    path = DATA / "xcodereviewer.json" if form is PackageForm.XCODEREVIEWER else write(tmp_path / "g.json", AGENTS)
    by_check = await found_in(path)
    orphans = {(subject.split()[0], subject.split()[1].strip('"')) for code, subject in by_check if code == "orphan"}
    about = shipped(form.value)
    assert about is not None
    package = RecognisedPackage(path)
    try:
        found = await issues(package, about)
    finally:
        await package.close()
    dangling = [one for one in found if one.finding.code == "dangling_reference"]
    assert {(one.collection, each.document.strip("'")) for one in dangling for each in one.examples} == orphans
    left = without_references(list(by_check.values()), form, about)
    assert orphans
    assert {one.code for one in left} == {code for code, _ in by_check if code != "orphan"}


async def test_a_catalog_that_does_not_follow_them_leaves_them_to_the_check() -> None:
    found = list((await found_in(DATA / "xcodereviewer.json")).values())
    assert without_references(found, PackageForm.XCODEREVIEWER, catalog("{projects: {}}")) == tuple(found)
