from pathlib import Path

import pytest
from bson import encode
from textual.pilot import Pilot

from tests.packages.encryption.contents import sealed
from tests.ui.driving import new_app, screen_text, until
from tests.ui.new_scene import says, session, type_into, wizard
from tui_migrate.paths import Home
from tui_migrate.plan.model import PackageEnd
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.screens.dialogs import AskPassphrase

WORD = "hunter2 among words"


@pytest.fixture
def package(tmp_path: Path) -> PackageEnd:
    path = tmp_path / "users.bson.age"
    path.write_bytes(sealed(encode({"_id": 1}), passphrase=WORD))
    return PackageEnd(str(path))


async def asked(pilot: Pilot[None], *texts: str) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, AskPassphrase), "the question")
    await until(pilot, says(pilot, *texts), f"{texts}")


async def test_a_package_is_looked_at_once_its_passphrase_is_the_right_one(home: Home, package: PackageEnd) -> None:
    async with wizard(home, Draft(package)) as pilot:
        await asked(pilot, "Passphrase", "users.bson.age")
        await type_into(pilot, "hunter2 wrong")
        await asked(pilot, "the passphrase does not open")
        assert session(pilot).passwords == {}
        await type_into(pilot, WORD)
        await until(pilot, says(pilot, "1 collection, 1 document"), "the source")
        assert session(pilot).passwords == {package.label: WORD}
        assert "hunter2" not in screen_text(pilot)


async def test_esc_leaves_it_unopened_and_t_asks_again(home: Home, package: PackageEnd) -> None:
    async with wizard(home, Draft(package)) as pilot:
        await asked(pilot, "Passphrase")
        await pilot.press("escape")
        await until(pilot, says(pilot, "✗ the right password was not given", "t asks for it"), "the fault")
        await pilot.press("t")
        await asked(pilot, "Passphrase")


async def test_a_new_passphrase_is_asked_for_until_it_was_typed_twice_alike(home: Home, tmp_path: Path) -> None:
    end = PackageEnd(str(tmp_path / "new.age"), with_passphrase=True)
    app, given = new_app(home), list[bool]()

    async def ask(asking: MigrateApp) -> None:
        given.append(await have_passwords(asking, (end,)))

    async with app.run_test(size=(80, 24)) as pilot:
        app.in_background(ask(app), "ask")
        await asked(pilot, "new.age")
        for first, second, said in (("", None, "Nothing is typed yet."), (WORD, "other", "passphrases differ")):
            await type_into(pilot, first)
            if second is not None:
                await asked(pilot, "Type the same again")
                await type_into(pilot, second)
            await asked(pilot, said)
        await type_into(pilot, WORD)
        await asked(pilot, "Type the same again")
        await type_into(pilot, WORD)
        await until(pilot, lambda: given == [True], "the answer")
    assert app.session.passwords == {end.label: WORD}
