import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.driving import screen_text, shows, until
from tests.ui.new_scene import Shop, flat, rows, says, session, shop, step_is, type_into, wizard
from tui_migrate.plan.model import PackageEnd, StoreEnd
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.ui.collection_rows import matcher, notes
from tui_migrate.ui.draft import Draft, Step, at_step
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.widgets.table import Row, Table

__all__ = ["shop"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

STRANGE = ("a [x]", "名前", "\u202eabc", "t\tab", "שלום", "[bold]b[/bold]", "x" * 100)


def marks(shown: list[tuple[str, ...]]) -> dict[str, str]:
    return {row[1]: row[0] for row in shown}


async def test_what_is_there_and_what_the_target_has(shop: Shop) -> None:
    shop.source_db[shop.database].command({"create": "grown", "viewOn": "users", "pipeline": []})
    async with wizard(shop.home, at_step(shop.draft("users", "orders"), Step.COLLECTIONS)) as pilot:
        await until(pilot, says(pilot, "2 of 3 marked: about 50 documents", "Next: ctrl+n goes on"), "the totals")
        found = {row[1]: (row[0], row[2], row[4]) for row in rows(pilot, "#collections")}
        assert found == {
            "grown": ("[ ]", "view", "—"),
            "orders": ("[x]", "20", "—"),
            "users": ("[x]", "30", "15"),
        }


async def test_marks_are_set_turned_and_counted(shop: Shop) -> None:
    async with wizard(shop.home, at_step(shop.draft(), Step.COLLECTIONS)) as pilot:
        await until(pilot, says(pilot, "0 of 2 marked", "Not yet: no collection is marked: space marks one"), "none")
        await pilot.press("ctrl+n")
        await until(pilot, says(pilot, "✗ No collection is marked"), "that it is blocked")
        assert step_is(pilot, Step.COLLECTIONS)()
        await pilot.press("space")
        await until(pilot, says(pilot, "1 of 2 marked: about 20 documents"), "the first")
        assert pilot.app.screen.query_one("#collections", Table).cursor_key == "users"
        assert marks(rows(pilot, "#collections")) == {"orders": "[x]", "users": "[ ]"}
        await pilot.press("i")
        await until(pilot, says(pilot, "1 of 2 marked: about 30 documents"), "the other")
        await pilot.press("k", "space", "ctrl+n")
        await until(pilot, step_is(pilot, Step.POLICY), "the next step")
        assert session(pilot).draft.chosen == ("orders", "users")


async def test_a_glob_shows_some_and_only_those_are_turned(shop: Shop) -> None:
    shop.source_db[shop.database]["orders_old"].insert_one({"_id": 1})
    async with wizard(shop.home, at_step(shop.draft("users"), Step.COLLECTIONS)) as pilot:
        await until(pilot, says(pilot, "1 of 3 marked"), "the collections")
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText), "the question")
        await type_into(pilot, "OR*")
        await until(pilot, lambda: [row[1] for row in rows(pilot, "#collections")] == ["orders", "orders_old"], "two")
        await pilot.press("i")
        await until(pilot, says(pilot, "3 of 3 marked"), "all")
        await pilot.press("slash")
        await type_into(pilot, "nothing like it")
        await until(pilot, says(pilot, "No collection is called like that: / changes the filter."), "that none is")
        await pilot.press("i", "space")
        assert session(pilot).draft.marks == {"users", "orders", "orders_old"}


@given(st.text(max_size=12), st.text(max_size=12))
def test_a_name_is_always_found_by_a_part_of_it(before: str, after: str) -> None:
    name = f"{before}[a]{after}"
    for part in (name, before, "[a]", after, name.upper().lower()):
        if part.casefold() in name.casefold():
            assert matcher(part)(Row(name, (), name))


@pytest.mark.parametrize(
    ("text", "name", "is_shown"),
    [("us*", "users", True), ("us*", "bus", False), ("?sers", "USERS", True), ("[ab]*", "beta", True), ("", "x", True)],
)
def test_globs(text: str, name: str, is_shown: bool) -> None:
    assert matcher(text)(Row(name, (), name)) is is_shown


async def test_strange_names_are_shown_escaped_and_marked_as_they_are(shop: Shop) -> None:
    for name in STRANGE:
        shop.source_db[shop.database][name].insert_one({"_id": 1})
        shop.target_db[shop.database][name].insert_one({"_id": 1, "other": 1})
    async with wizard(shop.home, at_step(shop.draft(*STRANGE), Step.COLLECTIONS)) as pilot:
        await until(pilot, says(pilot, f"{len(STRANGE)} of {len(STRANGE) + 2} marked"), "the collections")
        text = screen_text(pilot)
        for shown in ("a [x]", "名前", "\\u202eabc", "t\\x09ab", "שלום", "[bold]b[/bold]", "xxx…xxx"):
            assert shown in text
        assert "\u202e" not in text
        await pilot.press("ctrl+n")
        await until(pilot, says(pilot, f"{len(STRANGE)} of {len(STRANGE)} documents are in the target"), "counted")
        await pilot.press("enter")
        await until(pilot, says(pilot, f"{len(STRANGE)} errors; enter reads one whole"), "the checks")
        assert "\u202e" not in screen_text(pilot)
        assert "\\u202eabc" in screen_text(pilot)
        await pilot.press("enter")
        await until(pilot, shows(pilot, "✗ error: conflict"), "the sheet")
        await pilot.press("escape", "escape", "escape", "escape")
        await until(pilot, step_is(pilot, Step.ENDS), "back")
        assert session(pilot).draft.marks == set(STRANGE)


@pytest.mark.parametrize("name", ["名前_שלום", "a[x]b"])
async def test_strange_databases(shop: Shop, name: str) -> None:
    shop.source_db[name]["users"].insert_one({"_id": 1})
    try:
        source = StoreEnd(name, connection="old", environment=shop.source.environment)
        async with wizard(shop.home, Draft(source, shop.target, frozenset(("users",)))) as pilot:
            await until(pilot, says(pilot, f"{name} on old STAGING", "1 collection, 1 document,"), "the source")
            await until(pilot, says(pilot, "1 collection, 15 documents"), "the target")
            await pilot.press("ctrl+n", "ctrl+n")
            await until(pilot, says(pilot, "1 of 1 document is in the target"), "counted")
    finally:
        shop.source_db.drop_database(name)


async def test_collections_that_vanish_keep_their_marks_and_are_named(shop: Shop) -> None:
    for number in range(7):
        shop.source_db[shop.database][f"temporary {number}"].insert_one({"_id": 1})
    names = [f"temporary {number}" for number in range(7)]
    async with wizard(shop.home, at_step(shop.draft("users", *names), Step.COLLECTIONS)) as pilot:
        await until(pilot, says(pilot, "8 of 9 marked"), "the collections")
        for name in names:
            shop.source_db[shop.database].drop_collection(name)
        await pilot.press("ctrl+r")
        await until(pilot, says(pilot, "1 of 2 marked"), "those that are left")
        assert (
            "! Marked, but not in this source: temporary 0, temporary 1, temporary 2, temporary 3, temporary 4"
            " and 2 more. The marks are kept and do nothing." in flat(pilot)
        )
        assert session(pilot).draft.marks == {"users", *names}
        shop.source_db[shop.database]["temporary 6"].insert_one({"_id": 1})
        await pilot.press("ctrl+r")
        await until(pilot, says(pilot, "2 of 3 marked", "and 1 more"), "one that came back")


async def test_an_empty_database_says_so(shop: Shop) -> None:
    empty = StoreEnd("empty_" + shop.database, connection="old", environment=shop.source.environment)
    async with wizard(shop.home, Draft(empty, shop.target, step=Step.COLLECTIONS)) as pilot:
        await until(pilot, says(pilot, "The source has no collections: ctrl+b goes back", "0 of 0 marked"), "that")
        assert "Not yet: the source has no collections" in flat(pilot)


async def test_into_a_package_everything_is_new(shop: Shop) -> None:
    draft = Draft(shop.source, PackageEnd("/nowhere"), frozenset(("users",)), step=Step.COLLECTIONS)
    async with wizard(shop.home, draft) as pilot:
        await until(pilot, lambda: [row[4] for row in rows(pilot, "#collections")] == ["new", "new"], "new")


async def test_of_a_target_that_does_not_answer_nothing_is_claimed(shop: Shop) -> None:
    dead = StoreEnd("shop", url="mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200")
    async with wizard(shop.home, at_step(shop.draft("users", target=dead), Step.COLLECTIONS)) as pilot:
        await until(pilot, lambda: [row[4] for row in rows(pilot, "#collections")] == ["?", "?"], "it unknown")
        await until(pilot, says(pilot, "Not yet: shop on 127.0.0.1:1 cannot be used: ctrl+b"), "that it is blocked")


async def test_a_source_that_does_not_answer_says_what_where_and_how_to_try_again(shop: Shop) -> None:
    dead = StoreEnd("shop", url="mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200")
    async with wizard(shop.home, Draft(dead, shop.target, step=Step.COLLECTIONS)) as pilot:
        words = ("✗ 127.0.0.1:1 does not answer", "check that the server runs", "ctrl+r tries again.")
        await until(pilot, says(pilot, *words), "all of it, over as many lines as it needs")


async def test_a_target_that_is_slow_is_waited_for(shop: Shop, silent_url: str) -> None:
    silent = StoreEnd("shop", url=silent_url)
    async with wizard(shop.home, at_step(shop.draft("users", target=silent), Step.COLLECTIONS)) as pilot:
        await until(pilot, lambda: [row[4] for row in rows(pilot, "#collections")] == ["…", "…"], "the source")
        await pilot.press("escape")
        await until(pilot, lambda: [row[4] for row in rows(pilot, "#collections")] == ["?", "?"], "it unknown")


async def test_what_belongs_to_the_server_cannot_be_marked(shop: Shop) -> None:
    shop.source_db[shop.database]["enxcol_.a.esc"].insert_one({"_id": 1})
    async with wizard(shop.home, at_step(shop.draft(), Step.COLLECTIONS), size=(120, 24)) as pilot:
        await until(pilot, says(pilot, "0 of 2 marked", "belongs to the server"), "the collections")
        pilot.app.screen.query_one("#collections", Table).move_to("enxcol_.a.esc")
        await pilot.press("space")
        await until(pilot, says(pilot, "✗ enxcol_.a.esc belongs to the server and cannot be migrated."), "that")
        await pilot.press("i")
        await until(pilot, says(pilot, "2 of 2 marked"), "the others")
        assert session(pilot).draft.marks == {"orders", "users"}


async def test_sorting_keeps_the_cursor_on_its_collection(shop: Shop) -> None:
    async with wizard(shop.home, at_step(shop.draft("orders"), Step.COLLECTIONS)) as pilot:
        await until(pilot, says(pilot, "1 of 2 marked"), "the collections")
        table = pilot.app.screen.query_one("#collections", Table)
        await pilot.press(*[">"] * 3)
        assert [row.key for row in table.rows] == ["users", "orders"]
        assert table.cursor_key == "orders"


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (CollectionInfo("system.js", CollectionKind.PLAIN, bson.encode({})), "belongs to the server"),
        (CollectionInfo("v", CollectionKind.VIEW, bson.encode({"viewOn": "users", "pipeline": []})), "view of users"),
        (CollectionInfo("c", CollectionKind.CAPPED, bson.encode({"capped": True})), "capped"),
        (CollectionInfo("p", CollectionKind.PLAIN, bson.encode({})), ""),
    ],
)
def test_notes(info: CollectionInfo, words: str) -> None:
    assert notes(info) == words
