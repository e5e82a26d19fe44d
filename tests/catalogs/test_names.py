import pytest

from tui_migrate.catalogs.model import Redaction
from tui_migrate.catalogs.names import affinity, is_people, may_own, sensitivity, words


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("user_id", ["user", "id"]),
        ("apiKey", ["api", "key"]),
        ("HTTPServer2Names", ["http", "server", "2", "name"]),
        ("families", ["family"]),
        ("addresses", ["address"]),
        ("status", ["status"]),
        ("größen", ["größen"]),
        ("__", []),
    ],
)
def test_names_are_split_into_words(name: str, found: list[str]) -> None:
    assert words(name) == found


@pytest.mark.parametrize(
    ("field", "target", "own", "fit"),
    [
        ("user_id", "users", "orders", 2),
        ("userId", "Users", "orders", 2),
        ("members.user.id", "users", "rooms", 2),
        ("task_id", "audit_tasks", "issues", 1),
        ("created_by_user", "users", "orders", 1),
        ("parent_id", "notes", "notes", 1),
        ("parent_id", "users", "notes", 0),
        ("line", "audit_tasks", "issues", 0),
        ("id", "users", "orders", 0),
        ("user_name", "users", "orders", 0),
    ],
)
def test_a_field_fits_a_collection_by_its_name(field: str, target: str, own: str, fit: int) -> None:
    assert affinity(field, target, own) == fit


@pytest.mark.parametrize(
    ("field", "redaction"),
    [
        ("hashed_password", Redaction.DROP),
        ("auth.apiKey", Redaction.DROP),
        ("access_tokens", Redaction.DROP),
        ("contact.email", Redaction.MASK),
        ("email.verified", None),
        ("keyboard", None),
        ("api.key", None),
        ("tokenizer", None),
    ],
)
def test_a_name_may_tell_of_something_sensitive(field: str, redaction: Redaction | None) -> None:
    found = sensitivity(field)
    assert (found[1] if found else None) is redaction


def test_people_and_owners_are_called_so() -> None:
    assert [one for one in ("users", "app_users", "people", "orders", "user_skills") if is_people(one)] == [
        "users",
        "app_users",
        "people",
    ]
    assert [one for one in ("user_id", "a.owner_id", "created_by", "invited_by") if may_own(one)] == [
        "user_id",
        "a.owner_id",
        "created_by",
    ]
