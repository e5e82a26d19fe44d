"""A program that is missing is a reason to skip a test, and in CI to fail it."""

import pytest

from tests.programs import COMPLETE, require


def test_a_program_that_is_there_is_found() -> None:
    assert require("sh", "dash").endswith("/sh")


def test_without_a_program_a_test_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(COMPLETE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed: apt-get install no-such"):
        require("no-such-program", "no-such")


def test_where_all_tests_have_to_run_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMPLETE, "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        require("no-such-program", "no-such")
