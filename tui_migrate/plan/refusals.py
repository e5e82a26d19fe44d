"""What the checks know before a run about documents that the target will refuse, and what becomes of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tui_migrate.findings import Finding, Severity

AT_LEAST: Final = "at least "
"""How a finding begins whose count is not the whole of it."""

UP_TO: Final = "up to "
"""How a finding begins whose count is the most there can be."""

_CODES: Final = ("validator_rejects", "unique_clash", "document_too_large", "unique_redacted")


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many documents the target will refuse; `is_whole` where there are no more, `is_most` where fewer may be."""

    count: int = 0
    is_whole: bool = True
    is_most: bool = False

    def words(self, allowed: int) -> str:
        """Say in a sentence what becomes of them where so many may be put aside; empty where none is refused."""
        if not self.count:
            return ""
        bound = UP_TO if self.is_most else "" if self.is_whole else AT_LEAST
        many = f"{bound}{self.count:,}"
        if self.count <= allowed:
            some = "document" if self.count == 1 and self.is_whole else "documents"
            said = f"{many} {some} will be refused and put aside ({allowed:,} allowed)."
            return said[:1].upper() + said[1:]
        refused = f"{many} refused document{'s' if self.count > 1 or not self.is_whole else ''}"
        if self.count == 1 and not bound:
            return "The run stops at the 1 refused document (none may be put aside)."
        where = f"after {allowed:,}" if allowed else "at the first"
        return f"The run stops {where} of {refused} ({f'{allowed:,}' if allowed else 'none'} may be put aside)."


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put errors before warnings before notes, and among equals what has the target refuse documents before the rest.

    Else the order stays: a run that is started in spite of warnings fails by refused documents, not by the others.
    """
    order = list(Severity)
    return tuple(sorted(findings, key=lambda one: (order.index(one.severity), one.code not in _CODES)))


def refusals(findings: Iterable[Finding]) -> Refusals:
    """Add up what the checks found. A document that is refused for two reasons counts twice: more are never refused.

    An index of the target whose clashes were counted is not counted by the most there can be, too.
    """
    known = [one for one in findings if one.code in _CODES and one.severity is Severity.WARNING]
    clashing = {one.subject for one in known if one.code == "unique_clash"}
    bounds = [one for one in known if one.message.startswith(UP_TO)]
    counted = [one for one in known if one not in bounds]
    count = sum(one.count for one in counted)
    if any(one.message.startswith(AT_LEAST) for one in counted):
        return Refusals(count, is_whole=False)
    most = sum(one.count for one in bounds if one.subject not in clashing)
    return Refusals(count + most, is_most=most > 0)
