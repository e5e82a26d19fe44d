from pathlib import Path

import pytest

from tui_migrate.errors import InvalidFile, UsageError
from tui_migrate.paths import Home
from tui_migrate.ui.theme_files import ANSI_COLOURS, COLOURS, load_own, own_folder, own_themes, parse_theme, shipped
from tui_migrate.ui.themes import shipped_themes, textual_theme

GOOD = "title: T\ndark: true\nansi: false\ncolours:\n" + "".join(f'  {name}: "#102030"\n' for name in COLOURS)


LEAST_CONTRAST = 4.5
"""What WCAG 2 asks for text (success criterion 1.4.3)."""

GROUNDS = {
    "foreground": ("background", "surface", "panel"),
    "accent": ("background", "surface", "panel"),
    "primary": ("background",),
    "secondary": ("background",),
    "success": ("background",),
    "warning": ("background",),
    "error": ("background",),
}
"""The colours that texts are in, and what the style sheets put them on."""

NAMES = [
    "ansi",
    "catppuccin",
    "dark",
    "gruvbox",
    "high-contrast",
    "light",
    "monochrome",
    "nord",
    "solarized-dark",
    "solarized-light",
]


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_is_that_of_the_definition() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", [name for name, theme in shipped().items() if not theme.ansi])
def test_every_text_of_a_theme_can_be_read(name: str) -> None:
    theme = shipped()[name]
    colours = dict(theme.colours)
    weak = {
        (text, ground): round(contrast(colours[text], colours[ground]), 2)
        for text, grounds in GROUNDS.items()
        for ground in grounds
        if contrast(colours[text], colours[ground]) < LEAST_CONTRAST
    }
    assert weak == {}
    assert theme.dark == (luminance(colours["background"]) < luminance(colours["foreground"]))


def test_textual_can_use_all_colours_that_are_taken() -> None:
    for theme in shipped_themes().values():
        assert theme.to_color_system().generate()
    for colour in sorted(ANSI_COLOURS):
        text = GOOD.replace("ansi: false", "ansi: true").replace('"#102030"', colour)
        assert textual_theme(parse_theme(text, "mine.yaml")).to_color_system().generate()


def test_the_themes_are_shipped_and_whole() -> None:
    themes = shipped()
    assert list(themes) == NAMES
    assert len({theme.title for theme in themes.values()}) == len(NAMES)
    assert all(tuple(name for name, _ in theme.colours) == COLOURS for theme in themes.values())


def test_a_theme_takes_its_name_from_its_file() -> None:
    assert parse_theme(GOOD, "/some/where/mine.yaml").name == "mine"


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (GOOD + "shine: 1\n", 15, "shine"),
        (GOOD.replace('  error: "#102030"\n', ""), 5, "colours"),
        (GOOD.replace('  panel: "#102030"', '  panel: "red"'), 11, "colours.panel"),
        (GOOD.replace('  panel: "#102030"', '  panel: "#1020300"'), 11, "colours.panel"),
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


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home.find(tmp_path)
    own_folder(found).mkdir(parents=True)
    return found


def test_without_a_folder_there_are_none_of_ones_own(tmp_path: Path) -> None:
    home = Home.find(tmp_path)
    assert own_themes(home).themes == ()
    assert load_own(home, "mine") is None


def test_own_themes_are_read_and_one_with_a_fault_does_not_hide_the_others(home: Home) -> None:
    (own_folder(home) / "mine.yaml").write_text(GOOD)
    (own_folder(home) / "torn.yaml").write_text(GOOD.replace('panel: "#102030"', "panel: red"))
    (own_folder(home) / "Bad Name.yaml").write_text(GOOD)
    (own_folder(home) / "folder.yaml").mkdir()
    (own_folder(home) / "notes.txt").write_text("not a theme")
    own = own_themes(home)
    assert [one.name for one in own.themes] == ["mine"]
    assert [name for name, _ in own.faults] == ["Bad Name.yaml", "folder.yaml", "torn.yaml"]
    assert "line 11, key 'colours.panel'" in own.faults[-1][1].message
    assert load_own(home, "mine") == own.themes[0]
    with pytest.raises(InvalidFile):
        load_own(home, "torn")


def test_a_folder_that_is_none_is_a_fault(tmp_path: Path) -> None:
    home = Home.find(tmp_path)
    own_folder(home).parent.mkdir()
    own_folder(home).write_text("")
    ((name, fault),) = own_themes(home).faults
    assert name == "themes"
    assert "cannot read the folder" in fault.message


@pytest.mark.parametrize("name", ["../settings", "", "/etc/passwd", "Mine"])
def test_no_name_leads_out_of_the_folder(home: Home, name: str) -> None:
    (own_folder(home).parent / "settings.yaml").write_text("theme: dark\n")
    assert load_own(home, name) is None
