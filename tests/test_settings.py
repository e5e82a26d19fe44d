"""The settings: what is kept, and what a fault in them says."""

from dataclasses import replace
from pathlib import Path

import pytest

from tui_migrate import settings
from tui_migrate.errors import InvalidFile
from tui_migrate.paths import Home
from tui_migrate.settings import Settings


def write(folder: Path, text: str) -> Home:
    home = Home.find(folder / "home")
    home.prepare()
    settings.settings_file(home).write_text(text)
    return home


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    home = Home.find(tmp_path / "home")
    for one in (Settings(), Settings("ansi", True, False, True, False, False, ("notify-send", "a b"))):
        settings.save(home, one)
        assert settings.load(home) == one


@pytest.mark.parametrize(
    ("text", "line", "key", "said"),
    [
        ("bell: loud", 1, "bell", "true or false"),
        ("on_finish: notify-send", 1, "on_finish", "a list"),
        ("on_finish: []", 1, "on_finish", "a command"),
        ("on_finish: ['']", 1, "on_finish", "a command"),
        ("title: true\non_finish:\n- curl\n- https://anna:s3cret@host/", 4, "on_finish[1]", "a password"),
        ("bells: true", 1, "bells", "unknown"),
    ],
)
def test_a_fault_is_named_with_line_and_key(tmp_path: Path, text: str, line: int, key: str, said: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        settings.load(write(tmp_path, text))
    shown = str(caught.value)
    assert "s3cret" not in shown
    assert said in shown
    assert (caught.value.line, caught.value.key) == (line, key)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("# mine\nmouse: false  # never\n", "# mine\nmouse: false  # never\ntheme: nord\n"),
        ("theme: dark  # at night\nbell: true", "theme: nord  # at night\nbell: true"),
        ("bell: true", "bell: true\ntheme: nord\n"),
        ("{theme: dark, bell: false}  # short\n", "{theme: nord, bell: false}  # short\n"),
        ("{bell: false}\n", "theme: nord\nslow: false\nbell: false\ntitle: true\n"),
        ("bell: true\n...\n", "theme: nord\nslow: false\nbell: true\ntitle: true\n"),
    ],
)
def test_a_theme_that_is_kept_leaves_what_else_stands_in_the_file(tmp_path: Path, text: str, kept: str) -> None:
    home = write(tmp_path, text)
    before = settings.load(home)
    settings.keep_theme(home, "nord")
    assert settings.settings_file(home).read_text() == kept
    assert settings.load(home) == replace(before, theme="nord")


def test_a_theme_is_kept_where_there_is_no_file(tmp_path: Path) -> None:
    home = Home.find(tmp_path / "home")
    settings.keep_theme(home, "no: such")
    assert settings.load(home) == Settings(theme="no: such")


def test_a_theme_is_not_kept_in_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    home = write(tmp_path, "bells: true")
    with pytest.raises(InvalidFile):
        settings.keep_theme(home, "nord")
    assert settings.settings_file(home).read_text() == "bells: true"
