"""Validation on real servers: what references lead to is asked of the target by `_id` and by other fields."""

from typing import Any

from bson import ObjectId
from pymongo import MongoClient

from tests.validation.scene import catalog, issues
from tui_migrate.stores.mongodb import MongoStore

ABOUT = catalog(
    "{orders: {references: [{field: lines.item, to: items}, {field: lines.by, to: people, to_field: names.short}]},"
    " items: {}, people: {}}"
)
MANY = 1_300


async def test_references_are_followed_into_another_database(mongodb_pair: tuple[str, str], database: str) -> None:
    first, second = (MongoClient[dict[str, Any]](url) for url in mongodb_pair)
    ids = [ObjectId() for _ in range(MANY)]
    first[database].orders.insert_many(
        {"_id": place, "lines": [{"item": one, "by": [f"p{place}", None]}, {"item": None}]}
        for place, one in enumerate(ids)
    )
    second[database].items.insert_many({"_id": one} for one in ids[2:])
    second[database].people.insert_many({"names": [{"short": f"p{place}"}]} for place in range(MANY - 3))
    source, target = (MongoStore(url, database) for url in mongodb_pair)
    try:
        found = await issues(source, ABOUT, elsewhere=target)
    finally:
        await source.close()
        await target.close()
        first.close()
        second.close()
    assert [(one.finding.subject, one.finding.count) for one in found] == [
        ("orders.lines.item", 2),
        ("orders.lines.by", 3),
    ]
    by_id, by_name = ([(each.document, each.about) for each in one.examples] for one in found)
    assert by_id == [("0", str(ids[0])), ("1", str(ids[1]))]
    assert by_name == [(str(place), repr(f"p{place}")) for place in range(MANY - 3, MANY)]
