"""How an exported package is written, as it is chosen in the first step: its form, and what is to open it."""

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.packages.encryption.contents import identity
from tests.ui.driving import screen_text, until
from tests.ui.new_scene import (
    Shop,
    checked,
    live_app,
    rows,
    run_record,
    says,
    session,
    shop,
    step_is,
    type_into,
    wizard,
)
from tui_migrate.journal.states import RunState
from tui_migrate.packages.content import FileContent
from tui_migrate.packages.encryption.layer import opened
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import Keys
from tui_migrate.paths import Home
from tui_migrate.plan.model import PackageEnd
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.draft import Draft, Step, at_step, swapped, with_listing
from tui_migrate.ui.package_form import CHOICES, at_path, choice_of, for_recipients, form_words, in_form, is_usual
from tui_migrate.ui.screens.dialogs import AskPassphrase, AskText, Choose
from tui_migrate.ui.screens.end_dialogs import AskPath
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.table import Table

__all__ = ["shop"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WORD = "hunter2 among words"


def is_on(pilot: Pilot[None], kind: type) -> Callable[[], bool]:
    return lambda: isinstance(pilot.app.screen, kind)


def target(pilot: Pilot[None]) -> PackageEnd:
    end = session(pilot).draft.target
    assert isinstance(end, PackageEnd)
    return end


def shown_form(pilot: Pilot[None]) -> list[tuple[str, ...]]:
    return [one[:2] for one in rows(pilot, "#ends") if one[0] == "Form"]


async def choose(pilot: Pilot[None], key: str) -> None:
    """Open the forms from the step, and take one."""
    await until(pilot, is_on(pilot, NewMigrationScreen), "the step")
    pilot.app.screen.query_one("#ends", Table).move_to("form")
    await pilot.press("enter")
    await take(pilot, key)


async def take(pilot: Pilot[None], key: str) -> None:
    await until(pilot, is_on(pilot, Choose), "the forms")
    await until(pilot, lambda: len(rows(pilot, "#choices")) == len(CHOICES), "all of them")
    pilot.app.screen.query_one(Table).move_to(key)
    await pilot.press("enter")


async def answered(pilot: Pilot[None], text: str, *said: str) -> None:
    """Answer a window, and wait for the next one to say something."""
    window = pilot.app.screen
    await type_into(pilot, text)
    await until(pilot, lambda: pilot.app.screen is not window, "the next window")
    await until(pilot, says(pilot, *said), f"{said}")


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    return Draft(target=PackageEnd(str(tmp_path / "shop")))


async def test_every_form_that_can_be_written_is_offered_and_the_usual_one_stands_there(
    home: Home, draft: Draft
) -> None:
    async with wizard(home, draft) as pilot:
        await until(pilot, lambda: shown_form(pilot) == [("Form", "tui-migrate's own, a folder")], "the usual form")
        for form in PackageForm:
            if form.can_be_written:
                await choose(pilot, form.value)
                await until(pilot, lambda form=form: target(pilot).form is form, form)  # type: ignore[misc] # a default argument of a lambda has no type
        assert shown_form(pilot) == [("Form", "XCodeReviewer export")]
        await choose(pilot, PackageForm.GOFANNON.value)
        pilot.app.screen.query_one("#ends", Table).move_to("target")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, Choose), "the ends")
        pilot.app.screen.query_one(Table).move_to("package")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, AskPath), "the path")
        await type_into(pilot, f"{target(pilot).path}.json")
        await until(pilot, lambda: target(pilot).path.endswith("shop.json"), "the new path")
        assert target(pilot).form is PackageForm.GOFANNON


async def test_there_is_no_form_of_a_database(shop: Shop) -> None:
    async with wizard(shop.home, shop.draft("users")) as pilot:
        await until(pilot, says(pilot, "Next: ctrl+n"), "both ends")
        assert shown_form(pilot) == []


async def test_recipients_are_keys_or_a_file_and_what_is_neither_is_asked_again(
    home: Home, draft: Draft, tmp_path: Path
) -> None:
    mine, other = identity(), identity()
    keys = tuple(str(one.to_public()) for one in (mine, other))
    (tmp_path / "team.txt").write_text(f"# the team\n{keys[1]}\n")
    async with wizard(home, draft) as pilot:
        await choose(pilot, "recipients")
        await until(pilot, is_on(pilot, AskText), "the question")
        await answered(pilot, "", "✗ no recipient was given")
        await answered(pilot, "age1nonsense", "✗ a recipient: this is no public key that age can encrypt for")
        await answered(pilot, f"{tmp_path}/nowhere", "✗ a recipient is neither a public key nor a file")
        assert pilot.app.screen.query_one(Input).value == f"{tmp_path}/nowhere"
        await answered(pilot, str(mine), "✗ a recipient: this is a private key, not a public one")
        assert pilot.app.screen.query_one(Input).value == ""
        assert str(mine) not in screen_text(pilot)
        assert target(pilot).recipients == ()
        await type_into(pilot, f"{keys[0]}, ~/team.txt")
        await until(pilot, says(pilot, "encrypted archive, for 2 recipients"), "the form")
        assert target(pilot) == replace(target(pilot), form=PackageForm.ARCHIVE, recipients=keys)


async def test_a_passphrase_is_typed_twice_alike_and_forgotten_with_another_form(home: Home, draft: Draft) -> None:
    async with wizard(home, draft) as pilot:
        label = target(pilot).label
        await choose(pilot, "passphrase")
        await until(pilot, is_on(pilot, AskPassphrase), "the question")
        await until(pilot, says(pilot, "without it nobody can open the package"), "what it means")
        await pilot.press("enter")
        await until(pilot, says(pilot, "Nothing is typed yet."), "that there is nothing")
        await answered(pilot, WORD, "Type the same again")
        await answered(pilot, "hunter2 other", "the two passphrases differ")
        await answered(pilot, WORD, "Type the same again")
        again = pilot.app.screen
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is not again, "the first question")
        await until(pilot, says(pilot, "typed once only"), "why")
        assert not target(pilot).with_passphrase
        assert session(pilot).passwords == {}
        await answered(pilot, WORD, "Type the same again")
        await type_into(pilot, WORD)
        await until(pilot, says(pilot, "encrypted archive, under a passphrase"), "the form")
        assert session(pilot).passwords == {label: WORD}
        assert "hunter2" not in screen_text(pilot)
        await choose(pilot, "native")
        await until(pilot, lambda: not target(pilot).with_passphrase, "the usual form")
        assert session(pilot).passwords == {}


async def test_esc_leads_back_to_the_forms_and_changes_nothing(home: Home, draft: Draft) -> None:
    async with wizard(home, draft) as pilot:
        for key, window in (("recipients", AskText), ("passphrase", AskPassphrase)):
            await choose(pilot, key)
            await until(pilot, is_on(pilot, window), "the question")
            await pilot.press("escape")
            await until(pilot, is_on(pilot, Choose), "the forms")
            await pilot.press("escape")
            await until(pilot, is_on(pilot, NewMigrationScreen), "the step")
        assert session(pilot).draft.target == draft.target


@pytest.mark.slow
async def test_an_export_under_a_passphrase_is_opened_by_it_and_no_file_has_it(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "shop.age"
    plan = with_listing(replace(shop.draft("users"), target=PackageEnd(str(path))), ("users",))
    app = live_app(shop.home)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(NewMigrationScreen(plan))
        await until(pilot, says(pilot, "2 collections, 50 documents"), "the source")
        await choose(pilot, "passphrase")
        await until(pilot, is_on(pilot, AskPassphrase), "the question")
        await answered(pilot, WORD, "Type the same again")
        await type_into(pilot, WORD)
        await until(pilot, says(pilot, "under a passphrase"), "the form")
        await pilot.press("ctrl+n")
        await until(pilot, step_is(pilot, Step.COLLECTIONS), "the collections")
        await pilot.press("ctrl+n")
        await until(pilot, step_is(pilot, Step.POLICY), "the policy")
        await pilot.press("ctrl+n")
        await checked(pilot)
        await until(pilot, says(pilot, "(encrypted archive, under a passphrase)"), "the sentence")
        await pilot.press("s")
        await until(pilot, is_on(pilot, RunScreen), "the run", 60)
        await until(pilot, says(pilot, "completed"), "its end", 60)
        assert "hunter2" not in screen_text(pilot)
    assert (await run_record(shop.home)).state is RunState.COMPLETED
    content = opened(FileContent(path), Keys(passphrase=WORD)).open()
    assert content.read(2) == b"\x1f\x8b"
    content.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for file in shop.home.config.parent.rglob("*"):
        assert not file.is_file() or b"hunter2" not in file.read_bytes()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (PackageForm.XCODEREVIEWER, "has the collections"),
        (PackageForm.SECOND_BRAIN, "document cannot be kept exactly in JSON"),
    ],
)
async def test_what_a_form_cannot_keep_is_said_before_anything_is_written(
    shop: Shop, tmp_path: Path, form: PackageForm, words: str
) -> None:
    shop.source_db[shop.database]["users"].insert_one({"_id": 99, "odd": {"$numberInt": "5"}})
    end = PackageEnd(str(tmp_path / "shop.json"), form=form)
    plan = at_step(with_listing(replace(shop.draft("users"), target=end), ("users",)), Step.PREFLIGHT)
    async with wizard(shop.home, plan) as pilot:
        await checked(pilot)
        await until(pilot, says(pilot, "Not yet: ", " to be mended first"), "that it is blocked")
        checks = session(pilot).looks.checked
        assert checks is not None
        assert any(words in one.message for one in checks.findings)


def test_a_path_keeps_what_was_chosen_and_else_has_the_usual_form() -> None:
    folder = PackageEnd("/p/shop")
    assert at_path(None, "/p/a.tar").form is PackageForm.TAR
    assert at_path(folder, "/p/a.tar").form is PackageForm.TAR
    secret = for_recipients(folder, ("age1x",))
    assert at_path(secret, "/p/a.tar") == replace(secret, path="/p/a.tar")
    assert form_words(secret) == "encrypted archive, for 1 recipient"
    assert not is_usual(secret)
    assert in_form(secret, PackageForm.NATIVE) == folder
    assert choice_of(folder) == "native"


def test_a_package_that_is_read_after_the_ends_were_swapped_has_nothing_of_how_it_was_to_be_written(
    shop: Shop,
) -> None:
    secret = for_recipients(PackageEnd("/p/shop"), ("age1x",))
    plan = swapped(replace(shop.draft("users"), target=secret))
    assert drafts.to_request(with_listing(plan, ("users",))).source == PackageEnd("/p/shop")
    assert swapped(plan).target == secret
