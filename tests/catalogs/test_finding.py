from pathlib import Path

import pytest

from tui_migrate.catalogs.finding import find, listed, own_folder, shipped, shipped_names
from tui_migrate.catalogs.model import Redaction, is_pattern
from tui_migrate.catalogs.order import import_order
from tui_migrate.errors import InvalidFile, UsageError
from tui_migrate.packages.forms import PackageForm
from tui_migrate.paths import Home

SHIPPED = ["daemon", "gofannon", "second_brain_database", "xcodereviewer"]
MINE = "name: {}\ntitle: Mine\nversion: '7'\ncollections: {{things: {{}}}}\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home.find(tmp_path)
    own_folder(found).mkdir(parents=True)
    return found


def own(home: Home, name: str, text: str) -> Path:
    path = own_folder(home) / f"{name}.yaml"
    path.write_text(text)
    return path


def test_the_shipped_catalogs_are_those_of_the_forms_of_other_systems() -> None:
    assert shipped_names() == SHIPPED == sorted(one.value for one in PackageForm if one.infers_types)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_catalog_holds_together(name: str) -> None:
    found = shipped(name)
    assert found is not None
    assert found.name == name
    assert found.title
    assert found.description
    for one in found.collections:
        assert one.description
        assert all(found.collection(reference.to) for reference in one.references)
        assert one.owner is None or one.owner.field
        assert all(rule.reason for rule in one.sensitive)
    assert import_order(found, [one.name for one in found.collections]).cycles == ()


def test_orders_of_import_are_those_of_the_systems() -> None:
    def order(name: str) -> list[str]:
        found = shipped(name)
        assert found is not None
        names = [one.name for one in found.collections if not one.excluded and not is_pattern(one.name)]
        return list(import_order(found, names).names)

    assert order("xcodereviewer") == ["user", "projects", "audit_tasks", "audit_issues", "settings"]
    second_brain = ["users", "tenants", "tenant_memberships", "families", "family_relationships", "workspaces"]
    assert order("second_brain_database")[:6] == second_brain


def test_what_opens_accounts_or_belongs_to_one_installation_is_excluded_with_its_reason() -> None:
    excluded = {
        (name, one.name) for name in SHIPPED for one in (shipped(name) or pytest.fail(name)).collections if one.excluded
    }
    second_brain = ("permanent_tokens", "sessions", "migration_history", "migrations", "backups")
    assert excluded == {
        *(("second_brain_database", name) for name in second_brain),
        ("gofannon", "sessions"),
        ("gofannon", "user_sessions"),
        ("daemon", "api_keys"),
        ("daemon", "database_versions"),
    }


def test_hashes_of_passwords_and_addresses_are_sensitive() -> None:
    found = shipped("second_brain_database")
    users = found.collection("users") if found else None
    assert users is not None
    assert {one.field: one.redaction for one in users.sensitive}.items() >= {
        "hashed_password": Redaction.DROP,
        "email": Redaction.HASH,  # the mask of all would meet in a unique index
    }.items()


def test_ones_own_stands_before_a_shipped_one(home: Home) -> None:
    assert find("daemon", home).title == "Daemon"
    own(home, "daemon", MINE.format("daemon"))
    own(home, "shop", MINE.format("shop"))
    assert find("daemon", home).title == find("shop", home).title == "Mine"
    assert [one.name for one in listed(home)] == sorted([*SHIPPED, "shop"])


def test_a_path_is_taken_as_one(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.yaml").write_text(MINE.format("shop"))
    assert find("other.yaml", home) == find("./other.yaml", home) == find(str(tmp_path / "other.yaml"), home)
    with pytest.raises(UsageError, match="No such file"):
        find("./daemon", home)


@pytest.mark.parametrize("word", ["nothing", "", "..", "DAEMON", "a\x1b[2J", "daemon "])
def test_a_name_that_means_nothing_is_a_usage_error(home: Home, word: str) -> None:
    with pytest.raises(UsageError, match="there is no catalog") as refused:
        find(word, home)
    assert "catalog list" in refused.value.hint
    assert "\x1b" not in refused.value.message


def test_a_broken_one_is_an_error_when_it_is_used_and_listed_as_broken(home: Home) -> None:
    path = own(home, "shop", MINE.format("shop") + "colour: red\n")
    with pytest.raises(InvalidFile) as refused:
        find("shop", home)
    assert (refused.value.path, refused.value.line, refused.value.key) == (str(path), 5, "colour")
    (broken,) = [one for one in listed(home) if one.name == "shop"]
    assert (broken.catalog, broken.path, isinstance(broken.fault, InvalidFile)) == (None, str(path), True)


def test_a_catalog_is_called_as_its_file(home: Home) -> None:
    own(home, "shop", MINE.format("store"))
    with pytest.raises(InvalidFile, match=r"called 'store', and its file 'shop\.yaml'"):
        find("shop", home)


def test_without_a_config_folder_there_are_the_shipped_ones(tmp_path: Path) -> None:
    assert [one.name for one in listed(Home.find(tmp_path / "none"))] == SHIPPED
