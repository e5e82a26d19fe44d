"""A collection's sheet: what it needs, filter, name in the target, what redacting would do; and marks by pattern."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import bson
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.ui.driving import NOW, new_app, shows, store_end, table_cells, until
from tests.ui.new_scene import SIZE, Shop, flat, says, session, shop, step_is, type_into, wizard
from tui_migrate.errors import UsageError
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.packages.forms import PackageForm
from tui_migrate.paths import Home
from tui_migrate.plan.model import PackageEnd
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.ui.collection_rows import Listing, matching
from tui_migrate.ui.dependencies import CatalogIndex, Exclusions, missing, missing_words
from tui_migrate.ui.draft import Draft, Step, to_request
from tui_migrate.ui.look import EndLook, LookState
from tui_migrate.ui.scoping import catalog_from, check_new_names, check_query, with_filter, with_new_name
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.collection_sheet import AskQuery, CollectionSheet
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.new_collections import CollectionsPane
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.widgets.table import Table

__all__ = ["shop"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SOURCE, TARGET = store_end("prod"), store_end("staging")
CATALOG = """\
name: own
title: Own data
version: "2"
collections:
  users:
    sensitive:
      - {field: email, redaction: hash, reason: it names people}
      - {field: note, redaction: drop}
  orders:
    references:
      - {field: of, to: users, to_field: email}
  "tmp_*":
    excluded: it is made anew at each start
"""
OPTIONS = bson.encode({})
VIEW = CollectionInfo("grown", CollectionKind.VIEW, bson.encode({"viewOn": "users", "pipeline": []}))
NAMES = ("fs.chunks", "fs.files", "orders", "tmp_1", "users")
INFOS = (*(CollectionInfo(one, CollectionKind.PLAIN, OPTIONS, (), None, 10, 500) for one in NAMES), VIEW)


def draft(*marks: str, **others: object) -> Draft:
    made = Draft(SOURCE, TARGET, frozenset(marks), tuple(one.name for one in INFOS), catalog=CATALOG)
    return replace(made, step=Step.COLLECTIONS, **others)  # type: ignore[arg-type]  # fields of a draft


def looked(end: object, *infos: CollectionInfo) -> EndLook:
    return EndLook(end, LookState.DONE, NOW, collections=infos)  # type: ignore[arg-type]  # an end


@asynccontextmanager
async def step(
    home: Home, made: Draft, *theirs: CollectionInfo, infos: tuple[CollectionInfo, ...] = INFOS
) -> AsyncIterator[Pilot[None]]:
    """The step over ends that nobody asks."""
    app = new_app(home)
    app.session.looks.keep(looked(SOURCE, *infos))
    app.session.looks.keep(looked(TARGET, *theirs))
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(NewMigrationScreen(made))
        await until(pilot, shows(pilot, " marked"), "the collections")
        yield pilot


async def sheet(pilot: Pilot[None], name: str) -> None:
    pilot.app.screen.query_one("#collections", Table).move_to(name)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, CollectionSheet), "the sheet")
    await until(pilot, shows(pilot, "Name in target"), "its settings")


async def test_a_sheet_shows_what_is_needed_and_what_redacting_would_do(home: Home) -> None:
    async with step(home, draft("orders")) as pilot:
        await sheet(pilot, "users")
        await until(pilot, says(pilot, "10 documents, 500 Bytes, 0 indexes.", "Needed by orders, grown."), "the facts")
        assert "Sensitive by the catalog own 2. Redacting is off; Policy › More turns it on." in flat(pilot)
        assert table_cells(pilot, "#redactions") == [
            ("email", "makes it a keyed hash", "it names people"),
            ("note", "leaves it out", "—"),
        ]
        await pilot.press("escape")
        await until(pilot, step_is(pilot, Step.COLLECTIONS), "the step")
        await sheet(pilot, "orders")
        await until(pilot, says(pilot, "It needs users by of (not marked)."), "what it needs")
        assert table_cells(pilot, "#redactions") == [
            ("of", "makes it a keyed hash", "so that references go on leading somewhere")
        ]


async def test_a_filter_is_checked_as_it_is_typed_and_nothing_else_is_taken(home: Home) -> None:
    async with step(home, draft("users")) as pilot:
        await sheet(pilot, "users")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskQuery), "the question")
        entry = pilot.app.screen.query_one(Input)
        for text, said in (("{", "✗"), ("[1]", "is no object"), ('{"a": {"$where": 1}}', "uses $where, which is not")):
            entry.value = text
            await until(pilot, says(pilot, said), text)
            await pilot.press("enter")
            assert isinstance(pilot.app.screen, AskQuery)
        entry.value = '{"age": {"$gte": 3}}'
        await until(pilot, says(pilot, "✓ a filter; enter takes it"), "that it is one")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, CollectionSheet), "the sheet")
        await until(pilot, shows(pilot, 'Filter            {"age": {"$gte": 3}}'), "the filter")
        assert session(pilot).draft.scope.filters == (Filter("users", '{"age": {"$gte": 3}}'),)
        await pilot.press("escape")
        await until(pilot, says(pilot, "1 of 6 marked: about 10 documents, 500 Bytes; 1 filtered"), "the totals")
        await sheet(pilot, "grown")
        await pilot.press("enter")
        await until(pilot, says(pilot, "grown is a view, of which no document goes"), "why not")


async def test_a_new_name_is_checked_against_all_others(home: Home) -> None:
    async with step(home, draft("users", "orders", "fs.files", "fs.chunks")) as pilot:
        await sheet(pilot, "users")
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText), "the question")
        for text, said in (("orders", "would both become orders"), ("a$b", "is no name"), ("system.x", "server")):
            await type_into(pilot, text)
            await until(pilot, says(pilot, "✗", said), said)
            assert session(pilot).draft.scope.is_whole
        await type_into(pilot, "people")
        await until(pilot, shows(pilot, "Name in target    people"), "the new name")
        await pilot.press("escape")
        await until(pilot, says(pilot, "1 renamed", "users: becomes people"), "the step")
        await sheet(pilot, "fs.files")
        await pilot.press("j", "enter")
        await type_into(pilot, "pictures.files")
        await until(pilot, shows(pilot, "pictures.files"), "the bucket")
        assert set(session(pilot).draft.scope.renames) == {
            Rename("users", "people"),
            Rename("fs.files", "pictures.files"),
            Rename("fs.chunks", "pictures.chunks"),
        }
        await pilot.press("enter")
        await type_into(pilot, "")
        await until(pilot, shows(pilot, "fs.files (its own)"), "its own")
        assert session(pilot).draft.scope.renames == (Rename("users", "people"),)


async def test_collections_are_marked_by_pattern_and_what_is_left_out_is_not(home: Home) -> None:
    async with step(home, draft()) as pilot:
        await pilot.press("asterisk")
        await type_into(pilot, "*s")
        await until(pilot, says(pilot, "✓ 4 collections marked."), "the marks")
        assert session(pilot).draft.marks == {"fs.chunks", "fs.files", "orders", "users"}
        await pilot.press("asterisk")
        await type_into(pilot, "-fs.*")
        await until(pilot, says(pilot, "✓ 2 collections lost their marks."), "the marks that went")
        for pattern in ("tmp_*", "USERS", "[x"):
            await pilot.press("asterisk")
            await type_into(pilot, pattern)
            await until(pilot, says(pilot, "✗ No collection that is not marked yet and may be is called like"), pattern)
        assert session(pilot).draft.marks == {"orders", "users"}
        pilot.app.screen.query_one("#collections", Table).move_to("tmp_1")
        await pilot.press("space")
        await until(pilot, says(pilot, "✗ tmp_1 cannot be marked: the catalog own excludes it: it is made anew"), "why")
        await pilot.press("i")
        await until(pilot, lambda: session(pilot).draft.marks == {"fs.chunks", "fs.files", "grown"}, "the others")
        await until(pilot, says(pilot, "! Neither marked nor in the target: grown needs users (view)."), "the hint")
        assert "mark.pattern" in {one.id for one in cast("OperatorScreen", pilot.app.screen).shown_actions()}


async def test_what_the_target_has_is_not_missing(home: Home) -> None:
    users = CollectionInfo("users", CollectionKind.PLAIN, OPTIONS)
    async with step(home, draft("orders")) as pilot:
        await until(pilot, says(pilot, "orders needs users (of)"), "the hint")
    async with step(home, draft("orders"), users) as pilot:
        await until(pilot, says(pilot, "1 of 6 marked"), "the marks")
        assert "needs users (of)" not in flat(pilot)


async def test_without_a_catalog_the_sheet_says_where_one_is_chosen(home: Home) -> None:
    async with step(home, draft("users", catalog="")) as pilot:
        await sheet(pilot, "users")
        await until(pilot, says(pilot, "No catalog is chosen"), "where")
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText), "the question")


async def test_a_catalog_that_would_break_references_says_so_on_the_sheet(home: Home) -> None:
    broken = CATALOG.replace("{field: email, redaction: hash", "{field: email, redaction: mask")
    async with step(home, draft("users", catalog=broken)) as pilot:
        await sheet(pilot, "users")
        await until(pilot, says(pilot, "✗ the catalog says mask for users.email", "would break a reference"), "it")


async def test_a_filter_and_a_new_name_reach_the_plan(shop: Shop) -> None:
    scope = with_new_name(with_filter(Scope(), "users", '{"age": {"$lt": 5}}'), "users", "people", ("users",))
    made = replace(shop.ready("users", "orders", step=Step.POLICY), scope=scope)
    async with wizard(shop.home, made) as pilot:
        await until(pilot, says(pilot, "0 of 25 documents are in the target"), "the count")
        await pilot.press("ctrl+n")
        await until(pilot, says(pilot, "users becomes people"), "the sentence")
        await until(pilot, shows(pilot, "As of "), "the checks")
        checked = session(pilot).looks.checked
        assert checked is not None
        assert checked.plan is not None
        assert {one.name for one in checked.plan.collections} == {"people", "orders"}


def test_what_is_said_of_unmarked_collections_waits() -> None:
    scope = with_new_name(with_filter(Scope(), "users", "{}"), "users", "people", NAMES)
    assert to_request(replace(draft("orders", catalog=""), scope=scope)).scope.is_whole
    assert to_request(replace(draft("users", catalog=""), scope=scope)).scope == scope


def test_a_query_of_another_language_is_refused() -> None:
    with pytest.raises(UsageError):
        check_query("age > 3", "users")
    check_query("{}", "users")
    check_new_names(with_new_name(Scope(), "users", "orders", NAMES), ("users",))


def test_patterns_are_of_whole_names() -> None:
    assert matching("us*", ("users", "bus", "USERS", "us")) == {"users", "us"}
    assert matching("[ab]?", ("ax", "cx", "a")) == {"ax"}


def test_what_a_form_leaves_out_is_said() -> None:
    form = next(one for one in PackageForm if one.infers_types)
    exclusions = Exclusions(CatalogIndex(None), PackageEnd("/p", form=form))
    assert exclusions.of("users") == "" or "the form" in exclusions.of("users")
    assert Exclusions(CatalogIndex(catalog_from(CATALOG)), TARGET).of("tmp_x").startswith("the catalog own excludes")


@pytest.mark.slow
async def test_ten_thousand_collections_stay_quick(home: Home) -> None:
    some = "\n".join(f"  c{one:05}:\n    references: [{{field: of, to: c{one + 1:05}}}]" for one in range(900))
    catalog = f'name: own\ntitle: Own\ncollections:\n{some}\n  "c*": {{}}\n'
    infos = tuple(
        CollectionInfo(f"c{one:05}", CollectionKind.PLAIN, OPTIONS, (), None, one, one) for one in range(10_000)
    )
    made = replace(draft(catalog=catalog), listed=tuple(one.name for one in infos))
    catalog_from(catalog)  # which is read once, when it is chosen
    async with step(home, made, infos=infos) as pilot:
        pane = pilot.app.screen.query_one(CollectionsPane)
        screen = pilot.app.screen
        assert isinstance(screen, NewMigrationScreen)
        began, taken = time.process_time(), {}
        listing = Listing.of(made, looked(SOURCE, *infos), looked(TARGET))
        taken["list"] = time.process_time() - began
        steps: dict[str, Callable[[], object]] = {
            "mark all": lambda: pane._mark("c*"),
            "turn all": pane.invert,
            "one mark": pane.toggle,
            "again": pane.draw,
            "end": lambda: screen.query_one("#collections", Table).action_edge(1),
        }
        for name, do in steps.items():
            began = time.process_time()
            do()
            taken[name] = time.process_time() - began
        marked = {one.name for one in infos}
        began = time.process_time()
        assert len(list(missing(marked - {"c00005"}, listing.needs, ()))) == 1
        taken["missing"] = time.process_time() - began
        assert missing_words([]) == ""
        await until(pilot, shows(pilot, "10,000/10,000"), "the last row")
    print(", ".join(f"{name} {seconds:.2f} s" for name, seconds in taken.items()))  # noqa: T201 -- shown by pytest -s
    assert max(taken.values()) < 1.0, taken
