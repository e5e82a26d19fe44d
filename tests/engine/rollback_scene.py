"""What a rollback is tried on: four documents that a run copied onto two older ones, and what a stranger writes."""

from tests.engine.scene import Ended, Scene, create, put
from tests.suites.documents import doc, options
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId

NEW = [doc(int32(one), n=int32(one)) for one in range(1, 5)]
OLD = [doc(int32(one), n=text("old")) for one in (3, 4)]
CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(65_536))


def by(number: int) -> bytes:
    return doc(int32(number), n=text("somebody else"))


async def copied(scene: Scene, *, batch: int = 10) -> Ended:
    """Copy four documents onto two older ones."""
    await put(scene.source, *NEW)
    await create(scene.target, "things")
    await put(scene.target, *OLD)
    return await scene.copy(batch=batch)
