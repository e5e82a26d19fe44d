from pathlib import Path

import pytest

from tests.ui.driving import new_app, new_home, shows, until
from tui_migrate.plan.model import PackageEnd, Policy, StoreEnd
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.screens.new_migration import command_line

PROD = StoreEnd("shop", connection="prod")
STAGING = StoreEnd("shop", connection="staging")
PACKAGE = PackageEnd("/srv/a package")


@pytest.mark.parametrize(
    ("draft", "command"),
    [
        (Draft(), "tui-migrate copy --source SOURCE --target TARGET"),
        (
            Draft(PROD, STAGING, frozenset(("b", "a [x]")), policy=Policy.SKIP),
            "tui-migrate copy --source prod/shop --target staging/shop"
            " --collections 'a [x]' b --conflict-resolution skip",
        ),
        (Draft(PROD, PACKAGE), "tui-migrate export --url prod/shop --output '/srv/a package'"),
        (Draft(PACKAGE, STAGING), "tui-migrate import --url staging/shop --input '/srv/a package'"),
    ],
)
def test_the_command_of_a_draft(draft: Draft, command: str) -> None:
    assert command_line(draft) == command


async def test_home_leads_to_it_and_back(tmp_path: Path) -> None:
    app = new_app(new_home(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "Home"), "Home")
        await pilot.press("n")
        await until(pilot, shows(pilot, "tui-migrate copy --source SOURCE --target TARGET --dry-run"), "the command")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "Home"), "Home again")
