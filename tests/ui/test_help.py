import pytest

from tests.ui.driving import new_app, screen_text, shows, until
from tui_migrate.comparison.model import Way
from tui_migrate.paths import Home
from tui_migrate.plan.model import Policy
from tui_migrate.ui.actions import in_order
from tui_migrate.ui.screens.backups import BackupSheet
from tui_migrate.ui.screens.help import WORDS, HelpScreen
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.wording import path_words


async def test_help_says_keys_words_and_files_of_where_it_was_opened(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(HistoryScreen())
        await pilot.press("question_mark")
        await until(pilot, shows(pilot, "Help › History", "lines 1–"), "help on the history")
        said = app.screen.query_one(Pager).words
        assert "state:failed prod" in said
        for one in in_order(HistoryScreen.ACTIONS):
            assert f"{one.shown}\t{one.help}" in said
        assert "# Keys that work here at other times" in said
        for word, what in WORDS:
            assert f"{word}\t{what}" in said
        assert {"backup", "reject", "mirror", "catalog", "validator", "owner", "redact", "migration"} <= dict(
            WORDS
        ).keys()
        assert {f"  {one}" for one in Way} <= dict(WORDS).keys()
        assert {f"  {one}" for one in Policy} <= dict(WORDS).keys()
        for path in (home.connections, home.journal, home.runs, home.state / "error.log"):
            assert path_words(path) in said
        assert len(max(screen_text(pilot).splitlines(), key=len)) <= 80


@pytest.mark.slow
async def test_help_is_moved_through_and_left(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "There was no run yet"), "Home")
        await pilot.press("question_mark")
        await until(pilot, shows(pilot, "lines 1–"), "help")
        await pilot.press("G")
        await until(pilot, shows(pilot, "error.log"), "its end")
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("g")
        await until(pilot, shows(pilot, "lines 1–"), "its begin")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "There was no run yet"), "Home again")


async def test_help_is_laid_out_anew_for_another_size(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "There was no run yet"), "Home")
        await pilot.press("question_mark", "G")
        await pilot.resize_terminal(40, 12)
        await pilot.press("G")
        await until(pilot, shows(pilot, "errors           ~/home"), "its end, narrower")
        assert max(map(len, screen_text(pilot).splitlines())) <= 40


async def test_a_long_text_over_a_screen_says_how_it_is_left(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(BackupSheet([str(number) for number in range(50)]))
        await until(pilot, shows(pilot, "of 50   esc goes back"), "how it is left")
        await pilot.press("escape", "question_mark")
        await until(pilot, shows(pilot, "lines 1–"), "help")
        assert "   esc goes back" not in screen_text(pilot), "its footer says so"
