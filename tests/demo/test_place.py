import stat
from pathlib import Path

import pytest

from tui_migrate.demo.place import DemoPlace
from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.paths import HOME_VARIABLE


def test_the_demo_has_a_folder_of_its_own_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    assert DemoPlace.find(None).root == tmp_path / "state" / "demo"
    assert DemoPlace.find(tmp_path / "other").root == tmp_path / "other"


def test_where_the_environment_names_a_demos_home_that_demo_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    place = DemoPlace.find(None)
    place.prepare()
    monkeypatch.setenv(HOME_VARIABLE, str(place.root))
    assert DemoPlace.find(None) == place


def test_its_home_does_not_follow_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    assert DemoPlace(tmp_path / "demo").home.journal == tmp_path / "demo" / "state" / "journal.db"


def test_folders_are_for_the_user_alone(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "a" / "demo")
    place.prepare()
    place.prepare()
    for folder in (place.root, *(one for one in place.root.rglob("*") if one.is_dir())):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.db").write_text("precious")
    place = DemoPlace(tmp_path)
    for action in (place.prepare, place.wipe):
        with pytest.raises(UsageError, match="not the demo's"):
            action()
    assert [one.name for one in tmp_path.rglob("*")] == ["state", "journal.db"]


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file")
    with pytest.raises(UsageError, match="cannot use the folder"):
        DemoPlace(tmp_path / "demo").prepare()


def test_wiping_deletes_what_is_the_demos_and_nothing_else(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo")
    place.prepare()
    for name in ("servers/source/data.wt", "state/journal.db", "config/connections.yaml", "sample.json", "notes.txt"):
        (place.root / name).parent.mkdir(exist_ok=True)
        (place.root / name).write_text("x")
    place.wipe()
    assert sorted(one.name for one in place.root.iterdir()) == ["DEMO", "locks", "notes.txt"]


def test_wiping_follows_no_link(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo")
    place.prepare()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    place.servers.rmdir()
    place.servers.symlink_to(outside)
    place.wipe()
    assert (outside / "precious").exists()
    assert not place.servers.exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "demo").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StorageFailed, match="cannot make the folder"):
        DemoPlace(tmp_path / "demo").prepare()
