"""The options for the limits of packages: what they take, and that checks and plans heed them."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

COMMANDS = (("import", "--url", "memory://a/shop", "--input", "deep.json"), ("validate", "--input", "deep.json"))


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    value: object = "x"
    for _ in range(184):
        value = [value]
    path = tmp_path / "deep.json"
    document = {"_id": "a", "v": value}
    path.write_text(json.dumps({"metadata": {"provider": "memory"}, "data": {"agents": [document]}}))
    return path


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("--max-unpacked", "0", "a size is a number"),
        ("--max-unpacked", "99999999T", "is the most"),
        ("--max-document", "65M", "64M is the most"),
        ("--max-document", "1.5M", "a size is a number"),
        ("--max-text", "1G", "256M is the most"),
        ("--max-depth", "0", "from 1 to 200"),
        ("--max-depth", "201", "from 1 to 200"),
        ("--max-depth", "deep", "int"),
        ("--max-entries", "1000001", "from 1 to 1,000,000"),
        ("--max-entries", "-1", ""),
    ],
)
def test_what_no_limit_can_be_is_refused(cli: Cli, command: tuple[str, ...], option: str, text: str, said: str) -> None:
    done = cli(*command, option, text)
    assert done.code == 2
    assert option in done.err
    assert said in done.err


def test_a_check_names_the_option_and_heeds_it(cli: Cli, deep: Path) -> None:
    done = cli("validate", "--input", "deep.json")
    assert done.code == 4
    assert "--max-depth" in " ".join(done.out.split())
    assert cli("validate", "--input", "deep.json", "--max-depth", "190").code == 0
    done = cli("validate", "--input", "deep.json", "--max-depth", "190", "--max-document", "1K")
    assert (done.code, "--max-document" in done.out) == (4, True)


def test_a_plan_keeps_them(cli: Cli, deep: Path, tmp_path: Path) -> None:
    words = ("import", "--url", "memory://a/shop", "--input", "deep.json", "--type-plan", "accept")
    wide = ("--max-depth", "190", "--max-entries", "7", "--max-text", "1M")
    assert cli(*words, *wide, "--save-plan", "wide.yaml").code == 0
    text = (tmp_path / "wide.yaml").read_text()
    for line in ("depth: 190", "entries: 7", "text: 1048576"):
        assert line in text
    assert cli("start", "wide.yaml", "--validate-only").code == 0
    (tmp_path / "usual.yaml").write_text(text.replace("depth: 190", "depth: 180"))
    done = cli("start", "usual.yaml", "--validate-only")
    assert done.code == 4
    assert "--max-depth" in done.err
