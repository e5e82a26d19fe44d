import json
from typing import Any

import pytest
from bson import encode
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.max_key import MaxKey
from bson.min_key import MinKey
from bson.regex import Regex
from bson.son import SON

from tests.mapping.bson_values import Fields
from tui_migrate.errors import UsageError
from tui_migrate.mapping.extended_json import parse_document, write_document
from tui_migrate.mapping.matching import compile_query

NAN = float("nan")


def matches(query: Fields, document: Fields) -> bool:
    return compile_query(encode(query), "the filter")(encode(document))


@pytest.mark.parametrize(
    ("query", "document", "is_match"),
    [
        ({}, {"a": 1}, True),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": Int64(1)}, True),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": Decimal128("1.00")}, True),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": [3, 1]}, True),
        ({"a": [3, 1]}, {"a": [3, 1]}, True),
        ({"a": [3, 1]}, {"a": [1, 3]}, False),
        ({"a": [3, 1]}, {"a": [[3, 1]]}, True),
        ({"a": {"b": 1}}, {"a": {"b": 1}}, True),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, False),
        ({"a": SON([("b", 1), ("c", 2)])}, {"a": SON([("c", 2), ("b", 1)])}, False),
        ({"a.b": 1}, {"a": {"b": 1}}, True),
        ({"a.b": 1}, {"a": [{"b": 2}, {"b": 1}]}, True),
        ({"a.b": 1}, {"a": [[{"b": 1}]]}, False),
        ({"a.0": 5}, {"a": [5, 6]}, True),
        ({"a.1": 5}, {"a": [5, 6]}, False),
        ({"a.0.b": 5}, {"a": [{"b": 5}]}, True),
        ({"a.0": 5}, {"a": {"0": 5}}, True),
        ({"a": {"$gt": 5}}, {"a": "z"}, False),
        ({"a": {"$gt": 5}}, {"a": [1, 9]}, True),
        ({"a": {"$gt": 2, "$lt": 3}}, {"a": [1, 9]}, True),
        ({"a": {"$gt": 5}}, {}, False),
        ({"a": {"$lt": 5}}, {"a": None}, False),
        ({"a": {"$gte": "b"}}, {"a": "b"}, True),
        ({"a": {"$lt": {"b": 2}}}, {"a": {"b": 1}}, True),
        ({"a": {"$lt": [2]}}, {"a": [1, 5]}, True),
        ({"a": {"$gt": MinKey()}}, {"a": "x"}, True),
        ({"a": {"$lt": MaxKey()}}, {}, True),
        ({"a": NAN}, {"a": NAN}, True),
        ({"a": {"$lte": NAN}}, {"a": NAN}, True),
        ({"a": {"$lt": NAN}}, {"a": NAN}, False),
        ({"a": {"$lt": 5}}, {"a": NAN}, False),
        ({"a": -0.0}, {"a": 0}, True),
        # null and missing
        ({"a": None}, {}, True),
        ({"a": None}, {"a": None}, True),
        ({"a": None}, {"a": 1}, False),
        ({"a": None}, {"a": [None]}, True),
        ({"a": None}, {"a": []}, False),
        ({"a": {"$gte": None}}, {}, True),
        ({"a": {"$gt": None}}, {}, False),
        ({"a": {"$ne": None}}, {"a": 0}, True),
        ({"a": {"$ne": None}}, {}, False),
        ({"a.b": None}, {"a": 4}, True),
        ({"a.b": None}, {"a": []}, False),
        ({"a.b": None}, {"a": [{}, {"b": 1}]}, True),
        ({"a.b": None}, {"a": [4]}, False),
        ({"a": {"$in": [1, None]}}, {}, True),
        ({"a": {"$nin": [1, None]}}, {}, False),
        ({"a": {"$in": []}}, {"a": 1}, False),
        ({"a": {"$in": [[1]]}}, {"a": [1]}, True),
        ({"a": {"$nin": [1]}}, {"a": [1, 2]}, False),
        ({"a": {"$ne": 1}}, {"a": [1, 2]}, False),
        ({"a": {"$ne": 1}}, {}, True),
        # existence, types, sizes
        ({"a": {"$exists": True}}, {"a": None}, True),
        ({"a": {"$exists": False}}, {}, True),
        ({"a": {"$exists": 1}}, {}, False),
        ({"a.b": {"$exists": True}}, {"a": [{}, {"b": 1}]}, True),
        ({"a.b": {"$exists": False}}, {"a": []}, True),
        ({"a": {"$type": "number"}}, {"a": Int64(1)}, True),
        ({"a": {"$type": "int"}}, {"a": 1.0}, False),
        ({"a": {"$type": "array"}}, {"a": [1]}, True),
        ({"a": {"$type": "string"}}, {"a": [1, "x"]}, True),
        ({"a": {"$type": ["string", 8]}}, {"a": True}, True),
        ({"a": {"$type": -1}}, {"a": MinKey()}, True),
        ({"a": {"$type": "null"}}, {}, False),
        ({"a": {"$size": 2}}, {"a": [1, 2]}, True),
        ({"a": {"$size": 2.0}}, {"a": [[1, 2]]}, False),
        ({"a": {"$size": 0}}, {}, False),
        # lists
        ({"a": {"$all": [1, 2]}}, {"a": [2, 1, 3]}, True),
        ({"a": {"$all": [1, 2]}}, {"a": [1]}, False),
        ({"a": {"$all": [1]}}, {"a": 1}, True),
        ({"a": {"$all": []}}, {"a": []}, False),
        ({"a": {"$all": [{"$elemMatch": {"b": 1}}, {"$elemMatch": {"b": 2}}]}}, {"a": [{"b": 1}, {"b": 2}]}, True),
        ({"a": {"$elemMatch": {"$gt": 2, "$lt": 5}}}, {"a": [1, 9]}, False),
        ({"a": {"$elemMatch": {"$gt": 2, "$lt": 5}}}, {"a": [1, 3]}, True),
        ({"a": {"$elemMatch": {"b": 1, "c": 2}}}, {"a": [{"b": 1}, {"c": 2}]}, False),
        ({"a": {"$elemMatch": {"b": 1, "c": 2}}}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": {"$elemMatch": {"b": 1}}}, {"a": {"b": 1}}, False),
        ({"a": {"$elemMatch": {"$or": [{"b": 1}, {"b": 2}]}}}, {"a": [{"b": 2}]}, True),
        ({"a": {"$elemMatch": {"$elemMatch": {"$gt": 1}}}}, {"a": [[0, 2]]}, True),
        ({"a": {"$elemMatch": {"$not": {"$gt": 1}}}}, {"a": [2, 1]}, True),
        # logic
        ({"$or": [{"a": 1}, {"b": 1}]}, {"b": 1}, True),
        ({"$and": [{"a": 1}, {"b": 1}]}, {"b": 1}, False),
        ({"$nor": [{"a": 1}, {"b": 1}]}, {"c": 1}, True),
        ({"$nor": [{"a": 1}, {"b": 1}]}, {"b": 1}, False),
        ({"a": {"$not": {"$gt": 2}}}, {}, True),
        ({"a": {"$not": {"$gt": 2, "$lt": 9}}}, {"a": 5}, False),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False),
    ],
)
def test_filters_mean_what_mongodb_means(query: Fields, document: Fields, is_match: bool) -> None:
    assert matches(query, document) is is_match


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ('{"a": {"$regex": "x"}}', "$regex"),
        ('{"a": {"$regularExpression": {"pattern": "x", "options": ""}}}', "regular expression"),
        ('{"a": {"$in": [{"$regularExpression": {"pattern": "x", "options": ""}}]}}', "regular expression"),
        ('{"$where": "1"}', "$where"),
        ('{"$expr": {}}', "$expr"),
        ('{"a": {"$mod": [2, 0]}}', "$mod"),
        ('{"a": {"$gt": 1, "b": 2}}', "uses b"),
        ('{"a": {"b": 1, "$gt": 2}}', "uses b"),
        ('{"a": {"$not": 1}}', "$not"),
        ('{"a": {"$eq": {"$foo": 1}}}', "$foo"),
        ('{"$gt": 1}', "$gt"),
        ('{"$or": []}', "$or"),
        ('{"$and": {}}', "$and"),
        ('{"a": {"$in": 1}}', "$in"),
        ('{"a": {"$type": "strng"}}', "strng"),
        ('{"a": {"$type": 99}}', "$type"),
        ('{"a": {"$size": -1}}', "$size"),
        ('{"a": {"$exists": "yes"}}', "$exists"),
        ('{"a": {"$elemMatch": 1}}', "$elemMatch"),
        ('{"a..b": 1}', "a..b"),
        ('{"": 1}', "empty"),
        ('{"a": {"$undefined": true}}', "undefined"),
        ('{"a": 1', "Extended JSON"),
        ("[1]", "no object"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": {"$oid": "xyz"}}', "Extended JSON"),
        ('{"a": {"$ref": "b", "$id": 1}}', "$ref"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(query: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        compile_query(parse_document(query, "the filter of things"), "the filter of things")
    assert said in refused.value.message
    assert "the filter of things" in refused.value.message
    assert refused.value.hint


def test_a_regular_expression_as_bson_is_refused() -> None:
    with pytest.raises(UsageError):
        compile_query(encode({"a": Regex("x")}), "the filter")


def test_too_deep_a_filter_is_refused() -> None:
    query: dict[str, Any] = {"a": 1}
    for _ in range(120):
        query = {"$and": [query]}
    with pytest.raises(UsageError, match="levels"):
        compile_query(encode(query), "the filter")


def test_relaxed_and_canonical_forms_are_one_and_come_back() -> None:
    relaxed = '{"a": {"$gte": 5, "$lt": 1.5}, "d": {"$date": "2020-01-01T00:00:00Z"}, "s": "é"}'
    document = parse_document(relaxed, "it")
    written = write_document(document)
    assert json.loads(written)["a"] == {"$gte": {"$numberInt": "5"}, "$lt": {"$numberDouble": "1.5"}}
    assert parse_document(written, "it") == document
