"""Any documents come back byte for byte from every form of a dump, from every place in it."""

import asyncio
import gzip
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.packages.mongodump import writers
from tests.packages.mongodump.reading import documents_of, findings, package, read_all
from tests.suites.bson_values import encode, names, values
from tui_migrate.documents import RawId, raw_id
from tui_migrate.ordering import order_key
from tui_migrate.packages import block_index
from tui_migrate.stores.base import BlockLimit

FORMS = ("plain", "packed", "archive", "packed archive", "file", "packed file")


def _binary(content: bytes, subtype: int) -> RawId:
    return RawId(b"\x05" + len(content).to_bytes(4, "little") + bytes((subtype,)) + content)


odd_values = st.sampled_from(
    [
        RawId(b"\x01" + bytes.fromhex("010000000000f47f")),  # a signalling NaN
        RawId(b"\x01" + bytes.fromhex("efbeaddeaf00f8ff")),  # a NaN with a payload
        RawId(b"\x01" + bytes(7) + b"\x80"),  # -0.0
        RawId(b"\x13" + bytes(15) + b"\x7c"),  # Decimal128 NaN
        RawId(b"\x13" + bytes(15) + b"\x7e"),  # a signalling one
        RawId(b"\x13" + bytes(15) + b"\xf8"),  # -Infinity
        RawId(b"\x13" + bytes(15) + b"\xb0"),  # -0E-...
        RawId(b"\x13" + b"\xff" * 15 + b"\x6f"),  # no canonical form
        RawId(b"\x09" + (2**63 - 1).to_bytes(8, "little")),
        RawId(b"\x09" + (-(2**63)).to_bytes(8, "little", signed=True)),
        RawId(b"\x11" + bytes(8)),
        RawId(b"\x11" + b"\xff" * 8),
        _binary((3).to_bytes(4, "little") + b"abc", 2),  # the old form, with a length of its own
        _binary(b"0123456789abcdef", 3),
        _binary(b"", 128),
        RawId(b"\x02\x03\x00\x00\x00\xff\xfe\x00"),  # no UTF-8
        RawId(b"\x03" + bson.encode({"$ref": "users", "$id": 7, "$db": "shop"})),
        RawId(b"\x0f" + bson.encode({"": bson.Code("f()", {"a": 1})})[6:-1]),
        RawId(b"\x7f"),
        RawId(b"\xff"),
    ]
)
any_value = values | odd_values
field_names = names | st.sampled_from(["", "$set", "a.b", "$", ".", "__proto__", "_id2", "\u202e"])
ids = any_value.filter(lambda one: one[0] not in (0x04, 0x06, 0x0B))
documents_of_all_kinds = st.builds(
    lambda identifier, fields: encode({"_id": identifier, **fields}),
    ids,
    st.dictionaries(field_names.filter(lambda name: name != "_id"), any_value, max_size=4),
)
collections_of = st.lists(documents_of_all_kinds, max_size=6, unique_by=lambda one: order_key(_id(one)))


def _id(document: bytes) -> RawId:
    found = raw_id(document)
    assert found is not None
    return found


@contextmanager
def dump(form: str, documents: list[bytes], others: list[bytes]) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))  # noqa: S108 -- removed
    try:
        yield write(form, folder, documents, others)
    finally:
        shutil.rmtree(folder)


def write(form: str, folder: Path, documents: list[bytes], others: list[bytes]) -> Path:
    is_packed = form.startswith("packed")
    collections = {"users": documents, "ü /%": others}
    if form.endswith("file"):
        writers.write(folder / "users.metadata.json", writers.metadata("users").encode())
        return writers.write(folder / "users.bson", b"".join(documents), packed=is_packed)
    if form.endswith("archive"):
        content = writers.archive({"shop": collections}, turn=2)
        path = folder / "dump"
        path.write_bytes(gzip.compress(content) if is_packed else content)
        return path
    return writers.write_folder(folder / "dump", {"shop": collections}, packed=is_packed)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, derandomize=True, deadline=None)
@given(documents=collections_of, others=collections_of)
def test_any_documents_come_back_byte_for_byte(form: str, documents: list[bytes], others: list[bytes]) -> None:
    with dump(form, documents, others) as path:
        odd = any(b"\xff\xfe\x00" in one for one in (*documents, *others))
        assert {one.code for one in findings(path)} <= ({"text_not_utf8"} if odd else set())
        found = read_all(path)
        assert found["users"] == documents
        if not form.endswith("file"):
            assert found["ü /%"] == others


@pytest.mark.parametrize("form", FORMS)
def test_reading_goes_on_from_every_position(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_index, "BLOCK_BYTES", 2_000)
    monkeypatch.setattr(block_index, "MAX_GAP", 500)
    documents = writers.numbered(0, 120, 100)
    path = write(form, tmp_path, documents, writers.numbered(0, 60, 300))

    async def check() -> None:
        source = package(path)
        (users,) = await source.collections(["users"])
        assert await documents_of(source, users) == documents
        limit = BlockLimit(documents=7)
        seen = 0
        async for block in source.read("users", limit=limit):
            assert 0 < len(block.documents) <= 7
            seen += len(block.documents)
            again = package(path)  # as another process would after a crash
            rest = [one async for more in again.read("users", after=block.position) for one in more.documents]
            assert rest == documents[seen:]
        assert seen == len(documents)

    asyncio.run(check())
