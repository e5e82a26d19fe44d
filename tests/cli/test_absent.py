"""A database that does not exist, and a server that turns everybody away."""

import sys

import pytest

from tests.cli.conftest import Cli, Ends
from tui_migrate.errors import Unreachable
from tui_migrate.stores import registry
from tui_migrate.stores.base import Source
from tui_migrate.stores.registry import Locator

FAR = "mongodb://127.0.0.1:1/shop"
MISSPELT = "memory://absent/nix"


@pytest.mark.parametrize(
    "words",
    [
        ("list-collections", "--url", MISSPELT),
        ("validate", "--url", MISSPELT, "--catalog", "second_brain_database"),
        ("copy", "--source", MISSPELT, "--target", "memory://absent/other"),
        ("copy", "--source", MISSPELT, "--target", "memory://absent/other", "--collections", "users"),
        ("export", "--url", MISSPELT, "--output", "package"),
    ],
    ids=lambda words: " ".join(words[:1] + words[5:]),
)
def test_a_database_that_is_not_there_is_said_not_to_be(cli: Cli, words: tuple[str, ...]) -> None:
    cli.refused(*words, code=2, said="has no database nix", hint="case-sensitive", error="usage")


def test_a_draft_of_a_database_that_is_not_there_is_refused_for_that(cli: Cli) -> None:
    done = cli.process("catalog", "infer", "--url", MISSPELT)
    assert (done.code, done.out) == (2, "")
    assert "has no database nix" in done.err


def test_it_is_said_what_the_server_has_instead(cli: Cli, ends: Ends) -> None:
    done = cli("list-collections", "--url", ends.source + "x")
    assert done.code == 2
    assert f"has no database {ends.database}x" in done.err
    assert ends.database in done.err.splitlines()[1]


def test_a_comparison_says_that_one_of_the_two_is_not_there(cli: Cli, ends: Ends) -> None:
    compared = cli("compare", ends.source, ends.target)
    assert compared.code == 3
    assert f"has no database {ends.database}, so that all there is is in the other" in compared.err
    ends.target_client[ends.database]["other"].insert_one({})
    assert "no database" not in cli("compare", ends.source, ends.target).err


def test_whoever_watches_is_soon_told_of_a_server_that_turns_us_away_and_a_script_waits_for_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[bool]()

    def opening(locator: Locator) -> Source:
        asked.append(locator.is_patient)
        raise Unreachable("nobody is there", hint="start it")

    monkeypatch.setattr(registry, "open_source", opening)
    looks = (
        ("list-collections", "--url", FAR),
        ("compare", FAR, FAR),
        ("validate", "--url", FAR, "--catalog", "second_brain_database"),
    )
    run = ("copy", "--source", FAR, "--target", "memory://far/x")
    for words in (*looks, run):
        for is_terminal in (True, False):
            monkeypatch.setattr(sys.stderr, "isatty", lambda is_terminal=is_terminal: is_terminal)
            cli(*words)
        cli(*words, "--json")
    assert asked == [False, True, True] * len(looks) + [True] * 3
