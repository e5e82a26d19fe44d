from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.ui.driving import PreparedJournal, copy_plan, new_app, screen_text, shows, until, until_still
from tests.ui.new_scene import (
    LIVE,
    NEW,
    OLD,
    SIZE,
    Shop,
    ask,
    by_url,
    flat,
    pick,
    rows,
    says,
    session,
    shop,
    step_is,
    type_into,
    wizard,
)
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, PackageEnd, StoreEnd
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.screens.database_choice import AskDatabase, proposed
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.end_choice import Role, first_place
from tui_migrate.ui.screens.end_dialogs import AskPath
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.widgets.table import Table

__all__ = ["shop"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


STAGING, PRODUCTION = Environment.STAGING, Environment.PRODUCTION
PROD, SPARE, STAGE = (
    Connection("prod", "mongodb://h/", PRODUCTION),
    Connection("spare", "mongodb://s/", PRODUCTION),
    Connection("stage", "mongodb://anna@g/admin", STAGING),
)


@pytest.mark.parametrize(
    ("role", "known", "current", "other", "place"),
    [
        (Role.TARGET, [PROD, SPARE, STAGE], None, "prod", "connection:stage"),
        (Role.TARGET, [PROD, SPARE], None, "prod", "typed"),
        (Role.TARGET, [PROD, STAGE], None, "stage", "typed"),
        (Role.TARGET, [PROD, STAGE], "prod", "stage", "connection:prod"),
        (Role.SOURCE, [PROD, STAGE], None, None, "connection:prod"),
        (Role.SOURCE, [PROD, STAGE], None, "prod", "connection:stage"),
        (Role.SOURCE, [], None, None, "typed"),
    ],
)
def test_the_cursor_begins_where_a_tired_enter_does_no_harm(
    role: Role, known: list[Connection], current: str | None, other: str | None, place: str
) -> None:
    ends = (None if one is None else StoreEnd("shop", connection=one) for one in (current, other))
    assert first_place(role, {one.name: one for one in known}, *ends) == place


def test_the_database_of_the_other_side_is_proposed_unless_another_is_nearer() -> None:
    other = StoreEnd("shop", connection="prod")
    assert proposed(STAGE, None, other) == "shop"
    assert proposed(Connection("own", "mongodb://h/mine"), None, other) == "mine"
    assert proposed(STAGE, StoreEnd("was", connection="stage"), other) == "was"
    assert proposed(STAGE, other, None) == ""


def is_back(pilot: Pilot[None]) -> bool:
    return isinstance(pilot.app.screen, NewMigrationScreen)


async def test_ends_are_chosen_by_connection_and_it_is_seen_what_is_there(shop: Shop) -> None:
    async with wizard(shop.home) as pilot:
        await until(pilot, says(pilot, "Not yet: no source is chosen"), "what is missing")
        await ask(pilot, Role.SOURCE)
        assert [row[0].split()[:2] for row in rows(pilot, "#choices")[:3]] == [
            [OLD, "staging"],
            [NEW, "development"],
            [LIVE, "production"],
        ]
        assert "1/5" not in screen_text(pilot), "nothing is cut that a line below would have to repeat"
        await pick(pilot, f"connection:{OLD}", AskText)
        await pilot.press("enter")
        await until(pilot, says(pilot, "2 collections, 50 documents", "no target is chosen"), "the source")
        assert pilot.app.screen.query_one("#ends", Table).cursor_key == "target"
        await ask(pilot, Role.TARGET)
        assert pilot.app.screen.query_one(Table).cursor_key == f"connection:{NEW}"
        await pick(pilot, f"connection:{NEW}", AskText)
        await until(pilot, says(pilot, f"›{shop.database}"), "the databases there are")
        entry = pilot.app.screen.query_one(Input)
        await pilot.press("h", "u")
        await until(pilot, says(pilot, "hu is new and will be made"), "that it is not there")
        entry.value = shop.database[1:4]
        await pilot.press("down")
        await until(pilot, lambda: entry.value in shop.target_db.list_database_names(), "one of the list")
        await pilot.press("o", "t", "h", "e", "r", "enter")  # in the place of that
        await until(pilot, says(pilot, "; other is new and will be made", "Next: ctrl+n chooses"), "the target")
        draft = session(pilot).draft
        assert (draft.source, draft.target) == (
            shop.source,
            StoreEnd("other", connection=NEW, environment=Environment.DEVELOPMENT),
        )
        text = screen_text(pilot)
        assert "DEVELOPMENT TARGET new" in text
        assert "STAGING" in text
        assert " ms; " in text


async def test_a_database_that_cannot_be_is_asked_again(shop: Shop) -> None:
    async with wizard(shop.home) as pilot:
        await ask(pilot, Role.SOURCE)
        await pick(pilot, f"connection:{OLD}", AskText)
        asked = pilot.app.screen
        assert isinstance(asked, AskDatabase)
        await until(pilot, lambda: asked.found is not None, "the databases")
        there = asked.found if isinstance(asked.found, tuple) else ()
        only = there[0] if len(there) == 1 else ""
        await until(pilot, lambda: asked.query_one(Input).value == only, "the only one, proposed")
        await type_into(pilot, "")
        await until(pilot, says(pilot, "none is chosen: down takes one, or type a name"), "that")
        await pilot.press("?")
        await until(pilot, says(pilot, "✗ the name of the database is not a possible one: it has 1 to 63"), "why")
        for wrong, why in (
            ("a/b", "✗ the name"),
            ("mongodb://h/d", "✗ a URL goes elsewhere"),
            ("x" * 64, "✗ the name"),
        ):
            await type_into(pilot, wrong)
            await until(pilot, says(pilot, why), "why")
            assert pilot.app.screen is asked
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the choices again")
        await pilot.press("escape")
        await until(pilot, lambda: is_back(pilot), "the step")
        assert session(pilot).draft == Draft()


async def test_a_name_and_database_can_be_typed(shop: Shop) -> None:
    async with wizard(shop.home, Draft(target=shop.target)) as pilot:
        await by_url(pilot, Role.SOURCE, "nonsense")
        await until(pilot, says(pilot, "there is no connection nonsense; there are live, new, old"), "why")
        await type_into(pilot, f"{OLD}/shpo")
        words = f"! {OLD} has no database shpo", "Next: enter on Source chooses another database"
        await until(pilot, says(pilot, *words), "that it is not there")
        await by_url(pilot, Role.SOURCE, f"{OLD}/{shop.database}")
        await until(pilot, says(pilot, "2 collections, 50 documents"), "the source")
        assert session(pilot).draft.source == shop.source
        known = connections.load(shop.home)
        await by_url(pilot, Role.TARGET, known[NEW].url.partition("?")[0].rpartition("/")[0] + f"/{shop.database}")
        await until(pilot, says(pilot, "A known address", "Take it as live/", "Keep the URL; no environment"), "names")
        await pick(pilot, shop.target.label, NewMigrationScreen)
        await until(pilot, lambda: session(pilot).draft.target == shop.target, "the connection's end")


async def test_a_dead_server_says_so_and_blocks(home: Home) -> None:
    connections.write(home, [Connection("dead", "mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200")])
    async with wizard(home, Draft(StoreEnd("shop", connection="dead"), PackageEnd("/p"))) as pilot:
        await until(pilot, says(pilot, "✗ ", "; t tries again.", "Not yet: shop on dead cannot be used"), "the fault")
        await pilot.press("ctrl+n")
        await until(pilot, says(pilot, "✗ Shop on dead cannot be used"), "that it is blocked")
        assert step_is(pilot, Step.ENDS)()


async def test_a_connection_that_is_gone_is_a_fault(home: Home) -> None:
    async with wizard(home, Draft(StoreEnd("shop", connection="gone"))) as pilot:
        await until(pilot, says(pilot, "✗ there is no connection gone", "t tries again"), "the fault")


@pytest.mark.slow
async def test_esc_cancels_a_connect_that_waits_and_then_goes_back(home: Home, silent_url: str) -> None:
    now = [1_790_000_000.0]
    draft = Draft(StoreEnd("shop", url=silent_url), PackageEnd("/p"), frozenset(("users",)), step=Step.COLLECTIONS)
    async with wizard(home, draft, clock=lambda: now[0]) as pilot:
        await until(pilot, says(pilot, "Connecting to the source… esc cancels"), "the wait")
        now[0] += 7
        await until(pilot, says(pilot, "Connecting to the source for 7s… esc cancels"), "how long it waits")
        await pilot.press("escape")
        await until(pilot, says(pilot, "has not been listed: ctrl+r connects", "Cancelled; what is known"), "the end")
        assert step_is(pilot, Step.COLLECTIONS)()
        await pilot.press("escape")
        await until(pilot, step_is(pilot, Step.ENDS), "the step before")
        assert "Not connected: cancelled. t tries again." in flat(pilot)
        await until(pilot, lambda: session(pilot).looks.connections is not None, "the connections")
        await pilot.press("t")
        await until(pilot, says(pilot, "Connecting… esc cancels"), "it again")
        await pilot.press("escape")
        await until(pilot, says(pilot, "Not connected: cancelled."), "the end of it")
        await pilot.press("escape")
        await until(pilot, lambda: not is_back(pilot), "Home")
        assert session(pilot).draft.marks == {"users"}


async def test_nothing_is_lost_by_leaving_and_coming_back(shop: Shop) -> None:
    app = new_app(shop.home)
    draft = shop.ready("users", step=Step.COLLECTIONS)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(NewMigrationScreen(draft))
        await until(pilot, says(pilot, "1 of 2 marked"), "the collections")
        await pilot.press("escape")
        await until(pilot, step_is(pilot, Step.ENDS), "the ends")
        await until(pilot, lambda: not app.session.looks.is_pending, "silence")
        await until(pilot, lambda: app.session.looks.connections is not None, "the connections")
        await until_still(pilot)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "There was no run yet", "n goes on with the plan old/", " → new/"), "Home")
        await pilot.press("n")
        await until(pilot, shows(pilot, "›Go on with it"), "the question")
        await pilot.press("enter")
        await until(pilot, says(pilot, "2 collections, 50 documents"), "the ends again")
        assert app.session.draft.marks == {"users"}
        await pilot.press("ctrl+n")
        await until(pilot, says(pilot, "1 of 2 marked"), "the marks")


async def test_what_was_seen_long_ago_is_looked_at_anew(shop: Shop) -> None:
    now = [1_790_000_000.0]
    app = new_app(shop.home, lambda: now[0])
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(NewMigrationScreen(shop.ready("users", step=Step.PREFLIGHT)))
        await until(pilot, shows(pilot, "As of 2026-09-21 14:13"), "the checks")
        first = app.session.looks.checked
        app.pop_screen()
        now[0] += 3_600
        shop.source_db[shop.database].drop_collection("users")
        await app.push_screen(NewMigrationScreen())
        await until(pilot, says(pilot, "Not yet: no collection is marked"), "that the collection vanished")
        assert app.session.looks.checked is not first


async def test_pairs_used_before_come_first_each_once_and_the_cursor_is_on_the_last(shop: Shop) -> None:
    journal = PreparedJournal(shop.home)
    other = copy_plan(shop.target, shop.source, ("orders",))
    await journal.run(RunState.COMPLETED, other, age=9_000)
    await journal.run(RunState.FAILED, copy_plan(shop.source, shop.target), age=8_000)
    last = await journal.run(RunState.COMPLETED, copy_plan(shop.source, shop.target, ("users",)), age=7_000)
    async with wizard(shop.home) as pilot:
        await until(pilot, lambda: len(rows(pilot, "#ends")) == 4, "the pairs")
        table = pilot.app.screen.query_one("#ends", Table)
        assert table.cursor_key == f"run:{last}"
        await until(pilot, says(pilot, "Not yet: no source is chosen: enter takes both ends of this pair."), "enter")
        await pilot.press("g")
        await until(pilot, says(pilot, "Not yet: no source is chosen: enter on Source."), "enter there")
        await pilot.press("j", "j")
        await until(pilot, says(pilot, "enter takes both ends of this pair."), "enter on the pair")
        assert table.cursor_key == f"run:{last}"
        assert rows(pilot, "#ends")[2][1:] == (f"{OLD}/{shop.database} → {NEW}/{shop.database}", "1 h ago, run 0003")
        await pilot.press("enter")
        await until(pilot, says(pilot, "Pair taken; ctrl+n goes on to its collections."), "both ends")
        await pilot.press("ctrl+n")
        await until(pilot, says(pilot, f"1 of 2 marked as in run {last:04d}: about"), "the collections")
        assert session(pilot).draft.chosen == ("users",)
        await pilot.press("i")
        await until(pilot, says(pilot, "1 of 2 marked: about"), "marks of one's own")


async def test_swap_keeps_the_marks_and_looks_at_nothing_twice(shop: Shop) -> None:
    async with wizard(shop.home, shop.draft("users", "orders")) as pilot:
        await until(pilot, says(pilot, "2 collections, 50", "1 collection, 15"), "both ends")
        looks = dict(session(pilot).looks.ends)
        await pilot.press("w")
        draft = session(pilot).draft
        assert (draft.source, draft.target) == (shop.target, shop.source)
        assert draft.marks == {"users", "orders"}
        assert session(pilot).looks.ends == looks
        await pilot.press("ctrl+n")
        await until(pilot, says(pilot, "1 of 1 marked", "Marked, but not in this source: orders."), "what vanished")


async def test_swap_without_ends_says_so(home: Home) -> None:
    async with wizard(home) as pilot:
        await pilot.press("w")
        await until(pilot, says(pilot, "✗ No end is chosen yet."), "that")


async def test_test_connects_anew(shop: Shop) -> None:
    async with wizard(shop.home, shop.draft("users")) as pilot:
        await until(pilot, says(pilot, "2 collections, 50", "1 collection, 15"), "both ends")
        shop.source_db[shop.database]["more"].insert_one({"_id": 1})
        await pilot.press("t")
        await until(pilot, says(pilot, "3 collections, 51"), "what is new")


@pytest.mark.parametrize("connection", [OLD, NEW])
async def test_the_same_database_twice_is_refused(shop: Shop, connection: str) -> None:
    first = shop.source if connection == OLD else shop.live
    second = StoreEnd(shop.database, connection=connection, environment=Environment.STAGING)
    async with wizard(shop.home, Draft(first, second)) as pilot:
        words = "the same place" if connection == OLD else "one database by two names"
        await until(pilot, says(pilot, f"Not yet: source and target are {words}"), "that")


async def test_a_file_of_connections_with_a_fault_is_said_and_read_again(home: Home) -> None:
    home.connections.write_text("connections:\n  prod:\n    url: mongodb://h/d\n    pasword: hunter2\n")
    async with wizard(home) as pilot:
        await until(pilot, says(pilot, "connections.prod.pasword", "t reads the file again."), "the fault")
        assert "hunter2" not in screen_text(pilot)
        home.connections.write_text("connections:\n  prod:\n    url: mongodb://h/d\n")
        await pilot.press("t")
        await until(pilot, lambda: "pasword" not in screen_text(pilot), "it mended")
        await ask(pilot, Role.SOURCE)
        assert "prod" in rows(pilot, "#choices")[0][0]


async def test_the_form_of_a_package_is_shown_and_one_of_its_databases_chosen(home: Home, tmp_path: Path) -> None:
    for database in ("shop", "[b]other"):
        (tmp_path / "dump" / database).mkdir(parents=True)
        (tmp_path / "dump" / database / "users.bson").touch()
    async with wizard(home) as pilot:
        await ask(pilot, Role.SOURCE)
        await pick(pilot, "package", AskPath)
        await type_into(pilot, f"{tmp_path}/dump")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the databases")
        assert [row[0] for row in rows(pilot, "#choices")] == ["[b]other", "shop"]
        await pilot.press("escape")
        await until(pilot, says(pilot, "has 2 databases", "t chooses one.", "no target is chosen"), "what is open")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the databases")
        await pilot.press("j", "enter")
        await until(pilot, says(pilot, "✓ mongodump folder, database shop; 1 collection, 0 documents"), "what it is")
        assert session(pilot).draft.source == PackageEnd(f"{tmp_path}/dump", database="shop")
