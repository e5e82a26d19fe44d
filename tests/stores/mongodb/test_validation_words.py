import bson
import pytest

from tests.suites.store_cases import NAME
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.stores.mongodb.validation_words import why

SCHEMA: dict[str, object] = {
    "$jsonSchema": {
        "required": ["n"],
        "properties": {
            "email": {"bsonType": "string"},
            "age": {"minimum": 18},
            "state": {"enum": ["on", "off"]},
            "at": {"properties": {"city": {"bsonType": ["string", "null"]}}},
            "any": {"anyOf": [{"bsonType": "string"}, {"bsonType": "int"}]},
            "no": {"not": {"bsonType": "int"}},
        },
    }
}
GOOD: dict[str, object] = {"n": 1, "email": "a", "age": 20, "state": "on", "at": {"city": "x"}, "any": 1, "no": "y"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"email": None}, "email must be a string, and is null"),
        ({"n": ...}, "n is missing"),
        ({"age": 3}, "age must be at least 18"),
        ({"state": "secret word"}, "state must be one of the values that are allowed"),
        ({"at": {"city": 5}}, "at.city must be a string or null, and is a 32-bit integer"),
        ({"any": 1.5}, "any must be a string, and is a double or any must be a 32-bit integer, and is a double"),
        ({"no": 4}, "no does not meet the rule not"),
        ({"email": 7, "n": ...}, "n is missing; email must be a string, and is a 32-bit integer"),
    ],
)
async def test_a_server_s_refusal_of_a_schema_says_which_rule(
    store: MongoStore, changed: dict[str, object], said: str
) -> None:
    assert set(await reason(store, SCHEMA, GOOD | changed)) == set(said.split("; "))


@pytest.mark.parametrize(
    ("validator", "document", "said"),
    [
        ({"age": {"$gt": 5}}, {"age": 1}, "age must be greater than 5"),
        ({"age": {"$type": "string"}}, {"age": 1}, "age must be a string, and is a 32-bit integer"),
        ({"age": {"$exists": True}}, {}, "age is missing"),
        ({"$or": [{"a": {"$gt": 5}}, {"b": 1}]}, {"a": 1, "b": 2}, "a must be greater than 5 or b must be equal to 1"),
        ({"$expr": {"$gt": ["$a", "$b"]}}, {"a": 1, "b": 2}, "Document failed validation"),
    ],
)
async def test_a_server_s_refusal_of_a_query_says_which_part(
    store: MongoStore, validator: dict[str, object], document: dict[str, object], said: str
) -> None:
    assert await reason(store, validator, document) == [said]


async def reason(store: MongoStore, validator: dict[str, object], document: dict[str, object]) -> list[str]:
    await store._link.database.create_collection(NAME, validator=validator)
    raw = {"_id": 1} | {name: value for name, value in document.items() if value is not ...}
    (refusal,) = await store.insert(NAME, [bson.encode(raw)])
    assert "secret word" not in refusal.reason
    return refusal.reason.split("; ")


def test_details_that_say_nothing_known_say_nothing() -> None:
    assert why({}) == ""
    assert why({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": "no list"}) == ""
    deep: dict[str, object] = {"operatorName": "$gt", "specifiedAs": {"a": {"$gt": 1}}}
    for _ in range(50):
        deep = {"operatorName": "$and", "clausesNotSatisfied": [{"index": 0, "details": deep}]}
    assert why(deep) == ""


async def test_of_a_value_that_is_taken_the_field_is_said_first(store: MongoStore) -> None:
    await store._link.database[NAME].create_index("email", unique=True)
    documents = [bson.encode({"_id": one, "email": "secret word"}) for one in (1, 2)]
    (refusal,) = await store.insert(NAME, documents)
    assert refusal.reason.startswith("another document has the same email: E11000")
    assert "secret word" not in refusal.reason
