"""The small windows: what they ask, what they say to a wrong answer, and which keys the footer names meanwhile."""

import pytest
from textual.pilot import Pilot

from tests.ui.driving import new_app, screen_text, shows, until
from tui_migrate.paths import Home
from tui_migrate.ui.screens.dialogs import AskPassword, Choose, TypeName
from tui_migrate.ui.widgets.prose import wrap

SIZE = (80, 24)
LONG = "frankfurt-production-number-three-with-a-really-long-name-64"


async def ready(pilot: Pilot[None]) -> None:
    await until(pilot, shows(pilot, "Try the demo"), "Home")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Live", "✗ Not equal: upper and lower case count."),
        (" live", "✗ Not equal: it has blanks around it."),
        ("prod", "✗ Not equal: this is another name."),
        ("", "✗ Nothing is typed yet."),
    ],
)
async def test_enter_on_another_name_says_why_nothing_happens(home: Home, typed: str, said: str) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        app.push_screen(TypeName("Production target", ["It writes."], "live"))
        await until(pilot, shows(pilot, "Type live and enter"), "the question")
        await pilot.press(*("space" if one == " " else one for one in typed), "enter")
        await until(pilot, shows(pilot, said), "why")
        await pilot.press("x")
        await until(pilot, lambda: said not in screen_text(pilot), "that it goes with the next key")
        assert isinstance(app.screen, TypeName)


async def test_while_a_window_is_open_the_footer_names_its_keys_alone(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        assert "n New" in screen_text(pilot)
        app.push_screen(Choose("Delete it?", (), [("keep", "Keep it"), ("delete", "Delete it")]))
        await until(pilot, shows(pilot, "enter Choose", "esc Back"), "its keys")
        assert "n New" not in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "n New"), "the screen's keys again")
        assert "enter Choose" not in screen_text(pilot)


async def test_a_question_with_a_long_name_is_whole_and_offers_nothing_twice(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        choices = [("keep", "Keep it"), ("delete", f"Delete the connection {LONG}")]
        app.push_screen(Choose(f"Delete the connection {LONG}?", ["The database stays."], choices))
        await until(pilot, shows(pilot, "1/2", "name-64?"), "the question, to its end")
        assert screen_text(pilot).count("Keep it") == 1


async def test_a_password_is_asked_for_with_names_in_full_and_how_to_go_on(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        app.push_screen(AskPassword(f"{LONG}/second_brain", "127.0.0.1:27017", "admin"))
        await until(pilot, shows(pilot, "Type the password, then enter", "esc goes back"), "what enter does")
        text = screen_text(pilot)
        assert "frankfurt-production-number-three-with-a-really-long-" in text
        assert "name-64/second_brain" in text


def test_a_long_name_is_broken_behind_a_mark_of_its_own() -> None:
    assert wrap(f"of {LONG}/second_brain", 40) == [
        "of",
        "frankfurt-production-number-three-with-",
        "a-really-long-name-64/second_brain",
    ]
    assert wrap("a" * 12, 5) == ["aaaaa", "aaaaa", "aa"]
