"""The pages about what findings mean, one a code, as the program ships them."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from tui_migrate.errors import UsageError
from tui_migrate.findings import Finding
from tui_migrate.redaction import printable

_SUFFIX: Final = ".md"
_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Page:
    """What a code means, why it matters and what to do: Markdown under a title."""

    code: str
    title: str
    text: str


@cache
def page_codes() -> tuple[str, ...]:
    """Give the codes that have a page."""
    names = (one.name for one in _folder().iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def page(code: str) -> Page:
    """Give the page of a code. Raises UsageError where there is none."""
    if code not in page_codes():
        raise UsageError(
            f"no finding has the code {printable(code)!r}", hint="tui-migrate explain lists all codes that have a page"
        )
    first, _, text = (_folder() / f"{code}{_SUFFIX}").read_text(encoding="utf-8").partition("\n")
    return Page(code, first.removeprefix("# "), text.strip())


def explain_words(*findings: Finding) -> str:
    """Say which command shows what these mean, or nothing where they have no pages."""
    codes = [one for one in dict.fromkeys(finding.code for finding in findings) if one in page_codes()]
    more = " or another code" if len(codes) > _MOST_NAMED else ""
    return f"tui-migrate explain {' or '.join(codes[:_MOST_NAMED])}{more} says more" if codes else ""


def _folder() -> "resources.abc.Traversable":
    return resources.files(__package__) / "pages"
