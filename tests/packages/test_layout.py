import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages import layout

from .samples import DATA, names


@settings(derandomize=True, deadline=None)
@given(names)
def test_a_name_comes_back_from_its_file(name: str) -> None:
    assert layout.unescape(layout.escape(name)) == name


@settings(derandomize=True, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=400))
def test_every_file_name_fits_a_file_system_and_stays_in_its_folder(name: str) -> None:
    path = layout.metadata_path("shop", name)
    folder, _, file = path.partition("/")
    assert folder == "shop"
    assert "/" not in file
    assert file not in (".", "..")
    assert len(file.encode()) <= 255


def test_names_are_those_that_mongodump_gives() -> None:
    assert layout.metadata_path("shop", "name with spaces/and%slash") == (
        "shop/name+with+spaces%2Fand%25slash.metadata.json.gz"
    )
    assert (DATA / "mongodump" / "name+with+spaces%2Fand%25slash.metadata.json").exists()
    assert layout.data_path("shop", "a.b-c_d~é") == "shop/a.b-c_d~%C3%A9.bson.gz"


def test_a_long_name_is_cut_and_told_apart_by_its_hash() -> None:
    long, longer = "é" * 100, "é" * 101
    assert len(layout.escape(long)) == 238
    assert layout.escape(long)[:211] == ("%C3%A9" * 40)[:208] + "%24"
    assert layout.escape(long) != layout.escape(longer)
    assert layout.unescape(layout.escape(long)) is None
    assert layout.unescape(layout.escape("x" * 238)) == "x" * 238


def test_the_hash_of_a_long_name_is_url_safe_base64_of_its_sha1() -> None:
    assert layout.escape("x" * 255).endswith("xxx%24Y6oauq27VpjyUnxc_M577PBGX5c")


@pytest.mark.parametrize("stem", ["", "a/b", "a b", "%zz", "%c3%a9", "%C3", "a\0", "é"])
def test_what_mongodump_would_not_write_is_no_name(stem: str) -> None:
    with pytest.raises(PackageDamaged):
        layout.unescape(stem)


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800"])
def test_a_name_no_collection_can_have_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        layout.escape(name)


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", "a\0", "a\nb", "x" * 64, "a b", "$x", "\udc80"])
def test_a_database_that_cannot_name_a_folder_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        layout.check_database(name)
    assert layout.check_database("shöp-2") == "shöp-2"


@pytest.mark.parametrize("name", ["users", "a.b", "name with/%", "ü" * 127, "x."])
def test_a_name_that_a_server_takes(name: str) -> None:
    assert layout.can_be_collection(name)


@pytest.mark.parametrize("name", ["", "a\0b", "$users", "a$b", ".users", "ü" * 128])
def test_a_name_that_no_server_takes(name: str) -> None:
    assert not layout.can_be_collection(name)
