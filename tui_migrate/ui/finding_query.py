"""The filter of a report, see `query`.

severity:error code:conflict    errors of one code
orders -stage:verify            what has `orders` anywhere, but for what the verification found
"""

from typing import Final

from tui_migrate.findings import Finding
from tui_migrate.journal.states import Stage
from tui_migrate.ui.query import Language, Query

Staged = tuple[Stage, Finding]
"""A finding with the stage that found it."""

_LANGUAGE: Final[Language[Staged]] = Language(
    columns={
        "severity": lambda one: one[1].severity.value,
        "code": lambda one: one[1].code,
        "subject": lambda one: one[1].subject,
        "message": lambda one: one[1].message,
        "stage": lambda one: one[0].value,
    },
    aliases={"sev": "severity", "in": "stage", "about": "subject", "text": ""},
    whole=lambda one: one[1].hint,
)
KEYS: Final = _LANGUAGE.keys


def parse(text: str) -> Query[Staged]:
    """Read a filter of findings. Any text is one."""
    return _LANGUAGE.parse(text)
