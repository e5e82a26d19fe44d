"""What must not leave with a package, looked for in its bytes; and who may read it."""

import tarfile
import zlib
from pathlib import Path

import pytest

from tests.engine.scene import Scene, create, documents, put
from tests.suites.documents import as_value, doc, options
from tests.suites.ids import int32, text
from tui_migrate.catalogs import finding
from tui_migrate.catalogs.model import Catalog
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.model import PackageEnd, RunKind
from tui_migrate.reports.package import examine, package_report

TOKEN = "sbd_pat_0123456789abcdef"
FORMS = [PackageForm.NATIVE, PackageForm.TAR, PackageForm.ARCHIVE, PackageForm.SECOND_BRAIN, PackageForm.GOFANNON]


@pytest.fixture
async def filled(scene: Scene) -> Scene:
    for name in ("users", "permanent_tokens"):
        await create(scene.source, name)
    await put(scene.source, doc(int32(1), name=text("Ada")), name="users")
    await put(scene.source, doc(int32(1), token=text(TOKEN)), name="permanent_tokens")
    return scene


async def exported(
    scene: Scene,
    path: Path,
    form: PackageForm,
    *exclude: str,
    names: tuple[str, ...] = (),
    catalog: Catalog | None = None,
) -> int:
    target = PackageEnd(str(path), form)
    request = PlanRequest(RunKind.EXPORT, scene.source_end, target, names=names, exclude=exclude, catalog=catalog)
    return (await scene.run(await build_plan(request, scene.source))).exit_code


def bytes_of(package: Path) -> bytes:
    """All that lies in a package, as it is and unpacked."""
    files = [one for one in package.rglob("*") if one.is_file()] if package.is_dir() else [package]
    contents = [one.read_bytes() for one in files]
    if package.is_file() and tarfile.is_tarfile(package):
        with tarfile.open(package) as tar:
            contents += [one.read() for member in tar if (one := tar.extractfile(member)) is not None]
    return b"".join((*contents, *map(unpacked, contents)))


def unpacked(content: bytes) -> bytes:
    found = b""
    while content.startswith(b"\x1f\x8b"):
        inflater = zlib.decompressobj(31)
        found, content = found + inflater.decompress(content), inflater.unused_data
    return found


@pytest.mark.parametrize("form", FORMS)
async def test_what_is_excluded_is_nowhere_in_the_package(filled: Scene, tmp_path: Path, form: PackageForm) -> None:
    assert await exported(filled, tmp_path / "all", form, names=("users",)) == 0
    assert b"Ada" in bytes_of(tmp_path / "all")
    assert await exported(filled, tmp_path / "some", form, "permanent_tokens") == 0
    content = bytes_of(tmp_path / "some")
    assert b"Ada" in content
    assert TOKEN.encode() not in content
    assert b"permanent_tokens" not in content


@pytest.mark.parametrize("form", FORMS)
async def test_what_a_catalog_excludes_is_nowhere_in_the_package(
    filled: Scene, tmp_path: Path, form: PackageForm
) -> None:
    catalog = finding.shipped("second_brain_database")
    assert await exported(filled, tmp_path / "package", form, catalog=catalog) == 0
    content = bytes_of(tmp_path / "package")
    assert b"Ada" in content
    assert TOKEN.encode() not in content
    assert b"permanent_tokens" not in content
    (told,) = [one for one in (await filled.record(1)).findings if one.code == "excluded"]
    assert (told.subject, told.severity) == ("permanent_tokens", "note")
    names = ("users", "permanent_tokens")
    assert await exported(filled, tmp_path / "asked", form, names=names, catalog=catalog) == 4
    assert not (tmp_path / "asked").exists()


async def test_a_package_names_its_catalog_and_not_what_is_in_it(filled: Scene, tmp_path: Path) -> None:
    catalog = finding.shipped("second_brain_database")
    for number, given in enumerate((catalog, None)):
        path = tmp_path / str(number)
        assert await exported(filled, path, PackageForm.NATIVE, catalog=given) == 0
        package = RecognisedPackage(path)
        try:
            examined = await examine(package)
        finally:
            await package.close()
        assert examined.catalog == ("second_brain_database 1.0.0" if given else "")
        facts = [one.value for one in package_report(str(path), examined, 0).facts if one.name == "catalog"]
        assert facts == ([examined.catalog] if given else [])
        assert b"hashed_password" not in bytes_of(path)


async def test_tokens_never_leave_in_the_form_of_second_brain(filled: Scene, tmp_path: Path) -> None:
    form = PackageForm.SECOND_BRAIN
    assert await exported(filled, tmp_path / "all", form) == 0
    assert TOKEN.encode() not in bytes_of(tmp_path / "all")
    (told,) = [one for one in (await filled.record(1)).findings if one.code == "excluded"]
    assert (told.subject, told.severity) == ("permanent_tokens", "note")
    assert await exported(filled, tmp_path / "asked", form, names=("users", "permanent_tokens")) == 4
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("form", FORMS)
async def test_only_the_owner_may_read_a_package(filled: Scene, tmp_path: Path, form: PackageForm) -> None:
    await exported(filled, tmp_path / "package", form, "permanent_tokens")
    package = tmp_path / "package"
    for one in (package, *package.rglob("*")):
        assert one.stat().st_mode & 0o777 == (0o700 if one.is_dir() else 0o600), one


async def test_measurements_of_a_time_series_come_back_from_an_archive_of_ours(scene: Scene, tmp_path: Path) -> None:
    series = options(timeseries=as_value(options(timeField=text("at"))))
    await create(scene.source, "things", options=series)
    await put(scene.source, doc(int32(3)), doc(int32(1)), doc(int32(2)))
    assert await exported(scene, tmp_path / "archive", PackageForm.ARCHIVE) == 0
    source = PackageEnd(str(tmp_path / "archive"))
    ended = await scene.run(await scene.plan(source=source, kind=RunKind.IMPORT))
    assert (ended.exit_code, ended.codes) == (0, set())
    assert await documents(scene.target) == [doc(int32(3)), doc(int32(1)), doc(int32(2))]
