"""What redacting does to the fields of a collection, as its catalog says, for the sheet of the collection."""

from typing import Final

from tui_migrate.catalogs.model import Catalog, Redaction
from tui_migrate.mapping.redacting import redactions
from tui_migrate.redaction import printable
from tui_migrate.ui.widgets.table import Column, Row, Tone

COLUMNS: Final = (Column("Sensitive field", 26), Column("Redacting it", 24), Column("Why"))

_WORDS: Final = {
    Redaction.DROP: "leaves it out",
    Redaction.MASK: "makes it ***",
    Redaction.HASH: "makes it a keyed hash",
    Redaction.KEEP: "keeps it; never shown",
}
_KEY: Final = "00"
"""Any key does: the changes are not carried out here."""


def redaction_rows(catalog: Catalog, name: str, names: tuple[str, ...]) -> list[Row]:
    """Give a row for each field of a collection that is sensitive, or is hashed since another one is that it names.

    `names` are all collections of the source. Raises Refused for a rule that would break ids or references.
    """
    known = catalog.collection(name)
    sensitive = known.sensitive if known is not None else ()
    rows = {one.field: (_WORDS[one.redaction], one.reason) for one in sensitive}
    for field, _ in redactions(catalog, names, _KEY).get(name, ()):
        rows.setdefault(field, (_WORDS[Redaction.HASH], "so that references go on leading somewhere"))
    return [
        Row(field, (field, does, why or "—"), name=f"{printable(field)}: {why}" if why else field, tone=Tone.PLAIN)
        for field, (does, why) in rows.items()
    ]
