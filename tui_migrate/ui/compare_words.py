"""What a comparison has found, as rows and sentences: its collections, the documents of one, and what differs."""

from collections.abc import Collection, Iterator
from typing import Final

from tui_migrate.comparison.model import (
    ComparedCollection,
    Comparison,
    Counts,
    DefinitionDifference,
    DocumentDifference,
    FieldChange,
    FieldKind,
    Kind,
    Standing,
    Way,
)
from tui_migrate.documents import show_id
from tui_migrate.plan.equalising import unequal
from tui_migrate.plan.model import PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.comparing import Compared
from tui_migrate.ui.policy_words import documents_words
from tui_migrate.ui.widgets.fitting import cut
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.wording import number

COLUMNS: Final = (
    Column("", 3),
    Column("Collection"),
    Column("State", 11),
    Column("Only A", 9, right=True),
    Column("Only B", 9, right=True),
    Column("Different", 9, right=True),
    Column("Equal", 9, right=True),
    Column("Same size", 9, right=True, from_width=100),
    Column("Definitions", 11, right=True, from_width=100),
    Column("Compared", 24, from_width=130),
)
DOCUMENT_COLUMNS: Final = (Column("", 3), Column("How", 9), Column("_id", 28), Column("What differs", fitted=cut))

MARKED: Final = "[x]"
UNMARKED: Final = "[ ]"
KINDS: Final = {Kind.ONLY_LEFT: "only A", Kind.ONLY_RIGHT: "only B", Kind.DIFFERENT: "different"}
FIELD_SIGNS: Final = {
    FieldKind.ADDED: "-",
    FieldKind.REMOVED: "+",
    FieldKind.CHANGED: "~",
    FieldKind.TYPE: "~",
    FieldKind.ORDER: "~",
}
"""What a plan from A to B does to the fields of B: `-` goes, `+` comes, `~` becomes another."""
_FIELD_WORDS: Final = {
    FieldKind.ADDED: "only in B",
    FieldKind.REMOVED: "only in A",
    FieldKind.CHANGED: "another value",
    FieldKind.TYPE: "another type",
    FieldKind.ORDER: "fields in another order",
}
FIELDS_NAMED: Final = 8
"""Fields that are named above a document, which shows all of them below."""

_MILLIONS_FROM: Final = 10_000_000
"""From here on a count would not fit its column with all its digits; the line below the table has them."""


class CollectionRows:
    """The rows of a comparison, made anew only where something has become another: there may be ten thousand of them.

    `markable` are the collections that a plan can make equal: those of A that B, a database, lacks or has otherwise.
    """

    def __init__(self) -> None:
        self._known: Compared | None = None
        self._made: dict[str, tuple[object, bool, Row]] = {}
        self._may_be_marked: frozenset[str] = frozenset()
        self.markable: tuple[str, ...] = ()

    def use(self, known: Compared | None) -> None:
        """Take what is known by now."""
        if known is self._known:
            return
        if known is None or self._known is None or known.comparison is not self._known.comparison:
            self._made = {}
        self._known, self.markable = known, can_be_marked(known)
        self._may_be_marked = frozenset(self.markable)

    def rows(self, marks: frozenset[str]) -> list[Row]:
        """A row for each collection, its key the name: how far it is until all are, then what was found."""
        known = self._known
        if known is None:
            return []
        if known.comparison is None:
            return [self._row(name, one, is_marked=False) for name, one in sorted(known.standings.items())]
        return [self._row(one.name, one, is_marked=one.name in marks) for one in known.comparison.collections]

    def _row(self, name: str, one: Standing | ComparedCollection, *, is_marked: bool) -> Row:
        made = self._made.get(name)
        if made is not None and made[0] is one and made[1] is is_marked:
            return made[2]
        if isinstance(one, Standing):
            row = _standing_row(one)
        elif made is not None and made[0] is one:
            row = _with_mark(made[2], MARKED if is_marked else UNMARKED)
        else:
            mark = "" if name not in self._may_be_marked else MARKED if is_marked else UNMARKED
            row = _found_row(one, mark)
        self._made[name] = (one, is_marked, row)
        return row


def can_be_marked(known: Compared | None) -> tuple[str, ...]:
    """Name the collections that a plan can make equal."""
    if known is None or known.comparison is None or isinstance(known.asked.right, PackageEnd):
        return ()
    return tuple(one.name for one in unequal(known.comparison))


def _with_mark(row: Row, mark: str) -> Row:
    return Row(row.key, (mark, *row.cells[1:]), row.name, row.tone, (mark, *row.sort[1:]))


def _standing_row(one: Standing) -> Row:
    counts = one.counts
    if one.is_done:
        state, tone = _outcome(one.presence, counts, definitions=0)
    elif counts.seen:
        percent = min(99, 100 * counts.seen // one.documents) if one.documents else 0
        state, tone = f"● {percent} %", Tone.PLAIN
    else:
        state, tone = "○ waiting", Tone.DIM
    return _row(one.name, "", state, tone, counts, ("", ""), one.name)


def _found_row(one: ComparedCollection, mark: str) -> Row:
    state, tone = _outcome(one.presence, one.counts, len(one.definitions))
    definitions = number(len(one.definitions))
    way = one.way.value if one.presence is None else ""
    said = f"{one.name} · {'; '.join(_in_full(one))}"
    return _row(one.name, mark, state, tone, one.counts, (definitions, way), said)


def _row(name: str, mark: str, state: str, tone: Tone, counts: Counts, rest: tuple[str, str], said: str) -> Row:
    numbers = (counts.only_left, counts.only_right, counts.different, counts.equal, counts.same_size)
    cells = (mark, name, state, *map(_count, numbers), *rest)
    sort = (mark, name, state[2:], *numbers, int(rest[0].replace(",", "") or -1), rest[1])
    return Row(name, cells, said, tone, sort)


def _outcome(presence: Kind | None, counts: Counts, definitions: int) -> tuple[str, Tone]:
    if presence is not None:
        return f"! {KINDS[presence]}", Tone.WARN
    if counts.differences:
        return "! differs", Tone.WARN
    if definitions:
        return "! defined", Tone.WARN
    return ("~ same size", Tone.WARN) if counts.same_size else ("✓ equal", Tone.GOOD)


def _count(value: int) -> str:
    if not value:
        return "·"
    return number(value) if value < _MILLIONS_FROM else f"{value / 1e6:,.1f} M"


def _in_full(one: ComparedCollection) -> Iterator[str]:
    counts = one.counts
    if one.way is Way.DEFINITION and one.presence is None:
        yield "a view; its definition was compared"
    if one.presence is not None:
        there, lacking = ("A", "B") if one.presence is Kind.ONLY_LEFT else ("B", "A")
        has = f"in {there} it is a view" if one.is_view else f"{there} has {documents_words(counts.seen)}"
        yield f"{lacking} does not have it; {has}"
    elif counts.seen:
        words = ((counts.only_left, "only A"), (counts.only_right, "only B"), (counts.different, "different"))
        said = [f"{number(value)} {word}" for value, word in (*words, (counts.equal, "equal")) if value]
        if said:
            yield ", ".join(said)
    if counts.same_size:
        yield f"{number(counts.same_size)} agree in _id and size, content not compared"
    if one.definitions:
        yield f"definitions: {', '.join(_thing(each) for each in one.definitions)}"
    yield from map(printable, one.notes)


def _thing(one: DefinitionDifference) -> str:
    return printable(f"{one.thing} {one.name}".strip())


def outcome_sentence(found: Comparison) -> str:
    """Say in one sentence what came out."""
    differing = [one for one in found.collections if one.differs]
    if not found.collections:
        return "Neither has a collection."
    if not differing:
        counts = found.counts
        same = documents_words(counts.equal)
        if found.is_proved:
            return f"✓ Equal: {_collections(len(found.collections))}, {same}."
        return f"~ Not proved to be equal: {documents_words(counts.same_size)} agree in _id and size alone."
    order = " The order of fields was left aside: an end does not keep it." if found.canonical else ""
    differ = "differs" if len(differing) == 1 else "differ"
    return f"! {number(len(differing))} of {_collections(len(found.collections))} {differ}.{order}"


def _collections(count: int) -> str:
    return f"{number(count)} collection{'s' if count != 1 else ''}"


def collection_words(one: ComparedCollection) -> list[str]:
    """Say what was found of one collection, and how."""
    said = [f" {'; '.join(_in_full(one)) or 'equal'}."]
    if one.presence is None and one.way is not Way.DEFINITION:
        said.append(f" Compared: {one.way.value}.")
    listed, differing = len(one.documents), one.counts.differences
    if one.presence is None and listed < differing:
        said.append(f" The first {number(listed)} of {number(differing)} that differ are listed; all are counted.")
    return said


def difference_rows(one: ComparedCollection, marks: Collection[int] = (), markable: Collection[int] = ()) -> list[Row]:
    """A row for each definition (keys `d0`, …) and each listed document (keys `0`, …) that differs.

    `marks` and `markable` are places in the list of documents.
    """
    rows = []
    for place, each in enumerate(one.definitions):
        said = " → ".join(filter(None, (each.left, each.right)))
        cells = ("", KINDS[each.kind], _thing(each), printable(said))
        rows.append(Row(f"d{place}", cells, f"{_thing(each)}: {printable(said)}", _KIND_TONES[each.kind]))
    for place, document in enumerate(one.documents):
        identifier, what = id_words(document), printable(changes_words(document))
        mark = "" if place not in markable else MARKED if place in marks else UNMARKED
        cells = (mark, KINDS[document.kind], identifier, what)
        rows.append(Row(str(place), cells, f"{identifier}  {what}", _KIND_TONES[document.kind]))
    return rows


_KIND_TONES: Final = {Kind.ONLY_LEFT: Tone.GOOD, Kind.ONLY_RIGHT: Tone.BAD, Kind.DIFFERENT: Tone.WARN}


def id_words(document: DocumentDifference) -> str:
    """Show the `_id` of a document."""
    return printable(show_id(document.id)) if document.id else "(none)"


def changes_words(document: DocumentDifference, most: int = 0) -> str:
    """Say in one line which fields differ: `~age +tags -old`, tags being A's alone; `most` of them if that is not 0."""
    if document.reason:
        return document.reason
    words = [f"{FIELD_SIGNS[one.kind]}{one.path or 'order of fields'}" for one in document.fields[: most or None]]
    if len(words) < len(document.fields):
        words.append(f"and {number(len(document.fields) - len(words))} more")
    return " ".join(words) or {Kind.ONLY_LEFT: "B lacks it", Kind.ONLY_RIGHT: "A lacks it"}.get(document.kind, "")


def field_lines(changes: tuple[FieldChange, ...]) -> Iterator[str]:
    """Show fields that differ one below the other: `-` what B has, and what would go; `+` what A has."""
    for one in changes:
        yield f"{FIELD_SIGNS[one.kind]} {one.path or '(the document)'}: {_FIELD_WORDS[one.kind]}"
        if one.right is not None:
            yield f"    - {one.right}"
        if one.left is not None:
            yield f"    + {one.left}"
