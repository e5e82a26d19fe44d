from tests.suites.documents import EMPTY
from tui_migrate.plan.model import Plan, PlannedCollection, Policy, RunKind, StoreEnd
from tui_migrate.plan.restoring import mirroring
from tui_migrate.stores.base import CollectionInfo, CollectionKind


def test_what_a_restore_removes_is_what_only_the_target_has_but_for_what_is_the_servers() -> None:
    planned = PlannedCollection("things")
    plan = Plan(RunKind.IMPORT, StoreEnd("a"), StoreEnd("b"), (planned,), policy=Policy.OVERWRITE)
    names = ("things", "more", "system.js", "enxcol_.things.esc", "also")
    found = mirroring(plan, [CollectionInfo(one, CollectionKind.PLAIN, EMPTY, documents=3, size=99) for one in names])
    removed = [PlannedCollection(one, 3, 99, CollectionKind.PLAIN, remove=True) for one in ("also", "more")]
    assert (found.mirror, found.collections) == (True, (planned, *removed))
