import os
from pathlib import Path

import pytest

from tui_migrate.errors import StorageFailed
from tui_migrate.findings import Severity
from tui_migrate.packages import files
from tui_migrate.packages.place import find_obstacle, make_folders, partial_path


def test_a_good_place_has_no_obstacle_and_is_left_alone(tmp_path: Path) -> None:
    assert find_obstacle(tmp_path / "package", 1000) is None
    assert list(tmp_path.iterdir()) == []


def test_each_obstacle_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").touch()
    found = [
        find_obstacle(tmp_path / "link", 0),
        find_obstacle(tmp_path / "missing" / "package", 0),
        find_obstacle(tmp_path / "file" / "package", 0),
        find_obstacle(tmp_path / "package", 2**62),
    ]
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)  # root may write everywhere
        found.append(find_obstacle(tmp_path / "package", 0))
    assert [one.code if one else "" for one in found] == [
        "output_exists", "output_folder", "output_folder", "output_space", "output_unwritable",
    ]  # fmt: skip
    severities = [one.severity for one in found if one and one.hint]
    assert severities == [Severity.ERROR] * 3 + [Severity.WARNING, Severity.ERROR]


def test_a_folder_that_cannot_be_made_durable_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(folder: Path) -> None:
        raise OSError(5, os.strerror(5))

    monkeypatch.setattr(files, "sync_folder", failing)
    path = tmp_path / "package"
    with pytest.raises(StorageFailed):
        make_folders(path, partial_path(path, 1), "shop")
    assert list(tmp_path.iterdir()) == []
