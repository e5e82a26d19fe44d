"""Pictures of the steps of a new migration, drawn from looks that were prepared: no server is asked."""

from dataclasses import replace
from pathlib import Path

import bson
import pytest
from textual.pilot import Pilot

from tests.ui.driving import NOW, new_app, new_home, shows, store_end, until, until_still
from tests.ui.test_snapshots import SIZES, Compare
from tui_migrate.findings import Finding, Severity
from tui_migrate.paths import Home
from tui_migrate.plan.forecast import CollectionForecast
from tui_migrate.plan.model import End, Environment, PackageEnd, Policy
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Identity
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.checking import Checked
from tui_migrate.ui.consequences import Count, Question, Sample
from tui_migrate.ui.draft import Draft, Step, at_step, to_request
from tui_migrate.ui.look import ConnectionsRead, EndLook, Fault, LookState
from tui_migrate.ui.looks import Looks
from tui_migrate.ui.screens.new_migration import NewMigrationScreen

PROD = store_end("prod", Environment.PRODUCTION)
STAGING = store_end("staging")
NO_OPTIONS = bson.encode({})
INDEX = bson.encode({"v": 2, "key": {"_id": 1}, "name": "_id_"})
NAMES = ("[bold]orders[/]", "a\u202eb", "audit_log", "active_users", "名前のコレクション")


def collections(share: int) -> tuple[CollectionInfo, ...]:
    plain = [
        CollectionInfo(name, CollectionKind.PLAIN, NO_OPTIONS, (INDEX,) * (place + 1), None, count, count * 500)
        for place, (name, count) in enumerate({one: 84_000 // (at + 1) for at, one in enumerate(NAMES)}.items())
    ]
    view = CollectionInfo("active_users", CollectionKind.VIEW, bson.encode({"viewOn": "users", "pipeline": []}))
    return tuple(view if one.name == view.name else replace(one, documents=one.documents // share) for one in plain)


SOURCE = EndLook(PROD, LookState.DONE, NOW, "8.0.4", 12, Identity("mongodb", frozenset("a"), "shop"), collections(1))
TARGET = EndLook(
    STAGING, LookState.DONE, NOW, "7.0.1", 80, Identity("mongodb", frozenset("b"), "shop"), collections(9)[:3]
)
DRAFT = Draft(PROD, STAGING, frozenset(NAMES[:3]), NAMES, Policy.OVERWRITE)
FOUND = CollectionForecast(NAMES[0], True, 84_000, 82_796, present=1_204)
COUNT = Count(Question.of(to_request(DRAFT)), LookState.DONE, NOW, False, (FOUND,), 1, Sample(200, 37))
EXACT = replace(COUNT, exact=True, found=(replace(FOUND, replace=37, unchanged=1_167),), sample=Sample())
WARNINGS = (
    Finding(
        Severity.WARNING, "ttl_index", "audit_log", "documents expire by the index at_1", "expired ones are counted"
    ),
    Finding(Severity.WARNING, "id_type_differs", "a\u202eb", "the same number is stored as another type", "", 12),
)
ERROR = Finding(Severity.ERROR, "validator", "[bold]orders[/]", "the target's validator refuses 7 documents", "", 7)


def checked(*findings: Finding, state: LookState = LookState.DONE) -> Checked:
    return Checked(to_request(DRAFT), state, NOW, None, findings)


def app_at(home: Home, draft: Draft, looks: Looks) -> MigrateApp:
    app = new_app(home)
    app.session.draft, app.session.looks = draft, looks
    app.first_screen = NewMigrationScreen
    return app


KNOWN = ConnectionsRead({})
ENDS: dict[End, EndLook] = {PROD: SOURCE, STAGING: TARGET}
FAILED = replace(
    TARGET,
    state=LookState.FAILED,
    identity=None,
    collections=(),
    fault=Fault("db2.example.net:27017 does not answer", "check the server and the line"),
)
SCENES: dict[str, tuple[Draft, Looks, str]] = {
    "ends": (DRAFT, Looks(KNOWN, ENDS), "Next: ctrl+n"),
    "ends_target_away": (DRAFT, Looks(KNOWN, {PROD: SOURCE, STAGING: FAILED}), "does not answer"),
    "ends_package": (replace(DRAFT, target=PackageEnd("/backups/shop")), Looks(KNOWN, ENDS), "/backups/shop"),
    "collections": (at_step(DRAFT, Step.COLLECTIONS), Looks(KNOWN, ENDS), "3 of 5 marked"),
    "collections_vanished": (
        at_step(replace(DRAFT, marks=frozenset(("gone", NAMES[0]))), Step.COLLECTIONS),
        Looks(KNOWN, ENDS),
        "gone",
    ),
    "policy": (at_step(DRAFT, Step.POLICY), Looks(KNOWN, ENDS, COUNT), "Sample"),
    "policy_exact": (at_step(DRAFT, Step.POLICY), Looks(KNOWN, ENDS, EXACT), "replace 37"),
    "preflight": (at_step(DRAFT, Step.PREFLIGHT), Looks(KNOWN, ENDS, EXACT, checked()), "found nothing"),
    "preflight_warned": (at_step(DRAFT, Step.PREFLIGHT), Looks(KNOWN, ENDS, COUNT, checked(*WARNINGS)), "2 warnings"),
    "preflight_blocked": (
        at_step(DRAFT, Step.PREFLIGHT),
        Looks(KNOWN, ENDS, COUNT, checked(ERROR, *WARNINGS)),
        "1 error",
    ),
}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scene", SCENES)
def test_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snap_compare: Compare, scene: str, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    draft, looks, text = SCENES[scene]
    fresh = Looks(looks.connections, dict(looks.ends), looks.count, looks.checked)

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, text), text)
        await until_still(pilot)

    assert snap_compare(app_at(new_home(tmp_path), draft, fresh), terminal_size=size, run_before=drive)


def test_the_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snap_compare: Compare) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "Sample"), "the policies")
        await pilot.press("m")
        await until(pilot, shows(pilot, "Rate limit"), "the options")
        await until_still(pilot)

    looks = Looks(KNOWN, dict(ENDS), COUNT)
    assert snap_compare(app_at(new_home(tmp_path), at_step(DRAFT, Step.POLICY), looks), run_before=drive)
