from collections.abc import Mapping
from typing import Any

import bson
import pytest
from bson import SON, Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.definitions import (
    enforces_validator,
    field,
    flag,
    has_fields,
    index_name,
    is_id_index,
    is_ttl,
    is_unique,
    same_definition,
    same_index,
    split_validation,
    text,
    view_source,
    without,
)

EMPTY = bson.encode({})


def index(key: Mapping[str, Any], **rest: Any) -> bytes:
    return bson.encode({"v": 2, "key": key, "name": "x", **rest})


def test_fields_are_found_at_the_top_alone() -> None:
    document = bson.encode({"a": {"name": "inner"}, "name": "é", "n": 0, "yes": True, "one": 1.0})
    assert (text(document, b"name"), text(document, b"a"), text(document, b"missing")) == ("é", "", "")
    assert [flag(document, one) for one in (b"yes", b"one", b"n", b"missing")] == [True, True, False, False]
    assert field(document, b"inner") is None
    assert (index_name(document), view_source(bson.encode({"viewOn": "users"}))) == ("é", "users")


def test_what_an_index_is() -> None:
    assert is_id_index(bson.encode({"name": "_id_", "key": {"_id": 1}}))
    assert is_id_index(bson.encode({"name": "mine", "key": {"_id": 1}, "clustered": True}))
    assert not is_id_index(index({"n": 1}))
    assert is_unique(index({"n": 1}, unique=True))
    assert not is_unique(index({"n": 1}, unique=False))
    assert is_ttl(index({"n": 1}, expireAfterSeconds=0))
    assert not is_ttl(index({"n": 1}))


def test_the_validator_is_split_off_with_its_level_and_action() -> None:
    options = bson.encode({"validator": {"n": 1}, "comment": "x", "validationAction": "warn", "validationLevel": "off"})
    kept, validation = split_validation(options)
    assert bson.decode(kept) == {"comment": "x"}
    assert bson.decode(validation) == {"validator": {"n": 1}, "validationAction": "warn", "validationLevel": "off"}
    assert has_fields(validation)
    assert split_validation(EMPTY) == (EMPTY, EMPTY)
    assert not has_fields(EMPTY)
    assert bson.decode(without(options, frozenset((b"comment", b"validator")))).keys() == {
        "validationAction",
        "validationLevel",
    }


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (index({"n": 1}), index({"n": 1.0})),
        (index({"n": 1}), index({"n": Int64(1)}, ns="db.c", background=True)),
        (bson.encode({"key": {"n": 1}, "name": "x", "v": 1}), index({"n": 1})),
        (index({"n": 1}, unique=True, sparse=True), index({"n": 1}, sparse=True, unique=True)),
        (index({"n": "text"}, weights={"a": 1, "b": 2}), index({"n": "text"}, weights={"b": 2, "a": 1})),
    ],
)
def test_indexes_that_are_the_same(left: bytes, right: bytes) -> None:
    assert same_index(left, right)
    assert same_index(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (index({"n": 1}), index({"n": -1})),
        (index(SON([("a", 1), ("b", 1)])), index(SON([("b", 1), ("a", 1)]))),
        (index({"n": 1}), index({"n": 1}, unique=True)),
        (index({"n": 1}, expireAfterSeconds=1), index({"n": 1}, expireAfterSeconds=2)),
        (index({"n": 1}, partialFilterExpression={"n": 1}), index({"n": 1}, partialFilterExpression={"n": 2})),
        (index({"n": 1}), bson.encode({"v": 2, "key": {"n": 1}, "name": "y"})),
    ],
)
def test_indexes_that_are_not(left: bytes, right: bytes) -> None:
    assert not same_index(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({}, {"validationLevel": "strict", "validationAction": "error", "validator": {}}),
        ({"capped": True, "size": 4096}, {"size": 4096.0, "capped": True}),
        ({"collation": {"locale": "de", "strength": 1}}, {"collation": {"strength": Int64(1), "locale": "de"}}),
        ({"validator": {"n": {"$gt": 1}}}, {"validator": {"n": {"$gt": 1.0}}, "validationLevel": "strict"}),
        ({"viewOn": "a", "pipeline": [{"$limit": 1}]}, {"pipeline": [{"$limit": 1.0}], "viewOn": "a"}),
    ],
)
def test_options_that_are_the_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert same_definition(bson.encode(left), bson.encode(right))
    assert same_definition(bson.encode(right), bson.encode(left))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({}, {"validationLevel": "moderate"}),
        ({}, {"validator": {"n": 1}}),
        ({"capped": True, "size": 4096}, {"capped": True, "size": 4097}),
        ({"viewOn": "a", "pipeline": []}, {"viewOn": "b", "pipeline": []}),
        (
            {"viewOn": "a", "pipeline": [{"$sort": SON([("a", 1), ("b", 1)])}]},
            {"viewOn": "a", "pipeline": [{"$sort": SON([("b", 1), ("a", 1)])}]},
        ),
        (
            {"viewOn": "a", "pipeline": [{"$limit": 1}, {"$skip": 1}]},
            {"viewOn": "a", "pipeline": [{"$skip": 1}, {"$limit": 1}]},
        ),
        (
            {"validator": {"place": SON([("x", 1), ("y", 1)])}},
            {"validator": {"place": SON([("y", 1), ("x", 1)])}},
        ),
        ({"size": Int64(2**53)}, {"size": Int64(2**53 + 1)}),
    ],
)
def test_options_that_are_not(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert not same_definition(bson.encode(left), bson.encode(right))


@pytest.mark.parametrize(
    ("options", "enforces"),
    [
        ({}, False),
        ({"validator": {}}, False),
        ({"validator": {"n": 1}}, True),
        ({"validator": {"n": 1}, "validationLevel": "strict", "validationAction": "error"}, True),
        ({"validator": {"n": 1}, "validationLevel": "moderate"}, True),
        ({"validator": {"n": 1}, "validationAction": "errorAndLog"}, True),
        ({"validator": {"n": 1}, "validationLevel": "off"}, False),
        ({"validator": {"n": 1}, "validationAction": "warn"}, False),
    ],
)
def test_a_validator_that_only_warns_refuses_nothing(options: dict[str, Any], enforces: bool) -> None:
    assert enforces_validator(bson.encode(options)) is enforces


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8,
)
definitions = st.dictionaries(st.sampled_from(("validator", "pipeline", "a", "b", "size")), values, max_size=5)


@given(definitions, st.randoms())
@settings(max_examples=40)
def test_a_definition_is_itself_whatever_the_order_of_its_fields(definition: dict[str, Any], random: Any) -> None:
    names = list(definition)
    random.shuffle(names)
    assert same_definition(bson.encode(definition), bson.encode({name: definition[name] for name in names}))
