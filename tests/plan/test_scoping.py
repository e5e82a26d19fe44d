import re
from dataclasses import replace

import pytest
from bson import encode
from bson.objectid import ObjectId

from tests.engine.scene import Scene, create
from tests.mapping.catalogs import WORKSHOP
from tests.suites.documents import as_value, options
from tests.suites.ids import text
from tui_migrate.catalogs.model import Catalog
from tui_migrate.documents import pack
from tui_migrate.errors import Refused, UsageError
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.plan import ends
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.model import Plan, RunKind
from tui_migrate.plan.yaml_form import from_yaml, to_yaml

OID = ObjectId("5f" * 12)
VIEW = options(viewOn=text("users"), pipeline=as_value(pack(b""), 0x04))


@pytest.fixture
async def filled(scene: Scene) -> Scene:
    for name in ("users", "projects", "colours", "logs", "fs.files", "fs.chunks"):
        await create(scene.source, name)
    await create(scene.source, "grown", options=VIEW)
    await scene.source.insert("users", [encode({"_id": OID}), encode({"_id": 1}), encode({"_id": "1"})])
    await scene.source.insert("projects", [encode({"_id": 1, "user_id": OID})])
    return scene


async def plan(scene: Scene, scope: Scope, *names: str, catalog: Catalog | None = WORKSHOP) -> Plan:
    request = PlanRequest(RunKind.COPY, scene.source_end, scene.target_end, names=names, catalog=catalog, scope=scope)
    made = await build_plan(request, scene.source)
    assert from_yaml(to_yaml(made), "plan") == made
    return made


def renamed(*pairs: str) -> Scope:
    return Scope(renames=tuple(Rename(*pair.split("=")) for pair in pairs))


def filtered(query: str, name: str = "users") -> Scope:
    return Scope(filters=(Filter(name, query),))


def names_of(made: Plan) -> list[str]:
    return [one.name for one in made.collections]


async def test_a_plan_has_the_names_of_the_target(filled: Scene) -> None:
    made = await plan(filled, renamed("users=people", "logs=users"), "users", "logs", "projects")
    assert sorted(names_of(made)) == ["people", "projects", "users"]
    source = ends.planned_source(made, filled.source)
    assert [one.name for one in await source.collections(names_of(made))] == ["people", "projects", "users"]


async def test_filters_are_kept_as_canonical_extended_json(filled: Scene) -> None:
    made = await plan(filled, filtered('{"n": 5}'), catalog=None)
    assert made.scope.filters == (Filter("users", '{"n": {"$numberInt": "5"}}'),)
    assert (await plan(filled, made.scope, catalog=None)).scope == made.scope


@pytest.mark.parametrize(
    ("query", "documents"),
    [
        ('{"_id": {"$in": [1, "1"]}, "n": 5}', 2),
        ('{"_id": 1}', 1),
        ('{"_id": {"$gt": 1}}', 3),
        ('{"_id": {"$in": [1, 2, 3, 4]}}', 3),
        ('{"n": 5}', 3),
    ],
)
async def test_a_plan_reckons_with_no_more_documents_than_its_filter_names(
    filled: Scene, query: str, documents: int
) -> None:
    made = await plan(filled, filtered(query), "users", catalog=None)
    assert [one.documents for one in made.collections] == [documents]


async def test_a_uuid_in_a_filter_reads_as_in_every_list(filled: Scene) -> None:
    binary = '{"_id": {"$binary": {"base64": "NiNfYIxXQvK43toZ8508pw==", "subType": "04"}}}'
    made = await plan(filled, filtered(binary), catalog=None)
    assert made.scope.filters[0].query == '{"_id": {"$uuid": "36235f60-8c57-42f2-b8de-da19f39d3ca7"}}'


async def test_a_plan_that_redacts_has_a_key_of_its_own(filled: Scene) -> None:
    one, other = [(await plan(filled, Scope(redact=True))).scope for _ in range(2)]
    assert re.fullmatch(r"[0-9a-f]{64}", one.redaction_key)
    assert one.redaction_key != other.redaction_key
    assert (await plan(filled, one)).scope == one


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (filtered("{}", "nothing"), "nothing"),
        (filtered("{}", "grown"), "view"),
        (filtered('{"a": {"$regex": "x"}}'), r"\$regex"),
        (filtered("{"), "Extended JSON"),
        (renamed("nothing=x"), "nothing"),
        (renamed("users=a$b"), r"a\$b is no name of a collection: it has a \$ in it"),
        (Scope(renames=(Rename("users", ""),)), "no name of a collection: it is empty"),
        (Scope(renames=(Rename("users", "a" * 300),)), "no name of a collection: it has more than"),
        (renamed("users=x", "users=y"), "twice"),
        (Scope(owner="2"), "no user 2"),
        (Scope(owner="1"), "which of them"),
        (Scope(owner_to="2"), "several users"),
        (Scope(owner=str(OID), owner_to="bob"), "type"),
    ],
)
async def test_what_makes_no_sense_is_refused(filled: Scene, scope: Scope, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        await plan(filled, scope)
    assert refused.value.hint


@pytest.mark.parametrize(
    "scope",
    [
        renamed("users=projects"),
        renamed("users=x", "logs=x"),
        renamed("users=system.users"),
        renamed("fs.files=gs.files"),
        renamed("fs.files=gs.files", "fs.chunks=hs.chunks"),
        renamed("fs.files=gs", "fs.chunks=hs"),
    ],
)
async def test_names_that_cannot_be_are_refused(filled: Scene, scope: Scope) -> None:
    with pytest.raises(Refused):
        await plan(filled, scope)


async def test_the_halves_of_a_bucket_are_renamed_together(filled: Scene) -> None:
    made = await plan(filled, renamed("fs.files=gs.files", "fs.chunks=gs.chunks"), "fs.files", "fs.chunks")
    assert sorted(names_of(made)) == ["gs.chunks", "gs.files"]


async def test_a_view_of_a_name_that_another_gets_is_refused(filled: Scene) -> None:
    with pytest.raises(Refused, match="another collection"):
        await plan(filled, renamed("logs=users"), "logs", "grown")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (str(OID), f'{{"$oid": "{OID}"}}'),
        (f'{{"$oid": "{OID}"}}', f'{{"$oid": "{OID}"}}'),
        ('"1"', '"1"'),
        ('{"$numberInt": "1"}', '{"$numberInt": "1"}'),
    ],
)
async def test_an_id_is_what_it_is_in_the_source(filled: Scene, given: str, kept: str) -> None:
    made = await plan(filled, Scope(owner=given))
    assert made.scope.owner == kept
    assert (await plan(filled, made.scope)).scope == made.scope


async def test_the_new_owners_id_is_of_the_type_of_the_old(filled: Scene) -> None:
    made = await plan(filled, Scope(owner=str(OID), owner_to="6f" * 12))
    assert made.scope.owner_to == '{"$oid": "%s"}' % ("6f" * 12)
    made = await plan(filled, Scope(owner='"1"', owner_to="6f" * 12))
    assert made.scope.owner_to == '"%s"' % ("6f" * 12)
    made = await plan(filled, Scope(owner='"1"', owner_to='{"$oid": "%s"}' % ("6f" * 12)))
    assert made.scope.owner_to == '{"$oid": "%s"}' % ("6f" * 12)


async def test_whose_it_is_without_a_users_collection(filled: Scene) -> None:
    await filled.source.drop_collection("users")
    made = await plan(filled, Scope(owner=str(OID)))
    assert made.scope.owner == f'{{"$oid": "{OID}"}}'
    with pytest.raises(UsageError, match="no users"):
        await plan(filled, Scope(owner_to="x"))


async def test_what_is_nobodys_and_not_referred_to_is_left_out(filled: Scene) -> None:
    assert names_of(await plan(filled, Scope(owner=str(OID)))) == ["colours", "users", "projects"]
    with pytest.raises(UsageError, match="logs"):
        await plan(filled, Scope(owner=str(OID)), "users", "logs")
    assert names_of(await plan(filled, Scope(owner=str(OID)), "users", "grown")) == ["users", "grown"]


@pytest.mark.parametrize("scope", [Scope(owner="1"), Scope(owner_to="1"), Scope(redact=True)])
async def test_what_needs_a_catalog_says_so(filled: Scene, scope: Scope) -> None:
    with pytest.raises(UsageError, match="catalog"):
        await plan(filled, scope, catalog=None)


async def test_a_rollback_and_a_plan_of_everything_read_the_source_itself(filled: Scene) -> None:
    made, source = await plan(filled, filtered("{}")), filled.source
    assert ends.planned_source(made, source) is not source
    assert ends.planned_source(replace(made, kind=RunKind.ROLLBACK), source) is source
    assert ends.planned_source(replace(made, scope=Scope()), source) is source
