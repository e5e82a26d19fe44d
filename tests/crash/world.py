"""The world that runs are killed in: small, but with every kind of thing that a run makes or meets."""

from dataclasses import replace

import bson

from tests.engine.servers import NEEDS_N, VIEW, expiring
from tests.engine.worlds import Held, World
from tests.suites.documents import EMPTY, as_value, doc, index, options
from tests.suites.ids import double, int32, text
from tui_migrate.documents import RawId, raw_id
from tui_migrate.plan.model import Policy
from tui_migrate.stores.base import Target

CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(4096))
BATCH = 3
NEVER_TAKEN = doc(int32(3), m=int32(1))
"""What the target's `chain` refuses always."""

KEPT = int32(7)
"""The `_id` of the document about which it is decided that the target's is kept."""

RETRIED = 8
"""What the target refuses in the run before a retry, of which a retry cannot write two either."""


def crash_world(policy: Policy) -> World:
    """A source and a target that has some of it: for `fail` nothing that differs, for the others some that does.

    For `overwrite` and `ask` there is a chain: a document can be inserted only after another has let go of its unique
    value; and one that the target's validator refuses.
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
    if policy in (Policy.OVERWRITE, Policy.ASK):
        links = (doc(int32(1), n=text("b")), doc(int32(2), n=text("c")), NEVER_TAKEN)
        source["chain"] = Held(EMPTY, (), links)
        target["chain"] = Held(NEEDS_N, (index("n", unique=True),), (doc(int32(2), n=text("b")),))
    return World(source, target, policy, BATCH, max_rejects=5)


def retried_world() -> World:
    """A target that refuses most of what a run brings, inserts and replaces, until its rules are relaxed."""
    world = crash_world(Policy.OVERWRITE)
    rules = {"chain": _n_is({"$exists": True, "$ne": "c"}), "things": _n_is({"$nin": [1, 3, 5, 7, 8]})}
    return replace(world, target=_ruled(world, rules), max_rejects=2 * RETRIED)


def decided_documents(name: str, world: World) -> list[bytes]:
    """What a collection holds when all that was asked about is decided: of the documents 7 the target's is kept."""
    there = {raw_id(one): one for one in (world.target[name].documents if name in world.target else ())}
    mine = (one for one in world.source[name].documents if one != NEVER_TAKEN)
    there |= {identifier: one for one in mine if (identifier := raw_id(one)) not in there or identifier != KEPT}
    return sorted(there.values())


async def relax(target: Target) -> None:
    """Let a target take what it refused, but for one document of each collection."""
    await target.set_validator("chain", NEEDS_N)
    await target.set_validator("things", _n_is({"$ne": 8}))


def failing_world() -> World:
    """A target that refuses one document more than the run allows: the last of all."""
    world = crash_world(Policy.OVERWRITE)
    return replace(world, target=_ruled(world, {"things": _n_is({"$ne": 8})}), max_rejects=1)


def mirrored_world() -> World:
    """A target that differs from the source in every way that a mirror puts right."""
    source = crash_world(Policy.OVERWRITE).source
    things = source["things"].documents
    ring = (doc(int32(1), n=text("c")), doc(int32(2), n=text("b")), doc(int32(9), n=int32(9)))
    target = {
        "bystander": Held(EMPTY, (index("n", unique=True),), (things[0], doc(int32(77)))),
        "capped": Held(CAPPED, (), (doc(int32(3), n=text("other")), doc(int32(8)))),
        "chain": Held(NEEDS_N, (index("n", unique=True),), ring),
        "lost": Held(NEEDS_N, (index("n"), expiring("at")), tuple(things[:4])),
        "lost view": Held(options(viewOn=text("lost"), pipeline=as_value(bson.encode({}), 0x04)), (), ()),
        "new": Held(CAPPED, (), (doc(int32(3), n=text("other")), doc(int32(8)), doc(int32(1)))),
        "things": Held(
            NEEDS_N,
            (index("z"), descending("n")),
            (doc(double(1.0), n=int32(1)), things[1], *(doc(int32(one), n=text("more")) for one in range(7, 13))),
        ),
        "view": Held(options(viewOn=text("new"), pipeline=as_value(bson.encode({}), 0x04)), (), ()),
    }
    return World(source, target, Policy.OVERWRITE, BATCH)


def descending(name: str) -> bytes:
    """An index that has the name of `index(name)` and another order."""
    return bson.encode({"v": 2, "key": {name: -1}, "name": f"{name}_1"})


def _n_is(rule: dict[str, object]) -> bytes:
    return options(validator=as_value(bson.encode({"n": rule})))


def _ruled(world: World, rules: dict[str, bytes]) -> dict[str, Held]:
    return {name: replace(held, options=rules.get(name, held.options)) for name, held in world.target.items()}
