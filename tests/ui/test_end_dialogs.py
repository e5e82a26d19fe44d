import gc
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.ui.driving import new_app, new_home, screen_text, shows, until, until_still
from tests.ui.new_scene import ask, pick, says, session, wizard
from tui_migrate.paths import Home
from tui_migrate.ui.screens.dialogs import AskPassphrase, AskPassword, AskSecret
from tui_migrate.ui.screens.end_choice import Role
from tui_migrate.ui.screens.end_dialogs import AskPath, absolute, paths_like

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


async def test_the_path_of_a_package_is_completed_by_tab(home: Home, short_folder: Path) -> None:
    for name in ("backups/shop one", "backups/shop two", "backups/.hidden", "backups/[x] 名前\u202e"):
        (short_folder / name).mkdir(parents=True)
    (short_folder / "backups" / "shop file").touch()
    async with wizard(home) as pilot:
        await ask(pilot, Role.SOURCE)
        await pick(pilot, "package", AskPath)
        entry = pilot.app.screen.query_one(Input)
        screen = pilot.app.screen
        assert isinstance(screen, AskPath)

        async def typed(text: str, *candidates: str) -> None:
            entry.value = str(short_folder / text)
            wanted = tuple(f"{short_folder}/{one}" for one in candidates)
            await until(pilot, lambda: screen._candidates == wanted, f"{wanted}")

        await typed("backu", "backups/")
        await pilot.press("tab")
        assert entry.value == f"{short_folder}/backups/"
        await until(pilot, says(pilot, "shop one/", "shop two/", "[x] 名前\\u202e/"), "what is there")
        assert ".hidden" not in screen_text(pilot)
        await typed("backups/sh", "backups/shop file", "backups/shop one/", "backups/shop two/")
        await pilot.press("tab")
        assert entry.value == f"{short_folder}/backups/shop "
        await typed("backups/shop o", "backups/shop one/")
        await pilot.press("tab", "enter")
        await until(pilot, says(pilot, "✗ ", "backups/shop one"), "that it is no package")
        assert session(pilot).draft.source is None
        assert pilot.app.screen.query_one(Input).value == f"{short_folder}/backups/shop one"


async def test_letters_that_come_at_once_leave_no_work_behind(home: Home) -> None:
    async with wizard(home) as pilot:
        await ask(pilot, Role.SOURCE)
        await pick(pilot, "package", AskPath)
        screen = pilot.app.screen
        assert isinstance(screen, AskPath)
        with warnings.catch_warnings(record=True) as complaints:
            warnings.simplefilter("always", RuntimeWarning)
            for text in ("/a", "/ab"):
                screen.on_input_changed(Input.Changed(screen.query_one(Input), text))
            await until_still(pilot)
            gc.collect()
        assert [str(one.message) for one in complaints if "never awaited" in str(one.message)] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["alpha/", "beta/"]),
        ("a", ["alpha/"]),
        (".", [".dot/"]),
        ("alpha/", ["alpha/inner/"]),
        ("nowhere/x", []),
        ("~nobody-of-that-name/", []),
        ("\0", []),
    ],
)
def test_folders_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: Sequence[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("alpha/inner", "beta", ".dot"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a file").touch()
    assert paths_like(text) == expected


def test_files_are_offered_where_a_package_may_be_one(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop.tar").touch()
    assert paths_like(f"{tmp_path}/sh", with_files=True) == [f"{tmp_path}/shop.tar", f"{tmp_path}/shop/"]


def test_a_path_becomes_absolute_and_keeps_its_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/anna")
    (tmp_path / "link").symlink_to("/")
    assert absolute("link/../x") == str(tmp_path / "x")
    assert absolute("link") == str(tmp_path / "link")
    assert absolute("~/x") == "/home/anna/x"
    assert paths_like("/") == sorted(
        f"/{one.name}/" for one in Path("/").iterdir() if one.is_dir() and one.name[0] != "."
    )


def test_where_the_working_folder_was_removed_paths_begin_at_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert absolute("dump/shop") == "/dump/shop"
    assert absolute(f"{tmp_path}/shop") == f"{tmp_path}/shop"


@pytest.mark.parametrize(
    "window",
    [AskPassword("prod/shop", "db.example:27017", "anna"), AskPassphrase("/srv/shop.age")],
    ids=["word", "phrase"],
)
async def test_a_secret_is_typed_unseen(tmp_path: Path, window: AskSecret) -> None:
    app = new_app(new_home(tmp_path))
    given: list[str | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(window, given.append)
        await until(pilot, lambda: app.screen is window and isinstance(app.focused, Input), "the question")
        await pilot.press(*"s3cret")
        await until(pilot, shows(pilot, "••••••"))
        assert "s3" not in screen_text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: given == ["s3cret"], "the answer")
