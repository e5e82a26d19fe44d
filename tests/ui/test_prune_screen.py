"""Removing old backups: what goes is shown before, and what stays after all is said."""

import pytest
from textual.pilot import Pilot

from tests.ui.backup_scene import DAY, add, busy, choose, is_on, opened
from tests.ui.driving import new_app, screen_text, shows, table_cells, until
from tests.ui.new_scene import SIZE, says, type_into
from tui_migrate.paths import Home
from tui_migrate.ui.look import Fault
from tui_migrate.ui.screens import prune
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.prune import PruneScreen
from tui_migrate.worker.backups import BackupStatus, find_backup, read_backups

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lost_sockets")]


async def set_rule(pilot: Pilot[None], no_days: str) -> None:
    """Let what is older than 50 days go, and the newest stay; what is no number of days is refused first."""
    await pilot.press("m")
    await until(pilot, shows(pilot, "Older than how many days?"), "the days")
    await type_into(pilot, no_days)
    await until(pilot, shows(pilot, "✗ A number from 0 to 36,500."), "why not")
    await type_into(pilot, "50")
    await until(pilot, shows(pilot, "always stay?"), "the number")
    await type_into(pilot, "0")
    await until(pilot, shows(pilot, "✗ A number from 1 to"), "why not")
    await type_into(pilot, "1")


async def test_what_goes_is_shown_before_it_is_removed(home: Home) -> None:
    for name, age in (("a", 90 * DAY), ("b", 60 * DAY), ("c", 40 * DAY), ("d", 1 * DAY)):
        await add(home, name, age=age)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until(pilot, lambda: len(table_cells(pilot)) == 4, "the backups")
        await pilot.press("P")
        await until(pilot, is_on(pilot, PruneScreen), "the preview")
        await until(pilot, shows(pilot, "Nothing goes by this rule; m changes it."), "that nothing goes")
        await set_rule(pilot, no_days="-1")
        await until(pilot, shows(pilot, "2 backups of 4 go"), "what goes")
        assert [row[0] for row in table_cells(pilot)] == ["- goes", "- goes", "stays", "stays"]
        await pilot.press("s")
        await until(pilot, says(pilot, "2 backups of PRODUCTION among them."), "the question")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, PruneScreen), "the preview")
        assert len(await read_backups(home)) == 4
        await pilot.press("s")
        await choose(pilot, "remove")
        await until(pilot, shows(pilot, "✓ 2 backups removed"), "that they are gone")
        assert [one.name for one in await read_backups(home)] == ["d", "c"]
        assert sorted(one.name for one in home.backups.iterdir()) == ["c.tar", "d.tar"]


async def test_what_changed_while_it_was_asked_about_stays_and_a_fault_goes_with_its_reason(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, age in (("a", 90 * DAY), ("b", 60 * DAY), ("c", 1 * DAY)):
        await add(home, name, age=age)
    app = new_app(home)
    with monkeypatch.context() as patch:
        patch.setattr(prune, "read_backups", busy)
        async with app.run_test(size=SIZE) as pilot:
            await app.push_screen(PruneScreen())
            await until(pilot, says(pilot, "✗ the journal is locked"), "the fault")
            patch.undo()
            await set_rule(pilot, no_days="0000000001234")
            await until(pilot, shows(pilot, "2 backups of 3 go"), "what goes")
            assert "the journal is locked" not in screen_text(pilot)
            await pilot.press("s")
            await until(pilot, is_on(pilot, Choose), "the question")
            (home.backups / "a.tar").write_bytes(b"longer")
            await choose(pilot, "remove")
            await until(pilot, shows(pilot, "1 backup removed", "1 changed since they were listed"), "what stayed")
    assert sorted(one.name for one in await read_backups(home)) == ["a", "c"]


async def test_what_cannot_be_removed_is_told(home: Home) -> None:
    await add(home, "old", age=90 * DAY)
    await add(home, "new")
    away = home.backups.with_name("away")
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(PruneScreen())
        await pilot.press("m")
        await until(pilot, is_on(pilot, AskText), "the days")
        await type_into(pilot, "30")
        await until(pilot, shows(pilot, "always stay?"), "the number")
        await type_into(pilot, "1")
        await until(pilot, shows(pilot, "1 backup of 2 goes"), "what goes")
        home.backups.rename(away)
        home.backups.symlink_to(away)
        await pilot.press("s")
        await choose(pilot, "remove")
        await until(pilot, says(pilot, "✗ cannot remove"), "why not")
        app.screen.post_message(PruneScreen.Removed(1, 2, 1_024, Fault("cannot remove another")))
        await until(pilot, says(pilot, "✗ cannot remove another", "1 backup removed"), "what went before that")
    assert (await find_backup(home, "old")).status is BackupStatus.COMPLETE
