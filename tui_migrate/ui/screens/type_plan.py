"""What the texts of a package without types become: what their values look like, and what was decided."""

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar, Final

from textual.widget import Widget

from tui_migrate.packages.types.model import FieldType, Inference, InferredField, TypePlan, ValueType
from tui_migrate.plan.model import Environment, PackageEnd, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.reports.package import TYPE_WORDS, looks_words
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.look import host_words
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table, Tone
from tui_migrate.wording import number

_COLUMNS: Final = (
    Column("Field"),
    Column("Becomes", 16),
    Column("Looks like", 16),
    Column("Values", 9, right=True),
    Column("Of", 9, right=True),
    Column("Example", 28, from_width=110),
)


class TypePlanScreen(OperatorScreen):
    """The fields, one a row. What is decided here goes into the draft at once."""

    ACTIONS: ClassVar = ("types.change", "types.found", "types.written", "table.filter", "table.sort")

    def __init__(self, source: PackageEnd, inference: Inference) -> None:
        super().__init__()
        self._source = source
        self._fields = inference.fields
        self._plan = inference.accepted()
        self._is_decided = source.types is not None
        if source.types is not None:
            self._plan = source.types

    def compose_body(self) -> Iterable[Widget]:
        """What is decided, above the fields."""
        found, written = self.key_of("types.found"), self.key_of("types.written")
        yield Prose(id="types-words")
        yield Table(
            _COLUMNS,
            empty=f"No field looks like anything but a text; {found} or {written} decides that they stay so.",
        )

    def on_mount(self) -> None:
        """Show them."""
        super().on_mount()
        self.query_one(Table).focus()
        self._draw()

    def where(self) -> tuple[str, Environment | None, str]:
        """The package, and how dangerous the target is."""
        target, words = self.session.draft.target, f"Types › {printable(self._source.path)}"
        if isinstance(target, StoreEnd):
            return words, target.environment, printable(host_words(target))
        return words, None, ""

    def help_text(self) -> str:
        """What there is to decide."""
        return (
            "This package is of JSON, where a date, an ObjectId or bytes stand as texts. Each field is listed of"
            f" which values look like more than a text. {self.key_of('types.found')} lets each field of which all"
            f" values fit become what it looks like, {self.key_of('types.written')} leaves all as they are written,"
            " enter chooses for one field. A value that does not fit what was chosen is found by the checks, before"
            " anything is written."
        )

    def is_available(self, action_id: str) -> bool:
        """Without a field there is nothing to choose for."""
        return action_id != "types.change" or bool(self._fields)

    def on_table_opened(self, event: Table.Opened) -> None:
        """Choose for the field under the cursor."""
        event.stop()
        self.action_types_change()

    def action_types_change(self) -> None:
        """Choose what the field under the cursor becomes; all others become what stands beside them."""
        key = self.query_one(Table).cursor_key
        if key is None:
            return
        field = self._fields[int(key)]

        def take(chosen: str | None) -> None:
            if chosen is not None:
                self._decide(self._with(field, ValueType(chosen)))

        said = [f"{printable(field.collection)}  {printable(field.path)}", _example_words(field)]
        if not self._is_decided:
            said.append("All other fields become what stands beside them.")
        choices = [(one.value, words) for one, words in TYPE_WORDS.items()]
        self.app.push_screen(Choose("What it becomes", said, choices, at=self._type_of(field).value), take)

    def action_types_found(self) -> None:
        """Take every field for what all of its values look like."""
        self._decide(Inference(self._fields).accepted())

    def action_types_written(self) -> None:
        """Leave every field as it is written."""
        self._decide(TypePlan())

    def _type_of(self, field: InferredField) -> ValueType:
        return self._plan.of(field.collection).get(field.path, ValueType.AS_WRITTEN)

    def _with(self, field: InferredField, chosen: ValueType) -> TypePlan:
        others = (one for one in self._plan.fields if (one.collection, one.path) != (field.collection, field.path))
        decided = (FieldType(field.collection, field.path, chosen),) if chosen is not ValueType.AS_WRITTEN else ()
        return TypePlan((*others, *decided))

    def _decide(self, plan: TypePlan) -> None:
        self._plan, self._is_decided = plan, True
        session, before = self.session, self._source
        self._source = replace(before, types=plan)
        if session.draft.source == before:
            session.looks.retype(before, self._source)
            session.draft = drafts.with_types(session.draft, plan)
        self._draw()

    def _draw(self) -> None:
        found, written = self.key_of("types.found"), self.key_of("types.written")
        said = types_words(self._fields, self._plan if self._is_decided else None)
        takes = "" if self._is_decided else f" {found} takes them as shown, {written} leaves all as written."
        self.query_one("#types-words", Prose).say([f" {said}{takes}", ""])
        self.query_one(Table).show([self._row(place, one) for place, one in enumerate(self._fields)])
        self.refresh_frame()

    def _row(self, place: int, one: InferredField) -> Row:
        name = f"{one.collection}  {one.path}"
        cells = (
            name,
            TYPE_WORDS[self._type_of(one)],
            looks_words(one),
            number(one.count),
            number(one.total),
            one.examples[0] if one.examples else "",
        )
        shown = f"{name}: {_example_words(one)}"
        tone = Tone.PLAIN if one.is_sure or self._type_of(one) is ValueType.AS_WRITTEN else Tone.WARN
        return Row(str(place), cells, name=shown, tone=tone, sort=(name, cells[1], cells[2], one.count, one.total))


def types_words(fields: tuple[InferredField, ...], plan: TypePlan | None) -> str:
    """Say in one line what is decided about the types of a package, or, without a plan, that nothing is."""
    listed = {(one.collection, one.path) for one in fields}
    if plan is None and all(one.type is ValueType.AS_WRITTEN for one in fields):
        return "✓ No field looks like anything but a text."
    if plan is None:
        return (
            f"! Types not decided: {number(len(listed))} field{'s' if len(listed) != 1 else ''} may be more than text."
        )
    typed = sum(one.type is not ValueType.AS_WRITTEN for one in plan.fields)
    if not typed:
        return "✓ Types decided: every text stays a text."
    others = number(max(0, len(listed) - typed))
    return f"✓ Types decided: {number(typed)} field{'s' if typed != 1 else ''} converted, {others} as written."


def _example_words(field: InferredField) -> str:
    return f"such as {printable(field.examples[0])}" if field.examples else "no example"
