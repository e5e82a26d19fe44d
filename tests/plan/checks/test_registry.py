"""Each check finds what it is for, and is silent where that is not; each of its codes has a page."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.plan.checks.cases import CASES
from tests.plan.checks.ground import Ground
from tests.test_readme_facts import options
from tui_migrate.findings import Severity
from tui_migrate.plan.checks import all as registry
from tui_migrate.plan.checks.package_codes import OF_PACKAGES
from tui_migrate.plan.checks.paging import page, page_codes

PACKAGES = Path(registry.__file__).parents[2] / "packages"
_SAID = re.compile(
    r'(?:Fault|Doubt|Finding|[fF]aults?\.add|_fault|_finding)\(\s*(?:Severity\.[A-Z]+,\s*)?"([a-z]+(?:_[a-z]+)*)"'
)

MILDER: Final = {"latency": Severity.NOTE}
"""What a case finds of a code that is worse elsewhere: this one measures a server that is near."""

own = {code for one in registry.CHECKS for code in one.codes}


def test_every_code_of_a_check_has_a_case() -> None:
    assert set(CASES) == own


@pytest.mark.parametrize("bad", [True, False], ids=["fires", "silent"])
@pytest.mark.parametrize("code", sorted(CASES))
async def test_a_check_fires_and_is_silent(ground: Ground, code: str, bad: bool) -> None:
    found = [one for one in await CASES[code](ground, bad) if one.code == code]
    assert bool(found) is bad, found
    for one in found:
        assert one.message
        assert one.hint or one.severity is not Severity.ERROR
    if found:
        order = list(Severity)
        worst = min((check.codes[code] for check in registry.CHECKS if code in check.codes), key=order.index)
        assert min((one.severity for one in found), key=order.index) is MILDER.get(code, worst)


def test_every_code_has_a_page_that_says_what_to_do() -> None:
    assert set(registry.codes()) <= set(page_codes())
    for code in page_codes():
        shown = page(code)
        assert shown.title
        assert not shown.title.startswith("#")
        assert "\n\nWhat to do: " in shown.text


def test_every_code_that_a_reader_of_packages_gives_is_known() -> None:
    said = {code for file in PACKAGES.rglob("*.py") for code in _SAID.findall(file.read_text())}
    assert len(said) > 50
    assert said <= {*OF_PACKAGES, *own}


def test_checks_have_titles_of_their_own() -> None:
    titles = [one.title for one in registry.CHECKS]
    assert len(set(titles)) == len(titles)


def test_no_page_names_an_option_that_there_is_not() -> None:
    named = {(code, one) for code in page_codes() for one in re.findall(r"(?<![\w-])--[a-z][a-z-]*", page(code).text)}
    known = set(options())
    assert [(code, one) for code, one in named if one not in known] == []
