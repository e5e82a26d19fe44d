import asyncio
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.packages.json_forms.samples import errors_of, everything, flips, opened
from tests.packages.samples import HEADER, ID_INDEX, NO_OPTIONS
from tests.suites.bson_values import documents as any_documents
from tests.suites.documents import doc
from tests.suites.ids import OF_EVERY_TYPE, int32
from tui_migrate.documents import pack, raw_id
from tui_migrate.errors import Refused
from tui_migrate.findings import Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms.fitness import definition_findings, unfit
from tui_migrate.packages.writing import Writing, create_writer
from tui_migrate.stores.base import CollectionInfo, CollectionKind

WRITTEN = (PackageForm.SECOND_BRAIN, PackageForm.GOFANNON, PackageForm.XCODEREVIEWER)
USER = bson.encode({"_id": "u1", "id": "u1", "email": "ada@example.com", "oid": bson.ObjectId(b"a" * 12)})
EMAIL_INDEX = bson.encode({"v": 2, "key": {"email": 1}, "name": "email_1", "expireAfterSeconds": bson.Int64(60)})


def info(name: str, *indexes: bytes, kind: CollectionKind = CollectionKind.PLAIN) -> CollectionInfo:
    return CollectionInfo(name, kind, NO_OPTIONS, (ID_INDEX, *indexes))


async def export(
    path: Path,
    form: PackageForm,
    collections: Mapping[str, Sequence[bytes]],
    indexes: Sequence[bytes] = (),
) -> None:
    writing = Writing(path, form, run_id=1, database="shop", moment=1.7e9, mark=path.with_name("mark"))
    writer = await create_writer(writing)
    try:
        for name in collections:
            await writer.write_metadata(info(name, *indexes))
        for name, documents in collections.items():
            await writer.open_collection(name, ())
            for one in documents:
                await writer.append([one])
            await writer.close_collection()
        await writer.seal(HEADER, ())
    finally:
        await writer.close()


@st.composite
def collections(draw: st.DrawFn) -> dict[str, list[bytes]]:
    """Documents as a database has them: with an `_id` in front, all different."""
    found: dict[str, list[bytes]] = {}
    for name in draw(st.sets(st.sampled_from(("projects", "audit_tasks", "audit_issues")))):
        bodies = draw(st.lists(st.tuples(any_documents, st.booleans()), max_size=3))
        made = []
        for number, (body, has_id) in enumerate(bodies):
            fields = body[4:-1] if raw_id(body) is None else b""
            own = b"\x10id\x00" + number.to_bytes(4, "little") if has_id else b""
            if own and b"id\x00" in fields:
                fields = b""
            made.append(pack(b"\x10_id\x00" + number.to_bytes(4, "little") + own + fields))
        found[name] = [one for one in made if unfit(one) is None]
    return found


@pytest.mark.slow
@given(data=collections(), form=st.sampled_from(WRITTEN))
@settings(max_examples=60)
def test_every_type_comes_back_byte_for_byte(data: dict[str, list[bytes]], form: PackageForm) -> None:
    async def prove(path: Path) -> None:
        data["user"] = [USER]
        await export(path, form, data)
        package = opened(path)
        assert await package.form() is form
        assert await errors_of(package) == []
        found = await package.inference()
        assert found is not None
        assert found.fields == ()
        assert {name: some for name, some in (await everything(package)).items() if some} == {
            name: some for name, some in data.items() if some
        }

    with TemporaryDirectory() as folder:
        asyncio.run(prove(Path(folder) / "out.json"))


@pytest.mark.parametrize("form", WRITTEN)
async def test_ids_of_every_type_come_back(tmp_path: Path, form: PackageForm) -> None:
    data = {"projects": [one for one in (doc(value, n=int32(1)) for value in OF_EVERY_TYPE) if unfit(one) is None]}
    assert len(data["projects"]) > len(OF_EVERY_TYPE) // 2
    await export(tmp_path / "out", form, {**data, "user": [USER]})
    package = opened(tmp_path / "out")
    assert [one.code for one in await errors_of(package) if one.code != "id_duplicate"] == []


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize(
    "document",
    [
        bson.encode({"_id": 7, "v": {"$oid": "0" * 24}}),
        pack(b"\x10_id\x00\x07\x00\x00\x00\x01v\x00" + bytes.fromhex("010000000000f87f")),
    ],
)
async def test_what_json_cannot_keep_is_refused_and_no_file_is_left(
    tmp_path: Path, form: PackageForm, document: bytes
) -> None:
    with pytest.raises(Refused, match=r"projects: _id 7: the field 'v'"):
        await export(tmp_path / "out", form, {"projects": [document], "user": [USER]})
    assert not (tmp_path / "out").exists()


def nested(levels: int) -> bytes:
    """A document of so many levels, itself among them."""
    found = pack(b"\x10v\x00\x01\x00\x00\x00")
    for _ in range(levels - 2):
        found = pack(b"\x03a\x00" + found)
    return pack(b"\x10_id\x00\x07\x00\x00\x00\x03a\x00" + found)


def with_text(letter: str, count: int) -> bytes:
    return bson.encode({"_id": 7, "v": letter * count})


EDGES = {
    "levels": (nested, 180),
    "escaped text": (lambda count: with_text("я", count), (32 * 1024**2 - 2) // 6),
    "plain text": (lambda count: with_text("x", count), 16 * 1024**2 + 16 * 1024 - 22),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", EDGES)
async def test_what_is_exported_is_read_again_up_to_the_edge_and_refused_past_it(tmp_path: Path, what: str) -> None:
    make, most = EDGES[what]
    data = {"projects": [make(most)]}
    await export(tmp_path / "out", PackageForm.GOFANNON, data)
    package = opened(tmp_path / "out")
    assert await errors_of(package) == []
    assert await everything(package) == data
    with pytest.raises(Refused, match="projects: _id 7"):
        await export(tmp_path / "past", PackageForm.GOFANNON, {"projects": [make(most + 1)]})


OWN = {
    PackageForm.GOFANNON: {"agents": [bson.encode({"_id": 1, "_rev": "5"}), bson.encode({"_id": "_design/x"})]},
    PackageForm.XCODEREVIEWER: {
        "settings": [bson.encode({"_id": "u"})],
        "user": [bson.encode({"_id": "u", "id": "u", "email": "a"})],
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.crash_full)])
@pytest.mark.parametrize("form", OWN)
async def test_every_flipped_bit_of_an_export_of_ours_is_found_or_changes_no_document(
    tmp_path: Path, form: PackageForm, step: int
) -> None:
    data = OWN[form]
    await export(tmp_path / "out", form, data)
    outcomes = []
    for number, one in enumerate(flips((tmp_path / "out").read_bytes(), step)):
        (tmp_path / "x").write_bytes(one)
        try:
            package = opened(tmp_path / "x")
            outcomes.append(bool(await errors_of(package)))
            if not outcomes[-1]:
                assert {name: some for name, some in (await everything(package)).items() if some} == data, number
        except Refused:
            outcomes.append(True)
    assert sum(outcomes) > len(outcomes) / 2


async def test_an_export_of_ours_that_lost_documents_differs_from_its_checksums(tmp_path: Path) -> None:
    await export(tmp_path / "out", PackageForm.GOFANNON, {"agents": [USER], "users": [USER]})
    whole = json.loads((tmp_path / "out").read_bytes())
    for name, change, code in (
        ("agents", [], "checksum_differs"),
        ("users", [{"_id": "u2"}], "checksum_differs"),
        ("more", [{"_id": "u2"}], "checksum_missing"),
        ("more", [], ""),
    ):
        (tmp_path / "x").write_text(json.dumps({**whole, "data": {**whole["data"], name: change}}))
        assert {(one.code, one.subject) for one in await errors_of(opened(tmp_path / "x"))} == (
            {(code, name)} if code else set()
        )
    del whole["data"]["users"]
    (tmp_path / "x").write_text(json.dumps(whole))
    assert {one.code for one in await errors_of(opened(tmp_path / "x"))} == {"collection_missing"}
    del whole["tui_migrate"], whole["metadata"]["collections"]
    (tmp_path / "x").write_text(json.dumps(whole))
    assert await errors_of(opened(tmp_path / "x")) == []


async def test_indexes_of_more_text_than_is_read_are_refused(tmp_path: Path) -> None:
    index = bson.encode({"v": 2, "key": {"a": 1}, "name": "a_1", "partialFilterExpression": {"a": "x" * 2**20}})
    with pytest.raises(Refused, match="indexes of users"):
        await export(tmp_path / "out", PackageForm.SECOND_BRAIN, {"users": []}, [index])


async def test_second_brain_reads_the_checksum_that_it_would_make_itself(tmp_path: Path) -> None:
    documents = [bson.encode({"_id": bson.ObjectId(), "b": 0.5, "a": "é"}) for _ in range(3)]
    await export(tmp_path / "out", PackageForm.SECOND_BRAIN, {"users": documents}, [EMAIL_INDEX])
    package = json.loads(gzip.decompress((tmp_path / "out").read_bytes()))
    (entry,) = package["collections"]
    text = json.dumps(entry["documents"], default=str, sort_keys=True)
    assert entry["metadata"]["size_bytes"] == len(text)
    assert package["metadata"]["collections"] == [entry["metadata"]]
    assert await opened(tmp_path / "out").check() == ()
    (found,) = await opened(tmp_path / "out").collections()
    assert found.indexes == (ID_INDEX, EMAIL_INDEX)
    entry["documents"][0]["a"] = "e"
    (tmp_path / "changed").write_text(json.dumps(package))
    assert {one.code for one in await errors_of(opened(tmp_path / "changed"))} == {"checksum_differs", "size_differs"}


async def test_gofannon_keeps_fields_of_ours_that_it_would_drop_of_its_own(tmp_path: Path) -> None:
    documents = [bson.encode({"_id": "_design/x", "_rev": "1"}), bson.encode({"_id": "b", "_revision": 1})]
    await export(tmp_path / "out", PackageForm.GOFANNON, {"agents": documents})
    package = opened(tmp_path / "out")
    assert await package.check() == ()
    assert await everything(package) == {"agents": documents}


async def test_settings_that_are_empty_are_not_missed(tmp_path: Path) -> None:
    await export(tmp_path / "out", PackageForm.XCODEREVIEWER, {"settings": [], "user": [USER]})
    assert await errors_of(opened(tmp_path / "out")) == []


async def test_xcodereviewer_gets_its_own_form_back(tmp_path: Path) -> None:
    settings_of = bson.encode({"_id": "u1", "theme": "light"})
    project = bson.encode({"_id": "p1", "id": "p1"})
    data = {"projects": [project], "settings": [settings_of], "user": [USER]}
    await export(tmp_path / "out", PackageForm.XCODEREVIEWER, data)
    file = json.loads((tmp_path / "out").read_bytes())
    assert file["data"]["projects"] == [{"id": "p1"}]
    assert file["data"]["settings"] == {"theme": "light"}
    assert (file["user_id"], file["statistics"]["total_projects"]) == ("u1", 1)
    found = await everything(opened(tmp_path / "out"))
    assert {name: some for name, some in found.items() if some} == data


@pytest.mark.parametrize(
    "data",
    [
        {"projects": []},
        {"user": [USER, bson.encode({"_id": 2, "id": 2, "email": "x"})]},
        {"user": [bson.encode({"_id": "u1", "id": "u1"})]},
        {"user": [USER], "other": []},
    ],
)
async def test_what_is_not_one_users_data_is_refused(tmp_path: Path, data: dict[str, list[bytes]]) -> None:
    with pytest.raises(Refused):
        await export(tmp_path / "out", PackageForm.XCODEREVIEWER, data)
    assert not (tmp_path / "out").exists()


def test_what_a_form_does_not_keep_of_definitions_is_said_before() -> None:
    validated = CollectionInfo(
        "projects", CollectionKind.PLAIN, bson.encode({"validator": {}}), (ID_INDEX, EMAIL_INDEX)
    )
    view = info("seen", kind=CollectionKind.VIEW)

    def said(form: PackageForm) -> set[tuple[Severity, str, str]]:
        return {(one.severity, one.code, one.subject) for one in definition_findings(form, [validated, view])}

    common = {(Severity.ERROR, "kind_not_kept", "seen"), (Severity.WARNING, "options_not_kept", "projects")}
    lost = (Severity.WARNING, "indexes_not_kept", "projects")
    assert said(PackageForm.SECOND_BRAIN) == common
    assert said(PackageForm.GOFANNON) == common | {lost}
    assert said(PackageForm.XCODEREVIEWER) == common | {lost, (Severity.ERROR, "collection_missing", "user")}
