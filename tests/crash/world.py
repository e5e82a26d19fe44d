"""The world that runs are killed in: small, but with every kind of thing that a run makes or meets."""

from tests.engine.servers import NEEDS_N, VIEW, expiring
from tests.engine.worlds import Held, World
from tests.suites.ids import int32, text
from tests.suites.store_cases import EMPTY, doc, index, options
from tui_migrate.documents import RawId
from tui_migrate.plan.model import Policy

CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(4096))
BATCH = 3


def crash_world(policy: Policy) -> World:
    """A source and a target that has some of it: for `fail` nothing that differs, for the others some that does.

    For `overwrite` there is a chain: a document can be inserted only after another has let go of its unique value; and
    one that the target's validator refuses.
    """
    things = [doc(int32(one), n=int32(one)) for one in range(1, 8)] + [doc(text("x"), n=int32(8))]
    there = [things[1], things[3], doc(int32(100), n=int32(100))]
    if policy is not Policy.FAIL:
        there += [doc(int32(5), n=text("old")), doc(int32(7), n=text("older"))]
    source = {
        "capped": Held(CAPPED, (), tuple(doc(int32(one), n=int32(-one)) for one in (3, 1, 2, 4))),
        "new": Held(NEEDS_N, (index("n", unique=True), index("m"), expiring("at")), tuple(things[:5])),
        "things": Held(EMPTY, (index("n"), expiring("at")), tuple(things)),
        "view": Held(VIEW, (), ()),
    }
    target = {
        "bystander": Held(NEEDS_N, (index("n"),), (things[0],)),
        "things": Held(EMPTY, (index("z"),), tuple(there)),
    }
    if policy is Policy.OVERWRITE:
        links = (doc(int32(1), n=text("b")), doc(int32(2), n=text("c")), doc(int32(3), m=int32(1)))
        source["chain"] = Held(EMPTY, (), links)
        target["chain"] = Held(NEEDS_N, (index("n", unique=True),), (doc(int32(2), n=text("b")),))
    return World(source, target, policy, BATCH, max_rejects=5)
