"""Ends that differ in every way that a mirror has to put right, and how a mirror is planned between them."""

from dataclasses import replace

import bson
from hypothesis import strategies as st

from tests.engine.scene import Runs, Scene, create, same, snapshot
from tests.engine.worlds import FORMS, Held, World
from tests.suites.documents import EMPTY, MUST_HAVE_N, as_value, doc, index, options
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId, raw_id
from tui_migrate.ordering import Key, order_key
from tui_migrate.plan.model import PackageEnd, Plan, PlannedCollection, Policy, RunKind
from tui_migrate.stores.base import Source

NAMES = ("things", "others", "third")
CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(65_536))
SERIES = options(timeseries=as_value(bson.encode({"timeField": "at"})))
OTHER_CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(4_096))
COLLATED = options(collation=as_value(bson.encode({"locale": "sv"})))
TAGGED = options(changeStreamPreAndPostImages=as_value(bson.encode({"enabled": True})))
LENIENT = options(validator=as_value(bson.encode({"n": {"$exists": False}})), validationLevel=text("moderate"))


def view(on: str) -> Held:
    return Held(options(viewOn=text(on), pipeline=as_value(bson.encode({}), 0x04)), (), ())


def descending(name: str) -> bytes:
    return bson.encode({"v": 2, "key": {name: -1}, "name": f"{name}_1"})


async def fill(world: World, runs: Scene) -> None:
    """Fill both ends, with documents too that the validators there would not take."""
    for store, side in ((runs.source, world.source), (runs.target, world.target)):
        for name, one in side.items():
            await create(store, name, options=one.options, indexes=one.indexes)
            if one.documents:
                assert await store.insert(name, one.documents, bypass_validation=True) == ()


async def mirror_plan(runs: Runs, target: Source, *, batch: int = 3, package: str = "") -> Plan:
    """Plan a mirror of the source, or of a package, that takes away what that does not have, too."""
    source, kind = (PackageEnd(package), RunKind.IMPORT) if package else (None, RunKind.COPY)
    plan = await runs.plan(Policy.OVERWRITE, source=source, kind=kind, batch=batch)
    planned = {one.name for one in plan.collections}
    there = [one.name for one in await target.collections() if one.name not in planned]
    extra = tuple(PlannedCollection(one, remove=True) for one in there)
    return replace(plan, mirror=True, max_rejects=100, collections=(*plan.collections, *extra))


async def is_mirrored(scene: Scene) -> bool:
    return same(await snapshot(scene.target), await snapshot(scene.source))


@st.composite
def held(draw: st.DrawFn) -> Held:
    """A collection of any kind, with rules that its own documents need not meet."""
    if draw(st.integers(0, 7)) == 0:
        return view(draw(st.sampled_from(NAMES)))
    places = draw(st.lists(st.integers(0, len(FORMS) - 1), unique=True))
    is_unique = draw(st.booleans())
    values = draw(st.lists(st.integers(1, 12), unique=is_unique, min_size=len(places), max_size=len(places)))
    documents = [
        doc(draw(st.sampled_from(FORMS[place])), **draw(_fields(value)))
        for place, value in zip(places, values, strict=True)
    ]
    indexes = draw(st.lists(st.sampled_from((index("m"), index("o"), descending("p"), index("p"))), max_size=2))
    by_name = {bytes(bson.decode(one)["name"], "ascii"): one for one in indexes}
    if is_unique:
        by_name[b"n"] = index("n", unique=True)
    kinds = (EMPTY, EMPTY, MUST_HAVE_N, LENIENT, TAGGED, COLLATED, CAPPED, OTHER_CAPPED, SERIES)
    return Held(draw(st.sampled_from(kinds)), tuple(by_name.values()), tuple(documents))


def _fields(value: int) -> st.SearchStrategy[dict[str, RawId]]:
    n, m = int32(value), text("m")
    return st.sampled_from(({"n": n}, {"n": n, "m": m}, {"m": m, "n": n}))


@st.composite
def mirrored_worlds(draw: st.DrawFn) -> World:
    """A source and a target that was it once, or never."""
    names = [one for one in NAMES if draw(st.booleans())] or ["things"]
    source = {name: draw(held()) for name in names}
    target: dict[str, Held] = {}
    for name in NAMES:
        match draw(st.integers(0, 3)):
            case 0:
                pass
            case 1 if name in source:
                target[name] = draw(damaged(source[name]))
            case _:
                target[name] = draw(held())
    return World(source, target, Policy.OVERWRITE, draw(st.integers(1, 5)))


@st.composite
def damaged(draw: st.DrawFn, was: Held) -> Held:
    """The same collection after somebody has laid hands on its documents: some gone, some new, values swapped."""
    other = draw(held())
    keep = [one for one in was.documents if draw(st.booleans())]
    if b"viewOn" in was.options or b"viewOn" in other.options:
        return was
    taken = {_key(one) for one in keep}
    is_unique = index("n", unique=True) in was.indexes
    values = {_value(one) for one in keep}
    for one in other.documents:
        if _key(one) not in taken and not (is_unique and _value(one) in values):
            keep.append(one)
            taken.add(_key(one))
            values.add(_value(one))
    return Held(was.options, was.indexes, tuple(keep))


def _key(document: bytes) -> Key:
    found = raw_id(document)
    assert found is not None
    return order_key(found)


def _value(document: bytes) -> object:
    return bson.decode(document).get("n")
