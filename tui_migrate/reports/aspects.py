"""What a check of a package looks at, one thing a row, and how each came out by the codes of the findings.

A checksum is absent where the form has none, or where its reader says so by a note; that is neither a match nor a
mismatch.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.forms import PackageForm


class Aspect(StrEnum):
    """One thing that is checked."""

    MANIFEST = "manifest"
    VERSION = "format version"
    FILES = "files"
    CHECKSUMS = "checksums"
    COUNTS = "counts"
    CONTENT = "content well-formed"
    IDS = "ids"
    DEFINITIONS = "indexes and options"
    REFERENCES = "sources of views"
    TYPES = "types"


class Result(StrEnum):
    """How it came out."""

    FINE = "fine"
    MATCHING = "matching"
    MISMATCHING = "mismatching"
    ABSENT = "absent"
    WARNED = "warned"
    FAULTY = "faulty"
    NOT_REACHED = "not reached"


_WORDS: Final = (
    (Aspect.CHECKSUMS, ("checksum", "digest", "crc")),
    (Aspect.VERSION, ("newer", "version")),
    (Aspect.MANIFEST, ("manifest", "header", "prelude")),
    (Aspect.REFERENCES, ("view", "reference")),
    (Aspect.DEFINITIONS, ("index", "indexes", "metadata", "options", "definition")),
    (Aspect.COUNTS, ("count", "counts")),
    (Aspect.IDS, ("id", "ids")),
    (Aspect.TYPES, ("type", "types")),
    (Aspect.CONTENT, ("document", "documents", "member", "block", "bson", "json", "gzip", "text", "depth", "package")),
)
"""An aspect is told by a word of a finding's code; the first that fits is taken, and what fits none is of the files."""

_STOPPING: Final = frozenset(("manifest_missing", "manifest_damaged", "package_newer", "package_damaged"))
"""Codes after which nothing else was looked at."""
_ABSENT: Final = frozenset(("absent", "missing"))

_WITH_MANIFEST: Final = (PackageForm.NATIVE, PackageForm.TAR)
_HAVE_CHECKSUMS: Final = (*_WITH_MANIFEST, PackageForm.ARCHIVE, PackageForm.SECOND_BRAIN)
_HAVE_COUNTS: Final = (*_WITH_MANIFEST, PackageForm.SECOND_BRAIN)
_HAVE_VERSION: Final = (*_WITH_MANIFEST, PackageForm.ARCHIVE, PackageForm.SECOND_BRAIN, PackageForm.XCODEREVIEWER)


def aspect_of(code: str) -> Aspect:
    """Say what a finding is about."""
    words = set(code.split("_"))
    return next((aspect for aspect, known in _WORDS if words.intersection(known)), Aspect.FILES)


def aspect_rows(form: PackageForm | None, findings: Sequence[Finding]) -> tuple[tuple[str, str, int], ...]:
    """Give each aspect that the form has, its result, and how many findings are about it."""
    by_aspect: dict[Aspect, list[Finding]] = {one: [] for one in Aspect}
    for finding in findings:
        by_aspect[aspect_of(finding.code)].append(finding)
    is_stopped = any(one.code in _STOPPING for one in findings)
    return tuple(
        (aspect.value, _result(aspect, form, of_it, is_stopped=is_stopped).value, len(of_it))
        for aspect, of_it in by_aspect.items()
        if of_it or _applies(aspect, form)
    )


def _applies(aspect: Aspect, form: PackageForm | None) -> bool:
    if aspect is Aspect.MANIFEST:
        return form in _WITH_MANIFEST
    if aspect is Aspect.TYPES:
        return form is not None and form.infers_types
    if aspect in (Aspect.DEFINITIONS, Aspect.REFERENCES):
        return form is None or not form.infers_types
    return True


def _result(aspect: Aspect, form: PackageForm | None, findings: Sequence[Finding], *, is_stopped: bool) -> Result:
    severities = {one.severity for one in findings}
    is_checksum = aspect is Aspect.CHECKSUMS
    if is_checksum and any(_ABSENT.isdisjoint(one.code.split("_")) for one in findings):
        return Result.MISMATCHING
    if not is_checksum and Severity.ERROR in severities:
        return Result.FAULTY
    if is_stopped or form is None:
        return Result.NOT_REACHED
    if (findings and is_checksum) or not _has(aspect, form):
        return Result.ABSENT
    if Severity.WARNING in severities:
        return Result.WARNED
    return Result.MATCHING if aspect in (Aspect.CHECKSUMS, Aspect.COUNTS) else Result.FINE


def _has(aspect: Aspect, form: PackageForm) -> bool:
    match aspect:
        case Aspect.CHECKSUMS:
            return form in _HAVE_CHECKSUMS
        case Aspect.COUNTS:
            return form in _HAVE_COUNTS
        case Aspect.VERSION:
            return form in _HAVE_VERSION
    return True
