"""Which runs have claimed what a plan wants to write to."""

from pathlib import Path

from tests.engine.scene import Scene, new_scene, put
from tests.suites.documents import doc
from tests.suites.ids import int32
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.plan.checks.look import Rival
from tui_migrate.worker import launch


async def test_a_home_without_a_journal_has_no_rivals(tmp_path: Path) -> None:
    assert await launch.find_rivals(Home.find(tmp_path / "none"), ["memory:x/db"], ["things"]) == ()
    assert not (tmp_path / "none").exists()


async def test_a_run_is_a_rival_for_what_it_has_claimed_and_no_more() -> None:
    with new_scene() as scene:
        await _claimed(scene)
        places = (await scene.target.identity()).claims()
        found = await launch.find_rivals(scene.home, places, ["things", "others"])
        assert found == (Rival(1, "things", is_active=False),)
        assert await launch.find_rivals(scene.home, places, ["others"]) == ()
        assert await launch.find_rivals(scene.home, ["memory:elsewhere/db"], ["things"]) == ()


async def _claimed(scene: Scene) -> None:
    await put(scene.source, doc(int32(1)))
    run_id = await launch.create_run(scene.home, await scene.plan())
    journal = await JournalWriter.open(scene.home.journal)
    try:
        await journal.claim(run_id, (await scene.target.identity()).claims(), ["things"])
    finally:
        await journal.close()
