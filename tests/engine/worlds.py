"""Small worlds for property tests: what a source and a target hold before a run, and how it is run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.engine.scene import Ended, Scene, Snapshot, create, put
from tests.suites.documents import MUST_HAVE_N, as_value, doc, index, options
from tests.suites.ids import MAX_KEY, MIN_KEY, NULL, double, int32, int64, object_id, text
from tui_migrate.documents import RawId, pack, raw_id, with_id
from tui_migrate.journal.records import Counts
from tui_migrate.ordering import order_key
from tui_migrate.plan.model import Plan, Policy
from tui_migrate.stores.base import Target

DECIMAL_ONE = RawId(b"\x13" + (100 | (6174 << 113)).to_bytes(16, "little"))

FORMS: tuple[tuple[RawId, ...], ...] = (
    (MIN_KEY,),
    (NULL,),
    (int32(-3),),
    (int32(0), double(-0.0), double(0.0)),
    (int32(1), double(1.0), int64(1), DECIMAL_ONE),
    (int64(2), int32(2)),
    (int32(3),),
    (text("x"),),
    (object_id(7),),
    (MAX_KEY,),
)
"""Ids in their order; those of one row are one key."""

PLAIN = pack(b"")
TAGGED = options(comment=text("mine"))
VIEW = options(viewOn=text("things"), pipeline=as_value(pack(b""), 0x04))


@dataclass(frozen=True, slots=True)
class Held:
    """A collection: its options, its indexes, and its documents."""

    options: bytes
    indexes: tuple[bytes, ...]
    documents: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class World:
    """What is there before a run, and how it is run."""

    source: Mapping[str, Held]
    target: Mapping[str, Held]
    policy: Policy
    batch: int
    max_rejects: int = 0

    async def fill(self, scene: Scene) -> None:
        await self.put_into(scene.source, scene.target)

    async def put_into(self, source: Target, target: Target) -> None:
        for store, side in ((source, self.source), (target, self.target)):
            for name, held in side.items():
                await create(store, name, options=held.options, indexes=held.indexes)
                if held.documents:
                    await put(store, *held.documents, name=name)

    async def run(self, scene: Scene) -> Ended:
        return await scene.run(await self.plan(scene))

    async def plan(self, scene: Scene) -> Plan:
        return await scene.plan(self.policy, batch=self.batch, max_rejects=self.max_rejects)


@dataclass(frozen=True, slots=True)
class Truth:
    """What the truth table of the conflict policies makes of a collection."""

    documents: tuple[bytes, ...]
    counts: Counts
    refused: int


def truth(policy: Policy, source: Sequence[bytes], target: Sequence[bytes]) -> Truth:
    """The table as the design has it, worked out without a line of the engine."""
    there = {order_key(_id(one)): one for one in target}
    inserted = replaced = unchanged = skipped = refused = 0
    for one in source:
        key = order_key(_id(one))
        stored = with_id(one, _id(there[key])) if key in there else one
        if key not in there:
            inserted += 1
        elif there[key] == stored:
            unchanged += 1
            continue
        elif policy is Policy.OVERWRITE:
            replaced += 1
        elif policy is Policy.SKIP:
            skipped += 1
            continue
        else:
            refused += 1
            continue
        there[key] = stored
    return Truth(tuple(there.values()), Counts(inserted, replaced, unchanged, skipped), refused)


def expected(world: World) -> dict[str, Truth]:
    return {
        name: truth(world.policy, held.documents, world.target[name].documents if name in world.target else ())
        for name, held in world.source.items()
        if b"viewOn" not in held.options
    }


def merged(world: World) -> Snapshot:
    """The target as a run has to leave it where no index and no validator stands in the way."""
    found = expected(world)
    result = {}
    for name in {*world.source, *world.target}:
        mine, theirs = world.source.get(name), world.target.get(name)
        first = theirs or mine
        assert first is not None
        names = [*first.indexes, *(mine.indexes if mine and theirs else ())]
        result[name] = (
            first.options,
            tuple(sorted(set(names))),
            tuple(sorted(found[name].documents)) if name in found else tuple(sorted(first.documents)),
        )
    return result


def _id(document: bytes) -> RawId:
    found = raw_id(document)
    assert found is not None
    return found


@st.composite
def held(draw: st.DrawFn) -> Held:
    """A collection whose documents no rule stands in the way of."""
    places = draw(st.lists(st.integers(0, len(FORMS) - 1), unique=True))
    documents = [doc(draw(st.sampled_from(FORMS[one])), n=int32(draw(st.integers(0, 2)))) for one in places]
    indexes = draw(st.sampled_from(((), (index("m"),))))
    return Held(draw(st.sampled_from((PLAIN, TAGGED))), indexes, tuple(documents))


@st.composite
def ruled(draw: st.DrawFn, *, is_source: bool) -> Held:
    """A collection with a unique index or a validator, or none: rules that the other side's documents may not meet.

    A source's values differ even without an index: which of two documents gets a value is for no run to promise.
    """
    places = draw(st.lists(st.integers(0, len(FORMS) - 1), unique=True, min_size=2))
    is_unique = draw(st.booleans())
    values = st.lists(
        st.none() | st.integers(1, 12), unique=is_unique or is_source, min_size=len(places), max_size=len(places)
    )
    documents = [
        doc(draw(st.sampled_from(FORMS[place])), **({} if value is None else {"n": int32(value)}))
        for place, value in zip(places, draw(values), strict=True)
    ]
    has_rule = all(b"n\x00" in one for one in documents) and draw(st.booleans())
    indexes = (index("n", unique=True),) if is_unique else draw(st.sampled_from(((), (index("m"),))))
    return Held(MUST_HAVE_N if has_rule else PLAIN, indexes, tuple(documents))


@st.composite
def worlds(draw: st.DrawFn, *, odd: bool = False) -> World:
    """Worlds of one or two collections; `odd` ones have unique indexes and validators that refuse documents."""
    names = ["things", "others"][: draw(st.integers(1, 2))]
    source = {name: draw(ruled(is_source=True) if odd else held()) for name in names}
    if not odd and draw(st.booleans()):
        source["view"] = Held(VIEW, (), ())
    target = {name: draw(ruled(is_source=False) if odd else held()) for name in names if draw(st.integers(0, 2))}
    if draw(st.booleans()):
        target["bystander"] = draw(held())
    return World(
        source,
        target,
        policy=draw(st.sampled_from((Policy.OVERWRITE, Policy.OVERWRITE, Policy.SKIP, Policy.FAIL))),
        batch=draw(st.integers(1, 5)),
        max_rejects=100 if odd else 0,
    )
