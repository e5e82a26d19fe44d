"""A run's findings as a file: JSON for programs, Markdown for people.

    {"run": 42, "kind": "copy", "state": "completed", "source": "prod/shop", "target": "staging/shop",
     "created_at": "2026-01-31T12:00:00.000Z", "created_by": "anna@bastion",
     "totals": [{"severity": "error", "code": "conflict", "findings": 1, "count": 37}],
     "findings": [{"stage": "validate", "severity": "error", "code": "conflict", "subject": "users",
                   "message": "…", "hint": "…", "count": 37}]}

Neither holds a password of a URL, nor a control character.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import Stage
from tui_migrate.redaction import printable, redact

Staged = tuple[Stage, Finding]

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>#|~])")


@dataclass(frozen=True, slots=True)
class Total:
    """How many findings there are of one severity and code, and how many times they were met."""

    severity: Severity
    code: str
    findings: int
    count: int


def totals(found: Sequence[Staged]) -> tuple[Total, ...]:
    """Count by severity and code, the most severe first."""
    groups: dict[tuple[Severity, str], list[Finding]] = {}
    for _, one in found:
        groups.setdefault((one.severity, one.code), []).append(one)
    order = list(Severity)
    counted = [
        Total(severity, code, len(each), sum(one.count for one in each)) for (severity, code), each in groups.items()
    ]
    return tuple(sorted(counted, key=lambda one: (order.index(one.severity), one.code)))


def to_json(run: RunRecord, found: Sequence[Staged]) -> str:
    """Write a report as JSON."""
    content = {
        "run": run.id,
        "kind": run.kind.value,
        "state": run.state.value,
        "source": _clean(run.source),
        "target": _clean(run.target),
        "created_at": _time(run.created_at),
        "created_by": _clean(run.created_by),
        "totals": [
            {"severity": one.severity.value, "code": one.code, "findings": one.findings, "count": one.count}
            for one in totals(found)
        ],
        "findings": [
            {
                "stage": stage.value,
                "severity": one.severity.value,
                "code": one.code,
                "subject": _clean(one.subject),
                "message": _clean(one.message),
                "hint": _clean(one.hint),
                "count": one.count,
            }
            for stage, one in found
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def to_markdown(run: RunRecord, found: Sequence[Staged]) -> str:
    """Write a report as Markdown; nothing from outside is taken for markup."""
    lines = [
        f"# Report of run {run.id:04d}",
        "",
        f"- {run.kind.value} from {_plain(run.source)} to {_plain(run.target)}",
        f"- {run.state.value.replace('_', ' ')}, made {_time(run.created_at)} by {_plain(run.created_by)}",
        "",
    ]
    if not found:
        return "\n".join([*lines, "Nothing was found.", ""])
    lines.extend(("| Severity | Code | Findings | Times |", "| --- | --- | ---: | ---: |"))
    lines.extend(
        f"| {one.severity.value} | {_plain(one.code)} | {one.findings} | {one.count} |" for one in totals(found)
    )
    for severity in Severity:
        of_it = [(stage, one) for stage, one in found if one.severity is severity]
        if of_it:
            lines.extend(("", f"## {severity.value.capitalize()}s", ""))
        for stage, one in of_it:
            times = f" ({one.count} times)" if one.count > 1 else ""
            lines.append(
                f"- **{_plain(one.subject)}** — {_plain(one.message)}{times} ({_plain(one.code)}, {stage.value})"
            )
            if one.hint:
                lines.append(f"  - {_plain(one.hint)}")
    return "\n".join([*lines, ""])


FORMATS: Final[dict[str, Callable[[RunRecord, Sequence[Staged]], str]]] = {".json": to_json, ".md": to_markdown}
"""How a report is written, by the ending of the file's name."""


def write_report(path: Path, run: RunRecord, found: Sequence[Staged]) -> None:
    """Write a report into a new file for the user alone. Blocks.

    Raises UsageError for another ending than those of FORMATS and where there is a file already, StorageFailed.
    """
    form = FORMATS.get(path.suffix)
    shown = printable(str(path))
    if form is None:
        raise UsageError(f"{shown} ends neither in .json nor in .md", hint="its ending says in which form to write")
    text = form(run, found)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(f"{shown} is there already", hint="choose another name; nothing is replaced") from None
    except OSError as error:
        raise StorageFailed(f"cannot make {shown}: {error.strerror}", hint="choose another place") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise StorageFailed(f"cannot write {shown}: {error.strerror}", hint="make room") from error


def _clean(text: str) -> str:
    return printable(redact(text))


def _plain(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _clean(text))


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
