import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

import bson
import pytest
from bson import ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion

from tui_migrate.catalogs.finding import shipped
from tui_migrate.demo.sample import definitions
from tui_migrate.demo.sample.documents import (
    OWN_DOCUMENTS,
    TARGET_COLLECTIONS,
    source_documents,
    target_documents,
)
from tui_migrate.demo.sample.identity import COLLECTIONS, OWN, object_id, session, user
from tui_migrate.demo.sample.sizes import LEAST, Sizes
from tui_migrate.documents import RawId, elements, raw_id
from tui_migrate.errors import UsageError
from tui_migrate.mapping.redacting import redacted_paths, redactions

OPTIONS: CodecOptions[Mapping[str, object]] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)

SIZES = Sizes.of(2_000)

REFERENCES = {
    ("tenants", "owner_id"): "users",
    ("tenant_memberships", "tenant_id"): "tenants",
    ("tenant_memberships", "user_id"): "users",
    ("tenant_memberships", "invited_by"): "users",
    ("families", "admin_user_ids"): "users",
    ("family_relationships", "family_id"): "families",
    ("family_relationships", "user_a_id"): "users",
    ("family_relationships", "user_b_id"): "users",
    ("workspaces", "tenant_id"): "tenants",
    ("workspaces", "owner_id"): "users",
    ("chat_sessions", "user_id"): "users",
    ("chat_sessions", "tenant_id"): "tenants",
    ("chat_messages", "session_id"): "chat_sessions",
    ("chat_messages", "user_id"): "users",
    ("chat_messages", "parent_id"): "chat_messages",
    ("permanent_tokens", "user_id"): "users",
}


def decoded(documents: Iterator[bytes]) -> Iterator[Mapping[str, object]]:
    return (bson.decode(one, OPTIONS) for one in documents)


def whole_digest(sizes: Sizes) -> str:
    digest = hashlib.sha256()
    for name in COLLECTIONS:
        for documents in (source_documents(name, sizes), target_documents(name, sizes)):
            for one in documents:
                digest.update(one)
    return digest.hexdigest()


def kinds_in(document: bytes) -> Iterator[tuple[int, bytes]]:
    for kind, _, _, value, end in elements(document):
        yield kind, document[value:end]
        if kind in (0x03, 0x04):
            yield from kinds_in(document[value:end])


def test_the_sample_is_the_same_bytes_every_time() -> None:
    assert (
        whole_digest(SIZES) == whole_digest(SIZES) == "0064d001de16d43d36e8101dbf065d194819de641afa913963f8890bc805cf1b"
    )


@pytest.mark.parametrize("documents", [LEAST, 101, 500, 20_000, 123_457])
def test_the_collections_have_as_many_documents_as_asked_for(documents: int) -> None:
    sizes = Sizes.of(documents)
    assert sum(sizes.count(name) for name in COLLECTIONS) == documents
    assert all(sizes.count(name) > 1 for name in COLLECTIONS)


def test_generation_gives_the_sizes_promised() -> None:
    for name in COLLECTIONS:
        assert sum(1 for _ in source_documents(name, SIZES)) == SIZES.count(name)


def test_too_small_a_sample_is_refused() -> None:
    with pytest.raises(UsageError, match="99 documents is too small"):
        Sizes.of(LEAST - 1)


@pytest.mark.parametrize("sizes", [Sizes.of(LEAST), SIZES], ids=["least", "usual"])
def test_every_reference_holds(sizes: Sizes) -> None:
    documents = {name: list(decoded(source_documents(name, sizes))) for name in COLLECTIONS}
    ids = {name: {one["_id"] for one in found} for name, found in documents.items()}
    assert all(len(ids[name]) == sizes.count(name) for name in COLLECTIONS)
    for (name, field), there in REFERENCES.items():
        for one in documents[name]:
            value = one[field]
            for reference in value if isinstance(value, list) else [value]:
                assert reference is None or reference in ids[there], (name, field, reference)


def test_a_message_belongs_to_the_user_of_its_session() -> None:
    users = {one["_id"]: one["user_id"] for one in decoded(source_documents("chat_sessions", SIZES))}
    for one in decoded(source_documents("chat_messages", SIZES)):
        assert users[one["session_id"]] == one["user_id"]


@pytest.mark.parametrize("documents", [source_documents, target_documents], ids=["source", "target"])
@pytest.mark.parametrize(
    ("collection", "fields"),
    [
        ("users", ("email",)),
        ("users", ("username",)),
        ("tenants", ("slug",)),
        ("tenant_memberships", ("tenant_id", "user_id")),
        ("permanent_tokens", ("token_hash",)),
    ],
)
def test_unique_indexes_hold(
    documents: Callable[[str, Sizes], Iterator[bytes]], collection: str, fields: tuple[str, ...]
) -> None:
    values = [tuple(one[field] for field in fields) for one in decoded(documents(collection, Sizes.of(LEAST * 7)))]
    assert len(values) == len(set(values))


def test_every_type_that_matters_is_there() -> None:
    values = defaultdict(set)
    for name in COLLECTIONS:
        for document in source_documents(name, SIZES):
            for kind, value in kinds_in(document):
                values[kind].add(value)
    # All types of the specification but undefined, symbol, DBPointer and code with scope, which are deprecated.
    assert set(values) == set(range(0x01, 0x14)) - {0x06, 0x0C, 0x0E, 0x0F} | {0x7F, 0xFF}
    assert {value[4] for value in values[0x05]} == {0, 4, 5}
    assert {bytes(7) + b"\x80", bytes(6) + b"\xf8\x7f"} <= values[0x01], "minus zero and NaN"
    assert any(value[7] & 0x80 for value in values[0x09]), "a date before 1970"
    assert {b"\x05\x00\x00\x00\x00"} <= values[0x04], "an empty array"


def test_ids_are_of_several_types() -> None:
    kinds = {name: {one[0] for one in map(raw_id, source_documents(name, SIZES)) if one} for name in COLLECTIONS}
    assert all(len(one) == 1 for one in kinds.values())
    assert {kind for one in kinds.values() for kind in one} == {0x02, 0x05, 0x07, 0x12}


def test_the_target_has_part_of_the_source_some_changed_and_some_of_its_own() -> None:
    for name in TARGET_COLLECTIONS:
        source = {raw_id(one): one for one in source_documents(name, SIZES)}
        target = {raw_id(one): one for one in target_documents(name, SIZES)}
        shared = source.keys() & target.keys()
        changed = sum(source[one] != target[one] for one in shared)
        own = len(target) - len(shared)
        assert len(shared) == len(source) * (100 if name == "families" else 40) // 100
        assert own in (0, OWN_DOCUMENTS)
        assert (changed == 0) == (name == "families")
        assert changed < len(shared) / 4


def test_the_target_lacks_whole_collections_and_the_view() -> None:
    lacking = set(definitions.source_names()) - set(TARGET_COLLECTIONS)
    assert lacking == {"family_relationships", "permanent_tokens", "active_users"}
    assert not any(list(target_documents(name, SIZES)) for name in lacking)


def test_there_are_indexes_of_several_kinds() -> None:
    indexes = [bson.decode(one) for name in COLLECTIONS for one in definitions.indexes(name)]
    for option in ("unique", "sparse", "partialFilterExpression", "expireAfterSeconds"):
        assert any(option in one for one in indexes), option
    assert any(len(one["key"]) > 1 for one in indexes)
    here, there = (
        {(name, one) for name in TARGET_COLLECTIONS for one in definitions.indexes(name, in_target=in_target)}
        for in_target in (False, True)
    )
    assert there < here


def test_an_id_says_which_document_it_is() -> None:
    assert isinstance(user(3), ObjectId)
    assert user(3) == object_id("users", 3) != user(4)
    assert session(3).subtype == 4
    assert session(3).as_uuid().version == 4
    assert user(OWN) != user(0)


def test_the_sample_can_be_copied_redacted_by_its_catalog() -> None:
    catalog = shipped("second_brain_database")
    assert catalog is not None
    for name in COLLECTIONS:
        equal = redacted_paths(catalog, name)
        for index in map(bson.decode, definitions.indexes(name)):
            assert not index.get("unique") or set(index["key"]) - set(equal), f"{name}.{index['name']}"
    (email,) = [change for path, change in redactions(catalog, COLLECTIONS, "ab" * 16)["users"] if path == "email"]
    redacted = email(RawId(b"\x02" + bson.encode({"": "a@example.org"})[6:-1]))
    assert redacted is not None
    validator = bson.decode(definitions.options("users"))["validator"]["$jsonSchema"]["properties"]["email"]
    assert re.search(validator["pattern"], bytes(redacted).decode())
