import os
import stat
from pathlib import Path

import pytest

from tests.reports.samples import finding, report
from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.packages import files
from tui_migrate.reports.html import to_html
from tui_migrate.reports.json_form import to_json
from tui_migrate.reports.markdown import to_markdown
from tui_migrate.reports.saving import RENDERINGS, refuse_place, refuse_within, save
from tui_migrate.reports.text import to_text

REPORT = report(finding())


def test_the_ending_says_in_which_form(tmp_path: Path) -> None:
    for ending, rendering in ((".json", to_json), (".md", to_markdown), (".html", to_html), (".txt", to_text)):
        path = tmp_path / f"r{ending}"
        save(path, REPORT)
        assert path.read_text() == rendering(REPORT)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for name in ("r.pdf", "r", "r.JSON", ".json"):
        with pytest.raises(UsageError, match=r"does not end in \.json, \.md"):
            save(tmp_path / name, REPORT, replaces=REPORT.title)
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("ending", RENDERINGS)
def test_only_an_earlier_report_is_replaced_and_only_where_that_is_wanted(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"r{ending}"
    path.write_text("before")
    for replaces in ("", REPORT.title):
        with pytest.raises(UsageError, match="is there already"):
            save(path, REPORT, replaces=replaces)
        assert path.read_text() == "before"
    path.unlink()
    save(path, REPORT)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="is there already"):
        save(path, REPORT)
    save(path, REPORT, replaces=REPORT.title)
    assert path.read_text() == RENDERINGS[ending](REPORT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_place_is_within_the_package_that_was_checked(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (tmp_path / "link").symlink_to(package)
    for place in (package, package / "r.md", package / "shop" / "r.md", tmp_path / "link" / "r.md"):
        with pytest.raises(UsageError, match="is part of the package"):
            refuse_within(place, package)
    refuse_within(tmp_path / "package.md", package)


@pytest.mark.parametrize("replaces", [REPORT.title, ""])
def test_nothing_but_a_file_is_ever_replaced(tmp_path: Path, replaces: str) -> None:
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "link.md").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe.md")
    for name in ("folder.md", "link.md", "pipe.md"):
        with pytest.raises(UsageError, match="and no file"):
            save(tmp_path / name, REPORT, replaces=replaces)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder.md", "link.md", "pipe.md"]


def test_a_place_that_cannot_be_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="Not a directory"):
        refuse_place(tmp_path / "file" / "r.md", replaces=REPORT.title)
    with pytest.raises(StorageFailed, match="No such file"):
        save(tmp_path / "no" / "r.md", REPORT, replaces=REPORT.title)
    with pytest.raises(StorageFailed, match="File name too long"):
        refuse_place(tmp_path / f"{'x' * 300}.md", replaces=REPORT.title)


def test_what_comes_in_between_is_not_replaced_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.md"

    def sync(descriptor: int) -> None:
        path.write_text("in between")

    monkeypatch.setattr(files, "sync", sync)
    with pytest.raises(UsageError, match="is there already"):
        save(path, REPORT)
    assert path.read_text() == "in between"
    assert [one.name for one in tmp_path.iterdir()] == ["r.md"]


def test_a_report_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.md"
    save(path, REPORT)
    before = path.read_text()

    def full(descriptor: int, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_all", full)
    with pytest.raises(StorageFailed, match="No space left"):
        save(path, REPORT, replaces=REPORT.title)
    assert path.read_text() == before
    assert [one.name for one in tmp_path.iterdir()] == ["r.md"]
