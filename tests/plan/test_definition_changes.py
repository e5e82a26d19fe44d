from collections.abc import Mapping

import pytest
from bson import encode

from tui_migrate.comparison.definitions import definition_differences
from tui_migrate.comparison.model import FieldKind
from tui_migrate.plan.definition_changes import change_words, versions
from tui_migrate.stores.base import CollectionInfo, CollectionKind

RULE = {"validator": {"age": {"$gt": 0}}}
OTHER = {"validator": {"age": {"$gt": 1}}, "validationLevel": "moderate"}


def info(*indexes: Mapping[str, object], **options: object) -> CollectionInfo:
    return CollectionInfo("users", CollectionKind.PLAIN, indexes=tuple(map(encode, indexes)), options=encode(options))


@pytest.mark.parametrize(
    ("then", "now", "words"),
    [
        (RULE, OTHER, "the level of the validator goes: the backup has none, the validator goes back to the backup's"),
        (RULE, {}, "the validator of the backup comes back: there is none now"),
        ({}, RULE, "the validator goes: the backup has none"),
        ({"validationLevel": "strict"} | RULE, RULE, ""),
        (
            {"collation": {"locale": "fr"}},
            {"collation": {"locale": "de"}},
            "the option collation goes back to the backup's; for that it is emptied and made anew",
        ),
    ],
)
def test_options_say_what_of_them_changes(then: dict[str, object], now: dict[str, object], words: str) -> None:
    found = definition_differences(info(**then), info(**now))
    assert ", ".join(map(change_words, found)) == words


def test_each_version_is_given_as_it_is_and_as_it_becomes() -> None:
    (one,) = definition_differences(info(**RULE), info())
    assert one.fields[0].kind is FieldKind.REMOVED
    ((name, now, then),) = versions(one)
    assert (name, now) == ("validator", "")
    assert '"$gt": {"$numberInt": "0"}' in then


def test_indexes_are_made_dropped_and_put_back() -> None:
    by_age, by_name = {"key": {"age": 1}, "name": "age_1"}, {"key": {"name": 1}, "name": "name_1"}
    found = definition_differences(info(by_age, by_name | {"unique": True}), info(by_name, by_age | {"name": "x"}))
    assert [change_words(one) for one in found] == [
        "index age_1 is made: it is missing now",
        "index name_1 goes back to the backup's",
        "index x is dropped: the backup does not have it",
    ]
