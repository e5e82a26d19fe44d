"""The commands about catalogs: `catalog list`, `catalog show`, `catalog check` and `catalog infer`."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from tui_migrate.cli.options import COMMON, Common, EndText
from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.redaction import printable

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.catalogs.finding import Listed
    from tui_migrate.catalogs.model import Catalog
    from tui_migrate.plan.model import StoreEnd

Word = Annotated[str, Parameter(name="CATALOG")]
_SAMPLE: Final = 1_000
_MOST_SAMPLED: Final = 100_000


def catalog_group() -> App:
    """Make the group of commands."""
    group = App(name="catalog", help="List, show, check and draft catalogs: what an application's data are.")
    group.command(list_, name="list")
    group.command(show)
    group.command(check)
    group.command(infer)
    return group


def list_(*, common: Common = COMMON) -> int:
    """List the catalogs that came with the program and your own, which lie in the config folder."""
    from tui_migrate.catalogs.finding import listed, own_folder
    from tui_migrate.cli.tables import table

    found = listed(common.place)
    common.output.document({"catalogs": [_listed_form(one) for one in found]})
    rows = [
        [one.name, one.catalog.version, one.catalog.title, one.path or "came with the program"]
        if one.catalog is not None
        else [one.name, "", "cannot be read", one.path]
        for one in found
    ]
    for line in table(["name", "version", "title", "where"], rows):
        common.output.line(line)
    for one in found:
        if one.fault is not None:
            common.output.note(f"{one.name}: {one.fault.message}")
    common.output.line()
    common.output.line(f"your own go into {own_folder(common.place)}, each as NAME.yaml")
    return 0


def show(name: Word, /, *, common: Common = COMMON) -> int:
    """Show the text of a catalog; one of your own can begin with it.

    Parameters
    ----------
    name
        Its name, or the path of its file.
    """
    from tui_migrate.catalogs.finding import find
    from tui_migrate.cli.catalog_form import catalog_form

    found = find(name, common.place)
    common.output.document(catalog_form(found))
    for line in found.text.splitlines():
        common.output.line(line)
    return 0


def check(file: Annotated[Path, Parameter(name="FILE")], /, *, common: Common = COMMON) -> int:
    """Check the file of a catalog, and say in which order its collections are imported.

    Parameters
    ----------
    file
        The YAML file.
    """
    from tui_migrate.catalogs.loader import load
    from tui_migrate.cli.catalog_form import catalog_form, check_lines

    found = load(file)
    common.output.document(catalog_form(found))
    for line in check_lines(found):
        common.output.line(line)
    return 0


def infer(
    *,
    url: EndText,
    output: Annotated[Path | None, Parameter(show_default=False, metavar="FILE")] = None,
    sample: Annotated[int, Parameter(validator=Number(gte=1, lte=_MOST_SAMPLED))] = _SAMPLE,
    common: Common = COMMON,
) -> int:
    """Draft a catalog from the data of a database: references with their evidence, required and sensitive fields.

    What may be a reference is looked up at the source; names only decide between what was found. Writes nothing there.

    Parameters
    ----------
    url
        The database: a URL, or a connection as NAME or NAME/DATABASE.
    output
        Write the draft to this new file, whose name is also the catalog's; otherwise it is shown.
    sample
        How many documents of each collection to look at, the first by their ids.
    """
    from tui_migrate.catalogs.drafting import name_for
    from tui_migrate.cli.catalog_form import catalog_form
    from tui_migrate.cli.passwords import ask_missing, typed_end
    from tui_migrate.reports.saving import refuse_to_replace

    if output is not None:
        refuse_to_replace(output)
    passwords: dict[str, str] = {}
    end = typed_end(url, common.place, passwords, common.output)
    ask_missing([end], common.place, passwords)
    name = name_for(output.stem if output is not None else end.database)
    drafted = asyncio.run(_drafted(end, name, sample, common, passwords))
    if output is not None:
        _write(output, drafted)
    common.output.document(catalog_form(drafted) | ({"path": str(output)} if output is not None else {}))
    if output is None:
        for line in drafted.text.splitlines():
            common.output.line(line)
    else:
        common.output.line(f"the draft is in {output}: go through it before it is used")
    return 0


async def _drafted(end: "StoreEnd", name: str, sample: int, common: Common, passwords: dict[str, str]) -> "Catalog":
    from tui_migrate.catalogs.drafting import draft
    from tui_migrate.catalogs.infer import gather
    from tui_migrate.plan.ends import open_source
    from tui_migrate.plan.presence import refuse_absent

    source = open_source(end, common.place, passwords, is_patient=not common.output.is_watched)
    try:
        await source.identity()
        samples, evidence = await gather(source, sample)
        if not samples:
            await refuse_absent(source, end)
    finally:
        await source.close()
    if not samples:
        raise UsageError(f"{end.label} has no collections to draft a catalog from", hint="name another database")
    return draft(name, samples, evidence)


def _write(path: Path, catalog: "Catalog") -> None:
    """Write the draft to a file that is not there yet, for the user alone. Raises UsageError, StorageFailed."""
    shown = printable(str(path))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(catalog.text)
    except FileExistsError as error:
        raise UsageError(f"{shown} exists already", hint="name another file, or remove it") from error
    except OSError as error:
        raise StorageFailed(f"cannot write {shown}: {error.strerror}", hint="name another place") from error


def _listed_form(one: "Listed") -> dict[str, object]:
    form: dict[str, object] = {"name": one.name, "path": one.path or None}
    if one.catalog is not None:
        form |= {
            "version": one.catalog.version,
            "title": one.catalog.title,
            "description": one.catalog.description,
            "collections": len(one.catalog.collections),
        }
    return form | {"error": one.fault.message if one.fault is not None else None}
