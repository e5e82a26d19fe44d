import ctypes
import os
from pathlib import Path

import pytest

from tui_migrate.errors import PackageDamaged, StorageFailed
from tui_migrate.packages import files


@pytest.fixture(params=["one step", "look, then rename"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "one step":
        monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())


@pytest.mark.usefixtures("_way")
def test_a_rename_replaces_nothing_not_even_an_empty_folder(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "file").touch()
    for kind in ("folder", "file", "link"):
        if kind == "folder":
            new.mkdir()
        elif kind == "file":
            new.touch()
        else:
            new.symlink_to("nowhere")
        with pytest.raises(FileExistsError):
            files.rename_new(old, new)
        new.rmdir() if new.is_dir() else new.unlink()
    files.rename_new(old, new)
    assert (new / "file").exists()
    assert not old.exists()
    with pytest.raises(FileNotFoundError):
        files.rename_new(old, tmp_path / "elsewhere")


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", ".", "missing"):
        with pytest.raises(PackageDamaged):
            files.open_regular(tmp_path / name)
    assert files.read_bounded(tmp_path / "file", 5) == b"12345"
    with pytest.raises(PackageDamaged, match="larger than 4 bytes"):
        files.read_bounded(tmp_path / "file", 4)


def test_a_file_is_put_in_place_whole_and_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    files.write_file(path, b"one")
    files.write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize(
    ("number", "hint"), [(28, "bytes are free"), (13, "writable"), (20, "folder above"), (5, "checkpoint")]
)
def test_a_failure_says_what_to_do_next(tmp_path: Path, number: int, hint: str) -> None:
    path = tmp_path / "missing" / "\x1b"
    with pytest.raises(StorageFailed, match=r"cannot write .*missing") as failure, files.storing(path, "write"):
        raise OSError(number, os.strerror(number))
    assert hint in failure.value.hint
    assert "\x1b" not in failure.value.message + failure.value.hint
