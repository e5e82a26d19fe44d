from types import SimpleNamespace
from typing import Any

import bson
import pytest

from tests.plan.checks.ground import Ground
from tui_migrate.plan.checks import disk
from tui_migrate.plan.forecast import UNDO_OF_INSERT, UNDO_RESERVE
from tui_migrate.plan.model import Policy
from tui_migrate.plan.preflight import Circumstances

THERE = {"_id": 7, "text": "x" * 5_000}
INSERT = UNDO_OF_INSERT + UNDO_RESERVE


@pytest.mark.rule(25, "estimate: replaced bytes plus 40 B an insert")
@pytest.mark.parametrize(
    ("given", "undo"),
    [
        ({"policy": Policy.OVERWRITE}, INSERT + len(bson.encode(THERE))),
        ({"policy": Policy.SKIP}, INSERT),
        ({"policy": Policy.SKIP, "mirror": True}, INSERT + len(bson.encode(THERE))),
        ({"policy": Policy.OVERWRITE, "undo": False}, 0),
    ],
)
async def test_room_is_wanted_for_all_that_may_be_replaced_or_deleted(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], undo: int
) -> None:
    ground.target["things"].insert_one(THERE)
    plan, about = await ground.plan(**given), Circumstances(folder=ground.folder)
    enough = undo + disk.JOURNAL_OF_BATCH
    found = []
    for free in (enough - 1, enough):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        found.append([one.message for one in await ground.check(plan, about=about) if one.code == "undo_space"])
    assert [len(one) for one in found] == [1, 0]
    assert f"{enough - 1:,} bytes are free" in found[0][0]
