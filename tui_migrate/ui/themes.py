"""The themes as Textual wants them, and the variables of our own that the style sheets use."""

from typing import Final

from textual.theme import Theme

from tui_migrate.ui.theme_files import ThemeFile, shipped

FALLBACK: Final = "dark"


def textual_theme(file: ThemeFile) -> Theme:
    """Make a theme. Its colours are all given, so that nothing is blended that the terminal cannot show."""
    colours = dict(file.colours)
    text = colours["foreground"]
    return Theme(
        name=file.name,
        dark=file.dark,
        ansi=file.ansi,
        primary=colours["primary"],
        secondary=colours["secondary"],
        accent=colours["accent"],
        foreground=text,
        background=colours["background"],
        surface=colours["surface"],
        panel=colours["panel"],
        success=colours["success"],
        warning=colours["warning"],
        error=colours["error"],
        variables={
            "dim-text": colours["secondary"],
            "good-text": colours["success"],
            "warn-text": colours["warning"],
            "bad-text": colours["error"],
            "key-text": colours["accent"],
        },
    )


def shipped_themes() -> dict[str, Theme]:
    """The shipped themes by name."""
    return {name: textual_theme(file) for name, file in shipped().items()}
