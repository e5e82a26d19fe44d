"""The documents that a rollback touches, as rows, and what is said of one of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.comparison.model import FieldChange
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import MASK, Mask
from tui_migrate.ui.changes import Changes
from tui_migrate.ui.compare_words import FIELDS_NAMED, field_lines
from tui_migrate.ui.document_diff import DocumentDiff, diff_of, unified
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.ui.wording import local_time
from tui_migrate.wording import number
from tui_migrate.worker.rollback_documents import LISTED, Fate, TouchedDocument, TouchedList, Versions
from tui_migrate.worker.rollback_preview import Tally

COLUMNS: Final = (Column("_id"), Column("What becomes of it", 32))
SIDE_COLUMNS: Final = (Column("", 1), Column("Before the run"), Column("In the target now"))
SIDE_NAMES: Final = ("before the run", "now")
NAMES: Final = ("before the run", "in the target now")

FATES: Final = {
    Fate.DELETED: "deleted: the run inserted it",
    Fate.PUT_BACK: "put back: the run replaced it",
    Fate.BROUGHT_BACK: "put back: the run deleted it",
    Fate.UNSURE: "undone, if it came: in doubt",
    Fate.NO_IMAGE: "kept: no before-image",
    Fate.CHANGED: "kept: changed since",
    Fate.GONE: "kept: deleted since",
}
_SENTENCES: Final = {
    Fate.DELETED: "Deleted: the run inserted it, and it is as the run left it.",
    Fate.PUT_BACK: "Put back: the run replaced it, and it is as the run left it.",
    Fate.BROUGHT_BACK: "Put back: the run deleted it, and it is not there.",
    Fate.NO_IMAGE: "Kept: what was there before the run was not recorded.",
    Fate.CHANGED: "Kept: somebody changed it after the run wrote it.",
    Fate.GONE: "Kept away: somebody deleted it after the run wrote it.",
    Fate.ANOTHER: "Kept: the run deleted it, and somebody put this one there since.",
    Fate.ALREADY: "Nothing is done: it is as it was before the run.",
    Fate.NOT_WRITTEN: "Nothing is done: the run was cut short before it wrote it.",
}


@dataclass(frozen=True, slots=True)
class ShownVersions:
    """One document as it may be shown: what a rollback does about it now, and how the two versions differ.

    `since` are the fields that others have changed, as far as that is known; `what` and `diff` have no secrets.
    """

    what: str
    diff: DocumentDiff
    since: tuple[FieldChange, ...] = ()


def touched_rows(found: TouchedList, mask: Mask) -> list[Row]:
    """A row for each document, its key the place in the list."""
    return [
        Row(
            key=str(place),
            cells=(shown := id_words(one, place, mask), FATES[one.fate]),
            name=f"{printable(one.collection)} _id {shown}: {FATES[one.fate]}",
            tone=Tone.WARN if one.fate.is_kept else Tone.PLAIN,
        )
        for place, one in enumerate(found.documents)
    ]


def id_words(document: TouchedDocument, place: int, mask: Mask) -> str:
    """Give the `_id`; where that is sensitive, the number in the list in its place."""
    return f"{MASK} ({number(place + 1)})" if mask.hides(document.collection, "_id") else document.shown_id


def touched_sentences(
    found: TouchedList, tally: Tally | None, changes: Changes | None, keys: Keymap, *, force: bool
) -> list[str]:
    """Say what the list is, and where it is not all; `tally` is what was counted in the collection, if it was."""
    first = f"; the first {number(LISTED)} are listed" if found.total > LISTED else ""
    said = [f" The run changed {_documents(found.total)} here{first}. enter compares the one under the cursor."]
    if not found.total:
        said = (
            [" The run changed no document here one by one."] if found.held else [" The run changed no document here."]
        )
    if found.held:
        said.append(f" {_documents(found.held)} more went with the whole collection and come back with it, unlisted.")
    if not found.total:
        return said
    if tally is None or changes is None:
        deed = "goes, too" if force else "is kept"
        said.append(
            f" What others changed since {deed}: {keys.of('rollback.look')}, one screen back, counts and names it."
        )
        return said
    said += _counted(found, tally, local_time(changes.at), force=force)
    return said


def shown_versions(versions: Versions, collection: str, mask: Mask) -> ShownVersions:
    """Compare what was there before the run with what is there now, without what is sensitive."""
    diff = diff_of(versions.before, versions.current, collection, mask)
    since: tuple[FieldChange, ...] = ()
    if versions.written is not None and versions.current is not None:
        since = diff_of(versions.written, versions.current, collection, mask).fields
    return ShownVersions(_SENTENCES[versions.fate], diff, since)


def version_words(shown: ShownVersions) -> list[str]:
    """Say above both versions what is done and which is which."""
    said = [f" {shown.what}"]
    if shown.since:
        names = [printable(one.path) or "the order of fields" for one in shown.since[:FIELDS_NAMED]]
        more = f" and {number(len(shown.since) - FIELDS_NAMED)} more" if len(shown.since) > FIELDS_NAMED else ""
        said.append(f" Others changed: {', '.join(names)}{more}; the source still has what the run wrote.")
    if shown.diff.left and shown.diff.right:
        said.append(" - is in the target now, + is before the run.")
    elif shown.diff.left:
        said.append(" It is not in the target now; this is the document before the run.")
    elif shown.diff.right:
        said.append(" It was not there before the run, or is not known; this is what is in the target now.")
    return said


def version_text(shown: ShownVersions) -> list[str]:
    """Show what others changed, then both versions, one below the other."""
    return list(_text(shown)) or ["It is neither in the undo log nor in the target."]


def _text(shown: ShownVersions) -> Iterator[str]:
    if shown.since:
        yield from (
            "# Others changed what the run wrote (+) to what is there now (-)",
            "",
            *field_lines(shown.since),
            "",
        )
    yield from unified(shown.diff, NAMES)


def unchanged_words(tally: Tally) -> str:
    """Say that a rollback has nothing to keep, as far as that was looked into."""
    if tally.whole or tally.already:
        return "No later change by others stands in its way"
    return "Nobody has changed any of these documents since"


def _counted(found: TouchedList, tally: Tally, at: str, *, force: bool) -> Sequence[str]:
    listed, said = sum(one.fate in (Fate.CHANGED, Fate.GONE) for one in found.documents), []
    if tally.kept:
        deed = "taken back all the same" if force else "kept"
        stay = f"{_documents(tally.kept)} {'is' if tally.kept == 1 else 'are'} {deed}, as counted {at}"
        which = f"; {number(listed)} of them stand first" if listed < tally.kept else "; first in the list"
        said.append(f" {stay}{which}.")
    else:
        said.append(f" {unchanged_words(tally)} (counted {at}).")
    if tally.already:
        said.append(f" {_documents(tally.already)} {'is' if tally.already == 1 else 'are'} as before the run already.")
    if tally.whole:
        said.append(
            " ! They are not undone one by one: the collection is gone, was made anew by others, or goes or stays"
            " whole."
        )
    return said


def _documents(count: int) -> str:
    return f"{number(count)} document{'' if count == 1 else 's'}"
