import pytest

from tui_migrate.errors import UsageError
from tui_migrate.ui.terminal.start import ColourDepth, MarkSet, choose_theme, colour_depth, examine, settle

UTF = {"LANG": "C.UTF-8"}


@pytest.mark.parametrize(
    ("environ", "depth"),
    [
        ({"TERM": "xterm"}, ColourDepth.SIXTEEN),
        ({"TERM": "xterm-256color"}, ColourDepth.INDEXED),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, ColourDepth.TRUE),
        ({"TERM": "xterm-kitty"}, ColourDepth.TRUE),
        ({"TERM": "alacritty"}, ColourDepth.TRUE),
        ({"TERM": "linux"}, ColourDepth.SIXTEEN),
        ({"TERM": "vt220"}, ColourDepth.NONE),
        ({"TERM": "xterm-mono"}, ColourDepth.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, ColourDepth.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, ColourDepth.INDEXED),
        ({"TERM": "xterm-256color", "NO_COLOR": "1", "TUI_MIGRATE_COLOR": "16"}, ColourDepth.SIXTEEN),
    ],
)
def test_the_depth_is_what_the_terminal_shows_and_the_user_wants(environ: dict[str, str], depth: ColourDepth) -> None:
    assert colour_depth(environ) is depth


def test_an_unknown_depth_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="TUI_MIGRATE_COLOR") as caught:
        colour_depth({"TUI_MIGRATE_COLOR": "many"})
    assert "truecolor" in caught.value.hint


def test_a_terminal_without_the_colours_of_a_theme_gets_another() -> None:
    assert choose_theme("light", ColourDepth.NONE) == "monochrome"
    assert choose_theme("light", ColourDepth.SIXTEEN) == "ansi"
    assert choose_theme("light", ColourDepth.INDEXED) == "light"


def test_marks_follow_locale_terminal_and_setting() -> None:
    assert examine({**UTF, "TERM": "xterm"}).marks is MarkSet.UNICODE
    assert examine({**UTF, "TERM": "linux"}).marks is MarkSet.ASCII
    assert examine({"LC_ALL": "C", "TERM": "xterm"}).marks is MarkSet.ASCII
    assert examine({"LANG": "de_DE.ISO-8859-1", "TERM": "xterm"}).marks is MarkSet.ASCII
    assert examine({**UTF, "TERM": "linux"}, ascii_marks=False).marks is MarkSet.UNICODE
    assert examine({**UTF, "TERM": "xterm"}, ascii_marks=True).marks is MarkSet.ASCII


def test_what_textual_would_read_is_settled() -> None:
    environ = {
        **UTF,
        "TERM": "xterm-256color",
        "NO_COLOR": "1",
        "TEXTUAL_LOG": "keys",
        "TEXTUAL": "debug",
        "HOME": "/h",
    }
    settle(environ, examine(environ))
    assert environ == {
        **UTF,
        "TERM": "xterm-256color",
        "HOME": "/h",
        "TEXTUAL_ANIMATIONS": "none",
        "TEXTUAL_COLOR_SYSTEM": "standard",
        "TEXTUAL_DISABLE_KITTY_KEY": "1",
    }


@pytest.mark.parametrize("variable", ["SSH_CONNECTION", "SSH_TTY"])
def test_over_ssh_an_escape_waits_longer_unless_the_user_says_how_long(variable: str) -> None:
    environ = {**UTF, variable: "here"}
    settle(environ, examine(environ))
    assert environ["ESCDELAY"] == "300"
    chosen = {**UTF, variable: "here", "ESCDELAY": "50"}
    settle(chosen, examine(chosen))
    assert chosen["ESCDELAY"] == "50"
