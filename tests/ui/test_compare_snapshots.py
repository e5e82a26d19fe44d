"""Pictures of Compare and Backups: what was found is given, the clock and the zone are fixed, no server is asked."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from tests.ui.backup_scene import every_kind
from tests.ui.driving import NOW, new_app, shows, until, until_still
from tests.ui.test_snapshots import SIZES, Compare
from tui_migrate.comparison.model import (
    ComparedCollection,
    Comparison,
    Counts,
    DefinitionDifference,
    DocumentDifference,
    FieldChange,
    FieldKind,
    Kind,
    Standing,
    Way,
)
from tui_migrate.documents import RawId, pack
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, StoreEnd
from tui_migrate.reports.masking import NOTHING
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.compare_words import CollectionRows
from tui_migrate.ui.comparing import Asked, Compared
from tui_migrate.ui.look import Fault, LookState
from tui_migrate.ui.screens.backups import BackupsScreen
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.compare import CompareScreen
from tui_migrate.ui.screens.compare_collection import CompareCollectionScreen
from tui_migrate.ui.screens.compare_document import CompareDocumentScreen
from tui_migrate.ui.screens.prune import PruneScreen

ASKED = Asked(
    StoreEnd("shop", connection="prod"), StoreEnd("shop", connection="staging", environment=Environment.STAGING)
)


def number_id(value: int) -> RawId:
    return RawId(b"\x10" + value.to_bytes(4, "little"))


FIELDS = (
    FieldChange("age", FieldKind.CHANGED, '{"$numberInt": "31"}', '{"$numberInt": "32"}'),
    FieldChange("items.0.price", FieldKind.TYPE, '{"$numberInt": "1"}', '{"$numberDouble": "1.0"}'),
    FieldChange("[bold]old[/]", FieldKind.REMOVED, '"x"'),
    FieldChange("tags", FieldKind.ADDED, None, '["a", "b"]'),
)
DOCUMENTS = (
    DocumentDifference(Kind.DIFFERENT, number_id(7), (b"", b""), fields=FIELDS),
    DocumentDifference(Kind.ONLY_LEFT, number_id(8), (b"", b"")),
    DocumentDifference(Kind.ONLY_RIGHT, number_id(9), (b"", b"")),
)
INDEX = DefinitionDifference("index", "by_age", Kind.ONLY_RIGHT, "", '{"age": 1}')
USERS = ComparedCollection(
    "users", Way.MULTISET, None, Counts(1_204, 3, 37, 82_796), (INDEX,), DOCUMENTS, ("B tells no options",)
)
FOUND = Comparison(
    (
        ComparedCollection("[bold]orders[/]", Way.MERGED, None, Counts(equal=12_345_678)),
        ComparedCollection("a\u202eb", Way.DEFINITION, Kind.ONLY_RIGHT, Counts(only_right=5)),
        ComparedCollection("audit_log_of_everything_since_2014", Way.DEFINITION, Kind.ONLY_LEFT, Counts(80_120)),
        USERS,
        ComparedCollection("名前のコレクション", Way.MERGED, None, Counts(equal=3), (INDEX,)),
    )
)
DONE = Compared(ASKED, LookState.DONE, NOW, comparison=FOUND)
STANDINGS = {
    one.name: one
    for one in (
        Standing("audit", Counts(equal=100), 100, is_done=True),
        Standing("orders", Counts(2, 1, 40, 631_004), 1_000_000),
        Standing("users", documents=84_000),
        Standing("z", Counts(only_left=4), 4, Kind.ONLY_LEFT, is_done=True),
    )
}
READING = Compared(ASKED, LookState.READING, NOW, STANDINGS, 631_151, 1_084_100)
FAILED = replace(READING, state=LookState.FAILED, fault=Fault("db2:27017 does not answer", "check the line"))
Make = Callable[[], OperatorScreen]


def collection() -> OperatorScreen:
    infos = (CollectionInfo("users", CollectionKind.PLAIN, pack(b"")),)
    return CompareCollectionScreen(replace(DONE, there=infos), replace(USERS, way=Way.MERGED))


def document() -> OperatorScreen:
    pair = (DOCUMENTS[0], DOCUMENTS[0])
    return CompareDocumentScreen(ASKED, "users", pair, NOTHING, is_readable=False)


SCENES: dict[str, tuple[Compared | None, Make, tuple[str, ...], str]] = {
    "choice": (None, CompareScreen, (), "Next: s compares"),
    "at_work": (READING, CompareScreen, (), "63 %"),
    "failed": (FAILED, CompareScreen, (), "ctrl+r tries again"),
    "done": (DONE, CompareScreen, ("end", "k", "space"), "1 of 3 marked"),
    "collection": (DONE, collection, ("end", "k", "space"), "1 marked"),
    "document": (DONE, document, (), "items.0.price"),
    "backups": (None, BackupsScreen, ("j", "j", "j"), "damaged"),
    "backup_sheet": (None, BackupsScreen, ("end", "enter"), "On disk"),
    "prune": (None, PruneScreen, (), "damaged"),
}


def test_rows_are_made_anew_only_where_something_has_changed() -> None:
    made = CollectionRows()
    made.use(READING)
    before = made.rows(frozenset())
    audit = replace(STANDINGS["audit"], documents=200)
    made.use(replace(READING, standings=STANDINGS | {"audit": audit}))
    after = made.rows(frozenset())
    assert [new is old for new, old in zip(after, before, strict=True)] == [False, True, True, True]
    made.use(DONE)
    found = {row.key: row for row in made.rows(frozenset())}
    marked = {row.key: row for row in made.rows(frozenset(("users",)))}
    assert [name for name in found if marked[name] is not found[name]] == ["users"]
    assert (found["users"].cells[0], marked["users"].cells[0]) == ("[ ]", "[x]")
    assert {row.key: row for row in made.rows(frozenset())} == found
    made.use(None)
    assert (made.rows(frozenset()), made.markable) == ([], ())


def app_with(home: Home, compared: Compared | None) -> MigrateApp:
    app = new_app(home)
    app.session.asked, app.session.compared = ASKED, compared
    return app


WIDE_TOO = ("done", "document", "backups")
PICTURES = [(scene, size) for scene in SCENES for size in SIZES if size[0] == 80 or scene in WIDE_TOO]


@pytest.mark.parametrize(("scene", "size"), PICTURES, ids=str)
def test_screen(home: Home, snap_compare: Compare, scene: str, size: tuple[int, int]) -> None:
    compared, make, keys, text = SCENES[scene]
    asyncio.run(every_kind(home))
    app = app_with(home, compared)

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "0007"), "Home")
        await app.push_screen(make())
        at_first = "while-busy" if make is BackupsScreen else ""
        await until(pilot, lambda: app.screen.focused is not None and shows(pilot, at_first)(), "the screen")
        await pilot.press(*keys)
        await until(pilot, shows(pilot, text), text)
        await until_still(pilot)

    assert snap_compare(app, terminal_size=size, run_before=drive)
