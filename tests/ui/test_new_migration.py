import pytest

from tests.ui.driving import screen_text, shows, store_end, until
from tests.ui.new_scene import SIZE, Shop, flat, live_app, rows, says, session, shop, step_is, wizard
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, PackageEnd, StoreEnd
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.new_step import StepPane, steps_line

__all__ = ["shop"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

DEAD = "mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step.ENDS, " ● 1 Ends   ○ 2 Collections   ○ 3 Policy   ○ 4 Preflight"),
        (Step.POLICY, " ✓ 1 Ends   ✓ 2 Collections   ● 3 Policy   ○ 4 Preflight"),
    ],
)
def test_the_steps_are_marked(step: Step, words: str) -> None:
    assert steps_line(step) == words


def test_beside_the_steps_is_room_for_a_word_at_the_right() -> None:
    line = steps_line(Step.ENDS, "SOURCE: PRODUCTION", 80)
    assert len(line) == 79
    assert line.startswith(f"{steps_line(Step.ENDS)}   ")
    assert line.endswith(" SOURCE: PRODUCTION")


async def test_a_source_in_production_is_said_whatever_the_target(home: Home) -> None:
    source = store_end("prod-with-a-long-name", Environment.PRODUCTION)
    targets = (None, PackageEnd("/p"), store_end("staging"), store_end("live", Environment.PRODUCTION))
    for target in targets:
        async with wizard(home, Draft(source, target)) as pilot:
            await until(pilot, shows(pilot, "1 Ends"), "the steps")
            head = "\n".join(screen_text(pilot).splitlines()[:2])
            assert head.count("SOURCE: PRODUCTION") == 1, head
            assert " → " in head
            assert head.count("PRODUCTION TARGET live") == (target is targets[-1])


async def test_home_leads_to_it_and_back(home: Home) -> None:
    app = live_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "There was no run yet"), "Home")
        await pilot.press("n")
        await until(pilot, says(pilot, "new migration", "Not yet: no source is chosen: enter on Source."), "the steps")
        await until(pilot, lambda: app.session.looks.connections is not None, "the connections")
        await until(pilot, lambda: not app.workers._workers or not _is_looking(app.screen), "silence")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "There was no run yet"), "Home again")


def _is_looking(screen: object) -> bool:
    return isinstance(screen, NewMigrationScreen) and screen._looking.is_under_way


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (Draft(), ["tui-migrate new migration"]),
        (Draft(store_end("prod")), ["new copy prod/shop → —"]),
        (
            Draft(store_end("prod", Environment.PRODUCTION), PackageEnd("/p")),
            ["new export prod/shop → /p", "SOURCE: PRODUCTION"],
        ),
        (
            Draft(PackageEnd("/p"), store_end("live", Environment.PRODUCTION)),
            ["new import /p → live/shop", "PRODUCTION TARGET live"],
        ),
        (Draft(store_end("prod"), StoreEnd("shop", url=DEAD)), ["new copy", "PRODUCTION TARGET 127.0.0.1:1"]),
    ],
)
async def test_the_head_says_what_goes_where_and_how_dangerous_that_is(
    home: Home, draft: Draft, words: list[str]
) -> None:
    async with wizard(home, draft) as pilot:
        await until(pilot, lambda: not session(pilot).looks.is_pending, "silence")
        head = " ".join(screen_text(pilot).splitlines()[0].split())
        assert all(one in head for one in words), head
        assert all(len(line) <= 80 for line in screen_text(pilot).splitlines())


async def test_back_and_forth_shows_one_step_and_loses_nothing(shop: Shop) -> None:
    async with wizard(shop.home, shop.draft("users")) as pilot:
        await until(pilot, says(pilot, "2 collections, 50 documents", "1 collection, 15 documents"), "both ends")
        for step in (Step.COLLECTIONS, Step.POLICY, Step.PREFLIGHT):
            await pilot.press("ctrl+n")
            await until(pilot, step_is(pilot, step), step.title)
        assert [one.display for one in pilot.app.screen.query(StepPane)] == [False, False, False, True]
        await until(pilot, lambda: not session(pilot).looks.is_pending, "silence")
        for step in (Step.POLICY, Step.COLLECTIONS, Step.ENDS):
            await pilot.press("ctrl+b")
            await until(pilot, step_is(pilot, step), step.title)
        assert session(pilot).draft.chosen == ("users",)


async def test_each_step_has_its_own_keys(shop: Shop) -> None:
    expected = {
        Step.ENDS: {"new.swap", "new.test", "new.next"},
        Step.COLLECTIONS: {
            "mark.toggle",
            "mark.invert",
            "mark.pattern",
            "sheet.open",
            "table.filter",
            "new.previous",
            "new.next",
        },
        Step.POLICY: {"new.exact", "new.more", "mark.toggle", "new.previous", "new.next"},
        Step.PREFLIGHT: {"new.save", "look.again", "new.previous"},
    }
    absent = {Step.ENDS: {"new.start"}, Step.COLLECTIONS: {"new.swap", "new.start"}, Step.POLICY: {"new.start"}}
    for step, wanted in expected.items():
        async with wizard(shop.home, shop.ready("users", step=step)) as pilot:
            await until(pilot, lambda: not session(pilot).looks.is_pending, "silence")
            await until(pilot, step_is(pilot, step), step.title)
            screen = pilot.app.screen
            assert isinstance(screen, OperatorScreen)
            shown = {one.id for one in screen.shown_actions()}
            assert wanted <= shown
            assert not absent.get(step, set()) & shown


async def test_a_draft_that_is_brought_along_takes_the_place_of_the_one_there_was(home: Home) -> None:
    app = live_app(home)
    async with app.run_test(size=SIZE) as pilot:
        app.session.draft = Draft(marks=frozenset(("old",)))
        await app.push_screen(NewMigrationScreen(Draft(marks=frozenset(("new",)))))
        await until(pilot, says(pilot, "Not yet: no source"), "the step")
        assert app.session.draft.marks == {"new"}


async def test_a_key_of_another_step_does_nothing(home: Home) -> None:
    async with wizard(home) as pilot:
        await pilot.press("s", "x", "m", "i", "space", "ctrl+s", "slash", "ctrl+b")
        assert isinstance(pilot.app.screen, NewMigrationScreen)
        assert session(pilot).draft == Draft()
        await pilot.press("ctrl+n")
        await until(pilot, says(pilot, "✗ No source is chosen"), "why it does not go on")
        assert "Ends" in flat(pilot)


async def test_help_tells_what_the_steps_are_for(home: Home) -> None:
    async with wizard(home) as pilot:
        await pilot.press("question_mark")
        await until(pilot, says(pilot, "A plan is made in four steps", "Nothing is written before s"), "the help")


async def test_at_a_hundred_columns_there_are_indexes_and_notes(shop: Shop) -> None:
    shop.source_db[shop.database].command({"create": "grown", "viewOn": "users", "pipeline": []})
    async with wizard(shop.home, shop.ready("users", step=Step.COLLECTIONS), size=(100, 30)) as pilot:
        await until(pilot, says(pilot, "Indexes", "Notes", "view of users"), "them")
        assert rows(pilot, "#collections")[0][5:] == ("0", "view of users")
