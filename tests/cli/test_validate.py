import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.packages.samples import small_package
from tests.reports.test_package import gofannon
from tui_migrate.cli.reading import ReadingBar, ReadingLines, reading_text
from tui_migrate.reports.json_form import parse

TYPED: list[dict[str, object]] = [
    {"_id": f"{number:024x}", "made": "2026-01-01 10:00:00" if number else "never"} for number in range(4)
]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    small_package(tmp_path / "shop-2026")
    return tmp_path / "shop-2026"


def damage(package: Path) -> None:
    data = package / "shop" / "users.bson.gz"
    content = bytearray(data.read_bytes())
    content[40] ^= 1
    data.write_bytes(content)


def test_a_whole_package_needs_nothing_and_leaves_nothing(cli: Cli, package: Path) -> None:
    before = sorted(package.rglob("*"))
    done = cli("validate", "--input", "shop-2026")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("✓ Check of a package: no finding\n")
    assert str(package) in "".join(line.strip() for line in done.out.splitlines())
    assert "checksums            matching         0\n" in done.out
    assert sorted(package.rglob("*")) == before
    assert not cli.folder.exists()


def test_damage_is_reported_on_screen_and_in_the_file(cli: Cli, package: Path, tmp_path: Path) -> None:
    damage(package)
    for ending in ("json", "md", "html", "txt"):
        done = cli("validate", "--input", "shop-2026", "-o", f"r.{ending}")
        assert done.code == 4
        assert "checksums            mismatching" in done.out
        assert "file_digest" in (tmp_path / f"r.{ending}").read_text().replace("\\", "")
    as_json = cli("validate", "--input", "shop-2026", "--json")
    assert as_json.code == 4
    report = parse(as_json.out)
    written = parse((tmp_path / "r.json").read_text())
    assert (report.findings, report.tables) == (written.findings, written.tables)
    assert (package / "shop" / "users.bson.gz").exists()


def test_an_older_report_is_replaced_and_nothing_else(cli: Cli, package: Path, tmp_path: Path) -> None:
    words = ("validate", "--input", "shop-2026", "-o")
    (tmp_path / "r.md").write_text("before")
    cli.refused(*words, "r.md", code=2, said="is there already", hint="choose another name", error="usage")
    (tmp_path / "r.md").unlink()
    for _ in range(2):
        assert cli(*words, "r.md").code == 0
        assert (tmp_path / "r.md").read_text().startswith("# Check of a package\n")
    for place in ("shop-2026/manifest.json", "shop-2026/r.md", "./shop-2026/shop/r.md"):
        cli.refused(*words, place, code=2, said="", hint="choose", error="usage")
        cli.refused(*words[:-1], "--write-type-plan", place, code=2, said="", hint="choose", error="usage")
    assert cli(*words, "r.md").code == 0
    (tmp_path / "folder.md").mkdir()
    cli.refused(*words, "folder.md", code=2, said="no file", hint="choose another name", error="usage")
    cli.refused(*words, "r.pdf", code=2, said="does not end in .json", hint="its ending", error="usage")
    cli.refused(*words, "no/r.md", code=1, said="No such file", hint="another place", error="storage_failed")


def test_what_is_no_package_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    words = ("validate", "--input")
    cli.refused(*words, "nowhere", code=2, said="No such file", hint="check the path", error="usage")
    cli.refused(*words, "text", code=4, said="is no package", hint="a package is", error="refused")
    assert cli("validate").code == 2


def test_a_package_that_cannot_be_read_is_said_so(cli: Cli, package: Path) -> None:
    (package / "shop" / "users.bson.gz").chmod(0)
    done = cli.process("validate", "--input", str(package), modes_hold=True)
    assert done.code == 4
    assert "Permission denied" in " ".join(done.out.split())


def test_warnings_alone_are_an_exit_code_of_their_own(cli: Cli, tmp_path: Path) -> None:
    gofannon(tmp_path / "g.json", [{"_id": "a", "price": "12.50"}])
    done = cli("validate", "--input", "g.json")
    assert done.code == 3
    assert "text or decimal" in done.out


def test_types_are_written_to_be_edited_and_tried(cli: Cli, tmp_path: Path) -> None:
    gofannon(tmp_path / "g.json", TYPED)
    done = cli("validate", "--input", "g.json", "--write-type-plan", "types.yaml")
    assert done.code == 0
    plan = tmp_path / "types.yaml"
    assert '"_id": object_id' in plan.read_text()
    assert cli("validate", "--input", "g.json", "--type-plan", "types.yaml").code == 0
    plan.write_text(plan.read_text().replace('"made": as_written', '"made": date'))
    done = cli("validate", "--input", "g.json", "--type-plan", "types.yaml", "--json")
    assert done.code == 4
    assert "type_misfit" in [one.finding.code for one in parse(done.out).findings]


def test_a_package_that_has_its_types_has_no_plan_of_them(cli: Cli, package: Path, tmp_path: Path) -> None:
    words = ("validate", "--input", "shop-2026", "--write-type-plan")
    cli.refused(*words, "t.yaml", code=2, said="has its types", hint="leave", error="usage")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "elsewhere")
    cli.refused(*words, "link.yaml", code=2, said="no file", hint="another name", error="usage")
    assert not (tmp_path / "t.yaml").exists()


def test_no_plan_is_written_of_what_could_not_be_read(cli: Cli, tmp_path: Path) -> None:
    path = gofannon(tmp_path / "g.json", TYPED)
    path.write_text(path.read_text()[:-5])
    done = cli("validate", "--input", "g.json", "--write-type-plan", "t.yaml")
    assert done.code == 4
    assert "t.yaml was not written" in done.err
    assert not (tmp_path / "t.yaml").exists()


def test_one_of_several_databases_is_chosen(cli: Cli, tmp_path: Path) -> None:
    for database in ("shop", "other"):
        (tmp_path / "dump" / database).mkdir(parents=True)
        (tmp_path / "dump" / database / "users.bson").touch()
    words = ("validate", "--input", "dump")
    cli.refused(*words, code=2, said="has 2 databases", hint="other, shop", error="usage")
    report = parse(cli(*words, "--input-database", "shop", "--json").out)
    assert tuple(one.value for one in report.facts if one.name in ("form", "database")) == ("mongodump", "shop")


def test_a_package_comes_through_a_pipe_and_is_gone_afterwards(cli: Cli, tmp_path: Path) -> None:
    path = gofannon(tmp_path / "g.json", TYPED)
    words = ["validate", "--home", str(cli.folder), "--input=-", "--json"]
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "tui_migrate", *words], stdin=file, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["subject"] == "what came through the pipe"
    assert not list(cli.home.inputs.iterdir())


def test_how_far_the_reading_is() -> None:
    assert reading_text(5_000, 10_000) == "checking   50.0 %  5.0 kB of 10.0 kB"
    assert reading_text(0, 0) == "checking    0.0 %  0 Bytes of 0 Bytes"


def test_the_bar_is_redrawn_in_place_now_and_then_and_wiped() -> None:
    stream, times = io.StringIO(), iter((0.0, 0.1, 0.6))
    bar = ReadingBar(stream, lambda: next(times))
    for done in (0, 50, 100):
        bar(done, 100)
    bar.close()
    drawn = stream.getvalue()
    assert drawn.count("\r") == 3
    assert "100.0 %" in drawn
    assert " 50.0 %" not in drawn
    assert drawn.endswith("\r\x1b[K")


def test_lines_come_for_what_takes_long_alone(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter((0.0, 1.0, 11.0, 12.0, 22.0, 33.0))
    lines = ReadingLines(lambda: next(times))
    for done in (5, 20, 40, 41, 45):
        lines(done, 100)
    lines.close()
    assert capsys.readouterr().err.splitlines() == [reading_text(20, 100), reading_text(41, 100)]
