"""What the checks know before a run about documents that the target will refuse, and what becomes of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tui_migrate.findings import Finding, Severity

AT_LEAST: Final = "at least "
"""How a finding begins whose count is not the whole of it."""

_CODES: Final = ("validator_rejects", "unique_clash", "document_too_large")


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many documents the target will refuse; `is_whole` where there are no more than these."""

    count: int = 0
    is_whole: bool = True

    def words(self, allowed: int) -> str:
        """Say in a sentence what becomes of them where so many may be put aside; empty where none is refused."""
        if not self.count:
            return ""
        many = f"{'' if self.is_whole else AT_LEAST}{self.count:,}"
        if self.count <= allowed:
            some = "document" if self.count == 1 and self.is_whole else "documents"
            said = f"{many} {some} will be refused and put aside ({allowed:,} allowed)."
            return said[:1].upper() + said[1:]
        refused = f"{many} refused document{'s' if self.count > 1 or not self.is_whole else ''}"
        if self.count == 1 and self.is_whole:
            return "The run stops at the 1 refused document (none may be put aside)."
        where = f"after {allowed:,}" if allowed else "at the first"
        return f"The run stops {where} of {refused} ({f'{allowed:,}' if allowed else 'none'} may be put aside)."


def refusals(findings: Iterable[Finding]) -> Refusals:
    """Add up what the checks found. A document that is refused for two reasons counts twice: more are never refused."""
    found = [one for one in findings if one.code in _CODES and one.severity is Severity.WARNING]
    return Refusals(sum(one.count for one in found), not any(one.message.startswith(AT_LEAST) for one in found))
