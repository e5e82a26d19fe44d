"""How much a rollback says of documents that others changed: it does not grow with their number."""

import pytest

from tests.engine import strangers
from tests.engine.scene import Scene, put
from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tui_migrate.journal import writer

DOCUMENTS = tuple(doc(int32(one), n=int32(one)) for one in range(1, 8))
NAMED = 3


@pytest.mark.parametrize(("force", "code"), [(False, "changed_since"), (True, "forced")])
async def test_past_a_number_the_rest_are_counted_and_not_named(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, force: bool, code: str
) -> None:
    monkeypatch.setattr(writer, "MAX_FINDINGS_OF_A_CODE", NAMED)
    await put(scene.source, *DOCUMENTS)
    run_id = (await scene.copy()).record.id
    await strangers.overwrite(scene.target, *(doc(int32(one), n=text("theirs")) for one in range(1, 8)))
    ended = await scene.roll_back(run_id, force=force)
    found = [one for one in ended.record.findings if one.code == code]
    assert len(found) == NAMED + 1
    assert (found[-1].subject, sum(one.count for one in found)) == ("others", len(DOCUMENTS))
