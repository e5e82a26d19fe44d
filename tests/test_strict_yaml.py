from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate import strict_yaml
from tui_migrate.errors import InvalidFile, UsageError
from tui_migrate.strict_yaml import load, parse


def test_reads_mappings_lists_and_scalars() -> None:
    top = parse("a: [1, 2]\nb: true\nc: 'on'\n", "f.yaml").mapping(known=("a", "b", "c"))
    assert [one.integer() for one in top["a"].items()] == [1, 2]
    assert top["b"].boolean() is True
    assert top["c"].text() == "on"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "empty"),
        ("# only a comment\n", 1, "empty"),
        ("a: 1\nb: [\n", 3, "no YAML"),
        ("a: 1\n\tb: 2\n", 2, "no YAML"),
        ("a: &x 1\n", 1, "anchors"),
        ("a: 1\nb: *x\n", 2, "anchors"),
        ("a: !!python/object:os.system {}\n", 1, "anchors"),
        ("a: \x00\n", 1, "no YAML"),
        ("a: 1\n---\nb: 2\n", 2, "no YAML"),
    ],
)
def test_refuses_what_it_does_not_take(text: str, line: int, said: str) -> None:
    with pytest.raises(InvalidFile, match=said) as refused:
        parse(text, "f.yaml")
    assert (refused.value.path, refused.value.line) == ("f.yaml", line)


def test_names_unknown_missing_and_doubled_keys() -> None:
    with pytest.raises(InvalidFile, match=r"f\.yaml, line 3, key 'a\.d': this key is unknown"):
        parse("a:\n  b: 1\n  d: 2\n", "f.yaml").mapping(known=("a",))["a"].mapping(known=("b", "c"))
    with pytest.raises(InvalidFile, match="the key 'b' is missing"):
        parse("a: 1\n", "f.yaml").mapping(required=("b",))
    with pytest.raises(InvalidFile, match="line 2, key 'a': this key stands here twice"):
        parse("a: 1\na: 2\n", "f.yaml").mapping()


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("a: 1", "items"),
        ("a: [1]", "text"),
        ("a: {}", "text"),
        ("a: yes", "boolean"),
        ("a: 'true'", "boolean"),
        ("a: 1.5", "integer"),
        ("a: -1", "integer"),
        ("a: 99999999999999999999", "integer"),
        ("a: ''", "integer"),
        ("a: 1", "mapping"),
    ],
)
def test_a_value_of_another_type_is_refused(text: str, reading: str) -> None:
    value = parse(text, "f.yaml").mapping()["a"]
    with pytest.raises(InvalidFile) as refused:
        getattr(value, reading)()
    assert refused.value.key == "a"


def test_a_choice_names_the_choices() -> None:
    with pytest.raises(InvalidFile, match="'c' is none of a, b"):
        parse("k: c", "f.yaml").mapping()["k"].choice(("a", "b"))


def test_depth_is_refused_not_crashed() -> None:
    for text in ("[" * 100_000, "- " * 10_000, "{a: " * 100_000):
        with pytest.raises(InvalidFile):
            parse(text, "f.yaml")
    assert parse("[" * 150 + "]" * 150, "f.yaml").is_list


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InvalidFile):
        parse(text, "f.yaml").mapping()


def test_a_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("a: 1\n")
    assert load(path).mapping()["a"].integer() == 1
    monkeypatch.setattr(strict_yaml, "MAX_BYTES", 4)
    with pytest.raises(InvalidFile, match="larger than 4 bytes"):
        load(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(UsageError, match="directory"):
        load(tmp_path)


def test_a_file_that_is_not_utf8_is_said(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"a: \xff\n")
    with pytest.raises(InvalidFile, match="not UTF-8"):
        load(path)
