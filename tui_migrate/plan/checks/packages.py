"""Checks of packages: the one that is read, and what a form would not keep of what is written."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

from tui_migrate.amounts import amount
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.package import Package
from tui_migrate.plan.catalog_rules import catalog_of
from tui_migrate.plan.checks.look import Look, error
from tui_migrate.plan.checks.package_codes import OF_PACKAGES
from tui_migrate.plan.checks.registry import Phase, check
from tui_migrate.plan.model import PackageEnd
from tui_migrate.stores.base import CollectionInfo, Source
from tui_migrate.validation.told import without_references

_HINT = "leave the documents or the collection out, or choose the form native, tar or archive"


@check(
    "The package is whole",
    Phase.PACKAGE,
    passed_on=OF_PACKAGES,
    types_undecided=Severity.ERROR,
)
async def package(seen: Look) -> AsyncIterator[Finding]:
    """Read all of the package that is to be imported, and say what is wrong with it or open about it."""
    from tui_migrate.packages.types.choose import undecided

    end, source = seen.plan.source, seen.source
    if not isinstance(end, PackageEnd) or not isinstance(source, Package):
        return
    faults = await source.check()
    is_faulty = any(one.severity is Severity.ERROR for one in faults)
    catalog = catalog_of(seen.plan) if not is_faulty and not seen.about.sample else None
    for one in without_references(faults, await source.form(), catalog) if catalog is not None else faults:
        yield one
    if is_faulty:
        return
    if end.types is None and (await source.form()).infers_types:
        open_types = undecided(await source.inference(), None, end.path)
        if open_types is not None:
            yield open_types


@check(
    "The form keeps what collections are",
    collection_not_kept=Severity.ERROR,
    index_not_kept=Severity.ERROR,
    indexes_not_kept=Severity.WARNING,
    kind_not_kept=Severity.ERROR,
    options_not_kept=Severity.WARNING,
)
def definitions_kept(seen: Look) -> Iterator[Finding]:
    """Say what of the source's collections a JSON form would not keep."""
    if isinstance(seen.plan.target, PackageEnd) and seen.plan.target.form.infers_types:
        from tui_migrate.packages.json_forms.fitness import definition_findings

        yield from definition_findings(seen.plan.target.form, list(seen.planned()))


@check("The form keeps every document", Phase.DOCUMENTS, not_kept=Severity.ERROR)
async def documents_kept(seen: Look) -> AsyncIterator[Finding]:
    """Read every document for what JSON would not keep of it."""
    if not isinstance(seen.plan.target, PackageEnd) or not seen.plan.target.form.infers_types:
        return
    for info in seen.planned():
        finding = await _unfit_documents(seen.source, info)
        if finding is not None:
            yield finding


async def _unfit_documents(source: Source, info: CollectionInfo) -> Finding | None:
    """Count the documents that JSON cannot keep byte for byte, and name the first and its field."""
    from tui_migrate.packages.json_forms.fitness import unfit

    example, count = "", 0
    async with aclosing(source.read(info.name, order=info.kind.read_order)) as blocks:
        async for block in blocks:
            for document in block.documents:
                reason = unfit(document)
                if reason is not None:
                    count += 1
                    example = example or reason
    if not count:
        return None
    message = f"{amount(count, 'document')} cannot be kept exactly in JSON, such as {example}"
    return error("not_kept", info.name, message, _HINT, count)
