from typing import Any

import pytest
from bson import decode, encode

from tui_migrate.errors import Refused
from tui_migrate.mapping.views import renamed_view

RENAMES = {"users": "people", "old": ""}


def rewritten(on: str, *stages: dict[str, Any]) -> dict[str, Any]:
    options = encode({"viewOn": on, "pipeline": list(stages), "collation": {"locale": "en"}})
    found: dict[str, Any] = decode(renamed_view("grown", options, RENAMES))
    assert found["collation"] == {"locale": "en"}
    return found


def test_what_a_view_looks_at_is_renamed() -> None:
    assert rewritten("users")["viewOn"] == "people"
    assert rewritten("orders")["viewOn"] == "orders"


def test_collections_within_a_pipeline_are_renamed_however_deep() -> None:
    lookup = {"$lookup": {"from": "users", "as": "users", "pipeline": [{"$unionWith": "users"}]}}
    found = rewritten(
        "orders",
        {"$match": {"users": "users"}},
        {"$facet": {"users": [lookup], "other": [{"$unionWith": {"coll": "users", "pipeline": [lookup]}}]}},
        {"$graphLookup": {"from": "users", "startWith": "$x", "as": "y"}},
        {"$merge": {"into": "users"}},
        {"$merge": "users"},
        {"$out": "users"},
    )["pipeline"]
    changed = {"$lookup": {"from": "people", "as": "users", "pipeline": [{"$unionWith": "people"}]}}
    assert found == [
        {"$match": {"users": "users"}},
        {"$facet": {"users": [changed], "other": [{"$unionWith": {"coll": "people", "pipeline": [changed]}}]}},
        {"$graphLookup": {"from": "people", "startWith": "$x", "as": "y"}},
        {"$merge": {"into": "people"}},
        {"$merge": "people"},
        {"$out": "people"},
    ]


@pytest.mark.parametrize(
    "stage",
    [
        {"$search": {"x": "users"}},
        {"$lookup": {"from": {"db": "other", "coll": "users"}, "as": "x"}},
        {"$merge": {"into": {"db": "other", "coll": "users"}}},
        {"$out": {"db": "other", "coll": "users"}},
        {"$unionWith": ["users"]},
        {"$facet": {"one": {"$lookup": {"from": "users"}}}},
    ],
)
def test_what_cannot_be_rewritten_for_sure_is_refused(stage: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="grown"):
        rewritten("orders", stage)


def test_a_stage_that_is_not_known_and_names_nothing_renamed_stays() -> None:
    stage = {"$search": {"index": "default", "text": {"query": "x"}}}
    assert rewritten("orders", stage)["pipeline"] == [stage]


def test_a_view_on_a_collection_whose_name_another_gets_is_refused() -> None:
    with pytest.raises(Refused, match="another collection"):
        rewritten("old")
