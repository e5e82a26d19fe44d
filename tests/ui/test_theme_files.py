import pytest

from tui_migrate.errors import InvalidFile, UsageError
from tui_migrate.ui.theme_files import COLOURS, parse_theme, shipped

GOOD = "title: T\ndark: true\nansi: false\ncolours:\n" + "".join(f'  {name}: "#102030"\n' for name in COLOURS)


def test_the_five_themes_are_shipped_and_whole() -> None:
    themes = shipped()
    assert list(themes) == ["ansi", "dark", "high-contrast", "light", "monochrome"]
    assert all(tuple(name for name, _ in theme.colours) == COLOURS for theme in themes.values())


def test_a_theme_takes_its_name_from_its_file() -> None:
    assert parse_theme(GOOD, "/some/where/mine.yaml").name == "mine"


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (GOOD + "shine: 1\n", 15, "shine"),
        (GOOD.replace('  error: "#102030"\n', ""), 5, "colours"),
        (GOOD.replace('  panel: "#102030"', '  panel: "red"'), 11, "colours.panel"),
        (GOOD.replace("ansi: false", "ansi: true"), 5, "colours.primary"),
        (GOOD.replace("dark: true", "dark: dusk"), 2, "dark"),
    ],
)
def test_a_fault_is_named_with_line_and_key(text: str, line: int, key: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parse_theme(text, "mine.yaml")
    assert (caught.value.line, caught.value.key) == (line, key)


def test_a_file_name_that_is_no_name_is_refused() -> None:
    with pytest.raises(UsageError):
        parse_theme(GOOD, "../Bad Name.yaml")
