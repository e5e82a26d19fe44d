"""The plan that is not finished survives quitting; and plans in files are opened."""

import stat
from dataclasses import fields, replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui.driving import copy_plan, new_app, new_home, screen_text, shows, store_end, until
from tui_migrate.errors import InvalidFile, StorageFailed
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, OnFailure, PackageEnd, Plan, Policy, StoreEnd, Verify
from tui_migrate.plan.saving import save as save_plan
from tui_migrate.strict_yaml import parse
from tui_migrate.ui import draft_file
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.draft import Draft, Step, from_plan
from tui_migrate.ui.scoping import with_redaction
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.unfinished import words

FULL = Draft(
    source=store_end("prod", Environment.PRODUCTION),
    target=PackageEnd("/srv/päckage", recipients=("age1abc",), with_passphrase=True),
    marks=frozenset({"users", "or[ders", "\u202ex"}),
    listed=("users",),
    policy=Policy.SKIP,
    undo=False,
    verify=Verify.COUNT,
    max_rejects=3,
    batch_documents=7,
    batch_bytes=2_048,
    on_failure=OnFailure.ROLLBACK,
    timeout=60,
    stage_timeout=30,
    description="ticket 7: yes",
    catalog="x: 1\n",
    scope=Scope(filters=(Filter("users", "{}"),), renames=(Rename("users", "people"),)),
    rate_limit=500,
    parallel=3,
    newer_by="updated_at",
    mirror=True,
    strict=True,
    quick=True,
    backup_first=True,
    marks_of=4,
    step=Step.POLICY,
)


def test_everything_that_is_chosen_comes_back() -> None:
    for one in fields(Draft):
        assert getattr(FULL, one.name) != getattr(Draft(), one.name), f"{one.name} is not tried"
    again = draft_file.from_value(parse(draft_file.to_yaml(FULL), "draft"))
    assert again == replace(FULL, listed=None)
    assert draft_file.from_value(parse(draft_file.to_yaml(Draft()), "draft")) == Draft()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("format: 2", "has format 2"),
        ("format: 1\nstep: five", "none of"),
        ("format: 1\nlisted: []", "unknown"),
        ("format: 1\npolicy: maybe", "none of"),
        ("format: 1\nundo: 3", "true or false"),
        ("format: 1\nrate_limit: -1", "whole number"),
        ("step: ends", "missing"),
        ("format: 1\nsource: {}", "an end has one of"),
    ],
)
def test_a_fault_in_the_file_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidFile, match=said):
        draft_file.from_value(parse(text, "draft"))


def test_the_file_is_private_without_a_secret_and_goes_when_nothing_is_chosen(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    url = StoreEnd("shop", url="mongodb://anna@host/shop")
    kept = draft_file.save(home, Draft(source=url, description="see mongodb://anna:s3cret@host/"))
    assert stat.S_IMODE(home.draft.stat().st_mode) == 0o600
    assert "s3cret" not in home.draft.read_text()
    assert [one.source for one in left(home)] == [url]
    assert draft_file.save(home, Draft(listed=("users",), step=Step.ENDS), kept) is None
    assert not home.draft.exists()
    assert left(home) == []


def test_a_file_that_is_anothers_by_now_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    mine, theirs = draft_file.save(home, Draft(description="mine")), Draft(description="theirs")
    draft_file.save(home, theirs, draft_file.find(home)[0][0])
    draft_file.save(home, Draft(), mine)
    assert left(home) == [theirs]
    again = draft_file.save(home, Draft(description="more of mine"), mine)
    assert again is not None
    assert {one.description for one in left(home)} == {"theirs", "more of mine"}
    again.path.unlink()
    assert draft_file.save(home, Draft(description="more of mine"), again) == again


def test_more_plans_than_fit_are_refused_and_none_is_lost(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    for number in range(draft_file.MOST):
        draft_file.save(home, Draft(description=f"{number}"))
    with pytest.raises(StorageFailed, match="9 unfinished plans are kept already"):
        draft_file.save(home, Draft(description="one more"))
    assert {one.description for one in left(home)} == {str(one) for one in range(draft_file.MOST)}


def left(home: Home) -> list[Draft]:
    """What is kept on disk, oldest first."""
    return [one.draft for one in draft_file.find(home)[0]]


async def choose_marks(pilot: Pilot[None], home: Home) -> None:
    """Begin a plan by opening one, and change it."""
    path = home.state / "plan.yaml"
    save_plan(copy_plan(), path)
    await open_plan(pilot, path)
    await until(pilot, shows(pilot, "prod/shop → staging/shop", "1 Ends"))


async def open_plan(pilot: Pilot[None], path: Path) -> None:
    await until(pilot, shows(pilot, "Try the demo"))
    await pilot.press("L")
    await until(pilot, shows(pilot, "Open a plan"))
    await pilot.press("ctrl+u", *(("full_stop" if one == "." else "slash" if one == "/" else one) for one in str(path)))
    await pilot.press("enter")


async def test_what_was_begun_is_offered_by_the_next_app_and_gone_on_with(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await choose_marks(pilot, home)
    assert left(home) == [from_plan(copy_plan())]
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        line = "n goes on with the plan prod/shop → sta"
        await until(pilot, shows(pilot, line))
        await pilot.press("n")
        await until(pilot, shows(pilot, "An unfinished plan"))
        await pilot.press("escape")
        await until(pilot, shows(pilot, line))
        await pilot.press("n")
        await until(pilot, shows(pilot, "An unfinished plan"))
        await pilot.press("enter")
        await until(pilot, shows(pilot, "prod/shop → staging/shop", "1 Ends"))
        assert app.session.draft.marks == {"users", "orders"}
        assert len(app.unfinished.waiting) == 1


async def test_one_that_is_begun_anew_stays_beside_the_new_one_until_it_is_forgotten(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    draft_file.save(home, from_plan(copy_plan()))
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "n goes on with the plan"))
        await pilot.press("n")
        await until(pilot, shows(pilot, "An unfinished plan"))
        await pilot.press("down", "enter")
        await until(pilot, shows(pilot, "new migration", "1 Ends"))
        assert app.session.draft == Draft()
        app.unfinished.note(Draft(description="new"))
        app.session.draft = Draft(description="new")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "n goes on with one of 2 plans: — → —, left at Ends"))
        await pilot.press("n")
        await until(pilot, shows(pilot, "›— → —, left at Ends", "prod/shop → staging/shop, 2 coll", "Forget one of"))
        assert len(left(home)) == 2
        await pilot.press("G", "enter")
        await until(pilot, shows(pilot, "Forget which?"))
        await pilot.press("enter")
        await until(pilot, shows(pilot, "Begin a new plan; this one is kept", "prod/shop → staging/shop"))
        await until(pilot, lambda: app.unfinished.is_at_rest)
        await pilot.press("escape")
    assert left(home) == [from_plan(copy_plan())]


RUBBISH = "format: 1\nfrom: nowhere\n"


async def test_of_a_draft_that_cannot_be_read_it_is_said_what_is_wrong_and_asked_what_becomes_of_it(
    tmp_path: Path,
) -> None:
    home = new_home(tmp_path)
    home.draft.write_text(RUBBISH)
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "✗ A plan cannot be read, n asks about it: this key is unknown (line 2, key"))
        await until(pilot, shows(pilot, "Try the demo"))
        await pilot.press("n")
        await until(pilot, shows(pilot, "An unfinished plan cannot be read", "draft.yaml", "Keep its file aside"))
        await pilot.press("escape")
        await until(pilot, shows(pilot, "✗ A plan cannot be read", "Try the demo"))
        await pilot.press("n")
        await until(pilot, shows(pilot, "Decide later"))
        await pilot.press("G", "enter")
        await until(pilot, shows(pilot, "new migration", "1 Ends"))
        assert home.draft.read_text() == RUBBISH
        await until(pilot, lambda: not app.session.looks.is_pending)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "✗ A plan cannot be read"))
        await pilot.press("n")
        await until(pilot, shows(pilot, "Keep its file aside, as draft.unreadable.yaml"))
        await pilot.press("enter")
        await until(pilot, shows(pilot, "new migration", "1 Ends"))
    assert not home.draft.exists()
    assert home.draft.with_name("draft.unreadable.yaml").read_text() == RUBBISH
    assert draft_file.find(home) == ((), ())


async def test_a_draft_that_cannot_be_read_can_be_forgotten_and_the_others_are_offered(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    home.draft.write_bytes(b"\xff\x00")
    draft_file.save(home, from_plan(copy_plan()))
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "n goes on with the plan", "asks about it: the file is not UTF-8"))
        await pilot.press("n")
        await until(pilot, shows(pilot, "cannot be read", "Forget it: delete its file"))
        await pilot.press("down", "enter")
        await until(pilot, shows(pilot, "Go on with it"))
        assert not home.draft.exists()
        await pilot.press("escape")
        await until(pilot, lambda: "cannot be read" not in screen_text(pilot))
    assert left(home) == [from_plan(copy_plan())]


def test_a_file_that_became_a_plan_meanwhile_is_neither_put_aside_nor_forgotten(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    draft_file.save(home, Draft(description="another app's"))
    draft_file.set_aside(home.draft, draft_file.name_aside(home.draft))
    draft_file.forget(home.draft)
    assert [one.description for one in left(home)] == ["another app's"]
    home.draft.unlink()
    draft_file.set_aside(home.draft, draft_file.name_aside(home.draft))
    for number in ("", "2"):
        home.draft.write_text(RUBBISH)
        aside = draft_file.name_aside(home.draft)
        draft_file.set_aside(home.draft, aside)
        assert aside.name == f"draft.unreadable{number}.yaml"
        assert aside.read_text() == RUBBISH


async def test_in_the_same_sitting_too_it_is_asked_whether_to_go_on_or_to_begin_anew(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await choose_marks(pilot, home)
        await until(pilot, lambda: len(app.session.looks.ends) == 2 and not app.session.looks.is_pending)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "n goes on with the plan prod/shop"))
        await pilot.press("n")
        await until(pilot, shows(pilot, "An unfinished plan", "Begin a new plan; this one is kept"))
        await pilot.press("down", "enter")
        await until(pilot, shows(pilot, "new migration", "1 Ends"))
        assert app.session.draft == Draft()
        await until(pilot, lambda: not app.session.looks.is_pending)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "n goes on with the plan prod/shop"))
        await pilot.press("n")
        await until(pilot, shows(pilot, "Go on with it"))
        await pilot.press("enter")
        await until(pilot, shows(pilot, "prod/shop → staging/shop", "1 Ends"))
        assert app.session.draft.marks == {"users", "orders"}


async def test_a_plan_that_redacts_is_offered_by_the_next_app(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await choose_marks(pilot, home)
        app.unfinished.note(replace(app.session.draft, scope=with_redaction(app.session.draft.scope, redact=True)))
        await until(pilot, lambda: app.unfinished.is_at_rest)
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "n goes on with the plan prod/shop"))
        assert [one.scope.redact for one in app.unfinished.waiting] == [True]


async def test_a_plan_that_another_takes_the_place_of_is_kept_and_offered(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    mine = Draft(store_end("staging"), description="three hours of work")
    draft_file.save(home, mine)
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "n goes on with the plan staging/shop → —"))
        await app.push_screen(NewMigrationScreen(from_plan(copy_plan())))
        looks = app.session.looks
        await until(pilot, lambda: len(looks.ends) == 2 and not looks.is_pending, "that esc has nothing to cancel")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "n goes on with one of 2 plans: prod/sho"))
        app.unfinished.begin(mine)
        app.unfinished.note(replace(mine, description="four hours of work"))
    assert {one.description for one in left(home)} == {"four hours of work", copy_plan().description}


async def test_two_apps_do_not_take_each_others_plan(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    one, other = new_app(home), new_app(home)
    theirs = Draft(description="three hours of work")
    async with other.run_test(size=(80, 24)) as beside, one.run_test(size=(80, 24)) as pilot:
        other.unfinished.note(theirs)
        await until(beside, lambda: other.unfinished.is_at_rest)
        one.unfinished.note(from_plan(copy_plan()))
        await until(pilot, lambda: one.unfinished.is_at_rest)
        assert len(left(home)) == 2
        one.unfinished.note(Draft())  # its run is begun
        await until(pilot, lambda: one.unfinished.is_at_rest)
        assert left(home) == [theirs]
        home.draft.unlink()  # whoever did that: its app is there yet
    assert left(home) == [theirs]


async def test_what_is_started_is_not_unfinished_any_more(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await choose_marks(pilot, home)
        await until(pilot, home.draft.exists)
        await app.unfinished.find()
        assert len(app.unfinished.waiting) == 1, "what this sitting has chosen is no earlier one's"
        app.unfinished.note(Draft())
        await until(pilot, lambda: not home.draft.exists())


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (None, "cannot read"),
    ],
)
async def test_a_plan_that_cannot_be_opened_is_asked_for_again(tmp_path: Path, plan: Plan | None, said: str) -> None:
    home = new_home(tmp_path)
    path = home.state / "plan.yaml"
    if plan is not None:
        save_plan(plan, path)
    app: MigrateApp = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_plan(pilot, path)
        await until(pilot, shows(pilot, said))
        await pilot.press("escape")
        await until(pilot, shows(pilot, "Try the demo"))
        assert app.session.draft == Draft()


def test_a_draft_reads_in_one_line() -> None:
    assert words(Draft(source=PackageEnd("/p"))) == "/p → —, left at Ends"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (0, "demo-source/second_brain → demo-target/second_brain, 3 collections marked, left at Ends"),
        (80, "demo-source/second_brain → demo-target/second_brain, 3 collections marked"),
        (54, "demo-source/second_brain → demo-target/second_brain"),
        (45, "demo-source/seco…rain → demo-target/seco…rain"),
    ],
)
def test_both_names_of_a_plan_are_the_last_that_is_cut(width: int, shown: str) -> None:
    source, target = (StoreEnd("second_brain", connection=one) for one in ("demo-source", "demo-target"))
    draft = Draft(source=source, target=target, marks=frozenset("abc"))
    assert words(draft, width) == shown


async def test_that_a_plan_is_not_kept_is_said_once_and_so_is_that_it_is_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = new_app(new_home(tmp_path))
    said: list[str] = []
    real = draft_file.save

    def fail(*_: object) -> None:
        raise StorageFailed("no room for draft.yaml", hint="make room")

    async with app.run_test(size=(80, 24)) as pilot:
        unfinished = app.unfinished
        monkeypatch.setattr(app, "say", lambda words, **_: said.append(words))

        async def noted(policy: Policy) -> None:
            unfinished.note(replace(FULL, policy=policy))
            await until(pilot, lambda: unfinished.is_at_rest)

        monkeypatch.setattr(draft_file, "save", fail)
        await noted(Policy.SKIP)
        await noted(Policy.FAIL)
        assert said == ["The plan is not kept: no room for draft.yaml; the next change tries again"]
        monkeypatch.setattr(draft_file, "save", real)
        await noted(Policy.SKIP)
        await noted(Policy.FAIL)
        assert said[1:] == ["The plan is kept again."]
