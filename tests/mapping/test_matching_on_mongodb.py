"""The matcher and a real server choose the same documents."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from bson import decode, encode
from bson.raw_bson import RawBSONDocument
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.collection import Collection

from tests.mapping.bson_values import SCALARS, Fields
from tui_migrate.mapping.matching import compile_query

DOCUMENTS = 150

Held = tuple[Collection[RawBSONDocument], dict[int, bytes]]

PATHS = st.sampled_from(("a", "b", "a.b", "b.a", "a.c"))
LITERALS = SCALARS | st.lists(SCALARS, max_size=2)
# SecantusDB orders documents and arrays otherwise than MongoDB does: what is less or greater is asked of scalars.
COMPARED = st.dictionaries(st.sampled_from(("$gt", "$gte", "$lt", "$lte")), SCALARS, min_size=1, max_size=2)
EQUAL = st.dictionaries(st.sampled_from(("$eq", "$ne")), LITERALS, min_size=1, max_size=1)
LISTED = st.dictionaries(st.sampled_from(("$in", "$nin")), st.lists(LITERALS, max_size=3), min_size=1, max_size=1)
SHAPED = st.sampled_from(
    (
        {"$exists": True},
        {"$exists": False},
        {"$type": "number"},
        {"$type": ["string", "objectId"]},
        {"$type": "array"},
        {"$type": "null"},
        {"$size": 0},
        {"$size": 2},
    )
)
NOT_NULL = SCALARS.filter(lambda value: value is not None)
# Of two rules of MongoDB's SecantusDB has neither: `$all` is the `$and` of its values, so that a null in it finds
# missing fields; and `$elemMatch` takes an array within an array for a document, which then lacks fields.
ALL = st.lists(NOT_NULL, max_size=2).map(lambda wanted: {"$all": wanted})
ELEMENTS = st.one_of(COMPARED, st.dictionaries(st.sampled_from(("a", "b")), NOT_NULL, min_size=1, max_size=2)).map(
    lambda wanted: {"$elemMatch": wanted}
)
CONDITIONS: st.SearchStrategy[Any] = st.one_of(COMPARED, EQUAL, LISTED, SHAPED, ALL, ELEMENTS)
NEGATED = st.one_of(COMPARED, EQUAL, SHAPED).map(lambda condition: {"$not": condition})
QUERIES: st.SearchStrategy[Fields] = st.recursive(
    st.dictionaries(PATHS, st.one_of(LITERALS, CONDITIONS, NEGATED), min_size=1, max_size=2),
    lambda inner: st.builds(
        lambda name, parts: {name: parts},
        st.sampled_from(("$and", "$or", "$nor")),
        st.lists(inner, min_size=1, max_size=2),
    ),
    max_leaves=3,
)


def random_value(source: random.Random, depth: int) -> Any:
    kind = source.randrange(10 if depth else 7)
    if kind < 7:
        return source.choice([None, True, False, -1, 0, 1, 2, 0.5, 1.0, "", "a", "b", "ab"])
    if kind < 9:
        return [random_value(source, depth - 1) for _ in range(source.randrange(4))]
    return random_fields(source, depth - 1)


def random_fields(source: random.Random, depth: int) -> Fields:
    return {name: random_value(source, depth) for name in ("a", "b", "c") if source.randrange(3)}


@pytest.fixture(scope="module")
def held(mongodb_url: str) -> Iterator[Held]:
    source = random.Random(7)
    documents = {one: encode({"_id": one, **random_fields(source, 3)}) for one in range(DOCUMENTS)}
    client: MongoClient[RawBSONDocument] = MongoClient(mongodb_url, document_class=RawBSONDocument)
    collection = client.matching_filters.things
    collection.drop()
    collection.insert_many(map(RawBSONDocument, documents.values()))
    yield collection, documents
    client.drop_database("matching_filters")
    client.close()


@given(QUERIES)
@settings(max_examples=150)
@pytest.mark.slow
def test_the_matcher_chooses_what_a_server_chooses(held: Held, query: Fields) -> None:
    collection, documents = held
    content = encode(query)
    there = {decode(one.raw)["_id"] for one in collection.find(RawBSONDocument(content))}
    matches = compile_query(content, "the filter")
    ours = {one for one, document in documents.items() if matches(document)}
    differing = {one: decode(documents[one]) for one in sorted(there ^ ours)}
    assert not differing, f"only the server: {sorted(there - ours)}, only we: {sorted(ours - there)}"
