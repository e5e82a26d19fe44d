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
from tui_migrate.reports.saving import refuse_place, save
from tui_migrate.reports.text import to_text

REPORT = report(finding())


def test_the_ending_says_in_which_form(tmp_path: Path) -> None:
    for ending, rendering in ((".json", to_json), (".md", to_markdown), (".html", to_html), (".txt", to_text)):
        path = tmp_path / f"r{ending}"
        save(path, REPORT, replace=False)
        assert path.read_text() == rendering(REPORT)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for name in ("r.pdf", "r", "r.JSON", ".json"):
        with pytest.raises(UsageError, match=r"does not end in \.json, \.md"):
            save(tmp_path / name, REPORT, replace=True)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_is_replaced_where_that_is_wanted_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_text("before")
    path.chmod(0o644)
    with pytest.raises(UsageError, match="is there already"):
        save(path, REPORT, replace=False)
    assert path.read_text() == "before"
    save(path, REPORT, replace=True)
    assert path.read_text() == to_text(REPORT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("replace", [True, False])
def test_nothing_but_a_file_is_ever_replaced(tmp_path: Path, replace: bool) -> None:
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "link.md").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe.md")
    for name in ("folder.md", "link.md", "pipe.md"):
        with pytest.raises(UsageError, match="and no file"):
            save(tmp_path / name, REPORT, replace=replace)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder.md", "link.md", "pipe.md"]


def test_a_place_that_cannot_be_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="Not a directory"):
        refuse_place(tmp_path / "file" / "r.md", replace=True)
    with pytest.raises(StorageFailed, match="No such file"):
        save(tmp_path / "no" / "r.md", REPORT, replace=True)
    with pytest.raises(StorageFailed, match="File name too long"):
        refuse_place(tmp_path / f"{'x' * 300}.md", replace=True)


def test_what_comes_in_between_is_not_replaced_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.md"

    def sync(descriptor: int) -> None:
        path.write_text("in between")

    monkeypatch.setattr(files, "sync", sync)
    with pytest.raises(UsageError, match="is there already"):
        save(path, REPORT, replace=False)
    assert path.read_text() == "in between"
    assert [one.name for one in tmp_path.iterdir()] == ["r.md"]


def test_a_report_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.md"
    path.write_text("before")

    def full(descriptor: int, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_all", full)
    with pytest.raises(StorageFailed, match="No space left"):
        save(path, REPORT, replace=True)
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["r.md"]
