"""One document as both ends of a comparison have it now, and what differs: one below the other, or side by side."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final

from tui_migrate.comparison.document_text import MAX_LINES, diff_lines, document_lines, without_commas
from tui_migrate.comparison.fields import field_changes
from tui_migrate.comparison.model import DocumentDifference, FieldChange
from tui_migrate.documents import RawId
from tui_migrate.errors import UsageError
from tui_migrate.reports.masking import Mask
from tui_migrate.ui.compare_words import FIELD_SIGNS, field_lines
from tui_migrate.ui.comparing import Asked
from tui_migrate.ui.look import Opening, patience, place_words
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.wording import number

READ_SECONDS: Final = 20.0
SIDE_COLUMNS: Final = (Column("", 1), Column("A"), Column("B"))


@dataclass(frozen=True, slots=True)
class DocumentDiff:
    """What differs: by fields, and as lines of either document, empty where an end does not have it.

    `is_whole` is False where a document has more lines than are shown.
    """

    fields: tuple[FieldChange, ...] = ()
    left: tuple[str, ...] = field(default=(), repr=False)
    right: tuple[str, ...] = field(default=(), repr=False)
    is_whole: bool = True

    @classmethod
    def known(cls, difference: DocumentDifference) -> "DocumentDiff":
        """What the comparison itself has kept of a document."""
        return cls(difference.fields)


async def read_document(asked: Asked, opening: Opening, collection: str, identifier: RawId, mask: Mask) -> DocumentDiff:
    """Read a document from both ends and compare it, without what is sensitive. Raises what stores raise."""
    if asked.left is None or asked.right is None:
        raise UsageError(asked.blocked, hint="choose both ends, then compare again")
    found: list[bytes | None] = []
    for end in (asked.left, asked.right):
        async with opening.source(end) as source, patience(READ_SECONDS, f"{place_words(end)} has not answered"):
            await source.identity()
            async with aclosing(source.lookup(collection, [identifier])) as documents:
                found.append(await anext(documents, None))
    return await asyncio.to_thread(diff_of, found[0], found[1], collection, mask)


def diff_of(left: bytes | None, right: bytes | None, collection: str, mask: Mask) -> DocumentDiff:
    """Compare what two ends have of a document."""
    key = secrets.token_bytes(16)
    mine, theirs = (None if one is None else mask.document(collection, one, key) for one in (left, right))
    changes = () if mine is None or theirs is None else field_changes(mine, theirs)
    (first, first_whole), (second, second_whole) = (
        ([], True) if one is None else document_lines(one) for one in (mine, theirs)
    )
    return DocumentDiff(changes, tuple(first), tuple(second), first_whole and second_whole)


def unified(diff: DocumentDiff, names: tuple[str, str] = ("A", "B")) -> list[str]:
    """Show the fields that differ, then the documents, one below the other.

    `-` is what the right has, which is there now and would go, `+` what the left has, which would be written. `names`
    are what left and right are called in the difference.
    """
    said: list[str] = []
    if diff.fields:
        said += ["# Fields that differ", "", *field_lines(diff.fields), ""]
    if not diff.left and not diff.right:
        return said
    said += ["# Document", ""]
    if not diff.is_whole:
        said.append(f"! Only the first {number(MAX_LINES)} lines of a document are shown.")
    if diff.left == diff.right:
        same = "There is no difference any more." if diff.is_whole else "These lines are equal."
        return [*said, same, "", *diff.left]
    if not diff.left or not diff.right:
        sign, lines = ("+", diff.left) if diff.left else ("-", diff.right)
        return [*said, *(f"{sign} {one}" for one in lines)]
    return [*said, *diff_lines(list(diff.right), list(diff.left), names[1], names[0])]


def side_by_side(diff: DocumentDiff, names: tuple[str, str] = ("A", "B")) -> list[Row]:
    """Show both documents as rows of two columns, like lines beside each other; or the fields, where no more is known.

    The keys of rows that differ begin with `!`; `names` are those of the two ends.
    """
    if not diff.left and not diff.right:
        pairs = ((one.path or "(the document)", one) for one in diff.fields)
        return [
            _row(place, names, FIELD_SIGNS[one.kind], f"{path}: {one.left or ''}", f"{path}: {one.right or ''}")
            for place, (path, one) in enumerate(pairs)
        ]
    return [_row(place, names, *cells) for place, cells in enumerate(_aligned(diff.left, diff.right))]


def _aligned(left: tuple[str, ...], right: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    matcher = SequenceMatcher(None, without_commas(left), without_commas(right))
    for tag, start, end, other, until in matcher.get_opcodes():
        for mine, theirs in zip_longest(left[start:end], right[other:until]):
            sign = "" if tag == "equal" else "-" if mine is None else "+" if theirs is None else "~"
            yield sign, mine or "", theirs or ""


_TONES: Final = {"-": Tone.BAD, "+": Tone.GOOD, "~": Tone.WARN}


def _row(place: int, names: tuple[str, str], sign: str, left: str, right: str) -> Row:
    said = left.strip() if not sign else f"{names[0]} {left.strip() or '—'}   {names[1]} {right.strip() or '—'}"
    return Row(f"{'!' if sign else ''}{place}", (sign, left, right), said, _TONES.get(sign, Tone.PLAIN))
