"""The command that looks into a database: `list-collections`."""

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tui_migrate.cli.options import COMMON, Common, EndText

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.plan.model import StoreEnd
    from tui_migrate.stores.base import CollectionInfo


def list_collections(
    *, url: EndText, database: Annotated[str, Parameter(show_default=False)] = "", common: Common = COMMON
) -> int:
    """List the collections of a database: kind, documents, size and number of indexes.

    Parameters
    ----------
    url
        The database: a URL, or a connection as NAME or NAME/DATABASE.
    database
        The database, where it is another than that of the URL or the connection.
    """
    from tui_migrate.cli.passwords import ask_missing, typed_end
    from tui_migrate.cli.render import collection_form

    output, passwords = common.output, dict[str, str]()
    end = typed_end(url, common.place, passwords, output, database=database)
    ask_missing([end], common.place, passwords)
    found = asyncio.run(_collections(end, common, passwords))
    output.document({"collections": [collection_form(one) for one in found]})
    for line in _lines(found):
        output.line(line)
    return 0


async def _collections(end: "StoreEnd", common: Common, passwords: dict[str, str]) -> "tuple[CollectionInfo, ...]":
    from tui_migrate.plan.ends import open_source
    from tui_migrate.plan.presence import refuse_absent

    source = open_source(end, common.place, passwords, is_patient=not common.output.is_watched)
    try:
        await source.identity()
        found = await source.collections()
        if not found:
            await refuse_absent(source, end)
        return found
    finally:
        await source.close()


def _lines(found: "tuple[CollectionInfo, ...]") -> list[str]:
    from tui_migrate.cli.tables import table
    from tui_migrate.stores.base import CollectionKind
    from tui_migrate.wording import number, size

    if not found:
        return ["the database has no collections"]
    rows = []
    for one in found:
        counted = ["", "", ""]
        if one.kind is not CollectionKind.VIEW:
            counted = [number(one.documents), size(one.size), number(len(one.indexes))]
        rows.append([one.name, one.kind.value, *counted])
    return table(["name", "kind", "documents", "size", "indexes"], rows, numbers=(2, 3, 4))
