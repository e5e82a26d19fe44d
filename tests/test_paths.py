import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.paths import (
    HOME_VARIABLE,
    Home,
    create_private_file,
    is_there,
    make_private_folder,
    replace_private_file,
)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_a_folder_that_is_given_holds_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "other"))
    home = Home.find(tmp_path / "home")
    assert home.connections == tmp_path / "home/config/connections.yaml"
    assert home.journal == tmp_path / "home/state/journal.db"
    assert home.run(7).path == tmp_path / "home/state/runs/0007"
    assert home.run(12345).undo_log == tmp_path / "home/state/runs/12345/undo.log"


def test_else_the_environment_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "other"))
    assert Home.find() == Home.find(tmp_path / "other")


def test_a_command_names_the_home_where_it_would_look_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    assert Home.find().option == ""
    given = Home.find(tmp_path / "a b")
    assert given.option == f" --home '{tmp_path}/a b'"
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "a b"))
    assert given.option == ""


@pytest.mark.parametrize("below", [".", "a/b"])
def test_a_file_is_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(UsageError, match=f"{file} is no folder"):
        Home.find(file / below)
    monkeypatch.setenv(HOME_VARIABLE, str(file / below))
    with pytest.raises(UsageError, match=f"{file} is no folder"):
        Home.find()


def test_a_relative_folder_is_of_the_folder_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = Home.find(Path("home"))
    monkeypatch.chdir("/")
    assert home.state == tmp_path / "home/state"


@pytest.mark.parametrize("value", [None, ""])
def test_else_it_is_the_platforms(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(HOME_VARIABLE, value)
    home = Home.find()
    assert home.state == Path(platformdirs.user_state_path("tui-migrate"))
    assert home.config == Path(platformdirs.user_config_path("tui-migrate"))


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277], indirect=True, ids=oct)
@pytest.mark.usefixtures("umask")
def test_the_folders_are_for_the_user_alone_also_those_above(tmp_path: Path) -> None:
    home = Home.find(tmp_path / "a/b")
    home.prepare()
    home.prepare()
    made = [tmp_path / "a", tmp_path / "a/b", home.config, home.state, home.runs]
    assert {mode_of(one) for one in made} == {0o700}


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)
    Home.find(tmp_path / "home").prepare()
    assert mode_of(tmp_path / "home") == 0o755


@pytest.mark.parametrize("place", ["file", "file/home", "/proc/home"])
def test_a_place_that_takes_no_folder_is_said(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="cannot make the folder") as caught:
        make_private_folder(tmp_path / place)
    assert HOME_VARIABLE in caught.value.hint


def test_the_highest_number_among_the_runs_folders(tmp_path: Path) -> None:
    home = Home.find(tmp_path)
    home.prepare()
    assert home.highest_run() == 0
    for name in ("0003", "12345", "0007", "other", "9x"):
        (home.runs / name).mkdir()
    assert home.highest_run() == 12345


def test_a_home_without_runs_cannot_say(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot read the folder"):
        Home.find(tmp_path).highest_run()


@pytest.mark.parametrize("umask", [0o000, 0o277], indirect=True, ids=oct)
@pytest.mark.usefixtures("umask")
def test_a_file_that_is_replaced_is_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "config" / "some.yaml"
    for text in ("one", "ü"):
        replace_private_file(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert (mode_of(path.parent), [one.name for one in path.parent.iterdir()]) == (0o700, ["some.yaml"])
    assert mode_of(path) & 0o177 == 0


def test_a_file_that_cannot_be_replaced_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "some.yaml").mkdir()
    with pytest.raises(StorageFailed, match=r"cannot write .*some\.yaml: Is a directory"):
        replace_private_file(tmp_path / "some.yaml", "one")
    assert [one.name for one in tmp_path.iterdir()] == ["some.yaml"]


def test_a_place_has_one_name_however_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    for given in ("../home", "../in/../home", f"{tmp_path}/in/../home", f"{tmp_path}/home/"):
        assert Home.find(Path(given)) == Home.find(tmp_path / "home")


def test_what_nobody_may_look_at_is_neither_there_nor_not(tmp_path: Path) -> None:
    assert is_there(tmp_path)
    assert not is_there(tmp_path / "some.yaml")
    (tmp_path / "some.yaml").touch()
    assert not is_there(tmp_path / "some.yaml" / "other.yaml")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match=r"cannot read .*loop: Too many levels"):
        is_there(tmp_path / "loop")


def test_a_new_file_that_finds_no_room_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, *_: object, **__: object) -> None:
        os.close(descriptor)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(StorageFailed, match=r"cannot write .*: No space left"):
        create_private_file(tmp_path / "some.yaml", "one")
    monkeypatch.undo()
    create_private_file(tmp_path / "some.yaml", "one")
